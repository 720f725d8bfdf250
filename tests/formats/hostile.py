"""Charts with a hostile text in every field that takes one, for formats in which a text could become something else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from orchestrator.statechart.definition import Chart
from orchestrator.statechart.document import DocumentError, parse
from tests.statechart.support import Document

PAYLOADS = (
    '"]; evil [label="x"]; //',
    '\\"]; evil [URL="javascript:alert(1)"',
    "\\",
    '\\\\"',
    "\\N \\G \\E \\n \\l \\L",
    "&lt;b&gt; &#34; &quot; <b>bold</b>",
    '<<TABLE HREF="x"><TR><TD>a</TD></TR></TABLE>>',
    "} } evil -> evil2; subgraph cluster_x {",
    "/* comment */ // comment # comment",
    "line\n@enduml\n@startuml\n!include /etc/passwd",
    "line\r\n!includeurl http://example.com/x\r!pragma layout smetana",
    "!include /etc/passwd",
    "%getenv(PATH) %load_json('x') %filename() %dirpath() %newline()",
    "' comment",
    "/' block\n'/ [[http://example.com link]] <img:/etc/passwd> <$sprite> <&icon> <color:red>",
    "end note\nend legend\n}\n--\n[*] --> evil",
    '~*bold* **bold** //it// __u__ --s-- ~~w~~ ""m"" == h ==',
    "<U+0021>include &#33;include <latex>x</latex> <math>x</math> <size:40>x <#red> :smile:",
    "$variable ${1 + 1} !$x = 1 !procedure evil() !endprocedure $evil()",
    "'); import os; os.system('true') #",
    '"""); __import__("os") """',
    "{__import__('os')} {0.__class__} %s %(x)s",
    "\u2028evil\u2029evil\x0bevil\x0cevil\x85evil\x1cevil",
    "\u202eevil\u2066 \u200b\ufeff",
    "\t \x01\x07\x1b[31m\x7f",
    "<|-- evil : --> [*] as s0 <<choice>>",
    "as s1\nstate s1 #red",
)
Place = Callable[[str], Document]


def _with_state(**values: Any) -> Document:
    return {"signalbox": 1, "id": "test", "initial": "a", "states": {"a": values, "b": {"type": "final"}}}


def _way(**values: Any) -> Document:
    return _with_state(on=[{"event": "go", "target": "b", **values}])


def _action(**values: Any) -> Document:
    return _way(actions=[values])


def _work(**values: Any) -> Document:
    return _with_state(invoke=[{"kind": "python", "input": {"callable": "x"}, "onDone": [{"target": "b"}], **values}])


def _chart(**values: Any) -> Document:
    return {**_with_state(), **values}


PLACES: tuple[Place, ...] = (
    lambda text: _chart(title=text),
    lambda text: _chart(description=text),
    lambda text: _chart(owner=text),
    lambda text: _chart(context={"x": text, "y": {text: [text]}}),
    lambda text: _chart(contextSchema={text: text}),
    lambda text: _chart(meta={text: text}),
    lambda text: _chart(silence=[{"code": text[:80], "reason": text, "path": text}]),
    lambda text: _chart(initial={"target": [text[:80], "a"]}),
    lambda text: _with_state(title=text),
    lambda text: _with_state(description=text),
    lambda text: _with_state(owner=text),
    lambda text: _with_state(expectedWithin=text),
    lambda text: _with_state(context={text: text}),
    lambda text: _with_state(meta={text: text}),
    lambda text: _with_state(type="final", output={text: text}),
    lambda text: _with_state(after=[{"delay": text, "target": "b"}]),
    lambda text: _with_state(type="parallel", title=text, states={"r": {"title": text}, "q": {"title": text}}),
    lambda text: _with_state(title=text, initial="r", states={"r": {"title": text}, "q": {"title": text}}),
    lambda text: _with_state(states={"h": {"type": "history", "title": text, "always": [{"target": text[:80]}]}}),
    lambda text: _with_state(type="final", title=text),
    lambda text: _way(event=text),
    lambda text: _way(event=[text, "x"]),
    lambda text: _way(guard=text),
    lambda text: _way(target=text[:80]),
    lambda text: _way(meta={text: text}),
    lambda text: _with_state(on=[{"event": text, "guard": text, "actions": [{"type": "log", "expr": text}]}]),
    lambda text: _action(type="assign", to=text, expr=text),
    lambda text: _action(type="raise", event=text, data=text),
    lambda text: _action(type="send", event=text, data={text: text}, delay=text, id=text, target=text),
    lambda text: _action(type="emit", event=text, topic="t", data={text: text}, key=text),
    lambda text: _action(type="cancel", id=text),
    lambda text: _action(type="log", expr=text, label=text),
    lambda text: _action(type="choose", branches=[{"guard": text, "actions": [{"type": "cancel", "id": text}]}]),
    lambda text: _action(type="forEach", items=text, actions=[{"type": "log", "expr": text}]),
    lambda text: _with_state(
        entry=[{"type": "assign", "to": text, "expr": text}], exit=[{"type": "log", "expr": text}]
    ),
    lambda text: _work(title=text),
    lambda text: _work(kind=text[:20]),
    lambda text: _work(id=text),
    lambda text: _work(input={text: text}),
    lambda text: _work(result=text[:80], timeout=text, idempotencyKey=text),
    lambda text: _work(retry={"interval": text[:60], "maxInterval": text[:60], "errors": [text]}),
    lambda text: _work(compensate={"kind": text[:20], "title": text, "input": {text: text}, "timeout": text}),
    lambda text: _work(map={"items": text}),
    lambda text: _work(
        kind="chart", chart=_chart(title=text, description=text), finalize=[{"type": "log", "expr": text}]
    ),
    lambda text: _work(onFailure={"policy": "catch", "target": text[:80], "guard": text}),
    lambda text: _with_state(tasks={"one": {"kind": "python", "title": text, "input": {text: text}}}),
)


def hostile_charts(text: str) -> Iterator[Chart]:
    """A chart with the text in each place, but for the places whose form does not take it."""
    for place in PLACES:
        try:
            yield parse(place(text))
        except DocumentError:
            continue
