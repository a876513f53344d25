"""A run whose rows get columns of another table: what it keeps of it, and rows that only name an item."""

from __future__ import annotations

import json
import math
import shutil

import numpy as np
import pytest

from bigmodel_cli import train
from bigmodel_cli.errors import DataError
from bigmodel_cli.inference.inputs import find_rows
from bigmodel_cli.inference.opened import open_folder
from bigmodel_cli.kinds.image.files.opening import EncodedImage
from bigmodel_cli.kinds.inputs import Asked, Finder
from bigmodel_cli.parts import part_of
from bigmodel_cli.run_folder import RunFolder

CONFIG = """\
data:
  source:
    table:
      path: ratings.csv
      target: rating
      join: {film: {path: items.csv, key: id}}
      columns: {film: {from: item, ignore: {}}, born: {from: year, number: {}}, user: category, tag: category}
preprocessing:
  number: [impute, Normalization]
  category: [{StringLookup: {output_mode: one_hot}}]
model:
  - Dense: {units: 1}
loss: MeanSquaredError
optimizer: Adam
training: {epochs: 1, deterministic: true}
seed: 1
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("joined")
    rows = [f"u{n % 7},{n % 11},{n % 10}" for n in range(120)]
    (folder / "ratings.csv").write_text("\n".join(["user,item,rating", *rows]) + "\n")
    items = [f"{n},{1990 + n if n != 4 else ''},{'xyz'[n % 3]}" for n in range(11)]
    (folder / "items.csv").write_text("\n".join(["id,year,tag", *items]) + "\n")
    (folder / "c.yaml").write_text(CONFIG)
    found = train(folder / "c.yaml", runs_dir=folder / "runs", progress="none")
    (folder / "items.csv").unlink()
    return found


def predicted(run, folder, text, name="rows.csv"):
    (folder / name).write_text(text)
    return np.array([found["prediction"] for found in run.predict(folder / name)])


def test_rows_that_name_an_item_are_as_if_they_had_its_columns(run, tmp_path):
    named = predicted(run, tmp_path, "user,item\nu1,3\nu2,4.0\nu3,99\n")
    whole = predicted(run, tmp_path, "user,year,tag\nu1,1993,x\nu2,,y\nu3,,\n", "whole.csv")
    assert len(set(whole.tolist())) == 3
    np.testing.assert_array_equal(named, whole)
    # What a row has itself is its own.
    mixed = predicted(run, tmp_path, "user,item,tag\nu1,4,x\n", "mixed.csv")
    alone = predicted(run, tmp_path, "user,year,tag\nu1,,x\n", "alone.csv")
    np.testing.assert_array_equal(mixed, alone)
    with pytest.raises(DataError, match=r"rows.csv: no column item"):
        predicted(run, tmp_path, "user,tag\nu1,x\n")


def values(rows, signature):
    (batch,) = rows.batches(signature, ())
    assert batch.errors == [None] * len(batch.errors)
    return {name: held.values().tolist() for name, held in batch.features.items()}


def test_what_is_set_and_what_is_sent_need_only_name_an_item(run):
    opened = open_folder(RunFolder(run.path))
    asked = Asked((), ["user=u1", "film=3"], opened.rows_written)
    assert values(find_rows(asked, opened.signature, print), opened.signature) == {
        "user": ["u1"],
        "born": [1993.0],
        "tag": ["x"],
    }
    sent = [{"user": "u1", "film": 3}, {"user": "u2", "film": "2", "tag": "q"}, {"user": "u3", "film": 12}]
    found = part_of(opened.signature.kind, Finder).sent(sent, opened.rows_written)
    named = values(found, opened.signature)
    assert named["tag"] == ["x", "q", ""]
    assert named["born"][:2] == [1993.0, 1992.0] and math.isnan(named["born"][2])


def test_what_names_no_row_of_the_other_table_is_said(run, tmp_path):
    opened = open_folder(RunFolder(run.path))

    def found(words, settings=()):
        return find_rows(Asked(words, settings, opened.rows_written), opened.signature, print)

    for name, lines in (("a", "u1,3\nu2,99\nu3,\n"), ("b", "u1,3\n")):
        (tmp_path / f"{name}.csv").write_text(f"user,item\n{lines}")
    rows = found([str(tmp_path / "a.csv"), str(tmp_path / "b.csv")])
    assert len([*rows.batches(opened.signature, ())]) == 2
    kept = run.path / "joined_1.csv"
    assert rows.noticed == [
        f"{tmp_path}/a.csv: 1 of 2 rows have in item what {kept} has not (99): its columns are missing there"
    ]
    unknown = f"film: {kept} has no '99': its columns are missing"
    assert found((), ["user=u1", "film=99", "born=1990"]).remarks == [unknown]
    assert not found((), ["user=u1", "film=99", "born=1990", "tag=x"]).remarks
    assert not found((), ["user=u1", "film=3"]).remarks


def test_a_key_is_sent_as_values_of_columns_are(run):
    opened = open_folder(RunFolder(run.path))

    def sent(film):
        row = {"user": "u1", "film": film}
        return part_of(opened.signature.kind, Finder).sent([row], opened.rows_written)

    for film in ([3], 3.0, EncodedImage("request", b"3"), " 3 "):
        assert values(sent(film), opened.signature)["tag"] == ["x"]
    assert values(sent(None), opened.signature)["tag"] == [""]
    for film in ([3, 4], {"id": 3}):
        (batch,) = sent(film).batches(opened.signature, ())
        assert batch.errors == ["request, row 1: the model has no column film; columns that lack: born, tag"]


def test_the_run_keeps_the_table_and_notices_a_change_of_it(run, tmp_path):
    kept = run.path / "joined_1.csv"
    assert kept.read_text().startswith("id,year,tag\n0,1990,x\n")
    assert json.loads((run.path / "run.json").read_text())["rows"]["joined"] == [
        {"column": "item", "key": "id", "prefix": "", "files": ["joined_1.csv"]}
    ]
    copy = tmp_path / "run"
    shutil.copytree(run.path, copy)
    (copy / "joined_1.csv").write_text("id,year,tag\n0,1990,y\n")
    with pytest.raises(DataError, match=r"joined_1.csv: damaged or changed"):
        open_folder(RunFolder(copy)).rows_written  # noqa: B018
