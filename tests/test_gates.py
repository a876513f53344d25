"""Quality gates."""

from __future__ import annotations

import math

import pytest

from bigmodel_cli.errors import GateError, UsageError
from bigmodel_cli.gates import check_gates, parse_fail_under, require_floors, require_gates, require_known


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
    (result,) = check_gates({"accuracy": text}, {"accuracy": value}, "test")
    assert (result.met, result.expected, result.metric) == (met, text, "accuracy")


def test_all_that_were_missed_are_named():
    results = check_gates({"a": ">= 1", "b": "< 1", "c": ">= 0"}, {"a": 0.25, "b": 3, "c": 1}, "test")
    with pytest.raises(GateError) as caught:
        require_gates(results)
    assert caught.value.message == "quality gate missed: a is 0.25, expected >= 1; b is 3, expected < 1"
    assert caught.value.exit_code == 4
    require_gates([result for result in results if result.met])


@pytest.mark.parametrize(
    ("metric", "split", "why"),
    [
        ("test_accuracy", "validation", "the evaluation is of the validation split"),
        ("validation_loss", "test", "the evaluation is of the test split"),
        ("train_per_class.recall.min", "test", "the evaluation is of the test split"),
        (
            "zzz",
            "test",
            "the evaluation of the test split has no such number; metrics: test_loss, test_r2",
        ),
        ("test_los", "test", "the evaluation of the test split has no such number; did you mean test_loss?"),
    ],
)
def test_what_was_not_measured_is_missed(metric, split, why):
    results = check_gates({"test_loss": "< 2", metric: ">= 0.9"}, {"test_loss": 1.0, "test_r2": 0.5}, split)
    assert results[0].met and results[0].reason is None
    assert results[1].as_json() == {
        "metric": metric,
        "expected": ">= 0.9",
        "value": None,
        "met": False,
        "reason": f"not measured: {why}",
    }
    with pytest.raises(GateError) as caught:
        require_gates(results)
    assert caught.value.message == f"quality gate missed: {metric} was not measured: {why} (expected >= 0.9)"


NAMES = ["loss", "accuracy", "auc"]


@pytest.mark.parametrize(
    ("metric", "split"),
    [
        ("accuracy", "test"),
        ("test_accuracy", "test"),
        ("test_accuracy", None),
        ("validation_auc", "validation"),
        ("macro.f1", "test"),
        ("test_macro.f1", "test"),
        ("per_class.recall.cat", "test"),
        ("per_class.recall.min", "test"),
    ],
)
def test_floors_that_can_be_compared(metric, split):
    require_known({metric: ">= 0.9"}, NAMES, split, {"label": ("cat", "dog")})


@pytest.mark.parametrize(
    ("metric", "split", "classes", "message", "hint"),
    [
        ("acuracy", "test", ("cat",), "there is no metric 'acuracy' to compare", "did you mean accuracy?"),
        ("r2", None, ("cat",), "there is no metric 'r2' to compare", "metrics: loss, accuracy, auc"),
        (
            "test_acuracy",
            "test",
            (),
            "there is no metric 'test_acuracy' to compare",
            "did you mean accuracy?",
        ),
        ("macro.f1", "test", (), "there is no metric 'macro.f1' to compare", "metrics: loss, accuracy, auc"),
        (
            "per_class.recall.owl",
            "test",
            ("cat",),
            "--fail-under per_class.recall.owl: the run has no class 'owl'",
            "its classes: cat",
        ),
        (
            "test_per_class.recal.min",
            "test",
            ("cat",),
            "there is no metric 'test_per_class.recal.min' to compare",
            "did you mean per_class.recall.min?",
        ),
        (
            "test_accuracy",
            "validation",
            (),
            "--fail-under test_accuracy: the evaluation is of the validation split",
            "write accuracy, or evaluate that split: --split test",
        ),
    ],
)
def test_floors_of_nothing(metric, split, classes, message, hint):
    with pytest.raises(UsageError) as caught:
        require_known({metric: ">= 0.9"}, NAMES, split, {"label": classes})
    assert (caught.value.message, caught.value.hint) == (message, hint)


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("accuracy>=0.9", "write accuracy=0.9: it fails where accuracy is lower"),
        ("macro.f1 > 90%", "write macro.f1=90%: it fails where macro.f1 is lower"),
        ("test_loss<=0.1", 'other comparisons stand in the config: expect: {test_loss: "<= 0.1"}'),
        ("accuracy==1", 'other comparisons stand in the config: expect: {test_accuracy: "== 1"}'),
    ],
)
def test_a_floor_written_as_a_gate(word, hint):
    with pytest.raises(UsageError) as caught:
        parse_fail_under([word])
    assert caught.value.message.endswith("expected METRIC=VALUE, for instance accuracy=0.99 or accuracy=99%")
    assert caught.value.hint == hint


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
