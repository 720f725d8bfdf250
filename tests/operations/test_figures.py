from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.operations.figures import BAR_WIDTH, Portion, heat_steps, sparkline, stacked_bar

portions = st.lists(
    st.tuples(st.integers(0, 10**7), st.integers(0, 10**6)).map(lambda pair: (max(pair), min(pair))), max_size=60
).map(lambda pairs: [Portion(str(i), f"State {i}", count, stuck) for i, (count, stuck) in enumerate(pairs)])


@given(portions)
def test_a_bar_counts_every_instance_once_and_fits(given_portions: list[Portion]) -> None:
    bar = stacked_bar(given_portions)
    assert sum(part.count for part in bar) == sum(portion.count for portion in given_portions)
    if bar:
        assert abs(float(bar[-1].x) + float(bar[-1].width) - BAR_WIDTH) < 1
        assert all(float(part.width) > 1 for part in bar)
    assert len({part.css for part in bar}) == len(bar)


def test_the_largest_three_are_on_the_ramp_in_document_order_and_the_stuck_in_magenta() -> None:
    bar = stacked_bar([Portion("a", "A", 5), Portion("b", "B", 90, 4), Portion("c", "C", 70), Portion("d", "D", 80)])
    assert [(part.css, part.title, part.count) for part in bar] == [
        ("s1", "B", 86),
        ("s2", "C", 70),
        ("s3", "D", 80),
        ("s4", "A", 5),
        ("s5", "Stuck", 4),
    ]


def test_several_small_states_become_one_grey_part() -> None:
    bar = stacked_bar([Portion(str(n), str(n), 10 - n) for n in range(6)])
    assert (bar[3].css, bar[3].title, bar[3].count) == ("s4", "3 other states", 7 + 6 + 5)


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 10**9), max_size=40))
def test_heat_grows_with_the_count_and_leaves_out_zero(counts: dict[str, int]) -> None:
    steps = heat_steps(counts)
    assert set(steps) == {key for key, count in counts.items() if count}
    assert all(1 <= step <= 5 for step in steps.values())
    ordered = sorted(steps, key=lambda key: counts[key])
    assert [steps[key] for key in ordered] == sorted(steps.values())


def test_one_huge_state_does_not_pale_the_others() -> None:
    steps = heat_steps({"a": 1, "b": 10, "c": 100, "d": 1_000, "e": 1_000_000})
    assert [steps[key] for key in "abcde"] == [1, 2, 3, 4, 5]


def test_a_quiet_sparkline_lies_on_the_ground() -> None:
    assert sparkline([]).line == sparkline([0, 0]).line == "M0.0 43.0 L220.0 43.0"
