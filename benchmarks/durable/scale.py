"""How much each benchmark does: `tiny` proves that it works, `quick` guides, `full` is what is published."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """Counts of one run; every run is repeated `rounds` times and told as the median."""

    rounds: int
    instances: int
    events: int  # of one round of drain and bulk
    one_row: int
    timers: int
    sweeps: int
    paced: int
    pairs: int
    replayed: int  # events of the log; 0 stands for all
    growth: tuple[int, ...]  # numbers of instances
    peer_steps: int
    peer_events: int


SCALES = {
    "tiny": Scale(
        rounds=1,
        instances=200,
        events=1_000,
        one_row=100,
        timers=500,
        sweeps=50,
        paced=500,
        pairs=3,
        replayed=3_000,
        growth=(100, 200),
        peer_steps=100,
        peer_events=100,
    ),
    "quick": Scale(
        rounds=3,
        instances=20_000,
        events=40_000,
        one_row=8_000,
        timers=100_000,
        sweeps=2_000,
        paced=5_000,
        pairs=30,
        replayed=0,
        growth=(10_000, 100_000),
        peer_steps=4_000,
        peer_events=2_000,
    ),
    "full": Scale(
        rounds=5,
        instances=100_000,
        events=200_000,
        one_row=30_000,
        timers=1_000_000,
        sweeps=2_000,
        paced=15_000,
        pairs=60,
        replayed=0,
        growth=(10_000, 100_000, 1_000_000),
        peer_steps=20_000,
        peer_events=10_000,
    ),
}
