"""`compress.distill`: a model learns from a run's probabilities beside the labels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.errors import ConfigError, DataError, UsageError
from bigmodel_cli.modeling.language import read_config

pytestmark = pytest.mark.tf
PLAIN = ("training.precision=float32", "training.jit_compile=false", "training.epochs=2")


def taught_by(run: Path, more: str = "") -> str:
    return f"compress.distill={{teacher: {run}{more}}}"


@pytest.fixture(scope="session")
def teacher(complete: Any) -> Any:
    """A complete run on the data that all configs of these tests have; nobody changes it."""
    return complete


@pytest.fixture
def same(teacher: Any) -> str:
    return "seed=3"


def test_log_probabilities_of_every_output() -> None:
    from bigmodel_cli.compressing.distillation import log_probabilities

    logits = np.array([[2.0, -1.0, 0.5], [0.0, 0.0, 9.0]], np.float32)
    softmax = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    given = log_probabilities(softmax, Reading(None)).numpy()
    of_logits = log_probabilities(logits, Reading("softmax")).numpy()
    # The same up to a number of each example.
    np.testing.assert_allclose(np.ptp(given - of_logits, axis=1), 0, atol=1e-5)
    one = np.array([[1.5], [-0.5]], np.float32)
    both = log_probabilities(one, Reading("sigmoid")).numpy()
    np.testing.assert_allclose(np.exp(both).sum(1), 1, rtol=1e-6)
    np.testing.assert_allclose(both[:, 1] - both[:, 0], one[:, 0], rtol=1e-5)
    np.testing.assert_allclose(log_probabilities(1 / (1 + np.exp(-one)), Reading(None)), both, rtol=1e-4)
    assert np.isfinite(log_probabilities(np.array([[0.0, 1.0]], np.float32), Reading(None))).all()


def test_the_divergence_is_hintons() -> None:
    from types import SimpleNamespace
    from typing import cast

    from bigmodel_cli.compressing.distillation import Distillation, Teaching

    settings = SimpleNamespace(temperature=3.0)
    distillation = Distillation(cast(Teaching, SimpleNamespace(settings=settings)), Reading("softmax"))
    rng = np.random.default_rng(0)
    theirs, ours = rng.normal(size=(2, 5, 4)).astype(np.float32) * 3
    p, q = (np.exp(x / 3) / np.exp(x / 3).sum(1, keepdims=True) for x in (theirs, ours))
    by_hand = 9 * (p * np.log(p / q)).sum(1)
    assert float(distillation.divergence(theirs, ours, None)) == pytest.approx(by_hand.mean(), rel=1e-5)
    weights = np.array([1, 0, 1, 1, 0], np.float32)
    weighted = float(distillation.divergence(theirs, ours, weights))
    assert weighted == pytest.approx((by_hand * weights).mean(), rel=1e-5)
    assert float(distillation.divergence(theirs, theirs, None)) == pytest.approx(0, abs=1e-6)


def test_losses_add_up_and_validation_is_plain(train: Callable[..., Any], teacher: Any, same: str) -> None:
    plain = train(same, *PLAIN, "training.epochs=1")
    trained = train(same, *PLAIN, "training.epochs=1", taught_by(teacher.run.path, ", weight: 0.5"))
    assert list(trained.metrics)[5:] == ["loss", "distill_loss", "accuracy", "val_loss", "val_accuracy"]
    assert trained.metrics["distill_loss"][0] > 0
    # Both count examples alike, and begin with the same weights; the teacher moves them elsewhere.
    assert trained.metrics["loss"][0] == pytest.approx(plain.metrics["loss"][0], rel=0.2)
    assert trained.metrics["val_loss"] != plain.metrics["val_loss"]
    record = trained.record["teacher"]
    assert record["run"] == str(teacher.run.path.resolve())
    assert f"teacher: {record['run']}" in trained.run.config.read_text()
    assert "<dt>taught by</dt>" in trained.run.report.read_text()
    # What is saved is plain, and has nothing of the teacher.
    assert trained.model().count_params() == plain.model().count_params()


def test_a_pupil_comes_near_its_teacher(prepare: Callable[..., Any], teacher: Any, same: str) -> None:
    prepared = prepare(same, *PLAIN, "training.epochs=12", taught_by(teacher.run.path, ", weight: 1"))
    rows = prepared.run()
    assert rows[-1]["distill_loss"] < 0.2 * rows[0]["distill_loss"]


@pytest.mark.parametrize(
    "words",
    [
        ("training.accumulate=2",),
        ("training.jit_compile=true",),
        (
            "model=[Flatten, {Dense: {units: num_classes}}]",
            "loss={CategoricalCrossentropy: {from_logits: true}}",
        ),
        ("training.precision=mixed_bfloat16",),
    ],
)
def test_whatever_computes_the_steps(
    prepare: Callable[..., Any], teacher: Any, same: str, words: tuple[str, ...]
) -> None:
    rows = prepare(same, *PLAIN, *words, taught_by(teacher.run.path)).run()
    assert rows[-1]["distill_loss"] < rows[0]["distill_loss"]


def test_parts_of_a_batch_are_the_batch(prepare: Callable[..., Any], teacher: Any, same: str) -> None:
    words = (same, *PLAIN, taught_by(teacher.run.path), "model.1={Dense: {units: 8, kernel_regularizer: L2}}")
    rows, others = (prepare(*words, f"training.accumulate={parts}").run() for parts in (1, 3))
    for row, other in zip(rows, others, strict=True):
        for name in ("loss", "distill_loss", "val_loss"):
            assert other[name] == pytest.approx(row[name], rel=1e-4)


def test_augmented_examples_are_shown_to_the_teacher(
    prepare: Callable[..., Any], teacher: Any, same: str
) -> None:
    """What it gives for what is behind preprocessing is what it gives for the raw example."""
    noise = "augmentation=[{GaussianNoise: {stddev: 0.9}}]"
    prepared = prepare(same, *PLAIN, noise, taught_by(teacher.run.path))
    distillation = prepared.loop.training.compression.distillation
    assert distillation.part is not None
    # Behind Rescaling: pixels from 0 to 1.
    features = np.random.default_rng(0).uniform(size=(4, 6, 6, 1)).astype(np.float32)
    behind = distillation.teaching.answers(distillation.part(features, None))
    whole = distillation.teaching.model(np.round(255 * features).astype(np.uint8))
    np.testing.assert_allclose(np.exp(behind), whole, atol=0.02)
    rows = prepared.run()
    assert rows[-1]["distill_loss"] > 0


COLUMNS = """\
data:
  source: {table: {path: t.csv, target: label}}
  batch_size: 16
