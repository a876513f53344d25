"""Splits that follow a column: whole groups, and what comes later."""

from __future__ import annotations

import re
import tarfile
from pathlib import Path

import numpy as np
import pytest

from bigmodel_cli.config.schema import SplitBy
from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.number.kind import NumberKind
from bigmodel_cli.pipeline.split_by import Column
from bigmodel_cli.pipeline.splits import make_splits
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples, LoadContext, Source
from bigmodel_cli.sources.stores import ArrayStore
from bigmodel_cli.sources.table import TableOptions
from bigmodel_cli.tasks.classification.task import Classification

SPEECH = Path(__file__).resolve().parents[3] / "shared" / "data" / "fsdd" / "recordings.tar.gz"


def cut(groups, labels, *, by="group", validation=0.0, test=0.2, seed=0, num_classes=4):
    """Examples whose one feature is their number, cut by a column."""
    groups, labels = np.asarray(groups), np.asarray(labels)
    rows = ArrayStore(np.arange(len(groups), dtype=np.float32), "rows")
    examples = Examples({"x": rows}, {"y": labels}, {"g": ArrayStore(groups, "rows")})
    signature = Signature({"x": NumberKind()}, {"y": Classification(tuple("abcdefghij")[:num_classes])})
    column = Column(SplitBy(**{by: "g"}))
    return make_splits(
        Source({"train": examples}, signature), validation=validation, test=test, seed=seed, by=column
    )


def groups_of(part):
    return set(part.beside["g"].array.tolist())


@pytest.mark.parametrize("seed", range(5))
def test_a_group_is_never_in_two_splits_and_classes_keep_their_shares(seed):
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 60, 3000)
    labels = (groups * 7 + rng.integers(0, 3, 3000)) % 4
    splits = cut(groups, labels, validation=0.15, test=0.2, seed=seed)
    parts = [groups_of(splits.parts[name]) for name in ("train", "validation", "test")]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 60
    assert splits.sizes["test"] == pytest.approx(600, abs=60)
    assert splits.sizes["validation"] == pytest.approx(450, abs=60)
    whole = np.bincount(labels, minlength=4) / 3000
    for part in (splits.test, splits.validation):
        assert np.abs(np.bincount(part.labels, minlength=4) / len(part) - whole).max() < 0.02


def test_the_same_seed_cuts_the_same_groups_and_another_one_others():
    groups, labels = np.arange(400) // 4, np.arange(400) % 4
    one, same, other = (groups_of(cut(groups, labels, seed=seed).test) for seed in (1, 1, 2))
    assert one == same != other
    assert len(one) == 20


