"""Cells with several words: what a model gets of them, and what predict refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.inference.lookups.front import Lookup, Values
from bigmodel_cli.kinds.baseline import Encoder
from bigmodel_cli.kinds.cells import Cells, WrongOptionError
from bigmodel_cli.kinds.kind import kind_from_json
from bigmodel_cli.kinds.profile import Profile
from bigmodel_cli.kinds.row.blocks.sent import cells_of_sent
from bigmodel_cli.kinds.row.kind import RowKind
from bigmodel_cli.kinds.set.kind import SetKind
from bigmodel_cli.parts import class_called, part_of
from bigmodel_cli.sources.base import LoadContext
from bigmodel_cli.sources.table import TableOptions
from bigmodel_cli.sources.tables.columns import Categories
from bigmodel_cli.sources.tables.facts import ColumnFacts

CELLS = ["Crime|Drama", "Drama", "", "Drama | Sci-Fi|Drama", "Crime|Drama"] * 4


def loaded(tmp_path, told, cells=CELLS):
    path = tmp_path / "t.csv"
    path.write_text("genres,y\n" + "".join(f"{cell},{n % 2}\n" for n, cell in enumerate(cells)))
    return TableOptions(path=path, target="y", columns={"genres": told, "y": "category"}).load(LoadContext())


def test_words_of_a_cell_are_a_set(tmp_path):
    source = loaded(tmp_path, "set")
    kind = source.signature.inputs["genres"]
    assert kind == SetKind(("Drama", "Crime", "Sci-Fi"), 8, "|")
    assert kind_from_json(json.loads(json.dumps({"kind": "set", **kind.as_json()}))) == kind
    store = source.splits["train"].inputs["genres"]
    assert [[word for word in store.read(row).tolist() if word] for row in range(5)] == [
        ["Crime", "Drama"],
        ["Drama"],
        [],
        ["Drama", "Sci-Fi"],
        ["Crime", "Drama"],
    ]
    assert part_of(kind, Cells).written(store.read(3)) == "Drama|Sci-Fi"
    seen = part_of(kind, Profile).seen([store])
    assert seen.codes[0] == seen.codes[4] and len(set(seen.codes[:4].tolist())) == 4
    assert seen.missing.sum() == 4
    encoder = part_of(kind, Encoder)
    hot = encoder.for_linear(encoder.values(store)).encode(encoder.values(store))
    assert hot[:5].tolist() == [[1, 1, 0], [1, 0, 0], [0, 0, 0], [1, 0, 1], [1, 1, 0]]


def test_options_of_sets(tmp_path):
    told = {"set": {"separator": " ", "length": 3}}
    assert loaded(tmp_path, told, ["a b", "b", "c a b"] * 6).signature.inputs["genres"].length == 3
    with pytest.raises(DataError, match=r"t.csv, genres: length: 2 is less than the 3 words that a cell has"):
        loaded(tmp_path, {"set": {"separator": " ", "length": 2}}, ["a b", "b", "c a b"] * 6)
    check = class_called("kinds", "set", "cells", "Cells").check_options
    for options, says in (
        ({"separator": ""}, "expected what stands"),
        ({"length": 0}, "a whole number of words"),
    ):
        with pytest.raises(WrongOptionError, match=says):
            check(options)


def test_more_words_than_the_model_takes_are_an_error_of_the_row():
    cells = part_of(SetKind(("a", "b"), 2, "|"), Cells)
    values = Categories(np.array([0, 1, -1], np.int32), ["a|b|c", "a|z"])
    assert cells.misfits(values) == {0: "3 words"}
    assert cells.held(values).values()[1:].tolist() == [["a", "z"], ["", ""]]


def test_other_files_have_sets_of_the_length_that_training_had(tmp_path):
    ten = "|".join("abcdefghij")
    source = loaded(tmp_path, "set", [ten, "a"] * 10)
    noted = source.looked_at
    assert noted.columns["genres"] == {"set": {"length": 10}}
    assert loaded(tmp_path, noted.columns["genres"], CELLS).signature.inputs["genres"].shape == (10,)
    table = (tmp_path / "t.csv").read_text()
    (tmp_path / "v.csv").write_text(f"{table}a,0\n{ten}|k,1\n{ten}|k|l,1\n")
    split = noted.model_copy(update={"test": tmp_path / "v.csv"})
    says = r"v.csv:23, genres: expected up to 10 words with '\|' between, found 11 words \(2 such rows\)"
    with pytest.raises(DataError, match=says):
        split.load(LoadContext())


def test_a_set_is_sent_as_a_cell_has_it():
    kind = RowKind({"genres": SetKind(("a", "b"), 2, "|")})
    facts = {"genres": ColumnFacts("genres", "category", "told", 0)}
    sent = cells_of_sent([{"genres": "a|b"}, {"genres": ["a", "b"]}], kind, facts)
    assert sent.texts["genres"] == ["a|b", ""]
    found = '["a", "b"]'
    assert sent.wrong == {1: f", genres: expected up to 2 words with '|' between, found {found}"}


@pytest.mark.parametrize("mode", ["multi_hot", "count"])
def test_sets_are_looked_up_in_numpy_as_keras_does(mode):
    import keras

    from bigmodel_cli.modeling.lookups import behind_lookups

    words = np.array([["a", "b", ""], ["", "", ""], ["z", "b", "y"]], object)
    given = keras.Input((3,), dtype="string", name="genres")
    layer = keras.layers.StringLookup(vocabulary=["b", "a"], output_mode=mode, mask_token="")
    model = keras.Model(given, keras.ops.multiply(layer(given), 2.0))
    behind = behind_lookups(model)
    (lookup,) = (Lookup(**described) for described in behind.lookups.values())
    np.testing.assert_array_equal(lookup.run(Values.of(words)), np.asarray(layer(words)))
