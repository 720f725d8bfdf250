"""Durations as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from designer.forms.base import to_iso, to_words


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("90 min", "PT90M"),
        ("1 week", "P7D"),
        ("2d 4h", "P2DT4H"),
        ("1.5 h", "PT5400S"),
        ("30s", "PT30S"),
        ("pt1h", "PT1H"),
        ("", ""),
    ],
)
def test_friendly_words_become_iso(typed: str, stored: str) -> None:
    assert to_iso(typed) == stored


@given(st.integers(0, 400), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_what_the_form_shows_is_read_back_as_the_same(days: int, hours: int, minutes: int, seconds: int) -> None:
    words = f"{days} days {hours} h {minutes} min {seconds} s"
    assert to_iso(to_words(to_iso(words))) == to_iso(words)


@pytest.mark.parametrize("typed", ["1", "h", "1 fortnight", "1 h nonsense", "P1M2", "1 h 2"])
def test_what_is_no_duration_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(ValueError):
        to_iso(typed)


@pytest.mark.parametrize("typed", ["1 h 1 h", "1.5 h 2.5 h", "5 m 3 min", "1 d 2 h 3 days"])
def test_a_unit_that_is_written_twice_is_refused_and_not_joined(typed: str) -> None:
    with pytest.raises(ValueError, match="each unit once"):
        to_iso(typed)
