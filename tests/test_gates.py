"""Quality gates."""

from __future__ import annotations

import math

import pytest

from bigmodel_cli.errors import GateError, UsageError
from bigmodel_cli.gates import check_gates, parse_fail_under, require_floors, require_gates


@pytest.mark.parametrize(
    ("text", "value", "met"),
    [
        (">= 0.5", 0.5, True),
        (">= 0.5", 0.49, False),
        ("> 0.5", 0.5, False),
        ("<= 0.5", 0.5, True),
        ("< 0.5", 0.5, False),
        ("== 0.5", 0.5, True),
        (">= 50%", 0.5, True),
        (">=1e-3", 0.001, True),
        (">= -1", -0.5, True),
        (">= 0", math.nan, False),
        ("<= 0", math.nan, False),
    ],
)
def test_one_gate(text, value, met):
    (result,) = check_gates({"accuracy": text}, {"accuracy": value})
    assert (result.met, result.expected, result.metric) == (met, text, "accuracy")


def test_all_that_were_missed_are_named():
    results = check_gates({"a": ">= 1", "b": "< 1", "c": ">= 0"}, {"a": 0.25, "b": 3, "c": 1})
    with pytest.raises(GateError) as caught:
        require_gates(results)
    assert caught.value.message == "quality gate missed: a is 0.25, expected >= 1; b is 3, expected < 1"
    assert caught.value.exit_code == 4
    require_gates([result for result in results if result.met])


def test_a_metric_that_is_not_there():
    assert check_gates({"auc": ">= 1"}, {"loss": 1.0}) == []
    with pytest.raises(UsageError, match="there is no metric 'auc' to compare") as caught:
        check_gates({"auc": ">= 1"}, {"loss": 1.0, "accuracy": 1.0}, require_all=True)
    assert caught.value.hint == "metrics: loss, accuracy"


def test_floors():
    assert parse_fail_under(["accuracy=0.99", "f1_score=50%"]) == {
        "accuracy": ">= 0.99",
        "f1_score": ">= 50%",
    }


@pytest.mark.parametrize(
    "word", ["accuracy", "accuracy=", "=0.5", "accuracy=high", "accuracy=inf", "a=0.5=0.6"]
)
def test_malformed_floors(word):
    with pytest.raises(UsageError) as caught:
        parse_fail_under([word])
    assert caught.value.message.startswith(f"--fail-under {word}: expected METRIC=VALUE")


@pytest.mark.parametrize(
    ("metric", "directions"),
    [
        ("terror_accuracy", {}),
        ("terror", {"terror": "max"}),
        ("loss_of_precision", {"loss_of_precision": "max"}),
        ("per_class.recall.loss", {}),
        ("macro.f1", {}),
        ("r2", {}),
        ("test_cosine_similarity", {}),
    ],
)
def test_floors_of_what_is_better_when_larger(metric, directions):
    require_floors({metric: ">= 0.9"}, directions)


@pytest.mark.parametrize(
    ("metric", "directions"),
    [
        ("loss", {}),
        ("vaccine_loss", {}),
        ("f1_time_mae", {}),
        ("precise", {"precise": "min"}),
        ("brier_score", {}),
        ("false_negatives", {}),
        ("max_error", {}),
    ],
)
def test_a_floor_under_what_is_better_when_smaller(metric, directions):
    with pytest.raises(UsageError, match=f"--fail-under {metric}=0.9: of {metric}, less is better") as caught:
        require_floors({metric: ">= 0.9"}, directions)
    assert caught.value.hint == f'write it in the config: expect: {{test_{metric}: "<= 0.9"}}'
