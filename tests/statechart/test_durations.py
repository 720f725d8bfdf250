"""Durations: ISO 8601 in, and the words people use out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.statechart.durations import LONGEST, humanise, parse_duration
from tests.statechart.support import refusal


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT1S", 1),
        ("PT0S", 0),
        ("PT30M", 1_800),
        ("PT48H", 172_800),
        ("P2D", 172_800),
        ("P1W", 604_800),
        ("P1DT2H3M4.5S", 93_784.5),
        ("P1W2DT1S", 777_601),
        ("PT0.25S", 0.25),
        ("PT1.5H", 5_400),
    ],
)
def test_weeks_days_hours_minutes_and_seconds_add_up(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


NO_DURATIONS = (
    "", "P", "PT", "P1", "1D", "pt1s", "P1DT", "PT1", "P1Y", "P1M", "-PT1S", "PT-1S", "PT1S ", " PT1S", "PT1S\n",
    "PT1H1H", "PT1S1M", "PT1,5S", "P1H", "PT1D", "P١D", "PT²S", "PT1e3S", "${context.x}", "P1D" + "0" * 60,
)  # fmt: skip


@pytest.mark.parametrize("text", NO_DURATIONS)
def test_what_is_no_duration_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration; write for example PT30M, PT48H or P2D"):
        parse_duration(text)


def test_a_duration_that_cannot_be_added_to_a_date_is_refused() -> None:
    assert parse_duration("P36600D") == LONGEST
    with pytest.raises(ValueError, match="longer than 100 years"):
        parse_duration("P36600DT1S")
    with pytest.raises(ValueError, match="longer than 100 years"):
        parse_duration("P" + "9" * 50 + "D")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.25, "0.2 s"),
        (9.5, "9.5 s"),
        (45, "45 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (3_600, "1 h"),
        (3_601, "1 h"),
        (22_320, "6 h 12 min"),
        (172_800, "2 days"),
        (169_200, "47 h"),
        (259_200, "3 days"),
        (190_800, "2 d 5 h"),
        (900_000, "10 days"),
        (864_000_000, "10,000 days"),
    ],
)
def test_seconds_are_said_in_at_most_two_units(seconds: float, words: str) -> None:
    assert humanise(seconds) == words


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 5_000), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
def test_a_duration_means_the_sum_of_its_parts(days: int, hours: int, minutes: int, seconds: int) -> None:
    text = f"P{days}DT{hours}H{minutes}M{seconds}S"
    assert parse_duration(text) == days * 86_400 + hours * 3_600 + minutes * 60 + seconds


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=70))
def test_any_text_is_a_duration_or_a_value_error(text: str) -> None:
    error = refusal(ValueError, lambda: parse_duration(text))
    assert 0 <= parse_duration(text) <= LONGEST if error is None else len(str(error)) < 200


@settings(max_examples=200, deadline=None)
@given(st.floats(0, 10 * LONGEST))
def test_any_length_has_words(seconds: float) -> None:
    assert humanise(seconds).strip()
