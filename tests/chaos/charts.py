"""The machines under test: each counts what reached it, and tells the world under its business key."""

from __future__ import annotations

import random
from typing import Any

Document = dict[str, Any]
PATIENT = {"maxAttempts": 500, "interval": "PT0.1S", "backoff": 1, "jitter": False}
COUNT = {"type": "assign", "to": "count", "expr": "context.count + 1"}
DONE = {"type": "final"}


def chart(initial: str, context: Document, **states: Document) -> Document:
    return {"signalbox": 1, "id": "chaos", "initial": initial, "context": context, "states": states}


def call(url: str, name: str, retry: Document = PATIENT, **more: Any) -> Document:
    """A request that carries the business key and the count."""
    given = {
        "url": url,
        "method": "POST",
        "json": {"key": "${instance.key}", "count": "${context.count}", "name": name},
    }
    return {"id": name, "kind": "http", "input": given, "timeout": "PT60S", "retry": retry, **more}


def parcel(url: str) -> Document:
    """Counts `add`s; `close` sends the count to a web service, then a mail."""
    mail = {"to": "someone@example.com", "subject": "${instance.key}", "text": "closed"}
    mailing = {"id": "mail", "kind": "email", "input": mail, "timeout": "PT60S", "retry": PATIENT}
    return chart(
        "open",
        {"count": 0},
        open={"on": [{"event": "add", "actions": [COUNT]}, {"event": "close", "target": "calling"}]},
        calling={"invoke": [{**call(f"{url}/note", "call"), "onDone": [{"target": "mailing"}]}]},
        mailing={"invoke": [{**mailing, "onDone": [{"target": "done"}]}]},
        done=DONE,
    )


def waiting(delay: str) -> Document:
    """Counts `add`s until its timer ends it."""
    return chart(
        "open",
        {"count": 0},
        open={"on": [{"event": "add", "actions": [COUNT]}], "after": [{"delay": delay, "target": "done"}]},
        done=DONE,
    )


def held(url: str) -> Document:
    """One request, which is answered when the sink's gate opens."""
    asking = {**call(f"{url}/held", "held"), "onDone": [{"target": "done"}]}
    return chart("calling", {"count": 0}, calling={"invoke": [asking]}, done=DONE)


def harmful(callable_name: str) -> Document:
    """Runs a callable, and knows what to do when it fails."""
    failing = {
        "id": "harm",
        "kind": "python",
        "input": {"callable": callable_name},
        "retry": {"maxAttempts": 1},
        "onFailure": {"policy": "catch", "target": "failed"},
        "onDone": [{"target": "done"}],
    }
    return chart("working", {}, working={"invoke": [failing]}, failed=DONE, done=DONE)


def ticking() -> Document:
    """Counts `tick`s, which timers send, and `add`s."""
    return chart("open", {"count": 0}, open={"on": [{"event": ["tick", "add"], "actions": [COUNT]}]})


def growing() -> Document:
    """Keeps what it is sent in its context, once or for good."""
    keep = {"type": "assign", "to": "kept", "expr": "event.text"}
    more = {"type": "assign", "to": "all", "expr": "context.all + [event.text]"}
    states = {"on": [{"event": "keep", "actions": [keep]}, {"event": "grow", "actions": [more]}]}
    return chart("open", {"kept": "", "all": []}, open=states)


def looping(how: str) -> Document:
    """Feeds itself after `go`: by eventless transitions, by raised events, or by events sent to itself."""
    how_: dict[str, Document] = {
        "always": {"always": [{"guard": "context.count >= 0", "target": "loop", "actions": [COUNT]}]},
        "raise": {"entry": [{"type": "raise", "event": "again"}], "on": [{"event": "again", "target": "loop"}]},
        "send": {"entry": [{"type": "send", "event": "again"}], "on": [{"event": "again", "target": "loop"}]},
    }
    return chart("open", {"count": 0}, open={"on": [{"event": "go", "target": "loop"}]}, loop=how_[how])


def tracing() -> Document:
    """Writes down the numbers that it is given, in the order in which they came."""
    write = {"type": "assign", "to": "trace", "expr": "context.trace + [event.number]"}
    return chart("open", {"trace": []}, open={"on": [{"event": "add", "actions": [write]}]})


def saga(seed: int, url: str) -> Document:
    """Two to five steps, each with its undoing; the one after the last fails for good, and all is undone."""
    steps = random.Random(seed).randint(2, 5)
    states: Document = {}
    for number in range(steps):
        undo = call(f"{url}/note", f"undo-{number}")
        states[f"step{number}"] = {
            "invoke": [
                {
                    **call(f"{url}/note", f"do-{number}"),
                    "compensate": {key: undo[key] for key in ("kind", "input", "timeout", "retry")},
                    "onDone": [{"target": f"step{number + 1}"}],
                }
            ]
        }
    refused = call(f"{url}/refuse", "refused", {"maxAttempts": 500, "interval": "PT0.1S", "errors": ["LeaseExpired"]})
    states[f"step{steps}"] = {"invoke": [{**refused, "onFailure": {"policy": "compensate"}}]}
    states[f"step{steps}"]["on"] = [{"event": "done.compensate", "target": "over"}]
    return chart("step0", {"count": 0}, **states, over=DONE)
