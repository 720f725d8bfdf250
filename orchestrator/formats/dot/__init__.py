"""Graphviz DOT for other tools; our own diagrams are drawn elsewhere."""

from __future__ import annotations

from orchestrator.formats.dot.writer import write

__all__ = ["write"]
