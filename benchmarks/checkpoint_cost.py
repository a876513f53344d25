"""What a checkpoint costs: ours with its training state, checksum and fsync, beside a bare `model.save`.

    python benchmarks/checkpoint_cost.py [ROUNDS]

Both save the same compiled model of 25 million parameters with Adam's state, in turns. Of ours, `stall` is
what training waits for, and `whole` is until the file has name and checksum; in between, training goes on.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
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
    times: dict[str, list[float]] = {"bare": [], "stall": [], "whole": []}
    with tempfile.TemporaryDirectory() as folder:
        checkpoints = Checkpoints(RunFolder(Path(folder) / "run"), Checkpoint(), "val_loss")
        for number in range(rounds + 1):
            began = time.perf_counter()
            model.save(Path(folder) / "bare.keras")
            bare = time.perf_counter() - began
            began = time.perf_counter()
            moment = Moment(50, step=number + 1, rows=rows)
            checkpoints.save_last(model, moment, lambda moment=moment: State(moment, arrays=arrays))
            stall = time.perf_counter() - began
            checkpoints.wait()
            whole = time.perf_counter() - began
            # The first round warms the file cache up.
            if number:
                for name, seconds in (("bare", bare), ("stall", stall), ("whole", whole)):
                    times[name].append(seconds)
        checkpoints.close()
    bare = statistics.median(times["bare"])
    print(f"{model.count_params():,} parameters, {rounds} rounds, medians")
    for name, seconds in times.items():
        median = statistics.median(seconds)
        print(f"{name:<6} {median:.3f} s  {median / bare:.2f} × bare  (min {min(seconds):.3f})")
    ratios = [stall / bare for stall, bare in zip(times["stall"], times["bare"], strict=True)]
    print(f"stall over bare, round by round: median {statistics.median(ratios):.3f}")


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
