"""`bigmodel tune` beside KerasTuner's Hyperband: same space, data, split and number of epochs in all.

    pip install --target /tmp/keras_tuner --no-deps keras-tuner kt-legacy
    python benchmarks/keras_tuner.py --site /tmp/keras_tuner --work /tmp/side_by_side [--seeds 5]

For each seed `bigmodel tune configs/digits_tune.yaml` runs first, then plain/keras_tuner_digits.py on the
examples that the config's splits have with that seed, for as many epochs as the search has trained.
Both are timed as a whole process; that of bigmodel also evaluates, exports and draws its best trial. Each is
a line of `results.jsonl` in --work; those that are there are not run again.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from bigmodel_cli.inference.run_data import load_splits
from bigmodel_cli.listener import Silent
from bigmodel_cli.modeling.language import read_searched

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "configs" / "digits_tune.yaml"
PLAIN = ROOT / "benchmarks" / "plain" / "keras_tuner_digits.py"
OURS, THEIRS = "bigmodel", "keras_tuner"


def timed(command: list[str], environment: dict[str, str]) -> tuple[float, str]:
    """Seconds of a whole process, and what it printed."""
    began = time.monotonic()
    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )
    seconds = time.monotonic() - began
    if ended.returncode:
        sys.exit(f"{' '.join(command)}: exit code {ended.returncode}\n{ended.stderr[-4000:]}")
    return seconds, ended.stdout


def ours(seed: int, work: Path) -> dict[str, Any]:
    tunes = work / f"ours_{seed}"
    shutil.rmtree(tunes, ignore_errors=True)
    words = [f"seed={seed}", "--tunes-dir", str(tunes), "--json", "--plain"]
    seconds, printed = timed([sys.executable, "-m", "bigmodel_cli", "tune", str(CONFIG), *words], {})
    found = json.loads(printed)
    epochs = sum(trial["epochs"] for trial in found["trials"])
    return {
        "score": found["best"]["score"],
        "epochs": epochs,
        "trials": len(found["trials"]),
        "seconds": seconds,
    }


def theirs(seed: int, work: Path, site: Path, epochs: int) -> dict[str, Any]:
    arrays = work / f"arrays_{seed}.npz"
    write_arrays(arrays, seed)
    command = [sys.executable, str(PLAIN), str(arrays), str(epochs), str(seed), str(work / f"theirs_{seed}")]
    seconds, printed = timed(command, {"PYTHONPATH": str(site), "TF_CPP_MIN_LOG_LEVEL": "3"})
    return {**json.loads(printed.splitlines()[-1]), "seconds": seconds}


def write_arrays(path: Path, seed: int) -> None:
    """The training and validation split of the config, as they are before preprocessing."""
    splits = load_splits(read_searched(CONFIG, [f"seed={seed}"]).loaded.experiment, Silent(), offline=True)
    arrays = {}
    for name in ("train", "validation"):
        examples = splits.parts[name]
        arrays[f"x_{name}"] = np.stack([examples.read(index) for index in range(len(examples))])
        arrays[f"y_{name}"] = examples.labels
    np.savez(path, **arrays)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--site", type=Path, required=True, help="where keras-tuner is installed")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=5)
    asked = parser.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    results = asked.work / "results.jsonl"
    lines = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
    done = {(line["tool"], line["seed"]): line for line in lines}
    for seed in range(1, asked.seeds + 1):
        for tool in (OURS, THEIRS):
            if (tool, seed) not in done:
                epochs = done.get((OURS, seed), {}).get("epochs", 0)
                found = (
                    ours(seed, asked.work)
                    if tool == OURS
                    else theirs(seed, asked.work, asked.site.absolute(), epochs)
                )
                done[tool, seed] = {"tool": tool, "seed": seed, **found}
                with results.open("a") as file:
                    file.write(json.dumps(done[tool, seed]) + "\n")
            print(json.dumps(done[tool, seed]), flush=True)
    for key in ("score", "seconds"):
        of = {tool: [done[tool, seed + 1][key] for seed in range(asked.seeds)] for tool in (OURS, THEIRS)}
        ratio = statistics.median(a / b for a, b in zip(of[OURS], of[THEIRS], strict=True))
        middle = {tool: statistics.median(values) for tool, values in of.items()}
        mean = {tool: statistics.mean(values) for tool, values in of.items()}
        print(
            f"{key}: median {middle[OURS]:.4g} and {middle[THEIRS]:.4g}, mean {mean[OURS]:.4g} and "
            f"{mean[THEIRS]:.4g}, ratio {ratio:.3f} (median)"
        )


if __name__ == "__main__":
    main()