preprocessing: {number: [Normalization], category: [StringLookup: {output_mode: one_hot}]}
model: [{Dense: {units: 8, activation: relu}}, {Dense: {units: num_classes, activation: softmax}}]
loss: CategoricalCrossentropy
optimizer: {Adam: {learning_rate: 0.02}}
training: {epochs: 2, device: cpu, precision: float32, jit_compile: false}
"""
NOISE = "augmentation={number: [{GaussianNoise: {stddev: 0.4}}]}"


@pytest.fixture(scope="module")
def of_columns(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table, its config, and a run of that, called `teacher`."""
    from bigmodel_cli.listener import Silent
    from bigmodel_cli.new_run import NewRun
    from bigmodel_cli.training.train import train as train_run

    folder = tmp_path_factory.mktemp("columns")
    rng = np.random.default_rng(0)
    numbers, words = rng.normal(5, 2, size=(160, 2)), rng.choice(["red", "green", "blue"], 160)
    labels = np.where(numbers[:, 0] + 2 * (words == "red") > numbers[:, 1], "yes", "no")
    rows = [
        f"{a:.3f},{b:.3f},{word},{label}" for (a, b), word, label in zip(numbers, words, labels, strict=True)
    ]
    (folder / "t.csv").write_text("\n".join(["a,b,colour,label", *rows]) + "\n")
    (folder / "c.yaml").write_text(COLUMNS)
    train_run(read_config(folder / "c.yaml"), NewRun(folder / "kept", "teacher"), [Silent()])
    return folder


