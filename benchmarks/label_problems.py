"""How well wrong labels are found that were planted: mnist, digits, and a table that chance decides in part.

    python benchmarks/label_problems.py [mnist] [digits] [table] [--folds 4] [--noise 0.05] [--mnist FILE.npz]

Each fold is a run; what it says of the examples that it has not learned from is put together, and looked
through in each of the ways that there are. So are data without planted labels: there nothing may stand out.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold

from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.new_run import NewRun
from bigmodel_cli.scoring.label_problems import LabelProblems, class_problems
from bigmodel_cli.training.train import train

SHARED = Path(__file__).resolve().parents[1].parent / "shared/data/mnist/mnist.npz"
IMAGES = """\
name: {name}
data: {{source: {{npz: {{path: data.npz, labels: classes}}}}, validation: 0.1, batch_size: 64}}
preprocessing: [Rescaling: {{scale: 1/{largest}}}]
model:
  - Conv2D: {{filters: 16, kernel_size: {kernel}, padding: same, activation: relu}}
  - MaxPooling2D
  - Conv2D: {{filters: 32, kernel_size: 3, padding: same, activation: relu}}
  - MaxPooling2D
  - Flatten
  - Dropout: {{rate: 0.4}}
  - Dense: {{units: num_classes, activation: softmax}}
loss: CategoricalCrossentropy
optimizer: {{Adam: {{learning_rate: {{CosineDecay: {{initial_learning_rate: 2e-3}}}}}}}}
metrics: [accuracy]
training: {{epochs: {epochs}, deterministic: true}}
"""
TABLE = """\
name: table
data: {source: {npz: {path: data.npz, labels: classes}}, validation: 0.1, batch_size: 128}
preprocessing: [Normalization]
model:
  - Dense: {units: 32, activation: relu}
  - Dropout: {rate: 0.2}
  - Dense: {units: num_classes, activation: softmax}
loss: CategoricalCrossentropy
optimizer: {Adam: {learning_rate: {CosineDecay: {initial_learning_rate: 3e-3}}}}
metrics: [accuracy]
training: {epochs: 12, deterministic: true}
"""
CONFIGS = {
    "mnist": IMAGES.format(name="mnist", largest=255, kernel=5, epochs=4),
    "digits": IMAGES.format(name="digits", largest=16, kernel=3, epochs=20),
    "table": TABLE,
}


def examples_of(name: str, mnist: Path) -> tuple[np.ndarray, np.ndarray]:
    """Features and right labels."""
    if name == "mnist":
        with np.load(mnist) as arrays:
            return arrays["x_train"][:10_000, ..., None], arrays["y_train"][:10_000].astype(np.int64)
    if name == "digits":
        images, labels = load_digits(return_X_y=True)
        return images.reshape(-1, 8, 8, 1).astype(np.uint8), labels.astype(np.int64)
    # As incomes are: a quarter is of the rarer class, and the columns tell no more than most of it.
    random = np.random.default_rng(7)
    columns = random.normal(size=(10_000, 10))
    logits = 2.5 * columns[:, 0] - 1.5 * columns[:, 1] + 1.5 * columns[:, 2] * columns[:, 3] - 2.2
    return columns.astype(np.float32), (random.random(10_000) < 1 / (1 + np.exp(-1.5 * logits))).astype(
        np.int64
    )


def planted(labels: np.ndarray, share: float) -> np.ndarray:
    """Labels of which a share is changed to another class, by chance."""
    random, num_classes = np.random.default_rng(0), int(labels.max()) + 1
    rows = random.choice(len(labels), round(share * len(labels)), replace=False)
    changed = labels.copy()
    changed[rows] = (labels[rows] + random.integers(1, num_classes, len(rows))) % num_classes
    return changed


def out_of_fold(name: str, features: np.ndarray, labels: np.ndarray, folds: int, folder: Path) -> np.ndarray:
    """Probabilities of each example by a run that has not seen it, shape (n, classes)."""
    (folder / f"{name}.yaml").write_text(CONFIGS[name])
    found = np.zeros((len(labels), int(labels.max()) + 1))
    splitter = StratifiedKFold(folds, shuffle=True, random_state=0)
    for number, (learned, held_out) in enumerate(splitter.split(features, labels)):
        arrays = {"x_train": features[learned], "y_train": labels[learned]}
        np.savez(folder / "data.npz", **arrays, x_test=features[held_out], y_test=labels[held_out])
        config = read_config(folder / f"{name}.yaml", ())
        result = train(config, NewRun(folder / "runs", name, f"fold-{number}-{len(list(folder.iterdir()))}"))
        with result.run.predictions("test").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        found[held_out] = [[float(row[f"score_{one}"]) for one in range(found.shape[1])] for row in rows]
    return found


def told(found: LabelProblems, wrong: np.ndarray) -> str:
    """Precision and recall of what is suspected, and of the first ones, as many as were planted."""
    hits = np.isin(found.suspects.rows, np.flatnonzero(wrong))
    num_wrong = int(wrong.sum())
    parts = [
        f"estimated {found.estimated:5.0f}",
        f"suspects {len(hits):5}",
        f"stands out {found.stands_out!s:5}",
    ]
    if num_wrong:
        parts += [f"precision {hits.mean():.3f}", f"recall {hits.sum() / num_wrong:.3f}"]
        parts += [f"of the first {num_wrong}: {hits[:num_wrong].mean():.3f}"]
    return ", ".join(parts)


def lines_of(name: str, arguments: argparse.Namespace, folder: Path) -> Iterator[str]:
    """A line for each way, with planted labels and without."""
    features, right = examples_of(name, arguments.mnist)
    for share in (arguments.noise, 0.0):
        labels = planted(right, share)
        place = folder / f"{name}-{share}"
        place.mkdir()
        probabilities = out_of_fold(name, features, labels, arguments.folds, place)
        errors = float(np.mean(probabilities.argmax(axis=1) != labels))
        count = f"{np.sum(labels != right):,} of {len(labels):,}"
        yield f"{name}, {share:.0%} planted ({count}), errors {errors:.3f}"
        for prune in ("noise_rate", "class", "both"):
            found = class_problems(labels, probabilities, prune=prune)
            yield f"  {prune:10} {told(found, labels != right)}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=list(CONFIGS))
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--noise", type=float, default=0.05)
    parser.add_argument("--mnist", type=Path, default=SHARED)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.names:
            for line in lines_of(name, arguments, Path(folder)):
                print(line, flush=True)


if __name__ == "__main__":
    main()
