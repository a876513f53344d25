"""The second pass: columns as NumPy arrays, whole and in blocks, from text and from typed files."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.tables import dates
from bigmodel_cli.sources.tables.columns import Categories, Dates, Numbers, Texts
from bigmodel_cli.sources.tables.survey import survey
from bigmodel_cli.sources.tables.table import Table, open_table
from bigmodel_cli.sources.tables.text_format import TextFormat
from bigmodel_cli.sources.tables.values import read, read_blocks

ROWS = 40
TABLE = "n,w,d,t,i,c\n" + "".join(
    f"{k % 30 / 4 if k % 7 else ''},{'?' if k % 5 == 0 else 'xyz'[k % 3]},"
    f"2020-02-{k % 28 + 1:02d},some long words of text number {k},A{k:03d},same\n"
    for k in range(ROWS)
)


@pytest.mark.usefixtures("engine")
def test_each_kind_is_an_array(columns):
    found = columns(TABLE)
    numbers, words, dates, texts, ids, constant = found.values()
    assert isinstance(numbers, Numbers)
    assert numbers.values.dtype == np.float32
    expected = [k % 30 / 4 if k % 7 else np.nan for k in range(ROWS)]
    np.testing.assert_array_equal(numbers.values, np.array(expected, np.float32))
    assert isinstance(words, Categories)
    assert words.codes.dtype == np.int32
    assert words.strings().tolist() == ["" if k % 5 == 0 else "xyz"[k % 3] for k in range(ROWS)]
    assert sorted(words.names) == ["x", "y", "z"]
    assert isinstance(dates, Dates)
    assert dates.values[3] == np.datetime64("2020-02-04")
    assert isinstance(texts, Texts)
    assert (texts.data.dtype, texts.offsets.dtype) == (np.uint8, np.int64)
    assert [texts[k] for k in (0, 39)] == [
        "some long words of text number 0",
        "some long words of text number 39",
    ]
    assert isinstance(ids, Texts)
    assert ids[17] == "A017"
    assert isinstance(constant, Categories)
    assert {len(column) for column in found.values()} == {ROWS}


@pytest.mark.usefixtures("engine", "small_blocks")
def test_what_is_kept_is_what_is_read(opened, monkeypatch):
    # Numbers of their own for each row are kept as they are written: float32 would round them.
    lines = TABLE.splitlines()
    table = opened(
        "\n".join([f"{lines[0]},no", *(f"{line},{k + 1234567890}" for k, line in enumerate(lines[1:], 1))])
    )
    found = survey(table, keep=True)
    whole = read(table, found.columns)
    with monkeypatch.context() as patch:
        patch.setattr(Table, "blocks", lambda *_: pytest.fail("the files are read again"))
        kept = read(table, found.columns, found.kept)
    assert [*kept] == ["n", "w", "d", "t", "i", "c", "no"]
    assert kept["no"][39] == "1234567930"
    for name, column in kept.items():
        for field, array in vars(column).items():
            np.testing.assert_array_equal(array, vars(whole[name])[field], name)
    # Another kind than was found is read again.
    other = {"n": replace(found.columns["n"], kind="category")}
    assert read(table, other, found.kept)["n"].strings()[1] == "0.25"


@pytest.mark.usefixtures("engine", "small_blocks")
def test_blocks_are_parts_of_the_whole(opened):
    table = opened(TABLE)
    facts = survey(table).columns
    whole, blocks = read(table, facts), list(read_blocks(table, facts))
    assert len(blocks) > 10
    assert np.array_equal(
        np.concatenate([block["n"].values for block in blocks]), whole["n"].values, equal_nan=True
    )
    assert np.concatenate([block["w"].codes for block in blocks]).tolist() == whole["w"].codes.tolist()
    assert [text for block in blocks for text in map(block["t"].__getitem__, range(len(block["t"])))] == [
        whole["t"][row] for row in range(ROWS)
    ]


@pytest.mark.usefixtures("engine")
def test_only_the_columns_that_are_wanted_in_any_order(opened):
    table = opened(TABLE)
    facts = survey(table).columns
    found = read(table, {"d": facts["d"], "n": facts["n"]})
    assert list(found) == ["d", "n"]
    assert found["n"].values[1] == np.float32(0.25)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1,5", "2.000,25", "?"], [1.5, 2000.25, np.nan]),
        (["1.5", " 2 ", "", "NA", "+3", "-.5", "1e3"], [1.5, 2, np.nan, np.nan, 3, -0.5, 1000]),
        (["0.1", "16777217", "3.4e38"], [0.1, 16777217, 3.4e38]),
        (["1 000", "2 000 000"], [1e3, 2e6]),
        (["$1,200.50", "", "-$3", "NA"], [1200.5, np.nan, -3, np.nan]),
        (["85 %", "-7.25%", "0"], [85, -7.25, 0]),
    ],
)
def test_numbers(columns, cells, expected):
    text = "x;y\n" + "".join(f"{cell};a\n" for cell in cells)
    found = columns(text, kinds={"x": "number"}, header=True)["x"].values
    np.testing.assert_array_equal(found, np.array(expected, np.float32))


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("name", "cells", "expected"),
    [
        ("x", ["2020-01-02", "", "2020-01-03"], ["2020-01-02", "NaT", "2020-01-03"]),
        ("x", ["2020-01-02 03:04:05.25"] * 2, ["2020-01-02T03:04:05.25"] * 2),
        ("x", ["2020-01-02T00:30+01:00"] * 2, ["2020-01-01T23:30"] * 2),
        ("x", ["31.12.1899", "01.02.2020"], ["1899-12-31", "2020-02-01"]),
        ("x", ["12/31/2020 12:05 AM", "1/2/2020 1:05 pm"], ["2020-12-31T00:05", "2020-01-02T13:05"]),
        ("x", ["3 Jan 2024", "29. February 2024 1:05 pm"], ["2024-01-03", "2024-02-29T13:05"]),
        ("x", ["Wed, 3 Jan 2024 10:00:00 -0130", "?"], ["2024-01-03T11:30", "NaT"]),
        ("x", ["Jan 3rd, 2024", "Dec 31 1999"], ["2024-01-03", "1999-12-31"]),
        ("x", ["31-Dec-68", "01-jan-69"], ["2068-12-31", "1969-01-01"]),
        ("date", ["20200229", "19991231"], ["2020-02-29", "1999-12-31"]),
        ("time", ["1600000000", ""], ["2020-09-13T12:26:40", "NaT"]),
        ("time", ["1600000000500", "?"], ["2020-09-13T12:26:40.5", "NaT"]),
    ],
)
def test_dates(columns, name, cells, expected):
    text = f"{name};y\n" + "".join(f"{cell};a\n" for cell in cells)
    found = columns(text, kinds={name: "date"}, header=True)[name].values
    assert found.dtype == "datetime64[us]"
    np.testing.assert_array_equal(found, np.array(expected, "datetime64[us]"))


@pytest.mark.usefixtures("engine", "small_blocks")
@pytest.mark.parametrize(
    ("name", "cell", "says"),
    [
        ("n", "abc", "other.csv:42, n: expected a number, found 'abc'"),
        ("n", "1e39", "other.csv:42, n: expected a number, found '1e"),
        ("n", "inf", "other.csv:42, n: expected a number, found 'inf'"),
        ("d", "2020-02-30", "other.csv:42, d: expected a date, found '2020-02-30'"),
        ("d", "5", "other.csv:42, d: expected a date, found '5'"),
    ],
)
def test_another_table_that_does_not_fit(opened, written, name, cell, says):
    facts = survey(opened(TABLE)).columns
    last = {"n": "1.5", "w": "x", "d": "2020-02-01", "t": "text", "i": "A999", "c": "same"} | {name: cell}
    other = open_table(written(TABLE + ",".join(last.values()) + "\n", "other.csv"))
    with pytest.raises(DataError) as caught:
        read(other, facts)
    assert says in caught.value.message


@pytest.mark.usefixtures("engine", "small_blocks")
def test_categories_that_were_not_there_have_codes_behind_the_others(opened, written):
    facts = survey(opened(TABLE)).columns
    other = open_table(written(TABLE + "1.5,new,2020-02-01,text,A999,other\n", "other.csv"))
    words = read(other, {"w": facts["w"]})["w"]
    assert words.names[:3] == tuple(name for name, _ in facts["w"].categories)
    assert (words.names[3:], words.codes[-1]) == (("new",), 3)


@pytest.mark.usefixtures("engine")
def test_a_column_that_is_not_there(opened, written):
    facts = survey(opened(TABLE)).columns
    other = open_table(written("n,word\n1,x\n2,y\n", "other.csv"))
    with pytest.raises(DataError) as caught:
        read(other, facts)
    assert caught.value.message.endswith("other.csv: no column w; its columns: n, word")


def test_both_ways_to_read_are_one(written, monkeypatch):
    table = open_table(written(TABLE))
    facts = survey(table).columns
    fast = read(table, facts)
    monkeypatch.setattr("bigmodel_cli.sources.tables.parsing.has_pyarrow", lambda: False)
    slow_facts = survey(open_table(written(TABLE))).columns
    assert slow_facts == facts
    slow = read(table, facts)
    for name, column in fast.items():
        for field, array in vars(column).items():
            np.testing.assert_array_equal(array, vars(slow[name])[field], name)


# Typed files.

pa = pytest.importorskip("pyarrow")


def typed():
    moment = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
    return pa.table(
        {
            "int": pa.array([1, 2, None] * 10, pa.int64()),
            "big": pa.array([2**53 + 1, -5, 7] * 10, pa.int64()),
            "unsigned": pa.array([1, 2, 255] * 10, pa.uint8()),
            "double": pa.array([1.5, float("nan"), None] * 10),
            "half": pa.array(np.array([1.5, 2, 3], np.float16).tolist() * 10, pa.float32()),
            "decimal": pa.array([Decimal("1.25"), Decimal("-3.50"), None] * 10),
            "bool": pa.array([True, False, None] * 10),
            "word": pa.array(["red", "blue", None] * 10),
            "large": pa.array(["red", "blue", ""] * 10, pa.large_string()),
            "coded": pa.array(["red", "blue", None] * 10).dictionary_encode(),
            "day": pa.array([date(2020, 2, 29), date(1969, 1, 1), None] * 10),
            "moment": pa.array([moment, None, moment] * 10, pa.timestamp("ms", "UTC")),
            "local": pa.array([datetime(2020, 1, 2), None, None] * 10, pa.timestamp("ns")),
            "nothing": pa.nulls(30),
            "plz": pa.array(["01069", "80331", "20095"] * 10),
        }
    )


def save(table, path):
    from pyarrow import feather, orc, parquet

    if path.suffix == ".orc":
        coded = table.column_names.index("coded")
        orc.write_table(table.remove_column(coded).drop_columns(["nothing", "unsigned"]), str(path))
    elif path.suffix == ".feather":
        feather.write_feather(table, str(path))
    else:
        parquet.write_table(table, path, row_group_size=7)
    return path


@pytest.mark.parametrize("suffix", [".parquet", ".feather", ".orc"])
def test_typed_columns(tmp_path, suffix):
    table = open_table(save(typed(), tmp_path / f"t{suffix}"))
    facts = survey(table).columns
    kinds = {
        "int": "category",
        "big": "number",
        "unsigned": "number",
        "double": "number",
        "half": "number",
        "decimal": "number",
        "bool": "category",
        "word": "category",
        "large": "category",
        "coded": "category",
        "day": "date",
        "moment": "date",
        "local": "date",
        "nothing": "constant",
        "plz": "category",
    }
    assert {name: column.kind for name, column in facts.items()} == {
        name: kinds[name] for name in table.names
    }
    found = read(table, facts)
    assert found["int"].strings().tolist()[:3] == ["1", "2", ""]
    assert found["bool"].strings().tolist()[:3] == ["true", "false", ""]
    assert found["word"].strings().tolist() == found["large"].strings().tolist() == ["red", "blue", ""] * 10
    np.testing.assert_array_equal(found["double"].values[:3], np.array([1.5, np.nan, np.nan], np.float32))
    np.testing.assert_array_equal(found["decimal"].values[:3], np.array([1.25, -3.5, np.nan], np.float32))
    np.testing.assert_array_equal(
        found["day"].values[:3], np.array(["2020-02-29", "1969-01-01", "NaT"], "datetime64[us]")
    )
    assert found["moment"].values[0] == np.datetime64("2020-01-02T03:04:05")
    assert facts["double"].missing == 20


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_marks_that_are_told_hold_in_files_that_are_no_text(tmp_path, form):
    from pyarrow import parquet

    path = tmp_path / f"t.{form}"
    numbers, words = [1.5, -999, None] * 10, ["red", "NA", "none"] * 10
    if form == "parquet":
        parquet.write_table(pa.table({"n": numbers, "w": words}), path)
    else:
        rows = zip(numbers, words, strict=True)
        path.write_text("".join(json.dumps({"n": n, "w": w}) + "\n" for n, w in rows))
    table = open_table(path, TextFormat(missing=("-999", "none")))
    found = survey(table, keep=True)
    assert [(facts.missing, facts.distinct) for facts in found.columns.values()] == [(20, 1), (10, 2)]
    for kept in (found.kept, None):
        columns = read(table, found.columns, kept)
        np.testing.assert_array_equal(columns["n"].values, np.array([1.5, np.nan, np.nan] * 10, np.float32))
        assert columns["w"].strings().tolist() == ["red", "NA", ""] * 10


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (pa.array([[[1.5]], [[2.0]]]), "found list<"),
        (pa.array([[["a"]], [["b"]]]), "found list<"),
        (pa.array([{"a": 1}, {"a": 2}]), "found struct<"),
        (pa.array([b"x", b"y"]), "found binary"),
        (pa.array([1, 2], pa.duration("s")), "found duration[s]"),
    ],
)
def test_types_that_are_no_cells_are_refused_unless_they_are_left_out(tmp_path, array, says):
    from pyarrow import parquet

    path = tmp_path / "t.parquet"
    parquet.write_table(pa.table({"n": [1, 2], "x": array}), path)
    table = open_table(path)
    with pytest.raises(DataError) as caught:
        survey(table)
    assert "t.parquet, x: expected numbers, texts, truth values, dates or lists" in caught.value.message
    assert says in caught.value.message
    is_nested = "list" in says or "struct" in says
    assert caught.value.hint is not None
    assert ("give each part of it a column" in caught.value.hint) is is_nested
    assert "leave it out; the other columns are n" in caught.value.hint
    assert list(survey(table, leave_out=["x"]).columns) == ["n"]


@pytest.mark.parametrize("suffix", [".parquet", ".feather", ".orc"])
@pytest.mark.parametrize("damage", ["half", "middle", "start", "not"])
def test_typed_files_that_are_damaged(tmp_path, suffix, damage):
    path = save(typed(), tmp_path / f"t{suffix}")
    content = bytearray(path.read_bytes())
    if damage == "half":
        del content[len(content) // 2 :]
    elif damage == "middle":
        content[len(content) // 4 : -len(content) // 4] = bytes(len(content) - len(content) // 2)
    elif damage == "start":
        content[:2] = b"xx"
    else:
        content = bytearray(b"n,word\n1,x\n")
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        table = open_table(path)
        read(table, survey(table).columns)
    assert caught.value.message.startswith(str(path))


def test_typed_files_of_other_columns_are_refused(tmp_path, written):
    from pyarrow import parquet

    first, second = tmp_path / "a.parquet", tmp_path / "b.parquet"
    parquet.write_table(pa.table({"n": [1, 2], "x": [1, 2]}), first)
    parquet.write_table(pa.table({"n": [1, 2], "y": [1, 2]}), second)
    with pytest.raises(DataError) as caught:
        open_table([first, second])
    assert "b.parquet: other columns than in" in caught.value.message
    assert "lacks x and has y, which a.parquet has not" in caught.value.message


def test_without_pyarrow_parquet_says_what_to_install(tmp_path, monkeypatch):
    path = save(typed(), tmp_path / "t.parquet")
    monkeypatch.setattr("bigmodel_cli.sources.tables.parsing.has_pyarrow", lambda: False)
    with pytest.raises(DataError) as caught:
        open_table(path)
    assert caught.value.hint == "to read them: pip install 'bigmodel-cli[tables]'"


def test_csv_and_parquet_of_one_table_are_one(tmp_path, written):
    from pyarrow import csv, parquet

    table = open_table(written(TABLE))
    found = read(table, survey(table).columns)
    parquet.write_table(csv.read_csv(written(TABLE)), tmp_path / "t.parquet")
    other = open_table(tmp_path / "t.parquet")
    same = read(other, survey(other).columns)
    np.testing.assert_array_equal(found["n"].values, same["n"].values)
    np.testing.assert_array_equal(found["d"].values, same["d"].values)
    assert found["w"].strings().tolist() == same["w"].strings().tolist()


def test_the_format_is_not_needed_for_typed_files(tmp_path):
    path = save(typed(), tmp_path / "t.parquet")
    assert survey(open_table(path, TextFormat(separator=";"))).columns == survey(open_table(path)).columns


def test_reading_a_table_does_not_import_pandas(written):
    """pyarrow does so in many places where it is installed; it takes longer than reading most tables."""
    code = """
