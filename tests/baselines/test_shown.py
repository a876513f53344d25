"""Baselines of several targets, in words and on a run's page, beside what its model scores."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bigmodel_cli.cli.baselines import show_baselines
from bigmodel_cli.errors import DataError
from bigmodel_cli.inference.opened import OpenRun
from bigmodel_cli.inference.run_data import check_data
from bigmodel_cli.kinds.number.kind import NumberKind
from bigmodel_cli.listener import Silent
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.reporting.of_targets import of_targets
from bigmodel_cli.reporting.report.baselines import baselines_content
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.sources.stores import ArrayStore
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.regression.task import Regression

TARGETS = {"kind": Classification(("a", "b")), "price": Regression()}


def part(**numbers: float) -> dict[str, object]:
    return {"metrics": numbers, "scores": {}, "intervals": {"accuracy": {"low": 0.25, "high": 0.75}}}


def model(name: str, target: str, **numbers: float) -> dict[str, object]:
    shown = ["accuracy"] if target == "kind" else ["mean_absolute_error"]
    return {
        "name": name,
        "target": target,
        "shown": shown,
        "trained_on": 1234,
        "seconds": 2.0,
        "test": part(**numbers),
    }


FOUND = {
    "splits": {"test": {"examples": 50}},
    "models": [
        model("most_frequent_class", "kind", accuracy=0.5),
        model("logistic_regression", "kind", accuracy=0.6),
        model("mean", "price", mean_absolute_error=9.0),
        model("ridge", "price", mean_absolute_error=3.0),
    ],
    "notes": ["ridge learns from less"],
}
EVALUATION = {
    "split": "test",
    "checkpoint": "best",
    "examples": 50,
    "metrics": {"loss": 1.0, "kind_accuracy": 0.7, "price_mean_absolute_error": 4.0},
    "targets": {"kind": part(accuracy=0.7), "price": part(mean_absolute_error=4.0)},
}


def contents(evaluation, targets):
    return baselines_content(
        FOUND, of_targets(RunFolder(Path("x")), evaluation, {"kind": {}, "price": {}}, targets)
    )


def test_each_target_has_its_own_part_of_the_page():
    kind, price = contents(EVALUATION, TARGETS)
    assert (kind["target"], price["target"]) == ("kind", "price")
    assert [row["name"] for row in kind["rows"]] == ["this run", "most frequent class", "logistic regression"]
    assert [row["name"] for row in price["rows"]] == ["this run", "mean", "ridge"]
    assert kind["rows"][0]["cells"] == [{"value": "70.00%", "interval": "25.00% to 75.00%"}]
    assert kind["verdict"] == {
        "kind": "good",
        "text": "This run is better than the best of them, logistic regression: accuracy 70.00%, and 60.00% "
        "there.",
    }
    # Of an error, less is better.
    assert price["verdict"]["kind"] == "bad"
    assert price["verdict"]["text"].startswith("This run is worse than the best of them, ridge: ")
    assert price["notes"] == ["ridge learns from less"]


@pytest.mark.parametrize(("own", "words"), [(0.6, "as good as"), (0.5, "worse than"), (0.61, "better than")])
def test_the_only_target(own, words):
    evaluation = {"split": "test", "checkpoint": "best", "examples": 50, **part(accuracy=own)}
    found = {**FOUND, "models": FOUND["models"][:2]}
    told = of_targets(RunFolder(Path("x")), evaluation, {}, {"kind": TARGETS["kind"]})
    (content,) = baselines_content(found, told)
    assert content["target"] == "" and words in content["verdict"]["text"]


def test_no_part_where_another_split_was_evaluated():
    assert contents({**EVALUATION, "split": "validation"}, TARGETS) == []
    assert baselines_content(None, []) == []


def test_in_words(capsys):
    show_baselines(FOUND, {"test": EVALUATION})
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()]
    heads = [" ".join(line) for line in lines if "examples)" in line]
    assert heads == [
        "kind, test (50 examples) accuracy learned from time",
        "price, test (50 examples) mean_absolute_error learned from time",
    ]
    assert [line[2] for line in lines if line[:2] == ["this", "run"]] == ["0.7000", "4.0000"]
    assert ["ridge", "3.0000", "1,234", "2.0", "s"] in lines


def test_data_are_compared_with_those_of_a_run_target_by_target():
    trained = Signature({"x": NumberKind()}, TARGETS)
    examples = Examples(
        {"x": ArrayStore(np.zeros(3, np.float32), "t")}, {"kind": np.zeros(3, int), "price": np.zeros(3)}
    )
    splits = Splits({"test": examples}, {"test": "its own"}, trained)
    record = {"data": {"splits": {"test": {"sha256": examples.fingerprint()}}}}
    opened = OpenRun(RunFolder(Path("x")), record, trained)
    check_data(opened, splits, "test", Silent())
    other = replace(
        splits, signature=replace(trained, targets={**TARGETS, "kind": Classification(("a", "c"))})
    )
    with pytest.raises(DataError, match=r"^kind: the data has the classes a, c; .* with a, b"):
        check_data(opened, other, "test", Silent())
