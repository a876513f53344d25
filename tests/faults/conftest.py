"""What fault injection shares: sessions in processes of their own that are killed, and runs to compare."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import text_survivors
from PIL import Image
from warm import Ended, Warm

ADULT = Path(__file__).resolve().parents[3] / "shared" / "data" / "adult" / "adult_train.csv"
IS_LONG = os.environ.get("BIGMODEL_FAULTS") == "long"
# Epochs of the short form have half the steps, and checkpoints inside all the same.
EXAMPLES = 1500 if IS_LONG else 750


@pytest.fixture(scope="session")
def how_many() -> Callable[..., int]:
    """How many faults to inject: few in CI, many with `make faults`, where most of them meet four configs."""
    return lambda *, short, long: long if IS_LONG else short


# Everything that has a state: dropout, augmentation, Adam, batch normalisation, callbacks that count;
# checkpoints inside epochs, and a last batch that is not full.
CONFIG = """\
name: survivor
data:
  source: SOURCE
  batch_size: 17
preprocessing:
  - Rescaling: {scale: 1/255}
augmentation:
  - RandomTranslation: {height_factor: 0.1, width_factor: 0.1}
  - GaussianNoise: {stddev: 0.05}
model:
  - Conv2D: {filters: 8, kernel_size: 3}
  - BatchNormalization
  - ReLU
  - Dropout: {rate: 0.3}
  - Flatten
  - Dense: {units: num_classes, activation: softmax}
loss: CategoricalCrossentropy
optimizer: OPTIMIZER
metrics: [accuracy, {F1Score: {average: macro}}]
training:
  epochs: 8
  deterministic: true
  steps_per_execution: 7
  checkpoint: {monitor: val_loss, every: 20 steps, keep: 2}
  callbacks: CALLBACKS
"""
# The plateau sets the learning rate, so it cannot stand beside a schedule.
_STOPPING = "{EarlyStopping: {monitor: val_f1_score, mode: max, patience: 3, restore_best_weights: true}}"
_PLATEAU = "{ReduceLROnPlateau: {monitor: val_f1_score, mode: max, patience: 1, factor: 0.5}}"
_SCHEDULE = "{CosineDecay: {initial_learning_rate: 1e-4, warmup_target: 0.004, warmup_steps: 90}}"
_ARRAYS = f"{{synthetic: {{shape: [8, 8, 1], num_classes: 3, num_examples: {EXAMPLES}}}}}"
_CONSTANT = "{Adam: {learning_rate: 0.003}}"
_AVERAGED = f"{{Adam: {{learning_rate: {_SCHEDULE}, use_ema: true, ema_momentum: 0.9}}}}"
# Source, optimizer, callbacks.
CONFIGS = {
    "plateau": (_ARRAYS, _CONSTANT, f"[{_PLATEAU}, {_STOPPING}]"),
    "schedule": (_ARRAYS, _AVERAGED, f"[{_STOPPING}]"),
    "files": ("{image_folder: {path: IMAGES, image_size: 8, color_mode: grayscale}}", _CONSTANT, "[]"),
}


# Numbers with gaps, words, encodings that learn, two targets, of which one is learnt in other units.
TABLE = """\
name: survivor
data:
  source: {table: {path: ROWS, target: [income, hours-per-week], columns: {fnlwgt: ignore}}}
  batch_size: 17
preprocessing:
  number: [{impute: {flag: true}}, quantile]
  category: [{StringLookup: {output_mode: one_hot}}]
model:
  - Dense: {units: 16, activation: relu}
  - BatchNormalization
  - Dropout: {name: trunk, rate: 0.3}
  - Dense: {name: income, inputs: [trunk], units: 1, activation: sigmoid}
  - Dense: {name: hours-per-week, inputs: [trunk], units: 1}
loss: {income: BinaryCrossentropy, hours-per-week: MeanSquaredError}
optimizer: {Adam: {learning_rate: 0.003}}
metrics: {income: [AUC], hours-per-week: [mae]}
training:
  epochs: 8
  deterministic: true
  steps_per_execution: 7
  checkpoint: {monitor: val_loss, every: 20 steps, keep: 2}
"""


# What is compressed while it is trained, in the place of callbacks.
COMPRESSED = {
    "prune": "compress: {prune: {sparsity: 0.8, from: epoch 2, to: epoch 7}}\n",
    "channels": "compress: {prune: {sparsity: 0.5, structure: channels, from: epoch 2, to: epoch 7}}\n",
    # Noise is drawn in each step, and the teacher is asked about what comes of it.
    "distill": "compress: {distill: {teacher: TEACHER}}\n",
    "quantize": "compress: {quantize: {from: epoch 4}}\n",
}


# Everything of one's own that has a state. The callback decides when training ends.
OWN_CODE = Path(__file__).resolve().parents[2] / "docs" / "own-code" / "my_layers.py"
OWN = f"""\
name: survivor
code: {OWN_CODE}
data:
  source: {_ARRAYS}
  batch_size: 17