import sys
from bigmodel_cli.sources.tables.survey import survey
from bigmodel_cli.sources.tables.table import Table, open_table
from bigmodel_cli.sources.tables.values import read
table = open_table(sys.argv[1])
found = survey(table, keep=True)
read(table, found.columns)
read(table, found.columns, found.kept)
heavy = {"pandas", "tensorflow", "keras", "sklearn"} & set(sys.modules)
assert not heavy, heavy
"""
    text = TABLE + '1.5,x,2020-02-01,"a ""quote""\nin two lines",A999,same\n'
    subprocess.run([sys.executable, "-c", code, str(written(text))], check=True)


def test_moments_are_those_of_datetime():
    chance = random.Random(0)
    written, expected = [], []
    for _ in range(3000):
        year, month, day = (
            chance.choice([1, 1600, 1900, 2000, 2023, 2024, 9999]),
            *chance.choices(range(14), k=2),
        )
        day = chance.choice([day, 28, 29, 30, 31, 32])
        hour, minute, second = chance.randrange(26), chance.randrange(62), chance.choice([0, 59, 60])
        fraction, zone = (
            chance.choice(["", ".5", ".123456", ".123456789"]),
            chance.choice(["", "Z", "+05:30", "-24"]),
        )
        written.append(f"{year:04d}-{month}-{day} {hour}:{minute:02d}:{second:02d}{fraction}{zone}")
        try:
            offset = timezone(
                {"+05:30": timedelta(minutes=330), "-24": -timedelta(hours=24)}.get(zone, timedelta())
            )
            micros = int((fraction[1:] + "000000")[:6])
            moment = datetime(year, month, day, hour, minute, second, micros, offset)
            expected.append((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1))
        except ValueError:
            expected.append(dates.WRONG)
    assert 500 < expected.count(dates.WRONG) < 2500
    assert dates.parsed(written, "YYYY-MM-DD").tolist() == expected
