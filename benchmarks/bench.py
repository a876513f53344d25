"""Everything that bigmodel is measured by, side by side with plain Keras scripts.

    python benchmarks/bench.py [NAME...] [--rounds N] [--data FOLDER] [--write]

Both sides of a comparison are whole processes that take turns, and the one that begins changes from round to
round; what counts is the median. `--write` writes benchmarks/results.json, and from it results.md and
results.png; what is not measured this time stays as it was.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from comparisons import IMAGES_AND_TABLES, OURS, PLAIN, REPOSITORY, Comparison, Workplace
from interaction_comparisons import INTERACTIONS
from limits import measure_limits
from mask_comparisons import MASKS
from report import Result, write_report
from sound_comparisons import SOUNDS
from text_comparisons import TEXTS

ALL = {**IMAGES_AND_TABLES, **TEXTS, **SOUNDS, **MASKS, **INTERACTIONS}


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="bigmodel-bench-") as scratch:
        place = Workplace(arguments.data.resolve(), Path(scratch))
        results = [_compare(name, ALL[name], place, arguments.rounds) for name in arguments.names or ALL]
        limits = measure_limits() if arguments.write else None
    if limits is not None:
        write_report(REPOSITORY / "benchmarks", results, limits, order=list(ALL))
    missed = [result.name for result in results if not all(holds for _, holds in result.bars)]
    if missed:
        sys.exit(f"missed: {', '.join(missed)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(ALL)}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data", type=Path, default=REPOSITORY.parent / "shared" / "data")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(ALL)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    return arguments


def _compare(name: str, comparison: Comparison, place: Workplace, rounds: int) -> Result:
    """Measure both sides in turns and say how it went."""
    rounds = min(rounds, comparison.most_rounds or rounds)
    sides = {OURS: comparison.ours, PLAIN: comparison.plain}
    found: dict[str, list[dict[str, float]]] = {OURS: [], PLAIN: []}
    for number in range(rounds):
        for side in (OURS, PLAIN) if number % 2 else (PLAIN, OURS):
            measured = sides[side](place)
            if measured is not None:
                found[side].append(measured)
    medians = {side: _medians(measured) for side, measured in found.items() if measured}
    result = Result.of(name, comparison, rounds, medians)
    print(result.line(), flush=True)
    return result


def _medians(measured: list[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(one[key] for one in measured) for key in measured[0]}


if __name__ == "__main__":
    main()
