"""Transitions and invocations of XState as ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from orchestrator.formats.xstate.actions import Content
from orchestrator.formats.xstate.addresses import Place, Tree, steps_of
from orchestrator.formats.xstate.hearing import covers
from orchestrator.formats.xstate.terms import Document, by_priority, delay_key
from orchestrator.statechart.expressions import MAX_LENGTH
from orchestrator.statechart.reading import Node, readable

WAY_KEYS = frozenset(
    {"target", "guard", "cond", "actions", "reenter", "meta", "description", "eventType", "source", "event", "delay"}
)
INVOKE_KEYS = frozenset({"src", "id", "input", "onDone", "onError", "onSnapshot", "meta", "type"})
ACTOR_EVENTS = {"xstate.done.actor.": "done.invoke.", "xstate.error.actor.": "error.invoke."}
Order = Callable[[Iterable[str]], list[str]]


class Ways:
    """Reads what leads on from each state of one machine; `places` are where the parts of our document came from."""

    def __init__(self, tree: Tree, content: Content) -> None:
        self.tree = tree
        self.content = content
        self.places: dict[str, str] = {}

    def of(self, place: Place, path: str, extras: Document) -> Document:
        """All lists of transitions of a state, and its activities with theirs."""
        node = place.config
        if place.kind == "history":
            return {"always": self._default(place, path, extras)}
        caught: list[Document] = []
        given = node.value.get("invoke")
        several = given is None or isinstance(given, list)
        invoked = list(node.items("invoke")) if several else [(node.at("invoke"), given)]
        activities = [
            self._invoke(place, Node(item, at, None, "an invocation"), f"{path}/invoke/{n}", caught)
            for n, (at, item) in enumerate(invoked)
        ]
        return {
            "on": [*caught, *self._grouped(place, path, "on", len(caught), by_priority)],
            "after": self._grouped(place, path, "after", 0, list),
            "always": self._listed(place, node, "always", f"{path}/always"),
            "onDone": self._listed(place, node, "onDone", f"{path}/onDone") if place.parent else [],
            "invoke": activities,
        }

    def _default(self, place: Place, path: str, extras: Document) -> list[Document]:
        """Where a history state leads for the first time; of ours the rest of the transition was kept."""
        aims = [self._name(self._find(place, text, path)) for text in place.config.texts("target", MAX_LENGTH)]
        target: Document = {"target": _one_or_many(aims)} if aims else {}
        kept = extras.pop("always", None)
        if isinstance(kept, list) and kept and isinstance(kept[0], Mapping):
            return [{**kept[0], **target}, *kept[1:]]
        return [target] if target else []

    def _grouped(self, place: Place, path: str, name: str, first: int, order: Order) -> list[Document]:
        """The transitions of `on` or `after`, in the order which they had in our document when they come from one."""
        holder = Node(place.config.mapping(name), place.config.at(name), None, f"“{name}”")
        found: list[tuple[int, Document]] = []
        origins: list[str] = []
        marks: list[Document] = []
        for key in order(holder.value):
            for at, way in self._entries(place, holder, key, f"{path}/{name}"):
                kept = way.pop("signalbox", {})
                marks.append(kept)
                turn = kept.get("at")
                named = self._named(holder, name, key, kept)
                entry = (turn if isinstance(turn, int) else len(found), {**named, **way})
                if turn is None or entry not in found:
                    found.append(entry)
                    origins.append(at)
        if name == "on" and all("at" not in kept for kept in marks):
            self._tell_falling(holder, found, path)
        ranked = sorted(range(len(found)), key=lambda n: found[n][0])
        for rank, n in enumerate(ranked, first):
            self.places[f"{path}/{name}/{rank}"] = origins[n]
        return [found[n][1] for n in ranked]

    def _tell_falling(self, holder: Node, found: list[tuple[int, Document]], path: str) -> None:
        """XState asks no wildcard when the guards under the very name of an event refuse it."""
        open_ones = {way["event"] for _, way in found if "guard" not in way}
        wild = [key for key in holder.value if key.endswith("*")]
        for key in holder.value:
            guarded = not key.endswith("*") and event_name(key) not in open_ones
            if guarded and any(covers(other, key) for other in wild):
                message = "is tried with a wildcard when no guard holds, which XState does not do"
                self.content.changed(path, f"event “{key[:80]}”", message)

    def _named(self, holder: Node, name: str, key: str, kept: Document) -> Document:
        """The events or the delay of a transition; our own texts unless someone has changed them since."""
        if name == "on":
            events = kept.get("events")
            ours = [name for name in events if isinstance(name, str)] if isinstance(events, list) else []
            heard = any(covers(name, key) for name in ours)
            return {"event": _one_or_many(ours) if heard else event_name(key)}
        delay = kept.get("delay")
        if isinstance(delay, str) and delay_key(delay) == key:
            return {"delay": delay}
        return {"delay": self.content.delay(holder.at(key), key)}

    def _listed(self, place: Place, holder: Node, key: str, path: str) -> list[Document]:
        found: list[Document] = []
        if holder.value.get(key) is None:
            return found
        for at, way in self._entries(place, holder, key, path):
            self.places[f"{path}/{len(found)}"] = at
            way.pop("signalbox", None)
            found.append(way)
        return found

    def _entries(self, place: Place, holder: Node, key: str, path: str) -> Iterator[tuple[str, Document]]:
        """The transitions at a key with their places: a target, an object, or a list of both; null does nothing."""
        given = holder.value.get(key)
        entries = holder.items(key) if isinstance(given, list) else [(holder.at(key), given)]
        for at, item in entries:
            yield at, self._way(place, at, item, path)

    def _way(self, place: Place, at: str, given: object, path: str) -> Document:
        value = {"target": given} if isinstance(given, str) else {} if given is None else given
        node = Node(value, at, None, "a transition")
        self.content.tell_unknown(node, path, WAY_KEYS, "transition")
        meta, extras = split_meta(node)
        if node.text("description"):
            meta.setdefault("description", node.text("description"))
        guard = "cond" if "cond" in node.value and "guard" not in node.value else "guard"
        aims = [self._find(place, text, path) for text in node.texts("target", MAX_LENGTH)]
        targets, internal = self._movement(place, aims, node.flag("reenter"), path)
        made: Document = {
            "target": _one_or_many(targets),
            "guard": self.content.guard(node.at(guard), node.value[guard]) if node.value.get(guard) else None,
            "actions": self.content.actions(node, "actions"),
            "internal": internal or extras.pop("internal", False) is True,
            "meta": meta,
            "signalbox": extras,
        }
        return {key: value for key, value in made.items() if value not in (None, [], {}) and value is not False}

    def _movement(self, source: Place, aims: list[Place | str], reenter: bool, path: str) -> tuple[list[str], bool]:
        """The targets, and whether the source stays, which in XState is so of itself when all lie within it."""
        names = [self._name(aim) for aim in aims]
        known = [aim for aim in aims if isinstance(aim, Place)]
        inside = [aim for aim in known if aim.is_inside(source)]
        if reenter or not aims or len(aims) > len(inside) + known.count(source):
            self._tell_region(source, known, path)
            return names, False
        if source.kind == "compound" and len(inside) == len(aims):
            return names, True
        if not inside and not source.children:
            return [], False  # the state stays, and there is nothing inside to enter anew
        first = self.tree.first_of(source)
        if not inside and source.kind == "compound" and first:
            return [first.name], True
        message = "leaves and enters the state again, where XState stays in it"
        self.content.changed(path, f"transition within “{self._name(source)}”", message)
        return names, False

    def _tell_region(self, source: Place, aims: list[Place], path: str) -> None:
        """SCXML leaves the whole parallel state where XState leaves one region."""
        above = source.parent
        while above and not all(aim.is_inside(above) for aim in aims):
            above = above.parent
        if aims and above and above.kind == "parallel":
            name = self._name(above)
            message = f"leaves the parallel state “{name}” and enters it again, where XState leaves one region"
            self.content.changed(path, f"transition between regions of “{name}”", message)

    def _find(self, source: Place, target: str, path: str) -> Place | str:
        """The state that is meant; the machine itself stands for the state where it begins."""
        found = self.tree.find(source, target)
        if found is self.tree.root and not self.tree.root_name:
            found = self.tree.first_of(found)
        if found is not None:
            return found
        self.content.lost(path, f"target “{target[:80]}”", "is no state of the machine; choose another")
        return ".".join(steps_of(target))[:80] or target[:80]

    def _name(self, aim: Place | str) -> str:
        return aim if isinstance(aim, str) else aim.name or self.tree.root_name

    def _invoke(self, place: Place, node: Node, path: str, caught: list[Document]) -> Document:
        """An activity; `caught` takes the ways out of its failure which a failure policy cannot hold."""
        self.places[path] = node.path
        self.content.tell_unknown(node, path, INVOKE_KEYS, "invocation")
        ours = isinstance(node.mapping("meta").get("signalbox"), Mapping)
        name = node.text("id") or f"{self._name(place)}.{path.rsplit('/', 1)[1]}"
        failed = self._listed(place, node, "onError", f"{path}/onFailure")
        policy: Document = {}
        if failed and (ours or (len(failed) == 1 and failed[0].get("target"))):
            policy = {"policy": "catch", **failed.pop(0)}
            self.places[f"{path}/onFailure"] = self.places[f"{path}/onFailure/0"]
        caught += [{"event": f"error.invoke.{name}", **way} for way in failed]
        if node.value.get("onSnapshot") is not None:
            self.content.lost(path, "onSnapshot", "is not heard; only the end of an activity is")
        _, extras = split_meta(node)
        kept = extras.pop("onFailure", {})
        made = {
            "id": name,
            **(self._own(node) if ours else self._foreign(node, path)),
            "onDone": self._listed(place, node, "onDone", f"{path}/onDone"),
            "onFailure": policy or kept,
            **extras,
        }
        return {key: value for key, value in made.items() if value not in (None, [], {})}

    def _own(self, node: Node) -> Document:
        return {"kind": node.required("src"), "input": node.value.get("input")}

    def _foreign(self, node: Node, path: str) -> Document:
        """Code of the application, as a Python callable of that name."""
        given = node.value.get("src")
        holder = Node(given, node.at("src"), None, "a source") if isinstance(given, Mapping) else node
        source = holder.required("type" if isinstance(given, Mapping) else "src")
        self.content.changed(
            path, f"actor “{source[:80]}”", "is code of the application; register a Python callable for it"
        )
        value = node.value.get("input")
        args = {} if value is None else {"args": value if isinstance(value, Mapping) else {"input": value}}
        return {"kind": "python", "title": readable(source), "input": {"callable": source, **args}}


def split_meta(node: Node) -> tuple[Document, Document]:
    """What the user wrote into `meta`, and what we kept there because XState has no place for it."""
    meta = node.mapping("meta")
    extras = meta.get("signalbox")
    if not isinstance(extras, Mapping):
        return meta, {}
    kept = dict(extras)
    user = kept.pop("meta", None)
    if isinstance(user, Mapping):
        return dict(user), kept
    return {key: value for key, value in meta.items() if key != "signalbox"}, kept


def event_name(key: str) -> str:
    """An event of XState by our name."""
    front = next((front for front in ACTOR_EVENTS if key.startswith(front)), "")
    return ACTOR_EVENTS[front] + key.removeprefix(front) if front else key


def _one_or_many(names: list[str]) -> str | list[str]:
    return names[0] if len(names) == 1 else names
