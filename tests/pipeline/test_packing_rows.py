"""Rows are packed column by column, and read as they were."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.config.load import load_config
from bigmodel_cli.errors import ConfigError, DataError
from bigmodel_cli.modeling.language import language
from bigmodel_cli.pipeline.packing import pack
from bigmodel_cli.sources import memory
from bigmodel_cli.sources.base import LoadContext
from bigmodel_cli.sources.packed import damaged_files, open_packed
from bigmodel_cli.sources.stores import MappedStore
from bigmodel_cli.sources.table import TableOptions
from bigmodel_cli.sources.tfrecord import TfRecord

CSV = '''\
age,city,on,says,weight,label,price
31,Bern,2024-02-29,"ä, ""yes""",1,yes,10
,Genève,2023-01-01,no,0.5,no,11.5
8,,2020-12-31,,2,yes,12
44,Bern,1969-07-20,no,1,no,13
'''


@pytest.fixture
def source(tmp_path):
    (tmp_path / "people.csv").write_text(CSV, "utf-8")
    (tmp_path / "test.csv").write_text("".join(CSV.splitlines(keepends=True)[:3]), "utf-8")
    options = TableOptions(
        path=tmp_path / "people.csv",
        test=tmp_path / "test.csv",
        target=["label", "price"],
        sample_weight="weight",
        columns={
            "city": "category",
            "says": "text",
            "age": "number",
            "on": {"date": {"parts": ["year", "weekday"]}},
        },
    )
    return options.load(LoadContext())


@pytest.fixture
def packed(source, tmp_path):
    seen: list[tuple[str, int, int | None]] = []
    found = pack(source, tmp_path / "packed", 8, skips=False, progress=lambda *told: seen.append(told))
    assert seen[-1] == ("packing", 8, 8)
    assert found.examples == {"train": 4, "test": 2}
    assert not found.is_sharded
    assert found.num_bytes == sum((found.folder / name).stat().st_size for name in found.shards)
    return found.folder


def same(one, other):
    for split, part in one.splits.items():
        again = other.splits[split]
        for name, store in part.inputs.items():
            for row in range(len(part)):
                np.testing.assert_array_equal(again.inputs[name].read(row), store.read(row), err_msg=name)
        for name, values in part.targets.items():
            np.testing.assert_array_equal(again.targets[name], values)
        np.testing.assert_array_equal(again.weights, part.weights)


def test_what_is_read_is_what_was_packed(source, packed):
    again = open_packed(packed)
    assert again.signature == source.signature
    same(source, again)
    assert [str(again.splits["train"].inputs["says"].read(row)) for row in range(3)] == ['ä, "yes"', "no", ""]
    assert again.splits["train"].fingerprint() == source.splits["train"].fingerprint()
    assert damaged_files(packed) == []


def test_what_does_not_fit_into_memory_stays_in_its_files(source, packed, monkeypatch):
    monkeypatch.setattr(memory, "memory_bytes", lambda: 10)
    again = open_packed(packed)
    assert {type(store) for store in again.splits["train"].inputs.values()} == {MappedStore}
    same(source, again)
    assert again.splits["train"].fingerprint() == source.splits["train"].fingerprint()


def test_damage_is_found(packed):
    path = packed / "train-age.npy"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b"\x07")
    assert damaged_files(packed) == ["train-age.npy"]
    path.write_bytes(content[:-1])
    with pytest.raises(DataError, match=r"train-age.npy: damaged: it has \d+ bytes, expected \d+"):
        open_packed(packed)
    path.unlink()
    with pytest.raises(DataError, match=r"train-age.npy: cannot be read: No such file or directory"):
        open_packed(packed)


def test_packed_data_know_the_names_of_several_targets(packed, tmp_path):
    assert TfRecord(path=packed, target=["label", "price"]).target_names == ("label", "price")
    loaded = TfRecord(path=packed, target=["label", "price"]).load(LoadContext())
    assert list(loaded.signature.targets) == ["label", "price"]
    assert set(TfRecord(path=packed).target_names) == {"label", "price"}
    assert TfRecord(path=packed).facts().columns == {
        "age": "number",
        "city": "category",
        "on": "date",
        "says": "text",
    }
    # A run whose data are gone has to know them still.
    assert set(TfRecord(path=packed).load(LoadContext()).looked_at.target) == {"label", "price"}
    assert TfRecord(path=tmp_path / "none").target_names == ()
    with pytest.raises(DataError, match=r"the targets are label, price, not price"):
        TfRecord(path=packed, target="price").load(LoadContext())
    (packed / "index.json").write_text("{}")
    assert TfRecord(path=packed).target_names == ()


CONFIG = """
data:
  source: {tfrecord: {path: packed}}
preprocessing:
  category: [{StringLookup: {output_mode: one_hot}}]
  age: [Normalization]
model:
  - Concatenate: {name: all, inputs: [age, city]}
  - Dense: {name: label, inputs: [all], units: 1, activation: sigmoid}
  - Dense: {name: price, inputs: [all], units: 1}
loss: {label: BinaryCrossentropy, price: MeanSquaredError}
optimizer: Adam
training: {epochs: 1}
"""


def test_configs_of_packed_rows_name_their_columns_and_targets(packed, tmp_path):
    config = tmp_path / "c.yaml"
    config.write_text(CONFIG)
    experiment = load_config(config, [], language()).experiment
    assert set(experiment.targets) == {"label", "price"}
    assert set(experiment.loss) == {"label", "price"}
    with pytest.raises(
        ConfigError, match=r"model.0.Concatenate.inputs.0: no column and no step above is called 'aeg'"
    ):
        load_config(config, ["model.0.Concatenate.inputs=[aeg, city]"], language())
    packed.rename(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match=r"c.yaml:11:8: loss: expected a loss") as refused:
        load_config(config, [], language())
    assert (
        "packed has no index.json (yet), which knows the names of several targets: pack the data first, "
        "or write target: [NAME, NAME] in tfrecord" in refused.value.message
    )


def test_tables_that_are_joined_are_said_to_be_left_behind(bigmodel, tmp_path):
    """Their columns are packed, and who predicts rows gives them."""
    (tmp_path / "rates.csv").write_text("town,price\n" + "".join(f"t{n % 3},{n}\n" for n in range(12)))
    (tmp_path / "towns.csv").write_text("town,size\nt0,1\nt1,5\nt2,9\n")
    config = tmp_path / "c.yaml"
    config.write_text(
        "name: c\ndata:\n  source:\n    table: {path: rates.csv, target: price, "
        "columns: {town: category, size: number, price: number}, join: {town: {path: towns.csv}}}\n"
        "model: [Concatenate: {inputs: [size]}, Dense: {units: 1}]\n"
        "preprocessing: {category: [StringLookup]}\nloss: MeanSquaredError\noptimizer: SGD\n"
        "training: {epochs: 1}\n"
    )
    done = bigmodel("data", "pack", config, "--out", tmp_path / "packed")
    assert done.code == 0, done.err
    assert (
        f"has the columns of {tmp_path / 'towns.csv'}, and not the table itself: rows to predict name"
        in done.err
    )
    assert [*open_packed(tmp_path / "packed").signature.inputs] == ["town", "size"]
