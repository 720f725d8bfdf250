"""Small ECMAScript expressions as CEL; what is more than an expression is left as it is, and fails when it runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

PART = re.compile(
    r"(?P<space>\s+)|(?P<text>'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\")|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_$][\w$]*)|(?P<sign>===|!==|==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()\[\]{}])"
)
SIGNS = {"===": "==", "!==": "!="}
SYSTEM = frozenset({"_event", "_sessionid", "_name", "_ioprocessors", "_x"})
KEPT = frozenset({"in", "has", "true", "false", "null", "In", "context", "event"}) | SYSTEM
TYPEOF = re.compile(r"typeof\s+(?P<what>[\w$.]+)\s*(?P<sign>===?|!==?)\s*(['\"])(?P<type>undefined)\3")
POWER = re.compile(r"Math\.pow\(\s*(?P<base>[\w$.]+)\s*,\s*(?P<times>[1-9])\s*\)")
CONCAT = re.compile(r"\[\]\.concat\((?P<one>[^(),]+),(?P<other>[^()]+)\)")
PATH = re.compile(r"(?P<not>!?)(?P<path>[A-Za-z_][\w.]*(?:\[\"[^\"]*\"\][\w.]*)*)")
LENGTH = re.compile(r"\"(?:[^\"\\]|\\.)*\"|(?P<path>(?:context|event)(?:\.\w+|\[\w+\])*)\.length\b(?![\w(])")
FIELD = re.compile(r"_event\.data\b")


class Untranslatable(ValueError):
    """An expression that has no equal in CEL; the text says why."""


def to_cel(text: str) -> str:
    """The expression in CEL, where variables are keys of the context. Raises Untranslatable."""
    typed = TYPEOF.sub(_bound, text.strip())
    plain = CONCAT.sub(r"\g<one> + \g<other>", POWER.sub(_power, typed))
    parts = [part for part in _parts(plain) if part[0] != "space"]
    if not parts:
        raise Untranslatable("there is no expression")
    return LENGTH.sub(_size, FIELD.sub("event", _joined(parts)))


def _joined(parts: list[tuple[str, str]]) -> str:
    """The parts translated; what is added to a text becomes a text, as it does in ECMAScript."""
    terms: list[list[tuple[str, str]]] = [[]]
    depth = 0
    for kind, part in parts:
        depth += (part in "([{" and kind == "sign") - (part in ")]}" and kind == "sign")
        if part == "+" and depth == 0 and terms[-1]:
            terms.append([])
        else:
            terms[-1].append((kind, part))
    plain = all(kind != "sign" or part in ".()[]" for term in terms for kind, part in term)
    if len(terms) > 1 and plain and any(term[0][0] == "text" and len(term) == 1 for term in terms):
        shown = ["".join(_translated(term)) for term in terms]
        texts = [term[0][0] == "text" for term in terms]
        return " + ".join(made if is_text else f"string({made})" for made, is_text in zip(shown, texts, strict=True))
    return "".join(_translated(parts))


def condition_to_cel(text: str) -> str:
    """A condition in CEL, where a value alone counts as true unless it is nothing. Raises Untranslatable."""
    found = to_cel(text)
    alone = PATH.fullmatch(found)
    if alone is None or alone["path"] in ("true", "false"):
        return found
    return f"{'' if alone['not'] else '!'}({alone['path']} in [null, false, 0, ''])"


def _bound(found: re.Match[str]) -> str:
    """Whether a variable has a value: one that was declared without has null, and no data of an event are empty."""
    what, sign = found["what"], "" if found["sign"].startswith("=") else "!"
    if what == "_event.data":
        return f"{sign}(_event.data in [null, {{}}])"
    if what in SYSTEM:
        return f"{sign}({what} == null)"
    return f"{sign}(!has({what if '.' in what else 'context.' + what}) || {what} == null)"


def _size(found: re.Match[str]) -> str:
    return f"size({found['path']})" if found["path"] else found[0]


def _power(found: re.Match[str]) -> str:
    return "(" + " * ".join([found["base"]] * int(found["times"])) + ")"


def _parts(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        found = PART.match(text, at)
        if found is None:
            raise Untranslatable(f"“{text[at : at + 20]}” has no equal in CEL")
        yield str(found.lastgroup), found[0]
        at = found.end()


def _translated(parts: list[tuple[str, str]]) -> Iterator[str]:
    braces: list[str] = []
    for at, (kind, part) in enumerate(parts):
        before = parts[at - 1][1] if at else ""
        after = parts[at + 1][1] if at + 1 < len(parts) else ""
        if part in "{[(":
            braces.append(part)
        elif part in "}])" and braces:
            braces.pop()
        if kind == "name":
            is_key = after == ":" and before in ("{", ",") and bool(braces) and braces[-1] == "{"
            yield _name(part, before, is_key)
        elif kind == "text":
            yield json.dumps(_unquoted(part), ensure_ascii=False)
        else:
            yield _sign(part)


def _sign(part: str) -> str:
    shown = SIGNS.get(part, part)
    return f" {shown} " if shown in ("==", "!=", "<=", ">=", "&&", "||", "<", ">", "+", "*", "/", "%", "?") else shown


def _name(part: str, before: str, is_key: bool) -> str:
    if is_key:
        return json.dumps(part)
    if before == ".":
        return part
    if part == "undefined":
        return "null"
    if part in ("typeof", "instanceof", "function", "new", "return", "var", "Math", "JSON", "delete", "void"):
        raise Untranslatable(f"“{part}” has no equal in CEL")
    if part == "in":
        return " in "
    return part if part in KEPT else f"context.{part}"


def _unquoted(part: str) -> str:
    """The value of a quoted text."""
    inner = part[1:-1]
    return re.sub(r"\\(u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|.)", _escaped, inner)


def _escaped(found: re.Match[str]) -> str:
    code = found[1]
    if len(code) > 1:
        return chr(int(code[1:], 16))
    return {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}.get(code, code)
