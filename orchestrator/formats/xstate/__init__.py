"""The configuration of an XState 5 machine."""

from __future__ import annotations

from orchestrator.formats.xstate.format import read, write

__all__ = ["read", "write"]
