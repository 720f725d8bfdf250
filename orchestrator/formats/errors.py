"""The one error of every reader."""

from __future__ import annotations


class FormatError(ValueError):
    """A text that cannot be read; `place` is a line or a path, `message` says the mend."""

    def __init__(self, message: str, place: str = "") -> None:
        super().__init__(f"{place}: {message}" if place else message)
        self.message = message
        self.place = place
