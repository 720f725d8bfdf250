"""Graphviz as WebAssembly inside V8: no file access, a time limit that really stops it, and bounded memory.

One context is kept warm per process. It is not thread-safe: `engine.py` lets one caller in at a time.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

from py_mini_racer import JSEvalException, JSPromise, JSTimeoutException, MiniRacer, init_mini_racer

from orchestrator.diagrams.errors import LayoutFailed

SCRIPT = Path(__file__).resolve().parents[2] / "static" / "vendor" / "viz" / "viz-global.js"
MEMORY_PAGES = 4_096  # of 64 KiB: 256 MB for Graphviz
HEAP_BYTES = 256 * 1024 * 1024
START_SECONDS = 20.0

# What the script expects of a browser. All text that passes is ASCII, so decoding is one byte, one character.
SHIMS = """
globalThis.location = {href: "x:"};
globalThis.URL = class {constructor(u) {this.href = String(u)}};
globalThis.console = {log() {}, warn() {}, error() {}};
globalThis.crypto = {getRandomValues(u) {return u.fill(7)}};
globalThis.TextDecoder = class {decode(u) {
  let s = "";
  for (let i = 0; i < u.length; i += 8192) s += String.fromCharCode.apply(null, u.subarray(i, i + 8192));
  return s;
}};
{
  const grow = WebAssembly.Memory.prototype.grow;
  WebAssembly.Memory.prototype.grow = function (pages) {
    if (this.buffer.byteLength / 65536 + pages > PAGES) throw new RangeError("out of memory");
    return grow.call(this, pages);
  };
}
"""

_warm: MiniRacer | None = None
_left_behind: list[MiniRacer] = []


def lay_out(dot: str, seconds: float) -> str:
    """The layout as Graphviz `json0` text; LayoutFailed past the time or memory limit."""
    global _warm
    context, _warm = _warm or _start(), None
    failed = True
    try:
        answer = context.call("layOut", dot, timeout_sec=seconds)
        failed = False
    except JSTimeoutException as error:
        raise LayoutFailed(f"layout stopped after {seconds:.1f} s") from error
    except JSEvalException as error:
        raise LayoutFailed("layout ran out of memory or failed inside") from error
    finally:
        if failed:  # a context that failed is never used again: its memory may be torn
            context.close()
    _warm = context
    return cast(str, answer)


def _start() -> MiniRacer:
    """A fresh context, made in a thread of its own: in one that runs an event loop V8 would have no time limit."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(_load).result()


def _load() -> MiniRacer:
    """A context with Graphviz loaded: about 50 ms."""
    # Without worker threads of its own V8 also works in a process forked from one that had used it.
    init_mini_racer(flags=["--single-threaded"], ignore_duplicate_init=True)
    context = MiniRacer()
    context.set_hard_memory_limit(HEAP_BYTES)
    context.eval(SHIMS.replace("PAGES", str(MEMORY_PAGES)))
    context.eval(SCRIPT.read_text("utf-8"), timeout_sec=START_SECONDS)
    ready = context.eval("var viz; Viz.instance().then(v => {viz = v})", timeout_sec=START_SECONDS)
    cast(JSPromise, ready).get(timeout=START_SECONDS)
    context.eval('function layOut(dot) {return viz.renderString(dot, {format: "json0"})}')
    return context


def _forget() -> None:
    """A forked child has the parent's context but not its threads: keep it unused: closing it would wait for them."""
    global _warm
    if _warm is not None:
        _left_behind.append(_warm)
        _warm = None


os.register_at_fork(after_in_child=_forget)
