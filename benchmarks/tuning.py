"""A search against random full trials: the best validation score, and for how many training steps.

    python benchmarks/tuning.py digits_tune --work /tmp/tuning
    python benchmarks/tuning.py adult_tune --work /tmp/tuning data.source.table.path=adult_train.csv ...

First many random trials are trained to their end (`--reference`), of which thirty are drawn again and again:
what thirty random trials come to is known better than from one search of thirty. Then the config's own search
runs with other draws each time; the splits and the first weights stay those of the config's seed, so that
scores can be compared. What was done is kept in `--work`, and the same command goes on with it.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bigmodel_cli.modeling.language import read_searched
from bigmodel_cli.tuning import search as searching
from bigmodel_cli.tuning.folder import SearchFolder
from bigmodel_cli.tuning.journal import Journal, Trial
from bigmodel_cli.tuning.samplers import Sampler, sampler_of

CONFIGS = Path(__file__).resolve().parents[1] / "configs"


class Lines:
    """Is told much, and shows what trials came to."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *told, **more: None

    def ended(self, trial: Trial) -> None:
        print(f"  {trial.number}: {trial.status} {trial.score} ({len(trial.scores)} epochs)", flush=True)


def drawn_with(offset: int, name: str, space: object, seed: int) -> Sampler:
    return sampler_of(name, space, seed + 1000 * offset)


def search(config: Path, folder: Path, words: list[str], *, offset: int = 0, workers: int = 1) -> Journal:
    """Run a search, or go on with it, with draws of its own."""
    searching.sampler_of = partial(drawn_with, offset)
    # Scores are of the validation split, whatever the best trial's is on the test split.
    searching.conclude_best = lambda *told, **more: None
    searched = read_searched(config, words)
    return searching.Search(searched, SearchFolder(folder), Lines(), workers, offline=True).run()


def steps(folder: Path, trial: Trial) -> float:
    """The training steps of a trial."""
    path = SearchFolder(folder).run(trial.number).record
    best = json.loads(path.read_text())["best"] if path.exists() else None
    return len(trial.scores) * best["iterations"] / best["epoch"] if best else 0.0


def reference(journal: Journal, folder: Path, trials: int, repeats: int = 2000) -> tuple[list[float], float]:
    """What so many random full trials come to, and their steps, on average over which of them there are."""
    drawn, ended = random.Random(0), [trial for trial in journal.trials.values() if trial.score is not None]
    sign = 1 if journal.metric.is_max else -1
    best = [
        max((sign * trial.score) for trial in drawn.sample(ended, min(trials, len(ended)))) * sign
        for _ in range(repeats)
    ]
    return best, trials * statistics.mean(steps(folder, trial) for trial in ended)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("name", help="of a shipped config")
    parser.add_argument("words", nargs="*", help="overrides")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--reference", type=int, default=60)
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=5)
    asked = parser.parse_intermixed_args()
    config, work = CONFIGS / f"{asked.name}.yaml", asked.work
    full = work / f"{asked.name}_random"
    words = [*asked.words, "tune.search=random", "tune.stop_early=false", f"tune.trials={asked.reference}"]
    journal = search(config, full, words)
    best, budget = reference(journal, full, asked.trials)
    middle = statistics.median(best)
    print(
        f"{asked.trials} of {asked.reference} random full trials: {middle:.6g} (median), {budget:,.0f} steps"
    )
    found, shares = [], []
    for offset in range(1, asked.seeds + 1):
        folder, began = work / f"{asked.name}_{offset}", time.monotonic()
        journal = search(config, folder, [*asked.words, f"tune.trials={asked.trials}"], offset=offset)
        score = journal.ranked[0].score
        share = sum(steps(folder, trial) for trial in journal.trials.values()) / budget
        found.append(score)
        shares.append(share)
        seconds = time.monotonic() - began
        print(f"search {offset}: {score:.6g}, {share:.2f} of the steps, {seconds:.0f} s", flush=True)
    print(f"median: {statistics.median(found):.6g}, {statistics.median(shares):.2f} of the steps")


if __name__ == "__main__":
    main()
