"""The one error of every reader."""

from __future__ import annotations


class FormatError(ValueError):
    """A text that cannot be read: `message` says the mend; `line` and `column` count from 1, 0 is unknown.

    `place` is the path of the part that is wrong, as in `states/review/on/0`, where the format has such parts.
    """

    def __init__(self, message: str, place: str = "", line: int = 0, column: int = 0) -> None:
        where = f"line {line}, column {column}" if line else ""
        front = ", ".join(part for part in (where, place) if part)
        super().__init__(f"{front}: {message}" if front else message)
        self.message = message
        self.place = place
        self.line = line
        self.column = column
