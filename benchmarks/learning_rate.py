"""How good `learning_rate: auto` is: its final validation loss beside a grid of 12 rates, and what it costs.

    python benchmarks/learning_rate.py DATA [digits mnist_mlp mnist adult photos] [--seeds 3] [--epochs N]

DATA has mnist/, adult/ and imagenette_mini/. Every run is a trial: nothing is evaluated on a test split. One
line of JSON per run goes to stdout, what it comes to to stderr. Validation splits are small, and the best of
a grid is the luckiest of 12, so that the second best is told beside it.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from bigmodel_cli.metrics_file import read_metrics
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.new_run import NewRun
from bigmodel_cli.run_folder import RATE_TEST, RunFolder
from bigmodel_cli.training.train import How, train

CONFIGS = Path(__file__).parents[1] / "configs"
# From 1e-4 to 0.2, each about twice the one before.
GRID = [float(f"{10 ** (-4 + 0.3 * number):.3g}") for number in range(12)]
RATES = {
    "digits": "optimizer.Adam.learning_rate.CosineDecay.initial_learning_rate",
    "mnist_mlp": "optimizer.Adam.learning_rate",
    "mnist": "optimizer.Adam.learning_rate.CosineDecay.warmup_target",
    "adult": "optimizer.AdamW.learning_rate.CosineDecay.initial_learning_rate",
    "photos": "optimizer.AdamW.learning_rate.CosineDecay.initial_learning_rate",
}


def data_words(what: str, data: Path) -> list[str]:
    if what.startswith("mnist"):
        return [f"data.source.mnist.path={data / 'mnist'}"]
    if what == "adult":
        table = "data.source.table"
        parts = {"path": "adult_train.csv", "test": "adult_test.csv"}
        return [f"{table}.{key}={data / 'adult' / name}" for key, name in parts.items()]
    if what == "photos":
        folder = data / "imagenette_mini"
        source = f"{{image_folder: {{path: {folder}, image_size: [128, 128], aspect_ratio: crop}}}}"
        return [f"data.source={source}"]
    return []


def trained(what: str, rate: float | str, words: Sequence[str], folder: Path) -> dict[str, Any]:
    """One run, as a line of results; `error` where training came apart."""
    given = [*words, f"{RATES[what]}={rate}"]
    began = time.perf_counter()
    new = NewRun(folder, f"{what}-{rate}")
    found: dict[str, Any] = {"config": what, "rate": rate}
    try:
        train(read_config(CONFIGS / f"{what}.yaml", given), new, how=How(judge=lambda _: None))
    except Exception as error:
        return {**found, "error": str(error)}
    (path,) = (path for path in (folder / f"{what}-{rate}").iterdir() if path.is_dir())
    run = RunFolder(path)
    record, columns = run.read_record(), read_metrics(run.metrics)
    found |= {"final": columns["val_loss"][-1], "seconds": time.perf_counter() - began}
    if (test := record.get(RATE_TEST)) is not None:
        found |= {"found": test["rate"], "edge": test["edge"], "test_steps": test["steps"]}
    return found


def measured(what: str, seed: int, words: Sequence[str]) -> Iterator[dict[str, Any]]:
    """`auto` and the grid with one seed."""
    plain = ["training.jit_compile=false", "training.precision=float32", f"seed={seed}", *words]
    with tempfile.TemporaryDirectory() as folder:
        for rate in ("auto", *GRID):
            yield {"seed": seed, **trained(what, rate, plain, Path(folder))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("configs", nargs="*", default=[])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, help="instead of the config's own")
    asked = parser.parse_args()
    for what in asked.configs or RATES:
        words = data_words(what, asked.data.absolute())
        words += [] if asked.epochs is None else [f"training.epochs={asked.epochs}"]
        shares = []
        for seed in range(asked.seeds):
            rows = []
            for row in measured(what, seed, words):
                print(json.dumps(row), flush=True)
                rows.append(row)
            losses = sorted(row["final"] for row in rows[1:] if "final" in row)
            share = rows[0].get("final", float("inf")) / losses[0] - 1
            shares.append(share)
            second = losses[1] / losses[0] - 1
            told = f"{what}, seed {seed}: {rows[0].get('found')} is {share:+.1%} of the best of the grid"
            print(f"{told}; the second best is {second:+.1%}", file=sys.stderr, flush=True)
        print(f"{what}: {median(shares):+.1%} in the median", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
