"""The kinds of activities; importing this package registers them all."""

from orchestrator.runtime.activities import email, http, human, publish, python

__all__ = ["email", "http", "human", "publish", "python"]
