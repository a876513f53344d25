"""Several targets, of which rows lack some, by whole groups, dealt twice."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from crossvals import crossval, write_config

from bigmodel_cli.crossvalidation.crossval import How
from bigmodel_cli.crossvalidation.predictions import out_of_fold
from bigmodel_cli.errors import ConfigError, DataError, UsageError

FROZEN = Path(__file__).resolve().parents[1] / "frozen"

pytestmark = [pytest.mark.tf, pytest.mark.slow]


CONFIG = """\
name: small
data:
  source:
    table:
      path: {path}
      target: [kind, size]
      missing_target: mask
  split_by: {{group: owner}}
  batch_size: 32
preprocessing: {{number: [Normalization]}}
model:
  - Dense: {{inputs: numbers, units: 8, activation: relu, name: trunk}}
  - Dense: {{inputs: trunk, name: kind, units: kind.num_classes, activation: softmax}}
  - Dense: {{inputs: trunk, name: size, units: 1}}
loss: {{kind: SparseCategoricalCrossentropy, size: MeanSquaredError}}
optimizer: Adam
training: {{epochs: 1, deterministic: true}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    with (tmp_path / "things.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["a", "b", "owner", "kind", "size"])
        for row in range(120):
            a, b = random.normal(size=2).round(4).tolist()
            kind = "" if row % 10 == 3 else "big" if a + b > 0 else "small"
            writer.writerow([a, b, f"p{random.integers(12)}", kind, round(a - b, 4)])
    return write_config(tmp_path, CONFIG.format(path=tmp_path / "things.csv"))


def test_several_targets_by_group_and_twice(config: Path, tmp_path: Path) -> None:
    how = How(by=("owner",))
    results, notes = crossval(config, tmp_path / "out", folds=2, repeats=2, how=how)
    assert notes.lines[1::2] == ["ended 1-1", "ended 1-2", "ended 2-1", "ended 2-2"]
    plan, document = results.plan, results.document
    owners = plan.examples.beside["owner"].array
    assert owners is not None
    for dealt in plan.dealt.values():
        for owner in np.unique(owners):
            assert len(np.unique(dealt[owners == owner])) == 1
    assert (plan.dealt[1] != plan.dealt[2]).any()
    found = out_of_fold(tmp_path / "out")
    assert found["kind"].places.tolist() == [row for row in range(120) if row % 10 != 3]
    assert found["size"].places.tolist() == list(range(120))
    assert found["kind"].task.label_names == ("big", "small")
    assert found["size"].labels == pytest.approx(plan.examples.targets["size"])
    # What the model said in both repeats, on average.
    rows = list(zip(results.cells["place"], results.cells["size_prediction"], strict=True))
    first = [float(value) for place, value in rows if place == "0"]
    assert len(first) == 2
    assert float(found["size"].values[0].item()) == pytest.approx(np.mean(first), abs=1e-6)
    assert document["examples"] == 120
    parts = document["targets"]
    assert parts["kind"]["examples"] == 108
    assert len(parts["kind"]["by"]["owner"]["groups"]) > 1
    assert parts["size"]["metrics"]["mean_absolute_error"] == document["metrics"]["size_mean_absolute_error"]
    assert len(results.folds) == 4
    assert results.over_folds["kind_accuracy"].low is not None
    page = (tmp_path / "out" / "crossval.html").read_text()
    for text in (
        "2, repeat 1",
        "1, repeat 2",
        "mean of 2 repeats",
        "kind: Confusion matrix (repeat 1)",
        "The numbers above and the scores are means over all 2 repeats",
    ):
        assert text in page
    # Each repeat's own, and what all have come to together.
    of_folds = [fold.evaluation for fold in results.folds]
    of_repeats = []
    for repeat in (1, 2):
        own = [one for one, fold in zip(of_folds, results.folds, strict=True) if fold.repeat == repeat]
        right = sum(
            one["targets"]["kind"]["metrics"]["accuracy"] * one["targets"]["kind"]["examples"] for one in own
        )
        of_repeats.append(right / 108)
    over = results.as_json()["over_repeats"]
    assert document["metrics"]["kind_accuracy"] == pytest.approx(of_repeats[0])
    assert over["metrics"]["kind_accuracy"] == pytest.approx(np.mean(of_repeats))
    assert over["intervals"]["kind_accuracy"]["low"] < np.mean(of_repeats)
    for score, one in results.over_folds.items():
        if score.endswith("accuracy"):
            assert one.high <= 1.0


def test_what_has_no_sense_is_refused_before_anything_is_trained(config: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"things\.csv: no column nobody; its columns: a, b, owner"):
        crossval(config, tmp_path / "out", folds=2, how=How(by=("nobody",)))
    with pytest.raises(UsageError, match="--repeats 2: folds by time are the same in each repeat"):
        crossval(config, tmp_path / "out", "data.split_by={time: a}", folds=2, repeats=2)
    with pytest.raises(
        ConfigError, match=r"command line: .*: model\.1\.Dense\.units: num_classes is not known"
    ):
        crossval(config, tmp_path / "out", "model.1.Dense.units=num_classes", folds=2)
    # Users and items have other numbers in each fold, whose training rows they are counted from.
    with pytest.raises(UsageError, match="items are found among those of a run's own training rows"):
        crossval(FROZEN / "configs" / "visits.yaml", tmp_path / "out", "data.test=0", folds=2)
    assert not (tmp_path / "out").exists()


SUBWORDS = """\
name: small
data:
  source:
    table: {{path: {path}, target: label, columns: {{text: {{subwords: {{tokenizer: bytes, length: 6}}}}}}}}
  batch_size: 20
model:
  - Embedding: {{input_dim: text.vocabulary_size, output_dim: 3, mask_zero: true}}
  - masked_pooling
  - Dense: {{units: num_classes, activation: softmax}}
loss: SparseCategoricalCrossentropy
optimizer: Adam
training: {{epochs: 1, deterministic: true}}
"""


def test_texts_that_become_tokens_once_splits_are_cut(tmp_path: Path) -> None:
    rows = [f"{'ab'[row % 2]},word {row}\n" for row in range(40)]
    (tmp_path / "texts.csv").write_text("label,text\n" + "".join(rows))
    config = write_config(tmp_path, SUBWORDS.format(path=tmp_path / "texts.csv"))
    results, _ = crossval(config, tmp_path / "out", folds=2)
    assert results.document["examples"] == 40
    # As they are written, though the model sees six bytes of each.
    words = {sample["words"] for found in results.samples.values() for sample in found}
    assert words and words <= {f"word {row}" for row in range(40)}
