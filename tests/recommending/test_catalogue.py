"""What a run keeps of items and users."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.interactions import Had
from bigmodel_cli.recommending.catalogue import Catalogue, open_catalogue, write_catalogue
from bigmodel_cli.recommending.columns import Column
from bigmodel_cli.recommending.names import Names
from bigmodel_cli.run_folder import RunFolder

ITEMS = ["b", "ä", "a", "", "aa", "€"]


def made(num_users: int = 3) -> Catalogue:
    rng = np.random.default_rng(0)
    return Catalogue(
        user_column="user",
        item_column="film",
        items=Names.of(ITEMS),
        item_vectors=rng.standard_normal((6, 4)).astype(np.float32),
        prior=np.linspace(-1, 0, 6, dtype=np.float32),
        counts=np.arange(6),
        users=Names.of([f"u{number}" for number in range(num_users)]),
        user_vectors=rng.standard_normal((num_users, 4)).astype(np.float32),
        had=Had.of(np.array([0, 0, 2])[:num_users], np.array([5, 1, 3])[:num_users], num_users, 6),
        columns={
            "genres": Column.of(["x|y", "", "y"], np.array([0, 1, 2, 0, -1, 2]), lambda t: t.split("|")[:2])
        },
    )


def test_what_is_written_is_read(tmp_path):
    run, catalogue = RunFolder(tmp_path), made()
    write_catalogue(run, catalogue)
    opened = open_catalogue(run)
    assert list(opened.items) == ITEMS and list(opened.users) == ["u0", "u1", "u2"]
    assert (opened.user_column, opened.item_column, opened.leaves_out_seen) == ("user", "film", True)
    assert [opened.had[user].tolist() for user in range(3)] == [[1, 5], [], [3]]
    for name, array in catalogue.arrays().items():
        found = opened.arrays()[name]
        assert found.dtype == array.dtype, name
        np.testing.assert_array_equal(found, array)
    files = {path.name: path.read_bytes() for path in (tmp_path / "catalogue").iterdir()}
    write_catalogue(run, catalogue)
    assert {path.name: path.read_bytes() for path in (tmp_path / "catalogue").iterdir()} == files


def test_large_arrays_are_mapped(tmp_path):
    run, catalogue = RunFolder(tmp_path), made(20_000)
    write_catalogue(run, catalogue)
    opened = open_catalogue(run)
    assert isinstance(opened.user_vectors.base, np.memmap)
    assert not isinstance(opened.item_vectors.base, np.memmap)
    assert opened.users.numbers(["u0", "u19999", "u20000", ""]).tolist() == [0, 19999, -1, -1]


def test_damaged_catalogues_are_refused(tmp_path):
    run, catalogue = RunFolder(tmp_path), made()
    write_catalogue(run, catalogue)
    path = run.catalogue_array("item_vectors")
    np.save(path, catalogue.item_vectors[:5])
    with pytest.raises(DataError, match=r"catalogue\.json: damaged: its arrays are not those"):
        open_catalogue(run)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataError, match=r"item_vectors\.npy: damaged"):
        open_catalogue(run)
    path.unlink()
    with pytest.raises(DataError, match=r"the run has no catalogue/item_vectors\.npy"):
        open_catalogue(run)
    told = json.loads(run.catalogue.read_text("utf-8"))
    run.catalogue.write_text(json.dumps({**told, "items": 5}), "utf-8")
    with pytest.raises(DataError, match=r"does not fit its seal"):
        open_catalogue(run)
    run.catalogue.unlink()
    with pytest.raises(DataError, match=r"the run has no catalogue\.json"):
        open_catalogue(run)


@pytest.mark.parametrize(
    ("name", "place", "number"),
    [
        ("had_starts", 1, 9),
        ("had_items", 0, 6),
        ("had_items", 0, -1),
        ("item_order", 2, 6),
        ("user_starts", 3, 5),
        ("column_1_places", 0, 1),
        ("column_1_codes", 1, 2),
    ],
)
def test_numbers_that_point_nowhere_are_refused(tmp_path, name, place, number):
    run = RunFolder(tmp_path)
    write_catalogue(run, made())
    array = np.load(run.catalogue_array(name))
    array[place] = number
    np.save(run.catalogue_array(name), array)
    with pytest.raises(DataError, match=r"catalogue\.json: damaged"):
        open_catalogue(run)


def test_names_are_found_as_they_are_written():
    names = Names.of(ITEMS)
    assert names.numbers(ITEMS).tolist() == list(range(6))
    assert names.number("c") == -1 and names.number("zz") == -1
    assert Names.of([]).number("a") == -1
    # Bytes of the command line that are no text, and half a character, as JSON may have.
    for broken in ("\udcff", "\ud83d"):
        assert Names.of([broken])[0] == broken and Names.of([broken]).number(broken) == 0
    damaged = Names(np.array([255], np.uint8), np.array([0, 1]), np.array([0], np.int32))
    assert damaged[0] == "\ufffd"


def test_columns_have_items_with_some_value():
    column = made().columns["genres"]
    assert [column[item] for item in range(6)] == [["x", "y"], [], ["y"], ["x", "y"], [], ["y"]]
    assert column.where(lambda value: value == "x").tolist() == [True, False, False, True, False, False]
    assert column.where(lambda value: False).tolist() == [False] * 6
    assert column.having(column.values.number("y")).tolist() == [True, False, True, True, False, True]
    assert column.having(-1).tolist() == [False] * 6
    plain = Column.of(["7", ""], np.array([0, 1, -1]))
    assert [plain[item] for item in range(3)] == [["7"], [], []]
