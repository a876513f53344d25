"""Between which values scores can be."""

from __future__ import annotations

import math

import pytest

from bigmodel_cli.config.score_ranges import ranges_of
from bigmodel_cli.modeling.language import read_config

CONFIG = """\
name: small
data: {source: {synthetic: {shape: [6], num_classes: 3, num_examples: 90}}}
model: [Dense: {units: num_classes, activation: softmax}]
loss: SparseCategoricalCrossentropy
optimizer: Adam
metrics:
  - accuracy
  - R2Score: {name: fit}
  - CosineSimilarity
  - F1Score: {average: macro}
training: {epochs: 1}
"""
ANY, SHARE, NOT_NEGATIVE = (-math.inf, math.inf), (0.0, 1.0), (0.0, math.inf)
EXPECTED = {
    "loss": NOT_NEGATIVE,
    "accuracy": SHARE,
    # Whatever a metric is called, its class tells.
    "fit": (-math.inf, 1.0),
    "cosine_similarity": (-1.0, 1.0),
    "f1_score": SHARE,
    "log_loss": NOT_NEGATIVE,
    "brier_score": (0.0, 2.0),
    "roc_auc": SHARE,
    "macro.f1": SHARE,
    "per_class.recall.a.b": SHARE,
    "r2": (-math.inf, 1.0),
    "mean_absolute_error": NOT_NEGATIVE,
    "by.sex.Female.accuracy": SHARE,
    "by.sex.Female.macro.f1": SHARE,
    "by.sex.recall.gap": SHARE,
    "by.sex.mean_absolute_error.gap": NOT_NEGATIVE,
    "by.age.mean_error.min": ANY,
    "by.age.mean_error.ratio": SHARE,
    "by.sex.equalized_odds_difference": SHARE,
    "by.sex.selection_rate.max": SHARE,
    "of_somebody_else": ANY,
}


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    path = tmp_path_factory.mktemp("ranges") / "small.yaml"
    path.write_text(CONFIG)
    return read_config(path).experiment


def test_by_the_class_of_a_metric_and_by_what_is_measured(experiment):
    assert ranges_of(experiment, EXPECTED) == EXPECTED


def test_a_loss_that_can_be_negative(experiment):
    path = experiment.model_copy(
        update={"loss": experiment.loss.__class__("Poisson", "losses", experiment.loss.place, (), {})}
    )
    assert ranges_of(path, ["loss"]) == {"loss": ANY}
