"""An XState machine as our document, with notes on all that is not quite the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from orchestrator.formats.fidelity import Note
from orchestrator.formats.xstate.actions import Content
from orchestrator.formats.xstate.addresses import Place, Tree
from orchestrator.formats.xstate.terms import Document, flat
from orchestrator.formats.xstate.ways import Ways, split_meta
from orchestrator.statechart.document import FORMAT
from orchestrator.statechart.reading import DocumentError, Node, readable

TYPES = ("atomic", "compound", "parallel", "final", "history")
STATE_KEYS = frozenset(
    {"id", "key", "type", "initial", "states", "on", "always", "after", "entry", "exit", "invoke", "onDone", "output"}
    | {"tags", "meta", "description", "target", "history", "order"}
)
MACHINE_KEYS = STATE_KEYS | {"context", "delays", "version", "types", "schema", "schemas", "$schema"}
OWN = ("on", "always", "after", "entry", "exit", "invoke")  # what a machine itself may have and a chart may not
SAME_KEY = "because a key is used once in a chart and has letters, digits, “_”, “-” and “.” only"


class Reader:
    """Reads one machine. `ways.places` tells of each path of our document where in the machine it came from."""

    def __init__(self, config: Node) -> None:
        if "states" not in config.value:
            mend = "is missing; a machine has states, and a document of Signalbox also has “signalbox”: 1"
            raise DocumentError("states", mend)
        self.config = config
        self.tree = Tree(config)
        self.content = Content(self.tree, config.mapping("delays"))
        self.ways = Ways(self.tree, self.content)

    def document(self) -> Document:
        """The whole document."""
        root, config = self.tree.root, self.config
        meta, extras = split_meta(config)
        self.content.tell_unknown(config, "", MACHINE_KEYS, "machine")
        if root.kind == "parallel" or any(config.value.get(key) for key in OWN):
            states = self._wrapped(root)
            initial: object = self.tree.root_name
        else:
            states = self._states(root, "")
            initial = self._initial(root, extras)
            self._give_output(states)
        given = config.mapping("context")
        added = {name: value for name, value in self.content.context.items() if name not in given}
        body = {
            "description": config.text("description"),
            "initial": initial,
            "context": {**given, **added},
            "meta": {**_tags(config, meta), **meta},
            **extras,
        }
        head = {"signalbox": body.pop("version", FORMAT), "id": self._key()}
        return {**head, **{key: value for key, value in body.items() if value not in (None, {})}, "states": states}

    def origin(self, path: str) -> str:
        """The place in the machine which a place in our document came from."""
        places = self.ways.places
        known = max((p for p in places if path == p or path.startswith(f"{p}/")), key=len, default="")
        return f"{places[known]}{path[len(known) :]}".lstrip("/") if known else path

    def notes(self) -> tuple[Note, ...]:
        """What is not quite the same, each at its place in the chart."""
        content = self.content
        found = {source: path for path, source in self.ways.places.items()}
        return tuple(
            replace(note, path=flat(_moved(note.path, found) if n in content.there else note.path))
            for n, note in enumerate(content.notes)
        )

    def _key(self) -> str:
        """The id of the chart, which a state may have as well."""
        given = self.config.text("id") or "machine"
        plain = Tree(Node({}, "", None, "a machine")).free_name(given)
        if plain != given:
            self.content.changed("", f"id “{given[:80]}”", f"is “{plain}”: letters, digits, “_”, “-” and “.” only")
        return plain

    def _wrapped(self, root: Place) -> Document:
        """One state around all, which has what belongs to the machine itself."""
        name = self.tree.root_name = self.tree.free_name(self.config.text("id") or "machine")
        whole = self._state(root, f"states/{name}")
        whole.pop("meta", None)
        whole.pop("description", None)
        message = f"stands in the state “{name}” around all others, because a chart itself has none of it"
        self.content.changed(f"states/{name}", "what the machine itself does", message)
        states = {name: whole}
        output = {"output": whole.pop("output")} if "output" in whole else {}
        if root.kind == "parallel" or any(child.kind == "final" for child in root.children.values()):
            end = self.tree.free_name(f"{name}_done")
            whole["onDone"] = [{"target": end}]
            states[end] = {"type": "final", **output}
        return states

    def _give_output(self, states: Document) -> None:
        """The output of a machine is that of its last states."""
        if self.config.value.get("output") is None:
            return
        for state in states.values():
            if state.get("type") == "final":
                state.setdefault("output", self.config.value["output"])
        self.content.changed("", "output", "is that of the outermost final states which have none of their own")

    def _states(self, place: Place, path: str) -> Document:
        inside = f"{path}/states".lstrip("/")
        return {child.name: self._state(child, f"{inside}/{child.name}") for child in place.children.values()}

    def _state(self, place: Place, path: str) -> Document:
        node = place.config
        self.ways.places[path] = node.path
        meta, extras = split_meta(node)
        if place.parent:
            self.content.tell_unknown(node, path, STATE_KEYS, "state")
            self._tell_names(place, path)
        given = node.choice("type", TYPES, "")
        made: Document = {
            "title": readable(place.key)[:200] if place.parent and place.name != place.key else None,
            "description": node.text("description"),
            "type": given or ("history" if place.kind == "history" else None),
            "history": _history(node),
            "initial": self._initial(place, extras),
            "entry": self.content.actions(node, "entry"),
            "exit": self.content.actions(node, "exit"),
            **self.ways.of(place, path, extras),
            "meta": {**_tags(node, meta), **meta},
            **extras,
        }
        if "tasks" not in extras:
            made["states"] = self._states(place, path)
        output = node.value.get("output")
        filled = {key: value for key, value in made.items() if value not in (None, "", [], {})}
        return {**filled, **({} if output is None else {"output": output})}

    def _tell_names(self, place: Place, path: str) -> None:
        if place.name != place.key:
            self.content.changed(path, f"state “{place.key[:80]}”", f"has the key “{place.name}”, {SAME_KEY}")
        given = place.config.text("id")
        if given not in ("", place.name):
            self.content.changed(path, f"id “{given[:80]}”", f"is addressed as “{place.name}”")

    def _initial(self, place: Place, extras: Document) -> object:
        """Where to begin: the key of a child, with actions where it is an object.

        Ours may name any state inside, or several; those were kept, and hold while they lie in the child that is named.
        """
        node, kept = place.config, extras.pop("initial", None)
        given, actions = node.value.get("initial"), list[Document]()
        if isinstance(given, Mapping):
            inner = Node(given, node.at("initial"), None, "an initial transition")
            target, actions = inner.required("target"), self.content.actions(inner, "actions")
        else:
            target = node.text("initial")
        child = place.children.get(target)
        aim = kept if child is None or self._begins(child, kept) else None
        aim = aim or (child.name if child else target)
        return {"target": aim, "actions": actions} if actions or isinstance(aim, list) else aim

    def _begins(self, child: Place, kept: object) -> bool:
        first = kept[0] if isinstance(kept, list) and kept else kept
        found = self.tree.named(first) if isinstance(first, str) else None
        return found is not None and (found is child or found.is_inside(child))


def _moved(path: str, found: Mapping[str, str]) -> str:
    """A path of the machine as one of the chart, told by the nearest part whose origin is known."""
    known = max((at for at in found if path == at or path.startswith(f"{at}/")), key=len, default="")
    return f"{found[known]}{path[len(known) :]}" if known else path


def _history(node: Node) -> str | None:
    given = node.value.get("history")
    if isinstance(given, bool):
        return "shallow" if given else None
    return node.choice("history", ("shallow", "deep"), "") or None


def _tags(node: Node, meta: Mapping[str, object]) -> Document:
    """Tags are kept where a chart has room for what it does not know."""
    tags = list(node.texts("tags"))
    return {"tags": tags} if tags and "tags" not in meta else {}
