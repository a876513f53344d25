"""What a checkpoint costs: ours with its training state, checksum and fsync, beside a bare `model.save`.

    python benchmarks/checkpoint_cost.py [ROUNDS]

Both save the same compiled model of 25 million parameters with Adam's state, in turns that rotate. Of ours,
`stall` is what training waits for, and `whole` is until the file has its name and checksum; in between,
training goes on. A file that replaces another whole is a new one at first (`bare, new file`); `model.save`
over the old one loses it when it is killed.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bigmodel_cli.config.schema import Checkpoint
from bigmodel_cli.modeling.backend import import_tensorflow
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.training.checkpoints import Checkpoints
from bigmodel_cli.training.state import Moment, State


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    model = build()
    rows = tuple({"epoch": epoch, "loss": 1.0, "val_loss": 1.0} for epoch in range(1, 51))
    arrays = {f"variable_{index:05d}": np.zeros(8) for index in range(20)}
    times: dict[str, list[float]] = {"bare, new file": [], "bare, over the old": [], "stall": [], "whole": []}
    with tempfile.TemporaryDirectory() as folder:
        new, old = Path(folder) / "new.keras", Path(folder) / "old.keras"
        checkpoints = Checkpoints(RunFolder(Path(folder) / "run"), Checkpoint(), "val_loss")

        def ours(number: int) -> None:
            moment = Moment(50, step=number + 1, rows=rows)
            checkpoints.save_last(model, moment, lambda: State(moment, arrays=arrays))

        for number in range(rounds + 1):
            new.unlink(missing_ok=True)
            works: list[tuple[str, Callable[[], object]]] = [
                ("bare, new file", lambda: model.save(new)),
                ("bare, over the old", lambda: model.save(old)),
                ("stall", lambda number=number: ours(number)),
            ]
            measured: dict[str, float] = {}
            for name, work in works[number % 3 :] + works[: number % 3]:
                measured[name] = seconds(work)
                if name == "stall":
                    measured["whole"] = measured["stall"] + seconds(checkpoints.wait, settle=False)
            # The first round warms the file cache up.
            for name in times if number else ():
                times[name].append(measured[name])
        checkpoints.close()
    report(model.count_params(), rounds, times)


def seconds(work: Callable[[], object], *, settle: bool = True) -> float:
    """How long it takes, once what others have written is on the disk and slows nobody down."""
    if settle:
        os.sync()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def report(parameters: int, rounds: int, times: dict[str, list[float]]) -> None:
    print(f"{parameters:,} parameters, {rounds} rounds, medians")
    for name, values in times.items():
        print(f"{name:<18} {statistics.median(values):.3f} s (min {min(values):.3f})")
    for bare in ("bare, new file", "bare, over the old"):
        ratios = [ours / theirs for ours, theirs in zip(times["stall"], times[bare], strict=True)]
        print(f"stall / {bare}, round by round: median {statistics.median(ratios):.3f}")


def build() -> object:
    import_tensorflow()
    import keras

    inputs = keras.Input((2048,))
    outputs = inputs
    for _ in range(6):
        outputs = keras.layers.Dense(2048)(outputs)
    model = keras.Model(inputs, outputs)
    model.compile(optimizer="adam", loss="mse")
    model.optimizer.build(model.trainable_variables)
    return model


if __name__ == "__main__":
    main()
