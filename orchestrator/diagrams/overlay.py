"""What is laid over a diagram: classes and badges, by state id or transition ref. It never changes the layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Badge = tuple[str, str]  # css class (stuck, bad, wait, act, add, del, chg) and text


@dataclass(frozen=True, slots=True)
class Overlay:
    """`quiet` is put on the svg: `sb-run` or `sb-diffing` let everything without an `is-` class step back."""

    classes: Mapping[str, str] = field(default_factory=dict)
    badges: Mapping[str, tuple[Badge, ...]] = field(default_factory=dict)
    quiet: str = ""

    def lifted(self, hidden: Mapping[str, str]) -> Overlay:
        """The same for a collapsed picture: what lies on a hidden state shows on the box that stands for it."""
        if not hidden:
            return self
        classes, badges = dict(self.classes), dict(self.badges)
        for key, box in hidden.items():
            if key in self.classes:
                classes.setdefault(box, self.classes[key])
            if key in self.badges:
                badges[box] = badges.get(box, ()) + self.badges[key]
        return Overlay(classes, badges, self.quiet)
