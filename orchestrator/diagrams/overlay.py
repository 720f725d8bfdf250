"""What is laid over a diagram: classes and badges, by state id or transition ref. It never changes the layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Badge = tuple[str, str]  # css class (stuck, bad, wait, act, add, del, chg; none for a count) and text

# What shows on a box that stands for several states: the strongest of theirs.
STRENGTH = (
    "is-failed", "is-stuck", "is-selected", "is-active", "is-waiting", "is-removed", "is-added", "is-changed",
    "heat-5", "heat-4", "heat-3", "heat-2", "heat-1", "is-compensated", "is-taken", "is-visited",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Overlay:
    """`quiet` is put on the svg: `sb-run` or `sb-diffing` let everything without an `is-` class step back."""

    classes: Mapping[str, str] = field(default_factory=dict)
    badges: Mapping[str, tuple[Badge, ...]] = field(default_factory=dict)
    quiet: str = ""

    def lifted(self, hidden: Mapping[str, str]) -> Overlay:
        """The same for a picture with closed boxes: what lies on a hidden state shows on the box that stands for it."""
        if not hidden:
            return self
        classes, badges = dict(self.classes), dict(self.badges)
        for key, box in hidden.items():
            if key in self.classes:
                classes[box] = max(classes.get(box, ""), self.classes[key], key=_strength)
            if key in self.badges:
                badges[box] = badges.get(box, ()) + self.badges[key]
        return Overlay(classes, badges, self.quiet)

    def spoken(self, key: str) -> str:
        """What the badges of this thing say to those who do not see them."""
        said = [words if css else f"{words} here" for css, words in self.badges.get(key, ())]
        return "".join(f", {words}" for words in said)


def _strength(classes: str) -> int:
    found = [STRENGTH.index(name) for name in classes.split() if name in STRENGTH]
    return -min(found, default=len(STRENGTH))
