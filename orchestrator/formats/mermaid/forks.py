"""Forks and joins: several arrows that are one transition, or one condition."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from orchestrator.formats.mermaid.tree import Arrow, Tree

MOST_HEADS = 50  # of one fork, or tails of one join


@dataclass(frozen=True, slots=True)
class Fork:
    """A fork which is drawn for one transition with these targets; `plain` when its name says nothing more."""

    name: str
    targets: tuple[str, ...]
    plain: bool


def fork_name(source: str, part: str) -> str:
    """The name of a fork that stands for a transition with several targets."""
    return f"fork.{source}.{part}"


def join_guard(others: Iterable[str]) -> str:
    """The condition of a join: the other states it joins are active too."""
    return " && ".join(f"In('{key}')" for key in sorted(others))


def forks_of(tree: Tree) -> dict[str, Fork]:
    """Those forks whose arrows lead into different regions, or which were drawn for one transition."""
    arrows = [*tree.arrows, *starts_of(tree)]
    found = {}
    leaving, coming = _by(arrows, "source"), _by(arrows, "target")
    for name, node in tree.nodes.items():
        out, into = leaving.get(name, []), coming.get(name, [])
        bare = node.shape == "fork" and not (node.sections or node.lines or node.notes)
        if not (bare and out and into) or any(arrow.label or arrow.target in (None, name) for arrow in out):
            continue
        targets = tuple(arrow.target for arrow in out if arrow.target is not None)
        owner = into[0].section.owner.name if into[0].section.owner else ""
        first = into[0].source if into[0].source is not None else owner
        plain = len(into) == 1 and name.startswith(fork_name(first, ""))
        if plain or (
            1 < len(targets) <= MOST_HEADS and all(tree.apart(one, other) for one, other in combinations(targets, 2))
        ):
            found[name] = Fork(name, targets, plain)
    return {name: fork for name, fork in found.items() if not set(fork.targets) & set(found)}


def joins_of(tree: Tree) -> dict[tuple[str, str], str]:
    """The condition of each unlabelled arrow from a region into a join, by its two ends."""
    found = {}
    for name, arrows in _by(tree.arrows, "target").items():
        sources = [arrow.source for arrow in arrows if arrow.source is not None]
        if tree.nodes[name].shape != "join" or not 1 < len(set(sources)) == len(sources) <= MOST_HEADS:
            continue
        if any(arrow.label for arrow in arrows):
            continue
        if _apart(tree, sources):
            for source in sources:
                found[source, name] = source
    return found


def starts_of(tree: Tree) -> list[Arrow]:
    """The arrows from every start."""
    sections = [tree.root, *tree.divisions, *(part for node in tree.nodes.values() for part in node.sections)]
    return [arrow for section in sections for arrow in section.starts]


def _apart(tree: Tree, names: Iterable[str]) -> bool:
    return all(tree.apart(one, other) for one, other in combinations(names, 2))


def _by(arrows: Iterable[Arrow], end: str) -> dict[str, list[Arrow]]:
    found: dict[str, list[Arrow]] = {}
    for arrow in arrows:
        name = arrow.source if end == "source" else arrow.target
        if name is not None:
            found.setdefault(name, []).append(arrow)
    return found
