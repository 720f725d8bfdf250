"""A picture as DOT text: boxes of fixed size and numbers, never a word of the user's."""

from __future__ import annotations

import graphviz

from orchestrator.diagrams.extract import Box, Link, Picture

BIG = 80  # boxes; above this the search for the best layout is cut short


def dot_source(picture: Picture, labels: bool) -> str:
    """DOT for the picture; without `labels` no room is kept for them, which lays out much faster."""
    return _Writer(picture, labels).source()


def _inches(pixels: float) -> str:
    return f"{pixels / 72:.3f}"


def _space(width: float, height: float) -> str:
    """A label of fixed size with nothing in it: it reserves the place where we write later."""
    size = f'FIXEDSIZE="TRUE" WIDTH="{width:.0f}" HEIGHT="{height:.0f}"'
    table = f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0" {size}>'
    return f"<{table}<TR><TD {size}></TD></TR></TABLE>>"


class _Writer:
    def __init__(self, picture: Picture, labels: bool) -> None:
        self.picture, self.labels = picture, labels
        self.boxes = picture.boxes
        self.thumb = picture.detail == "thumb"
        self.loops = {link.source for link in picture.links if link.source == link.target}
        self.ports = {link.source for link in picture.links if self._from_inside(link)}

    def source(self) -> str:
        graph = graphviz.Digraph("chart")
        graph.attr(
            rankdir=self.picture.rankdir, compound="true", margin="0", pad="0", outputorder="nodesfirst",
            nodesep=".22" if self.thumb else ".3", ranksep=".3", **self._effort(),
        )  # fmt: skip
        graph.attr("node", shape="box", fixedsize="true", label="", fontname="Helvetica")
        graph.attr("edge", arrowsize=".6", fontname="Helvetica", labelfloat="false")
        self._fill(graph, self.picture.roots, "root", self.picture.initial)
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

    def _fill(self, graph: graphviz.Digraph, children: tuple[str, ...], owner: str, initial: str | None) -> None:
        if initial:
            graph.node(f"i_{owner}", shape="circle", width=".14", height=".14")
        for key in children:
            box = self.boxes[key]
            if box.children:
                with graph.subgraph(name=f"cluster_{box.node}") as cluster:
                    self._cluster(cluster, box)
            else:
                graph.node(box.node, width=_inches(box.width), height=_inches(box.height))
        if initial:
            target = self.boxes[initial]
            clip = {"lhead": f"cluster_{target.node}"} if target.children else {}
            graph.edge(f"i_{owner}", self._entry(initial), id=f"i_{owner}", weight="10", arrowsize=".5", **clip)

    def _cluster(self, cluster: graphviz.Digraph, box: Box) -> None:
        margin = "8" if self.thumb else "13" if box.kind == "region" else "12"
        cluster.attr(labeljust="l", labelloc="t", margin=margin)
        if not self.thumb:
            cluster.attr(label=_space(box.width, box.height))
        if box.key in self.ports:
            cluster.node(f"p_{box.node}", shape="circle", width=".11", height=".11")
        self._fill(cluster, box.children, box.node, box.initial)

    def _edge(self, graph: graphviz.Digraph, link: Link) -> None:
        source, target = self.boxes[link.source], self.boxes[link.target]
        attributes = {"id": link.node, "weight": str(link.weight)}
        if source.children and not self.picture.holds(link.source, link.target):
            attributes["ltail"] = f"cluster_{source.node}"
        if target.children and not self.picture.holds(link.target, link.source):
            attributes["lhead"] = f"cluster_{target.node}"
        if not source.children and link.source in self.loops and link.source != link.target:
            attributes["tailport"] = "s" if self.picture.rankdir == "TB" else "e"  # clear of the loop and its label
        if self.labels and link.lines:
            attributes["label"] = _space(link.width, link.height)
        graph.edge(self._tail(link), self._head(link), **attributes)

    def _from_inside(self, link: Link) -> bool:
        """Whether the line would start at a box and end inside it, which Graphviz cannot clip: it starts at a port."""
        return bool(self.boxes[link.source].children) and self.picture.holds(link.source, link.target)

    def _tail(self, link: Link) -> str:
        box = self.boxes[link.source]
        if not box.children:
            return box.node
        return f"p_{box.node}" if self._from_inside(link) else self._exit(box, link.done)

    def _head(self, link: Link) -> str:
        return self._tail(link) if link.stays else self._entry(link.target)

    def _entry(self, key: str) -> str:
        """The node that stands for a box when a line ends at it: its initial dot, or the first state inside."""
        box = self.boxes[key]
        while box.children:
            if box.initial:
                return f"i_{box.node}"
            inner = [self.boxes[child] for child in box.children]
            box = next((child for child in inner if child.kind != "history"), inner[0])
        return box.node

    def _exit(self, box: Box, done: bool) -> str:
        """The node that stands for a box when a line leaves it: low in it, so that what follows comes below."""
        leaves = self._leaves(box.children[0] if box.kind == "parallel" else box.key)
        finals = [leaf for leaf in leaves if leaf.kind == "final"]
        others = [leaf for leaf in leaves if leaf.kind == "atomic"]
        chosen = (finals[:1] or others[-1:]) if done else (others[-1:] or finals[:1])
        return (chosen or leaves)[0].node

    def _leaves(self, key: str) -> list[Box]:
        box = self.boxes[key]
        if not box.children:
            return [box]
        return [leaf for child in box.children for leaf in self._leaves(child)]
