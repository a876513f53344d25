"""`learning_rate: auto`, before anything is measured."""

from __future__ import annotations

import pytest

from bigmodel_cli.config.auto_rate import falls, rates_to_find, with_constant_rate, with_rate, word_for
from bigmodel_cli.config.dump import plain
from bigmodel_cli.errors import ConfigError
from bigmodel_cli.modeling.language import read_config

CONFIG = """
data: {source: digits}
model: [Flatten, {Dense: {units: num_classes, activation: softmax}}]
loss: CategoricalCrossentropy
training: {epochs: 3}
optimizer: """
WARM = "warmup_target: auto, warmup_steps: 10"


@pytest.fixture
def read(tmp_path):
    def call(optimizer, *words):
        path = tmp_path / "c.yaml"
        path.write_text(CONFIG + optimizer + "\n")
        return read_config(path, words).experiment

    return call


@pytest.mark.parametrize(
    ("optimizer", "word", "is_falling"),
    [
        ("{Adam: {learning_rate: auto}}", "optimizer.Adam.learning_rate", False),
        ("{sgd: {learning_rate: auto, momentum: 0.9}}", "optimizer.sgd.learning_rate", False),
        (
            "{Adam: {learning_rate: {CosineDecay: {initial_learning_rate: auto}}}}",
            "optimizer.Adam.learning_rate.CosineDecay.initial_learning_rate",
            True,
        ),
        (
            f"{{Adam: {{learning_rate: {{CosineDecay: {{initial_learning_rate: 0.0, {WARM}}}}}}}}}",
            "optimizer.Adam.learning_rate.CosineDecay.warmup_target",
            True,
        ),
        (
            "{LossScaleOptimizer: {inner_optimizer: {Adam: {learning_rate: auto}}}}",
            "optimizer.LossScaleOptimizer.inner_optimizer.Adam.learning_rate",
            False,
        ),
    ],
)
def test_where_it_may_stand(read, optimizer, word, is_falling):
    experiment = read(optimizer)
    assert len(rates_to_find(experiment.optimizer)) == 1
    assert falls(experiment) == is_falling
    found = with_rate(experiment.optimizer, 0.25)
    assert not rates_to_find(found)
    assert word_for(experiment.optimizer, 0.25) == f"{word}=0.25"
    # What the line says gives the same.
    assert plain(read(optimizer, f"{word}=0.25").optimizer) == plain(found)
    constant = with_constant_rate(experiment.optimizer, 0.5)
    assert "Decay" not in str(plain(constant)) and "'learning_rate': 0.5" in str(plain(constant))


def test_of_an_optimizer_without_arguments(read):
    experiment = read("Adam")
    assert word_for(experiment.optimizer, 0.002) == "optimizer.Adam.learning_rate=0.002"
    assert read("Adam", "optimizer.Adam.learning_rate=0.002").optimizer.arguments == {"learning_rate": 0.002}


def test_a_callback_that_lowers_the_rate(read):
    assert falls(
        read("{Adam: {learning_rate: auto}}", "training.callbacks=[{ReduceLROnPlateau: {patience: 1}}]")
    )


@pytest.mark.parametrize(
    ("optimizer", "says"),
    [
        (
            f"{{Adam: {{learning_rate: {{CosineDecay: {{initial_learning_rate: auto, {WARM}}}}}}}}}",
            "c.yaml:6:94: optimizer.Adam.learning_rate.CosineDecay.warmup_target: auto finds one rate, and "
            "stands at optimizer.Adam.learning_rate.CosineDecay.initial_learning_rate already",
        ),
        (
            "{Adam: {learning_rate: {CosineDecay: {initial_learning_rate: auto, warmup_target: 1e-2, "
            "warmup_steps: 9}}}}",
            "auto finds the highest rate, and the warm-up goes from here up to warmup_target",
        ),
        ("{Adam: {beta_1: auto}}", "expected a number, found the text 'auto'"),
        (
            "{Adam: {learning_rate: automatic}}",
            "expected a number or a learning-rate schedule or auto, found",
        ),
        (
            "{Adam: {learning_rate: {PiecewiseConstantDecay: {boundaries: [3], values: [auto, 1e-3]}}}}",
            "c.yaml:6:87: optimizer.Adam.learning_rate.PiecewiseConstantDecay.values.0: auto finds one "
            "rate, and here is a list of them",
        ),
        (
            "{MultiOptimizer: {optimizer_map: {OptimizerMap: {default_optimizer: "
            "{Adam: {learning_rate: auto}}}}}}",
            "auto finds the rate of one optimizer, and MultiOptimizer has several",
        ),
    ],
)
def test_where_it_may_not(read, optimizer, says):
    with pytest.raises(ConfigError) as caught:
        read(optimizer)
    assert says in " ".join(str(caught.value).split())
