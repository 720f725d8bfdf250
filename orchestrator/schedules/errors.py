"""What can be wrong with a rule."""

from __future__ import annotations


class RecurrenceError(ValueError):
    """The rule cannot be followed; `field` names the offending input, the message says the mend."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message
