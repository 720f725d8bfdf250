"""SCXML, the W3C's state chart XML."""

from __future__ import annotations

from orchestrator.formats.scxml.reader import read
from orchestrator.formats.scxml.writer import write

__all__ = ["read", "write"]