preprocessing:
  - Rescaling: {{scale: 1/255}}
model:
  - Flatten
  - Scale: {{start: 0.9, scale_regularizer: {{L2: {{l2: 1e-4}}}}}}
  - Dense: {{units: 8, activation: wavy}}
  - Dropout: {{rate: 0.3}}
  - Dense: {{units: num_classes, activation: softmax}}
loss: {{focal: {{gamma: 1.5}}}}
optimizer: {{Adam: {{learning_rate: {{Halving: {{start: 0.05, every: 2000}}}}}}}}
metrics: [accuracy, Surest]
training:
  epochs: 20
  deterministic: true
  steps_per_execution: 7
  checkpoint: {{monitor: val_loss, every: 20 steps, keep: 2}}
  callbacks: [{{StopWhenFlat: {{patience: 3, smoothing: 0.5}}}}]
"""


# Rows of tables that are late in the middle of an epoch, users that are hidden, rankings after each epoch.
ITEMS = f"""\
name: survivor
data:
  source:
    visits:
      num_users: 300
      num_visits: {2 * EXAMPLES}
      target: {{place: {{retrieve: {{user: user, time: time, seen: keep}}}}}}
  split_by: {{time: time}}
  batch_size: 17
preprocessing: {{category: [StringLookup]}}
augmentation: {{user: [{{hide: {{share: 0.1}}}}]}}
model:
  - Embedding: {{name: asks, inputs: [user], input_dim: user.vocabulary_size, output_dim: 8}}
  - Embedding: {{name: itself, inputs: [place], input_dim: place.vocabulary_size, output_dim: 8}}
  - Embedding: {{name: of_kind, inputs: [kind], input_dim: kind.vocabulary_size, output_dim: 8}}
  - Add: {{name: offered, inputs: [itself, of_kind]}}
  - two_towers: {{inputs: [asks, offered], temperature: 0.5}}
loss: {{SparseCategoricalCrossentropy: {{from_logits: true}}}}
optimizer: {{Adam: {{learning_rate: {_SCHEDULE}}}}}
metrics: [recall@20]
training:
  epochs: 8
  deterministic: true
  steps_per_execution: 7
  checkpoint: {{every: 20 steps, keep: 2}}
"""


# The long form has every fault with each config; in the short form each config and each fault is there once.
SHORT = {
    "test_killed_at_random_moments": "table",
    "test_killed_before_a_change_of_the_disk": "schedule",
    "test_killed_while_a_clock_decides_how_long_is_trained": "files",
    "test_a_file_that_may_not_grow": "plateau",
    "test_a_disk_that_fills": "plateau",
    "test_at_random_moments": "schedule",
    "test_a_second_signal_stops_at_once": "files",
    "test_evaluate_ends_too": "files",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The configs that `reference` is of."""
    if "reference" in metafunc.fixturenames:
        name = metafunc.function.__name__
        names = [*sorted(CONFIGS), "table"] if IS_LONG else [SHORT.get(name, "")]
        if name == "test_killed_while_it_is_compressed":
            names = sorted(COMPRESSED)
        if name == "test_killed_with_code_of_ones_own":
            names = ["own"]
        if name == "test_killed_while_items_are_learnt":
            # In the short form test_retrieval.py goes on after a signal.
            names = ["items"] if IS_LONG else []
        if name == "test_killed_while_texts_are_learnt":
            names = text_survivors.NAMES if IS_LONG else ["texts"]
        metafunc.parametrize("reference", names, indirect=True, scope="session")


