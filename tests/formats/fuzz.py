"""`make fuzz`: as many spoilt texts, random pieces and random bytes as one likes for every reader.

    python -m tests.formats.fuzz [COUNT] [SEED]

Prints how many of each reader were refused and the longest time one took; ends with 1 on any error but FormatError.
"""

from __future__ import annotations

import random
import sys
from time import perf_counter

from orchestrator.formats.registry import Format
from tests.formats.spoiling import PIECES, READERS, refused, spoilt, written

CHARTS = 300


def inputs(known: Format, dice: random.Random, texts: list[str]) -> str | bytes:
    pieces = PIECES[known.name]
    kind = dice.random()
    if kind < 0.1:
        return dice.randbytes(dice.randrange(1, 200))
    if kind < 0.3:
        return "".join(dice.choice(pieces) for _ in range(dice.randrange(1, 60)))
    return spoilt(dice.choice(texts), pieces, dice)


def attack(known: Format, count: int, seed: int) -> bool:
    """Whether all inputs were read or refused with a place."""
    dice = random.Random(seed)
    texts = [written(known, number) for number in range(CHARTS)]
    refusals, longest, wrong = 0, 0.0, 0
    for _ in range(count):
        text = inputs(known, dice, texts)
        begun = perf_counter()
        try:
            error = refused(known, text)
        except Exception as other:
            wrong += 1
            print(f"{known.name}: {type(other).__name__}: {other!s:.200}\n  {text[:300]!r}")
        else:
            refusals += error is not None
            wrong += error is not None and (error.line < 1 or error.column < 1)
        longest = max(longest, perf_counter() - begun)
    print(f"{known.name:<10} {count:>9,} inputs, {refusals:>9,} refused, {wrong} wrong, longest {longest:.3f} s")
    return wrong == 0


if __name__ == "__main__":
    count, seed = (int(given) for given in (*sys.argv[1:], *("100000", "1")[len(sys.argv) - 1 :]))
    results = [attack(known, count, seed) for known in READERS]
    sys.exit(0 if all(results) else 1)
