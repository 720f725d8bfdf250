"""The registry of Python activities."""

from __future__ import annotations

import pytest

from orchestrator.sdk.activities import activity, lookup, names
from orchestrator.statechart.definition import JSON


def test_a_registered_callable_is_found_by_its_name() -> None:
    @activity("tests.greet")
    def greet(name: str) -> JSON:
        return f"Hello {name}"

    assert lookup("tests.greet")(name="Ada") == "Hello Ada"
    assert "tests.greet" in names()


def test_an_unknown_name_says_the_mend() -> None:
    with pytest.raises(LookupError, match="ACTIVITY_MODULES"):
        lookup("tests.unknown")


def test_two_callables_cannot_share_a_name() -> None:
    @activity("tests.shared")
    def first() -> JSON:
        return 1

    with pytest.raises(ValueError, match="registered twice"):

        @activity("tests.shared")
        def second() -> JSON:
            return 2

    assert lookup("tests.shared")() == 1