def config_text(name: str, images: Path) -> str:
    if name == "table":
        return TABLE.replace("ROWS", str(images / "rows.csv"))
    if name == "own":
        return OWN
    if name == "items":
        return ITEMS
    if name in text_survivors.NAMES:
        return text_survivors.text_survivor(name, images)
    text = CONFIG + COMPRESSED.get(name, "")
    values = CONFIGS.get(name, (_ARRAYS, _CONSTANT, "[]"))
    for word, value in zip(("SOURCE", "OPTIMIZER", "CALLBACKS"), values, strict=True):
        text = text.replace(word, value)
    return text.replace("IMAGES", str(images))


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of images of three classes: bright at another place each, with noise."""
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    for number in range(EXAMPLES * 3 // 5):
        pixels = rng.integers(0, 160, (8, 8), np.uint8)
        pixels[2 * (number % 3) : 2 * (number % 3) + 3] += 60
        path = folder / "abc"[number % 3] / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(path)
    (folder / "rows.csv").write_text(_rows())
    return folder


def _rows() -> str:
    """The first rows of adult; where they are not at hand, made-up ones with the same columns and gaps."""
    if ADULT.exists():
        with ADULT.open() as file:
            return "".join(itertools.islice(file, EXAMPLES + 1))
    rng = np.random.default_rng(0)
    lines = ["age,workclass,fnlwgt,hours-per-week,income"]
    for age, hours in rng.integers((17, 20), (90, 60), (EXAMPLES, 2)).tolist():
        work = rng.choice(["Private", "State-gov", "?"])
        lines.append(f"{age},{work},{rng.integers(10**5)},{hours},{'>50K' if age + hours > 95 else '<=50K'}")
    return "\n".join([*lines, ""])


@dataclass(frozen=True)
class Result:
    """What a run came to, but for times."""

    weights: dict[str, str]
    metrics: list[list[str]]
    evaluation: dict[str, Any]
    best: dict[str, Any]


def result_of(run: Path) -> Result:
    """Weights, optimizer and random state of best and last, metrics.csv without its times, the evaluation."""
    record = json.loads((run / "run.json").read_text())
    assert record["status"] == "completed"
    rows = [line.split(",") for line in (run / "metrics.csv").read_text().splitlines()]
    assert rows[0][1:4] == ["seconds", "examples_per_second", "memory_mb"]
    weights = {}
    for name in ("best", "last"):
        with zipfile.ZipFile(run / f"checkpoints/{name}.keras") as archive:
            for member in ("model.weights.h5", "bigmodel/state.npz"):
                weights[f"{name} {member}"] = hashlib.sha256(archive.read(member)).hexdigest()
    return Result(
        weights,
        [row[:1] + row[4:] for row in rows],
        json.loads((run / "evaluation/test.json").read_text()),
        {key: record["best"][key] for key in ("epoch", "step", "value", "iterations")},
    )


@dataclass(frozen=True)
class Reference:
    """What a config comes to when nothing interrupts it.

    Attributes:
        config: Its text.
        result: Of the run.
        seconds: How long it takes.
        operations: How many changes of the disk it makes.
        run: Its folder; tests must not change it.
    """

    config: str
    result: Result
    seconds: float
    operations: int
    run: Path


@pytest.fixture(scope="session")
def reference(
    request: pytest.FixtureRequest, warm: Warm, images: Path, tmp_path_factory: pytest.TempPathFactory
) -> Reference:
    folder = tmp_path_factory.mktemp("uninterrupted")
    text = config_text(request.param, images)
    if "TEACHER" in text:
        teacher = config_text("plateau", images).replace("name: survivor", "name: teacher")
        (folder / "teacher.yaml").write_text(teacher)
        ended = warm.run("train", "teacher.yaml", "training.epochs=1", "--plain", folder=folder)
        assert ended.code == 0, ended.output
        (path,) = folder.glob("runs/teacher/*")
        text = text.replace("TEACHER", str(path))
    (folder / "survivor.yaml").write_text(text)
    ended = warm.run("train", "survivor.yaml", "--plain", folder=folder)
    assert ended.code == 0, ended.output
    (run,) = runs_in(folder)
    return Reference(text, result_of(run), ended.seconds, ended.operations, run)


def runs_in(folder: Path) -> list[Path]:
    """The runs below a folder that have begun."""
    return sorted(path.parent for path in folder.glob("runs/survivor/*/run.json"))


@dataclass(frozen=True)
class Survivor:
    """One run in a folder of its own, through all its sessions."""

    warm: Warm
    folder: Path

    @property
    def has_begun(self) -> bool:
        return bool(runs_in(self.folder))

    @property
    def run(self) -> Path:
        """Its folder; there is one, however often it was killed."""
        (run,) = runs_in(self.folder)
        return run

    @property
    def record(self) -> dict[str, Any]:
        return json.loads((self.run / "run.json").read_text())

    @property
    def is_complete(self) -> bool:
        """Also where the process was killed with nothing left to do."""
        return self.has_begun and self.record["status"] == "completed"

    @property
    def result(self) -> Result:
        return result_of(self.run)

    def go_on(self, *words: str, **how: Any) -> Ended:
        """Start the run, or go on with it where it has begun."""
        what = ("--resume", self.run) if self.has_begun else ("survivor.yaml",)
        return self.warm.run("train", *what, *words, "--plain", folder=self.folder, **how)


@pytest.fixture
def begin(warm: Warm, tmp_path: Path) -> Callable[..., Survivor]:
    """Makes a folder for a run of a config."""
    numbers = itertools.count()

    def make(reference: Reference, folder: Path | None = None) -> Survivor:
        folder = folder or tmp_path / str(next(numbers))
        folder.mkdir()
        (folder / "survivor.yaml").write_text(reference.config)
        return Survivor(warm, folder)

    return make


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """Random moments that are the same in every session of the suite."""
    return random.Random(request.node.name)
