"""A chart as a Python module that declares the same machine with `orchestrator.sdk`; it carries everything."""

from __future__ import annotations

import builtins
import keyword
import re
from itertools import chain, count
from typing import Any

from orchestrator.formats.fidelity import Exported
from orchestrator.formats.python_code.layout import WIDTH, Call, Name, call, functions, written
from orchestrator.formats.python_code.parts import actions, activity, way
from orchestrator.statechart.definition import Chart
from orchestrator.statechart.document import dump
from orchestrator.statechart.reading import readable

Document = dict[str, Any]
HEAD = '"""A machine in code; `manage.py syncmachines` with the name of this module publishes it."""'
FUNCTIONS = frozenset(
    {"Machine", "assign", "block", "cancel", "choose", "compensate", "emit", "fan_out", "for_each", "log", "otherwise"}
    | {"raise_event", "retry", "send", "to", "undo", "when"}
)
WAYS = {"on": "on", "after": "after", "always": "always", "onDone": "on_done"}


def write(chart: Chart) -> Exported:
    """The module; `chart()` of the machine which it declares is the same chart."""
    module = _Module()
    module.machine(dump(chart), "")
    return Exported("\n".join([HEAD, "", *_imports(module.used), *_spaced(module.blocks)]) + "\n")


def _imports(used: set[str]) -> list[str]:
    names = sorted(used)
    line = f"from orchestrator.sdk import {', '.join(names)}"
    if len(line) <= WIDTH:
        return [line]
    return ["from orchestrator.sdk import (", *(f"    {name}," for name in names), ")"]


def _spaced(blocks: list[list[str]]) -> list[str]:
    """The blocks with a blank line around each that has more than one line."""
    lines: list[str] = []
    above = 2
    for block in blocks:
        lines += [*([""] if above > 1 or len(block) > 1 else []), *block]
        above = len(block)
    return lines


class _Module:
    """What is written so far: `blocks` of lines, the functions they use, and the variables that are taken."""

    def __init__(self) -> None:
        self.blocks: list[list[str]] = []
        self.used: set[str] = set()
        self.taken = {*FUNCTIONS, *keyword.kwlist, *dir(builtins)}

    def machine(self, document: Document, front: str) -> str:
        """Declare a machine behind those which it runs as children; gives its variable."""
        variable = self.variable(front, document["id"], "machine")
        children = {
            id(item): self.machine(item["chart"], "_")  # such a name is not published on its own
            for state in _all(document["states"])
            for item in state.get("invoke", ())
            if "chart" in item
        }
        title = document["title"]
        named = {key: document.get(key) for key in ("description", "owner", "context")}
        later = {"context_schema": document.get("contextSchema"), **{k: document.get(k) for k in ("binding", "meta")}}
        titled = None if title == readable(document["id"]) else title
        block = self.lines(call("Machine", document["id"], title=titled, **named, **later), f"{variable} = ")
        for item in document.get("silence", ()):
            told = call(f"{variable}.silence", item["code"], item["reason"], path=item.get("path"))
            block += self.lines(told)
        self.blocks.append([*block, *self.begin(variable, document)])
        self.states(variable, document, children)
        return variable

    def states(self, parent: str, holder: Document, children: dict[int, str]) -> None:
        """Declare the states inside a machine or a state, each with all that it has."""
        for key, state in holder.get("states", {}).items():
            made = _declared(parent, key, state, initial=holder.get("initial") == key)
            inside = state.get("states", {})
            if not inside and not any(name in state for name in ("initial", "invoke", "tasks", *_led(state))):
                self.blocks.append(self.lines(made))
                continue
            variable = self.variable("", key, "state")
            block = [*self.lines(made, f"{variable} = "), *self.begin(variable, state)]
            for found in _calls(variable, key, state, children):
                block += self.lines(found)
            self.blocks.append(block)
            self.states(variable, state, children)

    def begin(self, variable: str, holder: Document) -> list[str]:
        """Where a machine or a state begins, unless one of its states says that it is the initial one."""
        initial = holder.get("initial")
        if initial is None or (isinstance(initial, str) and initial in holder.get("states", {})):
            return []
        whole = initial if isinstance(initial, dict) else {"target": initial}
        target = whole["target"]
        targets = target if isinstance(target, list) else [target]
        return self.lines(call(f"{variable}.start_in", *targets, actions=actions(whole.get("actions"))))

    def lines(self, made: Call, front: str = "") -> list[str]:
        self.used.update(functions(made))
        return written(made, front=front)

    def variable(self, front: str, key: str, kind: str) -> str:
        """A variable for this key: an identifier that is no keyword, hides nothing and is used once."""
        plain = re.sub(r"[^A-Za-z0-9]+", "_", key).strip("_")
        base = front + (plain if plain[:1].isalpha() else f"{kind}_{plain}".rstrip("_"))
        wishes = chain((base, f"{base}_{kind}"), (f"{base}_{number}" for number in count(2)))
        name = next(wish for wish in wishes if wish not in self.taken)
        self.taken.add(name)
        return name


def _all(states: Document) -> list[Document]:
    return [inner for state in states.values() for inner in (state, *_all(state.get("states", {})))]


def _declared(parent: str, key: str, state: Document, initial: bool) -> Call:
    """The call that makes a state, by the method of its type where there is one."""
    kind = state.get("type")
    args: list[object] = [key]
    how: dict[str, object] = {"type": kind, "history": state.get("history")}
    method = "state"
    if kind in ("parallel", "final") and "history" not in state:
        method, how = kind, {}
    elif kind == "history":
        method, how = kind, {"deep": state["history"] == "deep" or None}
        args += [state["always"][0]["target"]] if _leads_plainly(state) else []
    words = {name: state.get(name) for name in ("title", "description")}
    acts = {name: actions(state.get(name)) for name in ("entry", "exit")}
    rest = {name: state.get(name) for name in ("context", "output", "owner", "meta")}
    limits = {"max_concurrency": state.get("maxConcurrency"), "tolerated_failures": state.get("toleratedFailures")}
    times = {"initial": initial or None, "expected_within": state.get("expectedWithin")}
    return call(f"{parent}.{method}", *args, **words, **how, **times, **limits, **acts, **rest)


def _leads_plainly(state: Document) -> bool:
    """Whether a history state has a default that is nothing but a target."""
    ways = state.get("always", ())
    return state.get("type") == "history" and len(ways) == 1 and list(ways[0]) == ["target"]


def _led(state: Document) -> list[str]:
    """The lists of transitions that are to be written."""
    return [name for name in WAYS if name in state and not (name == "always" and _leads_plainly(state))]


def _calls(variable: str, key: str, state: Document, children: dict[int, str]) -> list[Call]:
    """What is declared on a state: its ways out, its activities and its tasks."""
    made = []
    for name in _led(state):
        for item in state[name]:
            first = [item[word] for word in ("event", "delay") if word in item]
            made.append(way(f"{variable}.{WAYS[name]}", item, *first))
    for number, item in enumerate(state.get("invoke", ())):
        what = Name(children[id(item)]) if "chart" in item else item["kind"]
        made.append(call(f"{variable}.invoke", what, **activity(item, f"{key}.{number}")))
    for name, item in state.get("tasks", {}).items():
        made.append(call(f"{variable}.task", name, item["kind"], after=item.get("after"), **activity(item, "")))
    return made
