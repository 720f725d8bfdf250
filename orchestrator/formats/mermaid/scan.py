"""Reads the statements of a diagram in one pass, where each step matches at one place and looks no further than a line.

Besides Mermaid's own grammar it takes what people bring along from PlantUML: arrows with a direction or without a
source, quoted names and `if` blocks.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from orchestrator.formats.errors import FormatError
from orchestrator.formats.mermaid.labels import LONGEST_LABEL
from orchestrator.formats.mermaid.text import ENTITY, unescape
from orchestrator.formats.mermaid.tree import Node, Section, Tree, TreeError

I = re.IGNORECASE  # noqa: E741  # as in the patterns themselves
BLANK = re.compile(r"(?:[\s;]|%%(?!\{)[^\n]*|//[^\n]*|#(?!\w{1,32};)[^\n]*)+")
DIRECTIVE = re.compile(r"%%\{[^\n]*")
HEADER = re.compile(r"stateDiagram(?:-v2)?(?=[\s;]|$)", I)
NAME = re.compile(
    r"\$\{[^}\n]*\}|\"[^\"\n]*\""
    r"|(?:[#&]\w{1,32};|[^\s:{}\"\-;]|-(?=\w)(?!(?:up|down|left|right|[udlr])-*+>))++"
)
STYLE = re.compile(r"[ \t]*:::[ \t]*[\w-]+")
ARROW = re.compile(
    r"\s*-(?:\[[^\]\n]*\])?(?:up|down|left|right|[udlr])?(?:-*+\[[^\]\n]*\])?-*+>"
    r"(?:[ \t]*\[(?!\*\])([^\]\n]*)\])?",
    I,
)
TEXT = re.compile(r"[ \t]*:(?!::)((?:[^\n\\]|\\\n?)*)")
BODY = re.compile(r"\s*\{")
DIVIDE = re.compile(r"--++(?=[ \t]*(?:\n|;|%%|$))")
SKIPPED = {
    "style": re.compile(r"(?:classDef|style|class)[ \t]+(?!-|:(?!::))[^\n]*", I),
    "size": re.compile(r"scale[ \t]+\d+[^\n]*|hide[ \t]+empty[ \t]+description", I),
    "link": re.compile(r"click[ \t]+(?!-|:(?!::))[^\n]*", I),
}
DIRECTION = re.compile(r"direction[ \t]+(TB|BT|RL|LR|TD)\b[^\n]*", I)
ACCESS = re.compile(r"acc(Title|Descr)[ \t]*:[ \t]*([^\n]*)|acc(?:Descr)\s*\{([^}]*)\}", I)
NOTE = re.compile(r"note[ \t]+(left|right)[ \t]+of[ \t]+", I)
NOTE_END = re.compile(r"\n[ \t]*end[ \t]+note\b[^\n]*", I)
FLOATING = re.compile(r"note[ \t]+\"([^\"]*)\"[ \t]*(?:as\b[^\n]*)?", I)
STATE = re.compile(r"state[ \t]+(?!-->|:(?!::))", I)
SHAPED = re.compile(r"([^\n<\[]{1,200}?)(?:<<|&lt;&lt;|\[\[)(fork|join|choice)(?:>>|&gt;&gt;|\]\])", I)
TITLED = re.compile(r"\"([^\"]*)\"(?:[ \t]+as[ \t]+)?", I)
ALIAS = re.compile(r"[ \t]+as[ \t]+\"([^\"\n]*)\"", I)
CONDITION = re.compile(r"if[ \t]*[\"(]([^\")\n]*)[\")](?:[ \t]*then\b)?[^\n]*", I)
BRANCH = re.compile(r"(else|endif)\b[^\n]*", I)


class Scan:
    """A place in a text and the tree that has grown up to it."""

    def __init__(self, text: str, at: int) -> None:
        self.text = text
        self.at = at
        self.begun = at
        self.tree = Tree()
        self.section = self.tree.root
        self.outer: list[tuple[Section, int]] = []
        self.last: str | None = None
        self.conditions: list[str] = []
        self.steps: tuple[Callable[[], bool], ...] = (
            self._structure,
            self._decoration,
            self._note,
            self._state,
            self._condition,
            self._ways,
        )

    def run(self) -> Tree:
        """The whole diagram. Raises FormatError."""
        self.take(BLANK)
        while self.take(DIRECTIVE):
            self.tree.lost["directive"] = "Directives"
            self.take(BLANK)
        if not self.take(HEADER):
            self.fail("the text does not begin with stateDiagram-v2; write that in its first line")
        self.take(BLANK)
        while self.at < len(self.text):
            self.begun = self.at
            self._statement()
            self.take(BLANK)
        if self.outer:
            self.at = self.outer[-1][1]
            self.fail("this state is not closed; end it with }")
        return self.tree

    def _statement(self) -> None:
        try:
            done = any(step() for step in self.steps)
        except TreeError as error:
            self.at = self.begun
            self.fail(str(error))
        if not done or self.at == self.begun:
            shown = self.text[self.begun : self.begun + 40].split("\n", 1)[0]
            self.fail(f"“{shown}” is no statement of a state diagram; mend or remove it")

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Go on past a pattern if it stands here."""
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def fail(self, message: str) -> None:
        line = self.text.count("\n", 0, self.at) + 1
        column = self.at - self.text.rfind("\n", 0, self.at)
        raise FormatError(message, line=line, column=column)

    def _structure(self) -> bool:
        if self.text.startswith("}", self.at):
            self.at += 1
            if self.outer:
                self.section, _ = self.outer.pop()
            else:
                self.tree.lost["brace"] = "A } which closes nothing"
        elif self.take(DIVIDE):
            self.section = self.tree.divide(self.section)
        else:
            return False
        return True

    def _decoration(self) -> bool:
        """What tells of the diagram as a whole, or of its looks."""
        if direction := self.take(DIRECTION):
            value = direction[1].upper()
            if self.section.owner:
                self.section.owner.direction = value
            else:
                self.tree.direction = value
            return True
        if access := self.take(ACCESS):
            text = unescape((access[2] or access[3] or "").strip())
            if (access[1] or "").lower() == "title":
                self.tree.title = text
            else:
                self.tree.description = text
            return True
        for what, pattern in SKIPPED.items():
            if self.take(pattern):
                self.tree.lost[what] = {"style": "Styles", "size": "Sizes", "link": "Links"}[what]
                return True
        return False

    def _note(self) -> bool:
        if self.take(FLOATING):
            self.tree.lost["note"] = "Notes which belong to no state"
            return True
        side = self.take(NOTE)
        if not side:
            return False
        name = self.take(NAME)
        if not name:
            self.fail("the note names no state; write for example: note right of State1 : text")
            return False
        self.take(STYLE)
        text = self._note_text()
        if name[0] == "[*]":
            self.tree.lost["note"] = "Notes which belong to no state"
        elif text:
            self._mention(name[0]).notes.append((self.begun, side[1].lower(), text))
        return True

    def _note_text(self) -> str:
        line = self.take(TEXT)
        if line:
            return self._plain(line[1])
        end = NOTE_END.search(self.text, self.at)
        if not end:
            self.at = self.begun
            self.fail("this note is not closed; end it with a line of: end note")
            return ""
        lines = self.text[self.at : end.start()].split("\n")
        self.at = end.end()
        return unescape("\n".join(line.strip() for line in lines).strip())

    def _state(self) -> bool:
        if not self.take(STATE):
            return False
        shaped = self.take(SHAPED)
        if shaped:
            node = self._mention(shaped[1].strip())
            node.shape = node.shape or shaped[2].lower()
            return True
        titled = self.take(TITLED)
        name = self.take(NAME)
        if name is None and titled is None:
            return False
        node = self._mention(name[0] if name else titled[1])  # type: ignore[index]  # one of the two is there
        alias = self.take(ALIAS)
        self.take(STYLE)
        if titled or alias:
            node.titles.append(unescape((titled or alias)[1].strip("\n")))  # type: ignore[index]
        self._rest_of(node)
        return True

    def _rest_of(self, node: Node) -> None:
        """A description and a body after the name of a state."""
        described = self.take(TEXT)
        if described:
            self._describe(node, described[1])
        elif self.take(BODY):
            self.outer.append((self.section, self.begun))
            self.section = self.tree.open(node)

    def _condition(self) -> bool:
        """`if`, `else` and `endif` of PlantUML, drawn as a choice."""
        found = self.take(CONDITION)
        if found:
            node = self._mention(f"choice {found[1]}")
            node.shape = "choice"
            if self.last is not None:
                self.tree.arrow(self.last, node.name, self.section, "", self.begun)
            self.conditions.append(node.name)
            self.last = node.name
            return True
        branch = self.take(BRANCH) if self.conditions else None
        if branch:
            self.last = self.conditions[-1] if branch[1].lower() == "else" else self.conditions.pop()
        return branch is not None

    def _ways(self) -> bool:
        """A state with a description, or an arrow; one without a tail goes on from the last head."""
        source = self._end() if not self._at_arrow() else self.last or "[*]"
        if source is None:
            return False
        arrow = self.take(ARROW)
        if not arrow:
            described = self.take(TEXT)
            if source == "[*]":
                self.tree.lost["start"] = "A [*] without an arrow"
            elif described:
                self._describe(self._mention(source), described[1])
            else:
                self.last = self._mention(source).name
            return True
        self.take(BLANK)
        target = self._end()
        if target is None:
            self.fail("the arrow leads nowhere; name the state it leads to")
            return False
        label = self.take(TEXT)
        text = self._plain(label[1]) if label else f"[{arrow[1]}]" if arrow[1] else ""
        self._join(source, target, text)
        return True

    def _join(self, source: str, target: str, label: str) -> None:
        ends = [None if name == "[*]" else self._mention(name).name for name in (source, target)]
        self.tree.arrow(ends[0], ends[1], self.section, label, self.begun)
        self.last = ends[1] or self.last

    def _at_arrow(self) -> bool:
        return ARROW.match(self.text, self.at) is not None

    def _end(self) -> str | None:
        """One end of an arrow."""
        for edge in ("[*]", "(*)"):
            if self.text.startswith(edge, self.at):
                self.at += len(edge)
                self.take(STYLE)
                return "[*]"
        found = self.take(NAME)
        if found:
            self.take(STYLE)
        return found[0] if found else None

    def _mention(self, name: str) -> Node:
        bare = name.strip().strip('"') if name.strip().strip('"') else name
        return self.tree.mention(unescape(bare), self.section, self.begun)

    def _describe(self, node: Node, text: str) -> None:
        found = self._plain(text)
        if found:
            node.lines.append((self.begun, found))

    def _plain(self, text: str) -> str:
        """The rest of a line, which a backslash at its end continues on the next."""
        if len(text) > LONGEST_LABEL:
            self.at = self.begun
            self.fail(f"the text after : has {len(text)} characters; shorten it to {LONGEST_LABEL}")
        bare = text.strip().replace("\\\n", "\n")
        cut = bare[:-1] if bare.endswith(";") and not _ends_in_entity(bare) else bare
        return unescape(cut.strip())


def _ends_in_entity(text: str) -> bool:
    begun = max(text.rfind("#"), text.rfind("&"))
    return begun >= 0 and ENTITY.fullmatch(text, begun) is not None
