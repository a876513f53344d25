"""What does not learn is computed once, and what is trained is the same as without that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bigmodel_cli.metrics_file import TIME_COLUMNS
from bigmodel_cli.signature import INPUT

pytestmark = pytest.mark.tf

MODEL = (
    "model=[{Conv2D: {filters: 4, kernel_size: 3, trainable: false}}, "
    "{BatchNormalization: {trainable: false}}, ReLU, GlobalAveragePooling2D, "
    "{Dropout: {rate: 0.3}}, {Dense: {units: num_classes, activation: softmax}}]"
)
EXACT = ("training.precision=float32", "training.jit_compile=false")
CASES = {
    "plain": (),
    "the last batch is smaller": ("data.batch_size=13",),
    "on disk": ("data.cache=disk",),
    "parts": ("training.accumulate=3",),
    "classes weighted and repeated": ("data.class_weights=balanced", "data.oversample=balanced"),
    "preprocessing that learns": ("preprocessing=[Normalization]",),
    "averages of weights": ("optimizer={Adam: {use_ema: true}}",),
    "no validation": ("data.validation=0", "data.test=0"),
}


def measured(prepared: Any) -> list[dict[str, float]]:
    return [{k: v for k, v in row.items() if k not in TIME_COLUMNS} for row in prepared.run()]


def input_of(prepared: Any) -> Any:
    """What the training feed yields, as it is for one example, and whether it is read."""
    feed = prepared.loop.training.feed
    return feed.examples.store.shape, feed.reader is not None


@pytest.mark.parametrize("case", CASES)
def test_what_is_trained_is_the_same(prepare: Callable[..., Any], case: str) -> None:
    words = (*EXACT, MODEL, *CASES[case])
    kept = prepare(*words)
    assert input_of(kept) == ((4,), case == "on disk")
    rows = measured(kept)
    plain = prepare(*words, "data.cache=none")
    assert input_of(plain) == ((6, 6, 1), False)
    expected = measured(plain)
    assert len(rows) == 3
    for row, other in zip(rows, expected, strict=True):
        assert row == pytest.approx(other, rel=1e-4, abs=1e-6)
    for one, other in zip(kept.built.model.get_weights(), plain.built.model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


RESIZED = (
    "preprocessing=[{Resizing: {height: 9, width: 9}}, {Rescaling: {scale: 1/255}}]",
    "model=[{Conv2D: {filters: 4, kernel_size: 3, activation: relu}}, Flatten, "
    "{Dropout: {rate: 0.3}}, {Dense: {units: num_classes, activation: softmax}}]",
    "training.deterministic=true",
)


@pytest.mark.usefixtures("deterministic")
@pytest.mark.parametrize(
    "words",
    [
        (),
        ("augmentation=[{RandomTranslation: {height_factor: 0.2, width_factor: 0.2}}]",),
        ("data.batch_size=13", "preprocessing.0.Resizing.interpolation=bicubic"),
    ],
)
def test_preprocessing_is_computed_once_and_no_digit_changes(
    prepare: Callable[..., Any], words: tuple[str, ...]
) -> None:
    kept = prepare(*RESIZED, *words)
    assert input_of(kept) == ((9, 9, 1), False)
    plain = prepare(*RESIZED, *words, "data.cache=none")
    assert input_of(plain) == ((6, 6, 1), False)
    assert measured(kept) == measured(plain)
    for one, other in zip(kept.built.model.get_weights(), plain.built.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "words",
    [
        ("data.cache=disk",),
        ("training.epochs=1",),
        # Computed as quickly as read.
        ("preprocessing=[{Rescaling: {scale: 1/255}}]",),
        # Draws random numbers.
        ("preprocessing.1={RandomContrast: {factor: 0.2}}", "augmentation=[MixUp]"),
    ],
)
def test_where_preprocessing_is_not_kept(prepare: Callable[..., Any], words: tuple[str, ...]) -> None:
    assert input_of(prepare(*RESIZED[:2], *EXACT, *words)) == ((6, 6, 1), False)


@pytest.mark.parametrize("cache", ["memory", "disk"])
def test_half_precision(prepare: Callable[..., Any], cache: str) -> None:
    words = (MODEL, "training.precision=mixed_bfloat16", "training.jit_compile=false")
    kept = prepare(*words, f"data.cache={cache}")
    chunk = kept.loop.training.feed.chunk(np.array([[0, 1]]))
    assert chunk["read" if cache == "disk" else "held"][INPUT].dtype.name == "bfloat16"
    for row, other in zip(measured(kept), measured(prepare(*words, "data.cache=none")), strict=True):
        assert row == pytest.approx(other, rel=0.02)


@pytest.mark.usefixtures("deterministic")
def test_it_repeats_to_the_last_digit(prepare: Callable[..., Any]) -> None:
    words = (MODEL, "training.deterministic=true")
    first = measured(prepare(*words, "data.cache=memory"))
    assert first == measured(prepare(*words, "data.cache=memory"))
    # What is read back from a file is what was computed.
    assert first == measured(prepare(*words, "data.cache=disk"))
    assert first == measured(prepare(*words, "data.cache=disk"))


@pytest.mark.parametrize(
    "words",
    [
        ("augmentation=[{RandomTranslation: {height_factor: 0.2, width_factor: 0.2}}]",),
        ("augmentation=[MixUp]",),
        ("training.epochs=1",),
        ("data.cache=none",),
        ("model.0.Conv2D.trainable=true",),
    ],
)
def test_where_nothing_is_kept(prepare: Callable[..., Any], words: tuple[str, ...]) -> None:
    assert input_of(prepare(MODEL, *EXACT, *words)) == ((6, 6, 1), False)


class Said:
    """A listener that remembers what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, message: str) -> None:
        self.lines.append(message)

    warn = say

    def download(self, label: str, done: int, total: int | None) -> None:
        pass


