"""What is written within a state: its type, its actions, and transitions without a target, one to a line."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestrator.formats.mermaid.actions import Document, read_actions, write_actions
from orchestrator.formats.mermaid.labels import Label, Source, label_as_json, read_label, write_label

TYPES: dict[str, Document] = {
    "«final»": {"type": "final"},
    "«history»": {"type": "history", "history": "shallow"},
    "«deep history»": {"type": "history", "history": "deep"},
    "«parallel»": {"type": "parallel"},
    "«compound»": {"type": "compound"},
    "«atomic»": {"type": "atomic"},
}
BLOCKS = ("entry", "exit")
WORK = "do / "  # the title of an activity, whose settings stand in the front matter


@dataclass(slots=True)
class Body:
    """What the lines of one state say."""

    says: Document = field(default_factory=dict)
    stays: list[tuple[int, Label]] = field(default_factory=list)

    def take(self, line: str, source: Source, at: int = 0) -> bool:
        """Whether the line says something of this kind, which is then kept."""
        if source.works and line.startswith(WORK):
            return True
        if line in TYPES:
            self.says.update(TYPES[line])
            return True
        for block in BLOCKS:
            actions = read_actions(line.removeprefix(f"{block} / ")) if line.startswith(f"{block} / ") else None
            if actions and block not in self.says:
                self.says[block] = actions
                return True
        stay = _read_stay(line, source)
        if stay:
            self.stays.append((at, stay))
        return stay is not None


def _read_stay(line: str, source: Source) -> Label | None:
    """A transition which leaves no state."""
    rest = line.removeprefix("on ")
    if rest == line or not (" / " in rest or rest.startswith("{")):
        return None
    return read_label(rest, source)


def write_stay(label: Label, source: Source) -> str:
    line = f"on {write_label(label, source, loud=True)}"
    if _read_stay(line, source) == label:
        return line
    return f"on {label_as_json(label)}"


def write_blocks(state: Document) -> list[str]:
    """The lines of the actions on entry and exit."""
    return [f"{block} / {write_actions(state[block])}" for block in BLOCKS if block in state]


def type_line(state: Document, implied: str) -> str:
    """The line for a type which the drawing does not show."""
    kind = state.get("type", implied)
    if kind == implied:
        return ""
    return next(line for line, says in TYPES.items() if says["type"] == kind and _fits(says, state))


def _fits(says: Document, state: Document) -> bool:
    return "history" not in says or bool(says["history"] == state.get("history"))
