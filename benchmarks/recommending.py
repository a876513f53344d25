"""How long `bigmodel recommend` takes, and how much memory, of made-up vectors.

    python benchmarks/recommending.py [ROUNDS]

Whole processes: one user among a million items of 32 numbers, and 10,000 users among 10,506 of 64, of
whom each had ten. Medians count.
"""

from __future__ import annotations

import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import numpy as np
from processes import Finished, bigmodel

from bigmodel_cli.interactions import Had
from bigmodel_cli.recommending.catalogue import Catalogue, write_catalogue
from bigmodel_cli.recommending.names import Names
from bigmodel_cli.run_folder import COMPLETED, RunFolder, update_record

_HAD = 10


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory(prefix="bigmodel-bench-") as scratch:
        folder = Path(scratch)
        # Elsewhere, since the peak of a new process is at least what the one that starts it has in memory.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as elsewhere:
            million = elsewhere.submit(made_up, folder / "million", users=1000, items=1_000_000, width=32)
            films = elsewhere.submit(made_up, folder / "films", users=10_000, items=10_506, width=64)
            folders = million.result(), films.result()
        told(
            "one user among 1,000,000 items",
            [
                bigmodel("recommend", "u42", "--run", folders[0], "--json", folder=folder)
                for _ in range(rounds)
            ],
            most_seconds=1.5,
        )
        told(
            "10,000 users among 10,506 items",
            [
                bigmodel(
                    "recommend", "--run", folders[1], "--all", "--csv", folder / "all.csv", folder=folder
                )
                for _ in range(rounds)
            ],
            most_seconds=5,
        )


def told(what: str, found: list[Finished], *, most_seconds: float, most_megabytes: float = 600) -> None:
    """Say medians, and whether they keep within what was asked for."""
    seconds, megabytes = (median(getattr(one, name) for one in found) for name in ("seconds", "megabytes"))
    holds = seconds <= most_seconds and megabytes <= most_megabytes
    bar = f"≤ {most_seconds} s, ≤ {most_megabytes:.0f} MB: {'yes' if holds else 'NO'}"
    print(f"{what}: {seconds:.2f} s, {megabytes:.0f} MB ({bar})")


def made_up(path: Path, *, users: int, items: int, width: int) -> Path:
    """A run's folder with vectors that were drawn."""
    numbers = np.random.default_rng(0)
    run = RunFolder(path)
    path.mkdir()
    update_record(run, {"status": COMPLETED, "id": path.name})
    vectors = [numbers.standard_normal((count, width), np.float32) for count in (items, users)]
    had = numbers.integers(0, items, users * _HAD)
    write_catalogue(
        run,
        Catalogue(
            user_column="user",
            item_column="item",
            items=Names.of([f"i{number}" for number in range(items)]),
            item_vectors=vectors[0],
            prior=numbers.standard_normal(items, np.float32),
            counts=np.bincount(had, minlength=items),
            users=Names.of([f"u{number}" for number in range(users)]),
            user_vectors=vectors[1],
            had=Had.of(np.repeat(np.arange(users), _HAD), had, users, items),
        ),
    )
    return path


if __name__ == "__main__":
    main()
