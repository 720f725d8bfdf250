"""What can go wrong on the way to a picture."""

from __future__ import annotations


class DiagramError(Exception):
    """The chart cannot be drawn; the message is a plain sentence for the screen."""


class LayoutFailed(Exception):
    """One attempt at a layout ran out of time or memory; a simpler one may succeed."""


class LayoutBusy(LayoutFailed):
    """It was never tried, because others were being laid out all the time."""
