"""Mermaid state diagrams: the format under its one name."""

from __future__ import annotations

from orchestrator.formats.mermaid_read import read
from orchestrator.formats.mermaid_write import write

__all__ = ["read", "write"]