def prepared_columns(folder: Path, *words: str) -> Any:
    from bigmodel_cli.inference.run_data import load_splits
    from bigmodel_cli.listener import Silent
    from bigmodel_cli.training.known_data import fit_to_data
    from bigmodel_cli.training.prepared import prepare as prepare_run

    # A name, not a folder: it is looked up where runs are kept.
    words = ("compress.distill.teacher=teacher", *words)
    config = read_config(folder / "c.yaml", words, runs_dir=folder / "kept")
    splits = load_splits(config.experiment, Silent(), offline=True)
    return prepare_run(fit_to_data(config, splits, lambda _: None), splits, Silent())


def test_columns_that_augmentation_changes_are_shown_to_the_teacher(of_columns: Path) -> None:
    made = prepared_columns(of_columns, NOISE, "seed=0")
    distillation = made.training.compression.distillation
    assert distillation.part.raw == ["a", "b", "colour"]
    feed = made.feeds["train"]
    rows, _ = feed.batch(feed.chunk(feed.rows(np.arange(64), 0, 1)), 0)
    plain = made.training._parts.front(rows, training=False)
    given = [
        distillation.part(features, rows)
        for features in (plain, made.training._parts.front(rows, training=True))
    ]
    whole = distillation.teaching.model(distillation.teaching.given(rows), training=False)
    # Without noise it is what the teacher says of the row, with it something near.
    np.testing.assert_allclose(given[0], whole, atol=1e-5)
    assert 1e-3 < np.abs(given[1] - whole).mean() < 0.3
    steps, loss = made.training.run(feed.chunk(feed.rows(np.arange(64), 0, 4)))
    assert steps == 4 and np.isfinite(loss)
    made.close()


def test_columns_that_the_teacher_prepares_in_another_way_are_refused(of_columns: Path) -> None:
    with pytest.raises(UsageError, match="the teacher has another preprocessing"):
        prepared_columns(of_columns, NOISE, "preprocessing.number=[{Rescaling: {scale: 0.1}}]")


def test_a_teacher_by_name_is_looked_for_where_runs_are_kept(of_columns: Path) -> None:
    loaded = read_config(
        of_columns / "c.yaml", ["compress.distill.teacher=teacher"], runs_dir=of_columns / "kept"
    )
    assert Path(loaded.experiment.compress.distill.teacher).parent == (of_columns / "kept/teacher").resolve()
    with pytest.raises(ConfigError, match=r"teacher: no such run .*one under .*/runs/"):
        read_config(of_columns / "c.yaml", ["compress.distill.teacher=teacher"])


def test_another_preprocessing_is_refused_with_augmentation(
    prepare: Callable[..., Any], teacher: Any, same: str
) -> None:
    words = ("augmentation=[{GaussianNoise: {stddev: 0.1}}]", "preprocessing=[{Rescaling: {scale: 1/127.5}}]")
    with pytest.raises(UsageError, match="the teacher has another preprocessing"):
        prepare(same, *PLAIN, *words, taught_by(teacher.run.path))


def test_a_teacher_of_others(train: Callable[..., Any], config: Callable[..., Any], teacher: Any) -> None:
    words = "data.source.synthetic.num_classes=4"
    with pytest.raises(ConfigError, match=r"compress\.distill\.teacher: .* has 3 classes, and the data 4"):
        config(words, taught_by(teacher.run.path))
    with pytest.raises(
        ConfigError, match="the teacher takes examples of 6 × 6 × 1 uint8, and these are 8 × 8"
    ):
        train("data.source.synthetic.shape=[8, 8, 1]", taught_by(teacher.run.path))


def test_no_run(config: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"compress\.distill\.teacher: nowhere: no such run"):
        config(taught_by(Path("nowhere")))


def test_a_teacher_that_has_changed(train: Callable[..., Any], teacher: Any, same: str) -> None:
    from bigmodel_cli.listener import Silent
    from bigmodel_cli.run_folder import update_record
    from bigmodel_cli.training.train import resume

    trained = train(same, *PLAIN, taught_by(teacher.run.path))
    update_record(trained.run, {"teacher": {**trained.record["teacher"], "sha256": "0" * 64}})
    with pytest.raises(DataError, match="not the teacher that the run began with"):
        resume(trained.run, ["training.epochs=3"], [Silent()])
