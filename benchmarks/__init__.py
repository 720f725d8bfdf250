"""Figures, not tests: `python -m benchmarks` prints medians of several runs; nothing passes or fails on a time."""
