"""Mermaid state diagrams: the format under its one name."""

from __future__ import annotations

from orchestrator.formats.mermaid.reader import read
from orchestrator.formats.mermaid.writer import write

__all__ = ["read", "write"]
