"""Trains the runs whose numbers the tests of advice read: ill ones and healthy ones.

    python tests/reporting/trained_runs/make.py [NAME...]

What is real here is what such a run leaves behind; the tests need no minutes of training for it. The runs on
photographs take them from the shared data.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import yaml

from bigmodel_cli.cli.main import run
from bigmodel_cli.metrics_file import TIME_COLUMNS, read_metrics
from bigmodel_cli.run_search import find_run

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[2].parent / "shared" / "data"
PHOTOS = f"data.source.image_folder.path={DATA}/imagenette_mini"
DENSE = """\
data: {source: %s, batch_size: 32}
preprocessing: [%s]
augmentation: [%s]
model:
- Flatten
- Dense: {units: 64, activation: relu}
- Dense: {units: num_classes, activation: softmax}
loss: SparseCategoricalCrossentropy
optimizer: {Adam: {learning_rate: 1e-3}}
training: {epochs: 6, device: cpu, precision: float32, jit_compile: false}
"""
# Of an evaluation what no advice reads.
LARGE = ("curves", "reliability", "residuals")
SCALE = "{Rescaling: {scale: 1/255}}"
DIGITS = DENSE % ("digits", SCALE, "")
CONVOLUTIONS = """\
data: {source: digits, batch_size: 128}
preprocessing: [{Rescaling: {scale: 1/255}}]
model:
- Conv2D: {filters: 16, kernel_size: 3}
- BatchNormalization: {momentum: %s}
- ReLU
- Conv2D: {filters: 32, kernel_size: 3}
- BatchNormalization: {momentum: %s}
- ReLU
- Flatten
- Dense: {units: num_classes, activation: softmax}
loss: SparseCategoricalCrossentropy
optimizer: {Adam: {learning_rate: 3e-3}}
training: {epochs: 4, device: cpu, precision: float32, jit_compile: false}
"""
NUMBERS = """\
data: {source: {npz: {path: numbers.npz, labels: numbers}}, batch_size: 32}
preprocessing: [Normalization]
model:
- Dense: {units: 32, activation: relu}
- Dense: {units: 1}
%sloss: MeanSquaredError
optimizer: {Adam: {learning_rate: 1e-3}}
training: {epochs: 10, device: cpu, precision: float32, jit_compile: false}
"""
FROM_SCRATCH = """\
data:
  source: {image_folder: {path: photos, image_size: [64, 64]}}
  batch_size: 16
preprocessing: [{Rescaling: {scale: 1/127.5, offset: -1}}]
model:
%s- Dense: {units: num_classes, activation: softmax}
loss: SparseCategoricalCrossentropy
optimizer: {Adam: {learning_rate: 1e-3}}
training: {epochs: %d, device: cpu, precision: float32, jit_compile: false}
"""
NETWORK = """\
- repeat:
    times: 2
    layers:
    - Conv2D: {filters: 32, kernel_size: 3, padding: same}
    - BatchNormalization
    - ReLU
    - MaxPooling2D
- Flatten
"""
FROZEN = "- MobileNet: {include_top: false, pooling: avg, weights: %s, trainable: false}\n"
# Of each run its config and the words of its command line.
RUNS: dict[str, tuple[str, list[str]]] = {
    "unsettled averages": (CONVOLUTIONS % (0.99, 0.99), []),
    "settled averages": (CONVOLUTIONS % (0.9, 0.9), ["training.epochs=12"]),
    "scaled in augmentation": (DENSE % ("digits", "", "{Rescaling: {scale: -2/255, offset: 1}}"), []),
    "tiny learning rate": (DIGITS, ["optimizer.Adam.learning_rate=1e-7"]),
    "huge learning rate": (DIGITS, ["optimizer.Adam.learning_rate=3"]),
    "learned by heart": (DENSE % ("{npz: {path: noise.npz}}", "", ""), ["training.epochs=60"]),
    "another test split": (DENSE % ("{npz: {path: shuffled.npz}}", SCALE, ""), []),
    "six test examples": (DIGITS, ["data.test=0.0034"]),
    "good digits": (DIGITS, ["training.epochs=20"]),
    "prices": (NUMBERS % "", []),
    "prices on their scale": (NUMBERS % "- Rescaling: {scale: 5e4, offset: 2e5}\n", ["training.epochs=40"]),
    "few photographs": (FROM_SCRATCH % (NETWORK, 6), [PHOTOS]),
    "pretrained photographs": (
        FROM_SCRATCH % (FROZEN % f"{DATA}/imagenet_weights/mobilenet_1_0_224.weights.h5", 5),
        [PHOTOS, "data.source.image_folder.image_size=[160, 160]"],
    ),
}


def write_arrays(folder: Path) -> None:
    """The data that no source of bigmodel has."""
    from sklearn.datasets import load_digits

    rng = np.random.default_rng(0)
    # Labels that have nothing to do with the examples.
    noise = {"x": rng.normal(size=(240, 64)).astype(np.float32), "y": rng.integers(3, size=240)}
    np.savez(folder / "noise.npz", **noise)
    digits = load_digits()
    images, labels = (digits.images * 255 / 16).astype(np.uint8)[..., None], digits.target
    x_train, x_test, y_train, y_test = images[:1400], images[1400:], labels[:1400], labels[1400:]
    np.savez(
        folder / "shuffled.npz",
        x_train=x_train,
        y_train=y_train,
        x_test=x_test,
        y_test=rng.permutation(y_test),
    )
    features = rng.normal(size=(600, 5)).astype(np.float32)
    prices = 2e5 + 5e4 * (features @ [0.5, 0.5, 0.5, 0.4, 0.3]) + 5e3 * rng.normal(size=600)
    np.savez(folder / "numbers.npz", x=features, y=prices.astype(np.float32))


def _without_places(config: str) -> str:
    return config.replace(str(DATA), "data").replace(f"{Path.cwd()}/", "")


def make(name: str) -> None:
    """Train one run in the current folder, and keep what advice is drawn from."""
    config, words = RUNS[name]
    Path("c.yaml").write_text(f"name: {name}\nseed: 1\n{config}")
    if code := run(["train", "c.yaml", *words, "--plain", "--offline", "--runs-dir", "runs"]):
        sys.exit(code)
    folder = find_run(name, Path("runs"))
    record = folder.read_record()
    split = "test" if "test" in record else "validation"
    evaluation = json.loads(folder.evaluation(split).read_text())
    columns = read_metrics(folder.metrics)
    splits = record["data"]["splits"]
    document = {
        "columns": {
            key: [float(f"{value:.5g}") for value in columns[key]]
            for key in columns
            if key not in TIME_COLUMNS
        },
        "evaluation": {key: value for key, value in evaluation.items() if key not in LARGE},
        "config": yaml.safe_load(_without_places(folder.config.read_text())),
        "best_epoch": record["best"]["epoch"],
        "record": {
            "data": {"splits": {key: {"examples": splits[key]["examples"]} for key in splits}},
            "signature": record["signature"],
        },
    }
    (HERE / f"{name.replace(' ', '_')}.json").write_text(f"{json.dumps(document)}\n")


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        os.chdir(temporary)
        write_arrays(Path(temporary))
        for name in sys.argv[1:] or RUNS:
            make(name)


if __name__ == "__main__":
    main()
