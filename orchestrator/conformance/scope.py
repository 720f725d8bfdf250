"""What the suites ask that is no aim of Signalbox, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping

FUNCTIONS = "defines a JavaScript function; expressions here are CEL, which is bounded and defines none"

# Optional sections of the W3C's SCXML 1.0.
SECTIONS: Mapping[str, str] = {
    "B.2": "section B.2 asks for the ECMAScript data model; expressions here are CEL, and no JavaScript runs",
    "C.2": "section C.2 asks for an open HTTP port for each session; events arrive through the authenticated API",
}
