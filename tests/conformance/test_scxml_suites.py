"""The suites of SCION and the W3C, and that an outcome hangs on what a case says and not on its name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.conformance import scope
from orchestrator.conformance.outcome import Outcome
from orchestrator.conformance.suites import SUITES
from tests.conformance.support import cases_of

HEAD = 'xmlns="http://www.w3.org/2005/07/scxml" xmlns:conf="http://www.w3.org/2005/scxml-conformance" version="1.0"'


def outcomes(suite: str, folder: Path, only: str = "*") -> list[Outcome]:
    return list(SUITES[suite](folder, only))


def failures(found: list[Outcome]) -> list[str]:
    return [outcome.line() for outcome in found if not outcome.passed and not outcome.out_of_scope]


def test_every_case_of_scion_passes_but_those_that_define_javascript_functions() -> None:
    found = outcomes("scion", cases_of("scion"))
    assert failures(found) == []
    assert len(found) >= 60
    assert {outcome.detail for outcome in found if outcome.out_of_scope} <= {scope.FUNCTIONS}


def test_every_mandatory_case_of_the_w3c_passes_and_every_optional_one_outside_two_sections() -> None:
    folder = cases_of("w3c")
    index = json.loads((folder / "index.json").read_text())
    found = outcomes("w3c", folder)
    assert failures(found) == []
    beyond = {outcome.case.split("/")[0] for outcome in found if outcome.out_of_scope}
    assert beyond == {
        case
        for case, facts in index.items()
        if facts["manual"] or (facts["conformance"] == "optional" and facts["spec"] in scope.SECTIONS)
    }


def test_renamed_cases_pass_as_well(tmp_path: Path) -> None:
    for number, case in enumerate(sorted(cases_of("scion").rglob("*.scxml"))[::7]):
        shutil.copy(case, tmp_path / f"x{number}.scxml")
        shutil.copy(case.with_suffix(".json"), tmp_path / f"x{number}.json")
        for script in case.parent.glob("*.js"):
            shutil.copy(script, tmp_path)
    found = outcomes("scion", tmp_path)
    assert len(found) > 5
    assert failures(found) == []


def _case(tmp_path: Path, body: str, events: list[dict[str, Any]], first: list[str]) -> list[Outcome]:
    (tmp_path / "case.scxml").write_text(f"<scxml {HEAD}>{body}</scxml>")
    (tmp_path / "case.json").write_text(json.dumps({"initialConfiguration": first, "events": events}))
    return outcomes("scion", tmp_path)


def test_a_case_that_goes_otherwise_fails_and_says_where(tmp_path: Path) -> None:
    body = '<state id="a"><transition event="t" target="b"/></state><state id="b"/>'
    step: dict[str, Any] = {"event": {"name": "t"}, "nextConfiguration": ["a"]}
    (failed,) = _case(tmp_path, body, [step], ["a"])
    assert (failed.passed, failed.detail) == (False, "event 1 (t) led to ['b'] instead of ['a']")
    (begun,) = _case(tmp_path, body, [step], ["b"])
    assert (begun.passed, begun.detail) == (False, "began in ['a'] instead of ['b']")


def test_time_passes_between_events_on_a_virtual_clock(tmp_path: Path) -> None:
    body = (
        '<state id="a"><onentry><send event="late" delay="1500ms"/></onentry><transition event="late" target="b"/>'
        '</state><state id="b"><transition event="t" target="c"/></state><state id="c"/>'
    )
    early: dict[str, Any] = {"after": 1_400, "event": {"name": "t"}, "nextConfiguration": ["a"]}
    late: dict[str, Any] = {"after": 200, "event": {"name": "t"}, "nextConfiguration": ["c"]}
    (outcome,) = _case(tmp_path, body, [early, late], ["a"])
    assert outcome.passed, outcome.detail


def _w3c(tmp_path: Path, body: str) -> Outcome:
    (tmp_path / "1").mkdir(exist_ok=True)
    (tmp_path / "1" / "t.txml").write_text(f'<scxml {HEAD} conf:datamodel="">{body}<conf:pass/><conf:fail/></scxml>')
    facts = {"conformance": "mandatory", "manual": False, "spec": "3", "start": ["t.txml"]}
    (tmp_path / "index.json").write_text(json.dumps({"1": facts}))
    (outcome,) = outcomes("w3c", tmp_path)
    return outcome


def _data(*values: str) -> str:
    inner = "".join(f'<data conf:id="{n}" conf:expr="{value}"/>' for n, value in enumerate(values, start=1))
    return f"<datamodel>{inner}</datamodel>"


def _asks(condition: str, before: str = "") -> str:
    return (
        f'<state id="s0"><onentry>{before}</onentry><transition {condition} conf:targetpass=""/>'
        '<transition conf:targetfail=""/></state>'
    )


def conditions() -> Iterator[tuple[str, str, bool]]:
    """Data, a condition of the vocabulary over them, and whether it is true."""
    yield _data("1", "2"), 'conf:idVal="1=1"', True
    yield _data("1", "2"), 'conf:idVal="2&gt;1"', True
    yield _data("1", "2"), 'conf:idVal="1&gt;=2"', False
    yield _data("1", "2"), 'conf:compareIDVal="1&lt;2"', True
    yield _data("1", "2"), 'conf:varIdVal="1=2"', False
    yield _data("1", "1"), 'conf:VarEqVar="1 2"', True
    yield _data("[1,2]", "[1,2]"), 'conf:VarEqVarStruct="1 2"', True
    yield _data("'a'", "'ab'"), 'conf:varPrefix="1 2"', True
    yield _data("'a'", "'ab'"), 'conf:varPrefix="2 1"', False
    yield _data("'it''s'".replace("''", "\\'")), 'conf:idQuoteVal="1=it&apos;s"', True
    yield _data("123"), 'conf:idSomeVal="1"', True
    yield _data("null"), 'conf:unboundVar="1"', True
    yield _data("0"), 'conf:noValue="1"', True
    yield _data("5"), 'conf:noValue="1"', False
    yield "", 'conf:unboundVar="9"', True
    yield "", 'conf:systemVarIsBound="_sessionid"', True
    yield "", 'conf:systemVarIsBound="_event"', False
    yield "", 'conf:nameVarVal="scxml"', True
    yield "", 'conf:inState="s0"', True
    yield "", 'conf:true=""', True
    yield "", 'conf:false=""', False
    yield "", 'conf:nonBoolean=""', False


@pytest.mark.parametrize(("data", "condition", "holds"), list(conditions()))
def test_each_condition_of_the_vocabulary_means_what_it_says(
    data: str, condition: str, holds: bool, tmp_path: Path
) -> None:
    assert _w3c(tmp_path, data + _asks(condition)).passed is holds


def test_the_elements_of_the_vocabulary_change_variables(tmp_path: Path) -> None:
    changes = '<conf:incrementID id="1"/><conf:sumVars id1="1" id2="2"/><conf:concatVars id1="3" id2="4"/>'
    data = _data("1", "5", "'a'", "'b'")
    assert _w3c(tmp_path, data + _asks('conf:idVal="1=7"', changes)).passed
    assert _w3c(tmp_path, data + _asks('conf:idQuoteVal="3=ab"', changes)).passed


def test_lists_of_the_vocabulary_are_gone_through_and_extended(tmp_path: Path) -> None:
    data = '<datamodel><data conf:id="1"><conf:array123/></data><data conf:id="2" conf:expr="0"/></datamodel>'
    through = (
        '<foreach conf:item="3" conf:arrayVar="1"><conf:sumVars id1="2" id2="3"/><conf:extendArray id="1"/></foreach>'
    )
    assert _w3c(tmp_path, data + _asks('conf:idVal="2=6"', through)).passed
    assert not _w3c(tmp_path, data + _asks('conf:idVal="2=10"', through)).passed


def test_an_answer_reaches_the_sender(tmp_path: Path) -> None:
    body = (
        '<state id="s0"><onentry><send event="a"/></onentry><transition event="a" target="s1">'
        '<conf:sendToSender name="b"/></transition></state>'
        '<state id="s1"><transition event="b" conf:originTypeEq="http://www.w3.org/TR/scxml/#SCXMLEventProcessor" '
        'conf:targetpass=""/><transition event="*" conf:targetfail=""/></state>'
    )
    assert _w3c(tmp_path, body).passed


def test_a_word_that_the_vocabulary_lacks_is_named(tmp_path: Path) -> None:
    outcome = _w3c(tmp_path, _asks('conf:unheardOf="1" conf:false=""'))
    assert not outcome.passed
    assert "unheardOf" in outcome.detail


def test_what_busies_itself_without_end_fails_and_is_no_hang(tmp_path: Path) -> None:
    loop = '<state id="s0"><onentry><send event="a"/></onentry><transition event="a" target="s0"/></state>'
    assert "events were sent" in _w3c(tmp_path, loop).detail
    spin = '<state id="s0"><transition target="s0"/></state>'
    assert "go round" in _w3c(tmp_path, spin).detail


def test_the_glob_chooses_cases_by_path_or_name(tmp_path: Path) -> None:
    assert _w3c(tmp_path, _asks('conf:true=""')).passed
    assert outcomes("w3c", tmp_path, "1/*")
    assert outcomes("w3c", tmp_path, "t")
    assert outcomes("w3c", tmp_path, "2*") == []