def test_one_group_is_held_out_where_groups_are_larger_than_the_split():
    splits = cut(np.arange(600) % 6, np.arange(600) // 6 % 4, test=0.05)
    assert splits.sizes == {"train": 500, "test": 100}


def test_a_single_group_cannot_be_cut():
    with pytest.raises(DataError, match=r"all examples that are left to cut are of one group \(g\)"):
        cut(np.zeros(40, int), np.arange(40) % 4)


def test_a_missing_group_is_refused_by_its_row():
    groups = np.where(np.arange(40) == 7, np.nan, np.arange(40) % 5).astype(np.float32)
    with pytest.raises(DataError, match=r"^rows\[7\]: no g, by which data.split_by cuts$"):
        cut(groups, np.arange(40) % 4)


def test_what_comes_later_is_held_out_and_moments_stay_whole():
    moments = np.random.default_rng(0).permutation(np.repeat(np.arange(50), 7))
    splits = cut(moments, np.arange(350) % 4, by="time", validation=0.1, test=0.1)
    train, validation, test = (groups_of(splits.parts[name]) for name in ("train", "validation", "test"))
    assert max(train) < min(validation) <= max(validation) < min(test) == 45
    assert splits.sizes == {"train": 280, "validation": 35, "test": 35}
    assert splits.origins["test"] == "the latest 0.1 of the training part, by g"


def test_a_moment_goes_where_the_share_comes_nearest():
    # 90 examples of an early moment, 8 of the next one, 2 of the last one.
    moments = np.repeat([1.0, 2.0, 3.0], [90, 8, 2]).astype(np.float32)
    assert cut(moments, np.arange(100) % 4, by="time", test=0.05).sizes["test"] == 2
    assert cut(moments, np.arange(100) % 4, by="time", test=0.08).sizes["test"] == 10
    with pytest.raises(DataError, match="all examples have the same g"):
        cut(np.ones(40, np.float32), np.arange(40) % 4, by="time")


def test_own_splits_that_share_groups_are_pointed_out():
    def part(groups):
        store = ArrayStore(np.asarray(groups, np.float32), "rows")
        return Examples({"x": store}, {"y": np.asarray(groups, np.int64) % 2}, {"g": store})

    parts = {"train": part([1, 1, 2, 3]), "test": part([3, 3, 4])}
    said = Column(SplitBy(group="g")).shared(parts)
    assert said == "1 of the 2 groups of the test split (g) are in the train split too"
    assert Column(SplitBy(time="g")).shared({"train": part([1, 5]), "test": part([4, 6])}) is not None
    assert Column(SplitBy(time="g")).shared({"train": part([1, 3]), "test": part([4, 6])}) is None


def table(tmp_path, text, **options):
    path = tmp_path / "t.csv"
    path.write_text(text, "utf-8")
    return TableOptions.model_validate({"path": path, "target": "y", **options})


ROWS = "patient,day,x,y\n" + "".join(
    f"p{n % 9},2024-01-{n % 28 + 1:02},{n * 37 % 101},{'ab'[n % 2]}\n" for n in range(120)
)


def test_a_group_column_of_a_table_is_no_input_unless_its_kind_is_told(tmp_path):
    context = LoadContext(group_by="patient")
    source = table(tmp_path, ROWS).load(context)
    assert set(source.signature.inputs) == {"day", "x"}
    assert source.looked_at.columns["patient"] == "ignore"
    again = source.looked_at.load(context)
    assert again.splits["train"].beside["patient"].names == source.splits["train"].beside["patient"].names
    told = table(tmp_path, ROWS, columns={"patient": "category"}).load(context)
    assert set(told.signature.inputs) == {"patient", "day", "x"}


def test_rows_of_one_day_are_one_group(tmp_path):
    source = table(tmp_path, ROWS, columns={"day": "date"}).load(LoadContext(group_by="day"))
    assert "day" in source.signature.inputs
    splits = make_splits(source, validation=0.1, test=0.2, seed=0, by=Column(SplitBy(group="day")))
    days = {name: {*part.beside["day"].array.tolist()} for name, part in splits.parts.items()}
    assert sum(map(len, days.values())) == len(set.union(*days.values())) == 28


def test_a_renamed_group_column_is_found_again(tmp_path):
    context = LoadContext(group_by="who")
    source = table(tmp_path, ROWS, columns={"who": {"from": "patient"}}).load(context)
    assert set(source.signature.inputs) == {"day", "x"}
    assert source.looked_at.load(context).signature.inputs.keys() == {"day", "x"}


def test_dates_of_a_table_are_ordered_by_the_moment(tmp_path):
    source = table(tmp_path, ROWS).load(LoadContext(order_by="day"))
    splits = make_splits(source, validation=0.1, test=0.1, seed=0, by=Column(SplitBy(time="day")))
    days = {name: part.beside["day"].array for name, part in splits.parts.items()}
    assert days["train"].max() < days["validation"].min() <= days["validation"].max() < days["test"].min()
    with pytest.raises(DataError, match=r"t.csv, patient: a category is not earlier or later than another"):
        table(tmp_path, ROWS).load(LoadContext(order_by="patient"))


@pytest.mark.slow
def test_real_speakers_are_in_one_split_each_and_digits_are_even(tmp_path):
    if not SPEECH.is_file():
        pytest.skip("no recordings of spoken digits")
    with tarfile.open(SPEECH) as archive:
        names = [re.fullmatch(r"(\d)_(\w+)_(\d+)\.wav", Path(name).name) for name in archive.getnames()]
    rows = [match.groups() for match in names if match]
    path = tmp_path / "spoken.csv"
    path.write_text("y,speaker,take\n" + "".join(f"{','.join(row)}\n" for row in rows), "utf-8")
    options = TableOptions(path=path, target="y", columns={"y": "category"})
    source = options.load(LoadContext(group_by="speaker"))
    splits = make_splits(source, validation=0.2, test=0.2, seed=0, by=Column(SplitBy(group="speaker")))
    speakers = {name: {*part.beside["speaker"].array.tolist()} for name, part in splits.parts.items()}
    assert sum(map(len, speakers.values())) == len(set.union(*speakers.values())) == 6
    for part in splits.parts.values():
        counts = np.bincount(part.labels, minlength=10)
        assert counts.max() - counts.min() <= 1


def last(groups, moments, *, count, validation="auto", test="auto"):
    """Numbers of the examples in each split, where the last of each group are held out."""
    rows = ArrayStore(np.arange(len(groups), dtype=np.float32), "rows")
    beside = {"g": ArrayStore(np.asarray(groups), "rows"), "t": ArrayStore(np.asarray(moments), "rows")}
    examples = Examples({"x": rows}, {"y": np.zeros(len(groups), np.int64)}, beside)
    signature = Signature({"x": NumberKind()}, {"y": Classification(("a", "b"))})
    by = Column(SplitBy(group="g", time="t", last=count))
    splits = make_splits(
        Source({"train": examples}, signature), validation=validation, test=test, seed=0, by=by
    )
    return {name: part.store.array.astype(int).tolist() for name, part in splits.parts.items()}, splits, by


def test_the_last_of_each_group_are_held_out():
    groups, moments = [1, 2, 1, 3, 1, 2, 1, 2, 1], [9, 4, 3, 0, 5, 8, 5, 7, 1]
    found, splits, by = last(groups, moments, count=1)
    # Group 1 by time: 8, 2, 4, 6, 0; group 2: 1, 7, 5; group 3 has nothing to spare.
    assert found == {"train": [1, 2, 3, 4, 8], "validation": [6, 7], "test": [0, 5]}
    assert splits.origins["test"] == "the last 1 of each g by t"
    assert by.shared(splits.parts) is None
    found, splits, by = last([1, 1, 1, 2, 2, 2], [0, 1, 2, 7, 8, 9], count=2, validation=0)
    assert found == {"train": [0, 3], "test": [1, 2, 4, 5]}
    assert by.shared(splits.parts).startswith(
        "50% of the test split is earlier than the end of the train split"
    )


def test_the_last_of_each_group_need_groups_that_have_more():
    with pytest.raises(DataError, match=r"no g has more than 2 examples that could be held out"):
        last([1, 1, 2, 2], [0, 1, 2, 3], count=2)
    with pytest.raises(DataError, match=r"data.test: 0.3 asks for a share, and data.split_by for the last 1"):
        last([1, 1, 2, 2], [0, 1, 2, 3], count=1, test=0.3)
    with pytest.raises(ValueError, match="last: expected the group of which it is"):
        SplitBy(time="t", last=1)
