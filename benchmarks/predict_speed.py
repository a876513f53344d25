"""How long `bigmodel predict` takes beside a plain Keras script, as whole processes in turns.

    bigmodel train configs/mnist_mlp.yaml training.epochs=1
    python benchmarks/png_folder.py mnist.npz digits/ 10000
    python benchmarks/predict_speed.py runs/mnist_mlp/… digits/ [ROUNDS]

One image of the folder, then the whole folder. The first round of each warms the file cache up and does not
count.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

PLAIN = Path(__file__).parent / "plain"
BIGMODEL = [sys.executable, "-m", "bigmodel_cli", "predict", "--run"]


def main() -> None:
    run, folder = Path(sys.argv[1]), Path(sys.argv[2])
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    model, images = str(run / "checkpoints" / "best.keras"), sorted(folder.iterdir())
    plain_one, ours_one = compare(
        [sys.executable, str(PLAIN / "predict_one.py"), model, str(images[0])],
        [*BIGMODEL, str(run), str(images[0])],
        rounds,
    )
    report("one image", plain_one, ours_one)
    plain_all, ours_all = compare(
        [sys.executable, str(PLAIN / "predict_folder.py"), model, str(folder)],
        [*BIGMODEL, str(run), str(folder)],
        rounds,
    )
    report(f"{len(images):,} images", plain_all, ours_all)
    for name, one, many in (("plain", plain_one, plain_all), ("bigmodel", ours_one, ours_all)):
        # Less than what one image takes is noise.
        rest = max(many.seconds - one.seconds, 1e-3)
        print(
            f"{name}: {len(images) / many.seconds:,.0f} images/s, start-up left out {len(images) / rest:,.0f}"
        )


class Cost:
    """What processes took.

    Attributes:
        seconds: Median of the wall-clock times.
        fastest: The shortest of them.
        megabytes: The largest resident memory.
    """

    def __init__(self, measured: list[tuple[float, float]]) -> None:
        times = [seconds for seconds, _ in measured]
        self.seconds, self.fastest = statistics.median(times), min(times)
        self.megabytes = max(megabytes for _, megabytes in measured)


def compare(plain: list[str], ours: list[str], rounds: int) -> tuple[Cost, Cost]:
    """Run both commands in turns."""
    measured = [(once(plain), once(ours)) for _ in range(rounds + 1)][1:]
    one, other = zip(*measured, strict=True)
    return Cost(list(one)), Cost(list(other))


def once(command: list[str]) -> tuple[float, float]:
    """Wall-clock seconds and peak resident memory in MB of a process that must succeed."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)}: exit code {process.returncode}")
    return seconds, usage.ru_maxrss / 1024


def report(what: str, plain: Cost, ours: Cost) -> None:
    for name, cost in (("plain", plain), ("bigmodel", ours)):
        print(
            f"{what}, {name:<8} {cost.seconds:6.2f} s (min {cost.fastest:.2f}), {cost.megabytes:4.0f} MB",
            flush=True,
        )
    print(f"{what}: {plain.seconds / ours.seconds:.1f} times as fast")


if __name__ == "__main__":
    main()
