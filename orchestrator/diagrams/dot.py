"""A picture as DOT text: boxes of fixed size and numbers, never a word of the user's."""

from __future__ import annotations

from itertools import pairwise

import graphviz

from orchestrator.diagrams.picture import Box, Link, Picture, label_size

BIG = 80  # boxes; above this the search for the best layout is cut short
BAR_WIDE, BAR_HIGH = 44.0, 5.0  # px, a fork


def dot_source(picture: Picture, labels: bool) -> str:
    """DOT for the picture; without `labels` no room is kept for them, which lays out much faster."""
    return _Writer(picture, labels).source()


def _inches(pixels: float) -> str:
    return f"{pixels / 72:.3f}"


def _space(size: tuple[float, float]) -> str:
    """A label of fixed size with nothing in it: it reserves the place where we write later."""
    wide, high = size
    fixed = f'FIXEDSIZE="TRUE" WIDTH="{wide:.0f}" HEIGHT="{high:.0f}"'
    table = f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0" {fixed}>'
    return f"<{table}<TR><TD {fixed}></TD></TR></TABLE>>"


class _Writer:
    """Names of nodes: `n` a state, `i_` an initial dot, `p_` and `x_` a port inside and outside a box, `a_` an anchor
    that keeps regions in document order, `f` a fork."""

    def __init__(self, picture: Picture, labels: bool) -> None:
        self.picture, self.labels = picture, labels
        self.boxes = picture.boxes
        self.thumb = picture.detail == "thumb"
        self.loops = {link.source for link in picture.links if link.source == link.target}
        self.ports = {port for link in picture.links if (port := self._port(link))}
        self.groups: dict[str, str] = {}
        self.forks: dict[str | None, list[str]] = {}
        for link in picture.links:
            if link.stem:
                ends = [other.target for other in picture.links if other.fork == link.fork and not other.stem]
                self.forks.setdefault(picture.home(link.source, *ends), []).append(link.fork)

    def source(self) -> str:
        graph = graphviz.Digraph("chart")
        graph.attr(
            rankdir=self.picture.rankdir, compound="true", margin="0", pad="0", outputorder="nodesfirst",
            nodesep=".22" if self.thumb else ".3", ranksep=".3", **self._effort(),
        )  # fmt: skip
        graph.attr("node", shape="box", fixedsize="true", label="", fontname="Helvetica")
        graph.attr("edge", arrowsize=".6", fontname="Helvetica", labelfloat="false")
        self._fill(graph, None)
        for link in self.picture.links:
            self._edge(graph, link)
        return str(graph.source)

    def _effort(self) -> dict[str, str]:
        """How hard Graphviz tries: bending lines around boxes is what takes longest in a big chart."""
        if len(self.boxes) <= BIG:
            return {"splines": "true", "nslimit": "8", "mclimit": "4", "remincross": "true"}
        if self.labels:
            return {"splines": "polyline", "nslimit": "1", "mclimit": ".3", "remincross": "false"}
        return {"splines": "line", "nslimit": ".2", "nslimit1": ".2", "mclimit": ".1", "remincross": "false"}

    def _fill(self, graph: graphviz.Digraph, owner: Box | None) -> None:
        children = owner.children if owner else self.picture.roots
        if owner and owner.kind == "parallel":
            self._anchors(graph, owner)
        node = owner.node if owner else "root"
        if node in self.picture.starts:
            self._node(graph, f"i_{node}", 10.08, 10.08, shape="circle")
        for fork in self.forks.get(owner.key if owner else None, ()):
            wide, high = (BAR_WIDE, BAR_HIGH) if self.picture.rankdir == "TB" else (BAR_HIGH, BAR_WIDE)
            self._node(graph, fork, wide, high)
        for key in children:
            self._child(graph, self.boxes[key])
        if owner and owner.kind == "parallel":
            self._tie(graph, owner)
        if node in self.picture.starts:
            self._starts(graph, node)

    def _node(self, graph: graphviz.Digraph, name: str, wide: float, high: float, **more: str) -> None:
        graph.node(name, width=_inches(wide), height=_inches(high), **more)

    def _child(self, graph: graphviz.Digraph, box: Box) -> None:
        if not box.children:
            self._node(graph, box.node, box.width, box.height)
            return
        if f"x_{box.node}" in self.ports:
            self._node(graph, f"x_{box.node}", 8, 8, shape="circle")
        with graph.subgraph(name=f"cluster_{box.node}") as cluster:
            margin = "8" if self.thumb else "13" if box.kind == "region" else "12"
            cluster.attr(labeljust="l", labelloc="t", margin=margin)
            cluster.attr(label=self._title(box))
            if f"p_{box.node}" in self.ports:
                self._node(cluster, f"p_{box.node}", 8, 8, shape="circle")
            self._fill(cluster, box)
        if f"x_{box.node}" in self.ports:
            clip = {"lhead": f"cluster_{box.node}", "arrowhead": "none"}
            graph.edge(f"x_{box.node}", self._entry(box.key), id=f"x_{box.node}", weight="8", **clip)

    def _title(self, box: Box) -> str:
        """Room for the words at the top of a box, where they do not stand above it."""
        parent = self.boxes[box.parent] if box.parent else None
        above = box.kind == "region" and parent is not None and self._titled(parent)
        return "" if self.thumb or above else _space((box.width, box.height))

    def _anchors(self, graph: graphviz.Digraph, owner: Box) -> None:
        """A point or the title above each region, in a row that Graphviz may not reorder."""
        names = [f"a_{self.boxes[child].node}" for child in owner.children]
        with graph.subgraph() as row:
            row.attr(rank="same")
            for name, child in zip(names, owner.children, strict=True):
                box = self.boxes[child]
                wide, high = (box.width, box.height) if self._titled(owner) and box.kind == "region" else (1.0, 1.0)
                self._node(row, name, wide, high, group=self._group(name))
            for left, right in pairwise(names):
                row.edge(left, right, style="invis")

    def _titled(self, owner: Box) -> bool:
        """Whether the titles of regions stand in the row of their anchors, which saves a row."""
        if self.thumb or self.picture.rankdir != "TB":
            return False
        return not any(self.boxes[child].rows or self.boxes[child].marks for child in owner.children)

    def _tie(self, graph: graphviz.Digraph, owner: Box) -> None:
        """Each region under its anchor: a line within one group may not be crossed, so the regions keep their order."""
        for child in owner.children:
            anchor = f"a_{self.boxes[child].node}"
            entry = self._entry(child)
            self.groups[entry] = self._group(anchor)
            graph.node(entry, group=self.groups[entry])
            graph.node(anchor, group=self.groups[entry])
            graph.edge(anchor, entry, style="invis", weight="20")

    def _group(self, name: str) -> str:
        return self.groups.setdefault(name, f"g{len(self.groups)}")

    def _starts(self, graph: graphviz.Digraph, node: str) -> None:
        start = self.picture.starts[node]
        for nth, key in enumerate(start.targets):
            target = self.boxes[key]
            attributes = {"lhead": f"cluster_{target.node}"} if target.children else {}
            if nth == 0 and start.lines and self.labels:
                attributes["label"] = _space(label_size(start.lines))
            name = f"i_{node}_{nth}" if nth else f"i_{node}"
            graph.edge(f"i_{node}", self._entry(key), id=name, weight="10", arrowsize=".5", **attributes)

    def _edge(self, graph: graphviz.Digraph, link: Link) -> None:
        source, target = self.boxes[link.source], self.boxes[link.target]
        to_fork, from_fork = link.stem, bool(link.fork) and not link.stem
        attributes = {"id": link.node, "weight": str(link.weight)}
        if source.children and not from_fork and not self._port(link) and not self._held(link):
            attributes["ltail"] = f"cluster_{source.node}"
        if target.children and not to_fork and (from_fork or not self._within(link)):
            attributes["lhead"] = f"cluster_{target.node}"
        if not source.children and link.source in self.loops and link.source != link.target:
            attributes["tailport"] = "s" if self.picture.rankdir == "TB" else "e"  # clear of the loop and its label
        if to_fork:
            attributes["arrowhead"] = "none"
        if self.labels and link.lines:
            attributes["label"] = _space(link.size)
        tail = link.fork if from_fork else self._tail(link)
        graph.edge(tail, link.fork if to_fork else self._entry(link.target), **attributes)

    def _held(self, link: Link) -> bool:
        return self.picture.holds(link.source, link.target)

    def _within(self, link: Link) -> bool:
        """Whether the line ends inside a box that holds its beginning, which Graphviz cannot clip."""
        if f"x_{self.boxes[link.source].node}" == self._port(link):
            return False
        return self.picture.holds(link.target, link.source)

    def _port(self, link: Link) -> str:
        """Where a line starts that leads from a box into itself: inside when the box is not left, otherwise outside."""
        box = self.boxes[link.source]
        if not box.children or not self._held(link) or (link.fork and not link.stem):
            return ""
        return f"p_{box.node}" if link.internal or box.kind == "region" else f"x_{box.node}"

    def _tail(self, link: Link) -> str:
        box = self.boxes[link.source]
        return self._port(link) or (self._exit(box, link.done) if box.children else box.node)

    def _entry(self, key: str) -> str:
        """The node that stands for a box when a line ends at it: its initial dot, anchor or first state."""
        box = self.boxes[key]
        while box.children:
            if box.node in self.picture.starts:
                return f"i_{box.node}"
            if box.kind == "parallel":
                return f"a_{self.boxes[box.children[0]].node}"
            inner = [self.boxes[child] for child in box.children]
            box = next((child for child in inner if child.kind != "history"), inner[0])
        return box.node

    def _exit(self, box: Box, done: bool) -> str:
        """The node that stands for a box when a line leaves it: low in it, so that what follows comes below."""
        leaves = self.picture.leaves(box.children[0] if box.kind == "parallel" else box.key)
        finals = [leaf for leaf in leaves if leaf.kind == "final"]
        others = [leaf for leaf in leaves if leaf.kind in ("atomic", "task")]
        chosen = (finals[:1] or others[-1:]) if done else (others[-1:] or finals[:1])
        return (chosen or leaves)[0].node
