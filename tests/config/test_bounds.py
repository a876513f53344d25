"""Numbers that Keras's constructors take: learned by trying, checked without Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bigmodel_cli.config.bounds import Bounds
from bigmodel_cli.config.catalogue import Catalogue, load_catalogue
from bigmodel_cli.config.load import LoadedConfig

CONFIG = """\
data: {source: digits}
model: [Flatten, {Dense: {units: num_classes, activation: softmax}}]
loss: CategoricalCrossentropy
optimizer: Adam
"""


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.mark.parametrize(
    ("family", "owner", "name", "bounds"),
    [
        ("layers", "Dense", "units", Bounds(ge=1)),
        ("layers", "Dropout", "rate", Bounds(ge=0, le=1)),
        ("layers", "Conv2D", "filters", Bounds(ge=1)),
        ("layers", "Conv2D", "groups", Bounds(ge=1)),
        ("layers", "RandomZoom", "height_factor", Bounds(gt=-1, le=1)),
        ("layers", "GroupNormalization", "groups", Bounds(ge=-1, excludes=(0,))),
        ("optimizers", "Adam", "gradient_accumulation_steps", Bounds(ge=0, excludes=(1,))),
        ("optimizers", "Lion", "beta_1", Bounds(gt=0, le=1)),
        ("losses", "CategoricalGeneralizedCrossEntropy", "q", Bounds(gt=0, lt=1)),
        ("metrics", "AUC", "num_thresholds", Bounds(ge=2)),
        ("callbacks", "ReduceLROnPlateau", "factor", Bounds(lt=1)),
        # What other arguments decide, and what takes every number.
        ("layers", "Conv2DTranspose", "output_padding", None),
        ("layers", "STFTSpectrogram", "frame_length", None),
        ("layers", "StringLookup", "max_tokens", None),
        ("optimizers", "Adam", "learning_rate", None),
        ("layers", "LeakyReLU", "dtype", None),
    ],
)
def test_what_trying_has_shown(
    catalogue: Catalogue, family: str, owner: str, name: str, bounds: Bounds | None
) -> None:
    entry = catalogue.entry(family, owner)
    assert entry is not None
    assert entry.parameters[name].bounds == bounds


def test_defaults_are_inside(catalogue: Catalogue) -> None:
    learned = 0
    for family in catalogue.families:
        for entry in catalogue.entries(family):
            for item in entry.parameters.values():
                default = item.default
                if isinstance(default, int | float) and not isinstance(default, bool) and item.bounds:
                    assert item.bounds.admits(default), f"{entry.name}.{item.name}"
                    learned += 1
                if isinstance(default, list) and item.item_bounds:
                    assert all(item.item_bounds.admits(n) for n in default), f"{entry.name}.{item.name}"
    assert learned > 50


@pytest.mark.parametrize(
    ("bounds", "inside", "outside", "words"),
    [
        (Bounds(ge=1), (1, 7.5), (0, -3), "at least 1"),
        (Bounds(gt=0, le=1), (0.1, 1), (0, 1.1), "more than 0 and at most 1"),
        (Bounds(lt=1), (-5, 0.99), (1, 2), "less than 1"),
        (Bounds(ge=0, excludes=(1,)), (0, 2), (1, -1), "at least 0 and not 1"),
    ],
)
def test_bounds(bounds: Bounds, inside: tuple[float, ...], outside: tuple[float, ...], words: str) -> None:
    assert all(bounds.admits(number) for number in inside)
    assert not any(bounds.admits(number) for number in outside)
    assert bounds.describe() == words


@pytest.mark.parametrize(
    ("override", "at"),
    [
        ("optimizer={Adam: {learning_rate: 1}}", "learning_rate"),
        ("optimizer={SGD: {learning_rate: 1e-2, momentum: 0}}", "momentum"),
        ("optimizer={LossScaleOptimizer: {inner_optimizer: {Lion: {learning_rate: 2}}}}", "inner_optimizer"),
        ("loss={CategoricalGeneralizedCrossEntropy: {q: 1/2}}", "q"),
        ("metrics=[{FBetaScore: {beta: 2}}]", "beta"),
    ],
)
def test_a_whole_number_becomes_a_float_where_keras_wants_one(
    load: Callable[..., LoadedConfig], override: str, at: str
) -> None:
    experiment = load(CONFIG, override).experiment
    section: Any = getattr(experiment, override.partition("=")[0])
    component = section[0] if isinstance(section, list) else section
    if at == "inner_optimizer":
        component, at = component.arguments[at], "learning_rate"
    assert type(component.arguments[at]) is float


def test_a_whole_rate_of_a_schedule_becomes_a_float(load: Callable[..., LoadedConfig]) -> None:
    # Keras counts with whole numbers where the rate is one, and the schedule is 0 from its first step on.
    config = "optimizer={SGD: {learning_rate: {CosineDecay: {initial_learning_rate: 1, decay_steps: 10}}}}"
    rate = load(CONFIG, config).experiment.optimizer.arguments["learning_rate"]
    assert type(rate.arguments["initial_learning_rate"]) is float
    assert type(rate.arguments["decay_steps"]) is int