@pytest.fixture
def said(config: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """What is said of a config before it trains, where it begins with `frozen:`."""
    from bigmodel_cli.inference.run_data import load_splits
    from bigmodel_cli.listener import Silent
    from bigmodel_cli.training import frozen_cost
    from bigmodel_cli.training.prepared import prepare

    monkeypatch.setattr(frozen_cost, "_MIN_SECONDS", 0.0)

    def call(*words: str) -> list[str]:
        experiment, listener = config(*EXACT, *words).experiment, Said()
        prepare(experiment, load_splits(experiment, Silent(), offline=True), listener).close()
        return [line for line in listener.lines if line.startswith(("frozen:", "model:"))]

    return call


def test_what_is_frozen_is_said(said: Callable[..., list[str]]) -> None:
    model, kept = said(MODEL)
    # 40 of the convolution, and the 16 of the batch norm that does not learn either.
    assert model == "model: 71 parameters, 56 of them frozen"
    assert kept == (
        "frozen: what the frozen layers give for an example is computed once, and kept in memory "
        "(less than 1 MB)"
    )
    assert said() == ["model: 323 parameters"]
    moving = said("model.0=Flatten", "model.1=BatchNormalization")
    assert len(moving) == 1 and "frozen" not in moving[0]


def test_what_augmentation_costs_is_said(said: Callable[..., list[str]]) -> None:
    _, cost = said(MODEL, "augmentation=[RandomFlip]")
    assert cost.startswith(
        "frozen: augmentation stands before the frozen layers, so each epoch computes them anew"
    )
    assert "without augmentation they are computed once, which saves " in cost


def test_what_stands_in_the_way_is_said(said: Callable[..., list[str]]) -> None:
    _, kept, why = said(
        MODEL,
        "model.1.BatchNormalization.trainable=true",
        "model.2={Conv2D: {filters: 4, kernel_size: 1, trainable: false}}",
    )
    assert "computed once" in kept
    assert why == (
        "frozen: 20 parameters are computed anew in each epoch: "
        "batch_normalization (BatchNormalization) learns and stands before them"
    )
    _, why = said(MODEL, "model.2={GaussianNoise: {stddev: 0.1}}", "model.0=ReLU")
    assert why.startswith("frozen: what the frozen layers give")
    _, why = said(MODEL, "model.0={GaussianNoise: {stddev: 0.1}}")
    assert why.startswith(
        "frozen: 4 parameters are computed anew in each epoch: gaussian_noise (GaussianNoise) is"
    )


def test_a_run_that_goes_on_needs_no_file_of_weights_any_more(
    train: Callable[..., Any], tmp_path: Any
) -> None:
    import keras

    from bigmodel_cli.listener import Silent
    from bigmodel_cli.training.train import resume

    size = {"include_top": False, "alpha": 0.25, "input_shape": (32, 32, 1)}
    path = tmp_path / "own.weights.h5"
    keras.applications.MobileNet(weights=None, **size).save_weights(path)
    application = f"{{MobileNet: {{weights: {path}, include_top: false, alpha: 0.25, trainable: false}}}}"
    head = "GlobalAveragePooling2D, {Dense: {units: num_classes, activation: softmax}}"
    words = (f"model=[{application}, {head}]", "data.source.synthetic.shape=[32, 32, 1]")
    run = train(*words, *EXACT, "training.epochs=1").run
    config = run.config.read_text()
    path.unlink()
    resume(run, ["training.epochs=2"], [Silent()])
    assert run.config.read_text() == config.replace("epochs: 1", "epochs: 2").replace(
        "cache: none", "cache: none"
    )
    assert run.read_record()["epochs"] == 2
