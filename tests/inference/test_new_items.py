"""Items as the side of items of a saved model sees them: new ones, and what their columns are worth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.inference.kept_items import columns_of
from bigmodel_cli.inference.new_items import with_new_items
from bigmodel_cli.inference.opened import open_folder
from bigmodel_cli.kinds.row.blocks.columns import Written
from bigmodel_cli.kinds.set.kind import SetKind
from bigmodel_cli.recommending.catalogue import open_catalogue
from bigmodel_cli.run_folder import ROWS_WRITTEN, RunFolder
from bigmodel_cli.sources.kept_joins import JOINED

RUN = Path(__file__).resolve().parents[1] / "frozen" / "0.2.0" / "visits"


def _extended(path, text):
    path.write_text(text)
    run = RunFolder(RUN)
    return with_new_items(open_folder(run), open_catalogue(run), path)


@pytest.mark.tf
def test_new_items_get_the_vector_of_their_columns(tmp_path):
    import keras

    path, known = tmp_path / "new.csv", open_catalogue(RunFolder(RUN))
    extended, remarks = _extended(path, "place,kind,name\nx,b,X\n3,a,Y\ny,,Z\n")
    assert remarks == [
        f"{path}: 2 new items beside 24",
        f"{path}: items that are known already stay as they are: 3",
    ]
    assert [*extended.items] == [*known.items, "x", "y"]
    assert [extended.columns["kind"][number] for number in (24, 25)] == [["b"], []]
    assert extended.columns["kind"].where(lambda kind: kind == "b").tolist()[-2:] == [True, False]
    np.testing.assert_array_equal(extended.item_vectors[:24], known.item_vectors)
    assert extended.prior[24:].tolist() == [known.prior.min()] * 2
    assert extended.counts[24:].tolist() == [0, 0]
    # By hand: what unknown places share, and what its kind has, or whatever has none; brought to length 1.
    model = keras.models.load_model(RUN / "checkpoints" / "best.keras", compile=False)
    places, kinds = (np.asarray(model.get_layer(name).embeddings) for name in ("by_place", "by_kind"))
    (words,) = (
        layer.get_vocabulary()
        for layer in model.layers
        if isinstance(layer, keras.layers.StringLookup) and "b" in layer.get_vocabulary()
    )
    vectors = np.stack([places[1] + kinds[words.index("b")], places[1] + kinds[0]])
    expected = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(extended.item_vectors[24:], expected, atol=1e-5)


@pytest.mark.tf
def test_files_may_have_other_names_for_columns(tmp_path):
    run, path = RunFolder(RUN), tmp_path / "new.csv"
    path.write_text("place,art\nx,b\n")
    opened = open_folder(run)
    written = opened.record[ROWS_WRITTEN]
    renamed = {"names": {"place": "ort", "kind": "art"}, JOINED: [{**written[JOINED][0], "column": "ort"}]}
    opened = replace(opened, record={**opened.record, ROWS_WRITTEN: {**written, **renamed}})
    extended, remarks = with_new_items(opened, open_catalogue(run), path)
    assert extended.columns["kind"][24] == ["b"] and remarks == [f"{path}: 1 new items beside 24"]
    path.write_text("place,kind\nx,b\n")
    expected = with_new_items(open_folder(run), open_catalogue(run), path).catalogue
    np.testing.assert_array_equal(extended.item_vectors, expected.item_vectors)


def test_of_sets_and_of_lists_each_word_stands_by_itself(tmp_path):
    (tmp_path / "items.jsonl").write_text(
        '{"id": "b", "tags": ["x", "y z"], "words": "d, c,d"}\n{"id": "a", "tags": [], "words": ""}\n'
    )
    opened = open_folder(RunFolder(RUN))
    joined = {"column": "id", "key": "id", "prefix": "its ", "files": [str(tmp_path / "items.jsonl")]}
    written = Written.of(
        {"names": {"place": "id", "w": "its words"}, JOINED: [joined]}, opened.signature.kind
    )
    (keyed,) = written.joined_by("place")
    signature = replace(opened.signature, inputs={"w": SetKind(("c", "d"), 3, ",")})
    columns = columns_of(keyed, ["a", "b", "c"], written, signature)
    assert {name: [column[item] for item in range(3)] for name, column in columns.items()} == {
        "its tags": [[], ["x", "y z"], []],
        "w": [[], ["d", "c"], []],
    }


@pytest.mark.tf
def test_recommend_knows_them(bigmodel, tmp_path):
    path = tmp_path / "new.csv"
    path.write_text("place,kind\nx,b\n")
    words = ("--run", RUN, "--items", path, "--json")
    (alike,) = bigmodel("recommend", "--similar-to", "x", *words).json["recommendations"]
    kinds = [item["columns"]["kind"] for item in alike["items"]]
    assert kinds[0] == ["b"] and alike["remarks"] == []
    everything = bigmodel("recommend", "nobody", *words, "--top", "25", "--where", "kind=b")
    (answer,) = everything.json["recommendations"]
    assert "x" in [item["item"] for item in answer["items"]]
    assert f"{path}: 1 new items beside 24" in everything.err


@pytest.mark.tf
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("place,colour\nx,red\n", "the model's side of items takes kind, of which it has nothing"),
        ("id,kind\nx,a\n", "new.csv: no column place; its columns: id, kind"),
        ("place,kind\nx,a\nx,b\n", "new.csv:3, place: 'x' is in "),
    ],
)
def test_tables_that_say_nothing(tmp_path, text, message):
    with pytest.raises(DataError) as error:
        _extended(tmp_path / "new.csv", text)
    assert message in error.value.message


@pytest.mark.tf
def test_what_columns_are_worth(bigmodel):
    """By hand again: the score less the one of an item whose kind is missing."""
    import keras

    catalogue = open_catalogue(RunFolder(RUN))
    model = keras.models.load_model(RUN / "checkpoints" / "best.keras", compile=False)
    without = np.asarray(model.get_layer("by_kind").embeddings)[0]
    places = np.asarray(model.get_layer("by_place").embeddings)
    (words,) = (
        layer.get_vocabulary()
        for layer in model.layers
        if isinstance(layer, keras.layers.StringLookup) and "21" in layer.get_vocabulary()
    )
    told = bigmodel(
        "recommend", catalogue.users[2], "--run", RUN, "--why", "--columns", "--json", "--top", "3"
    )
    (answer,) = told.json["recommendations"]
    user = catalogue.user_vectors[2]
    for item in answer["items"]:
        vector = places[words.index(item["item"])] + without
        worth = item["why"]["taste"] - user @ (vector / np.linalg.norm(vector))
        assert item["why"]["columns"] == {"kind": pytest.approx(worth, abs=1e-5)}
    shown = bigmodel("recommend", catalogue.users[2], "--run", RUN, "--why", "--columns", "--top", "1")
    kind = answer["items"][0]["why"]["columns"]["kind"]
    assert shown.out.splitlines()[2].endswith(f"; kind {kind:+.4f}")
    refused = bigmodel("recommend", "u", "--run", RUN, "--columns")
    assert refused.code == 2 and "--columns is for --why, of items that the run knows" in refused.err
