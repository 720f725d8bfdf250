"""A Python module that declares the same chart."""

from __future__ import annotations

from orchestrator.formats.python_code.writer import write

__all__ = ["write"]
