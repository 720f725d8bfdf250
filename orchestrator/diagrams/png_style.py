"""The light theme of static/css/signalbox.css in literal colours and in the few selectors the painter knows."""

from __future__ import annotations

BACKGROUND = "#fbfcfd"

# line, fill, ink: the tokens --x, --x-f, --x-i of each state colour
STATES = {
    "visited": ("#4d97d6", "#f1f8fe", "#1e3a55"),
    "active": ("#0b62b8", "#d9eafb", "#06345f"),
    "waiting": ("#a06400", "#fdf0d2", "#5b3900"),
    "failed": ("#c2410c", "#fde9e2", "#6b210a"),
    "stuck": ("#a5308a", "#f9e4f3", "#5c134a"),
}
FINAL = ("#0a7f5a", "#e2f5ed", "#06432f")
HEAT = {
    1: ("#f7b04a", "#fff4d9", "#3a2600"),
    2: ("#cf6f17", "#ffdc94", "#3a2600"),
    3: ("#cf6f17", "#f7b04a", "#2c1b00"),
    4: ("#8f3f0a", "#cf6f17", "#1c0d00"),
    5: ("#8f3f0a", "#8f3f0a", "#ffffff"),
}
BADGES = {"stuck": "#a5308a", "bad": "#c2410c", "wait": "#a06400", "act": "#0b62b8",
          "add": "#0a7f5a", "del": "#c2410c", "chg": "#a06400"}  # fmt: skip

BASE = """
text { font-family: Inter; fill: #191d27 }
.sb-box { fill: #ffffff; stroke: #868fa0; stroke-width: 1.25 }
.sb-cluster .sb-box { fill: #f3f5f9; stroke: #ccd1da }
.sb-region .sb-box { fill: none; stroke: none }
.sb-name, .sb-ctitle { font-size: 13px; font-weight: 600 }
.sb-mid { text-anchor: middle }
.sb-sub { font-size: 11px; fill: #4b5465 }
.sb-rtitle { font-size: 11px; font-weight: 600; fill: #4b5465 }
.sb-bar { fill: #e9ecf2 }
.sb-divider { fill: none; stroke: #878fa0; stroke-width: 1.2; stroke-dasharray: 5 4 }
.sb-dot { fill: #4b5465 }
.sb-port { fill: #fbfcfd; stroke: #4b5465; stroke-width: 1.25 }
.sb-icon { fill: none; stroke: #626c7e; stroke-width: 1.15; stroke-linecap: round; stroke-linejoin: round }
.sb-hit { fill: none; stroke: none }
.sb-line { fill: none; stroke: #7a8496; stroke-width: 1.35 }
.sb-arrow { fill: #7a8496; stroke: #7a8496; stroke-width: 0.8; stroke-linejoin: round }
.sb-initial .sb-line { stroke: #4b5465; stroke-width: 1.2 }
.sb-initial .sb-arrow { fill: #4b5465; stroke: #4b5465 }
.sb-timeout .sb-line { stroke: #a06400; stroke-dasharray: 2 3.5; stroke-linecap: round; stroke-width: 1.7 }
.sb-timeout .sb-arrow { fill: #a06400; stroke: #a06400 }
.sb-error .sb-line { stroke: #c2410c; stroke-dasharray: 7 3 }
.sb-error .sb-arrow { fill: #c2410c; stroke: #c2410c }
.sb-halo { fill: #fbfcfd; fill-opacity: 0.93 }
.sb-in .sb-halo { fill: #f3f5f9 }
.sb-ev { font-size: 11.5px; font-weight: 600 }
.sb-gd, .sb-ac { font-size: 11px; fill: #4b5465 }
.sb-timeout .sb-ev { fill: #875300 }
.sb-timeout .sb-icon { stroke: #875300 }
.sb-error .sb-ev { fill: #b3391a }
.sb-error .sb-icon { stroke: #b3391a }
.sb-done .sb-ev { fill: #4b5465 }
.sb-ring { fill: none; stroke: #868fa0; stroke-width: 1 }
.sb-final .sb-box { fill: #e2f5ed; stroke: #0a7f5a }
.sb-final .sb-ring { stroke: #0a7f5a }
.sb-final .sb-name { fill: #06432f }
.sb-hatchline { stroke: #5b6472; stroke-width: 1; stroke-opacity: 0.35 }
.sb-badge rect { stroke: #ffffff; stroke-width: 1.5; fill: #191d27 }
.sb-badge text { font-size: 11px; font-weight: 600; text-anchor: middle; fill: #ffffff }
.sb-run .sb-initial .sb-line, .sb-diffing .sb-initial .sb-line { stroke: #b6bdc9 }
.sb-run .sb-initial .sb-arrow, .sb-diffing .sb-initial .sb-arrow { fill: #b6bdc9; stroke: #b6bdc9 }
.quiet .sb-box, .quiet .sb-ring { stroke: #b6bdc9 }
.sb-state.quiet .sb-box { fill: #fbfcfd }
.quiet .sb-name, .quiet .sb-ctitle, .quiet .sb-ev { fill: #626c7e }
.quiet .sb-line, .quiet .sb-arrow { stroke: #b6bdc9 }
.quiet .sb-arrow { fill: #b6bdc9 }
.quiet .sb-icon { stroke: #626c7e }
.is-visited .sb-line, .is-taken .sb-line { stroke: #0b62b8; stroke-width: 2 }
.is-visited .sb-arrow, .is-taken .sb-arrow { fill: #0b62b8; stroke: #0b62b8 }
.is-compensated .sb-box { stroke: #5b6472; stroke-dasharray: 4 3 }
.is-compensated .sb-name { fill: #2d3440 }
"""


def _state(selector: str, colours: tuple[str, str, str], wide: str = "") -> str:
    line, fill, ink = colours
    return (
        f".sb-state{selector} .sb-box {{ stroke: {line}; fill: {fill};{wide} }}\n"
        f".sb-state{selector} .sb-ring {{ stroke: {line} }}\n"
        f".sb-state{selector} .sb-name, .sb-state{selector} .sb-sub {{ fill: {ink} }}\n"
    )


def _style() -> str:
    rules = [BASE]
    rules += [_state(f".heat-{step}", colours) for step, colours in HEAT.items()]
    wide = {"active": " stroke-width: 2.5", "failed": " stroke-width: 2.5", "waiting": " stroke-width: 2",
            "stuck": " stroke-width: 2.5; stroke-dasharray: 8 3"}  # fmt: skip
    for name, colours in STATES.items():
        rules.append(_state(f".is-{name}", colours, wide.get(name, "")))
        rules.append(f".sb-cluster.is-{name} .sb-box {{ stroke: {colours[0]}; stroke-width: 1.75 }}\n")
    _, fill, ink = STATES["active"]
    rules.append(f".sb-cluster.is-active .sb-bar {{ fill: {fill} }}\n")
    rules.append(f".sb-cluster.is-active .sb-ctitle {{ fill: {ink} }}\n")
    rules.append(_state(".sb-final.is-visited", FINAL))
    rules.append(".sb-region.is-active .sb-box, .sb-region.is-visited .sb-box { stroke: none }\n")
    rules += [f".sb-badge.{name} rect {{ fill: {colour} }}\n" for name, colour in BADGES.items()]
    return "".join(rules)


STYLE = _style()
