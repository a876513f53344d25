"""Columns of lists of numbers: arrays of one length, or refused by the place of the row that is otherwise."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.array.kind import ArrayKind
from bigmodel_cli.sources.base import LoadContext, Source
from bigmodel_cli.sources.table import TableOptions

COUNT = 30
VECTORS = [[number / 4, -2.0 * number, 3.0] for number in range(COUNT)]
WHOLE = [[number % 7, number % 3] for number in range(COUNT)]
LABELS = ["ab"[number % 2] for number in range(COUNT)]


def write_lines(path: Path, **columns: Sequence[Any]) -> Path:
    rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def write_parquet(path: Path, **columns: Sequence[Any]) -> Path:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table(dict(columns)), path)
    return path


def write_csv(path: Path, **columns: Sequence[Any]) -> Path:
    rows = (
        ";".join("" if cell is None else cell if isinstance(cell, str) else json.dumps(cell) for cell in row)
        for row in zip(*columns.values(), strict=True)
    )
    path.write_text("\n".join([";".join(columns), *rows]) + "\n")
    return path


WRITERS = {"jsonl": write_lines, "parquet": write_parquet, "csv": write_csv}


def load(path: Path, warnings: list[str] | None = None, **options: Any) -> Source:
    said: list[str] = [] if warnings is None else warnings
    return TableOptions(path=path, target="y", **options).load(LoadContext(warn=said.append))


@pytest.mark.parametrize("form", WRITERS)
def test_lists_of_one_length_are_arrays(form: str, tmp_path: Path) -> None:
    path = WRITERS[form](tmp_path / f"t.{form}", v=VECTORS, whole=WHOLE, y=LABELS)
    # Lists of numbers with a fraction can be nothing else; whole ones may be names, and text any text.
    told = {"whole": "array"} if form != "csv" else {"whole": "array", "v": "array"}
    source = load(path, columns=told)
    assert source.signature.inputs == {"v": ArrayKind((3,)), "whole": ArrayKind((2,))}
    train = source.splits["train"]
    assert train.inputs["v"].dtype == np.float32
    np.testing.assert_array_equal(train.inputs["v"].array, VECTORS)
    np.testing.assert_array_equal(train.inputs["whole"].array, WHOLE)
    assert source.looked_at.columns == {"v": "array", "whole": "array", "y": "category"}
    again = source.looked_at.load(LoadContext())
    assert again.splits["train"].fingerprint() == train.fingerprint()


def test_both_forms_have_one_fingerprint(tmp_path: Path) -> None:
    columns = {"v": VECTORS, "y": LABELS}
    one, other = (
        write_lines(tmp_path / "t.jsonl", **columns),
        write_parquet(tmp_path / "t.parquet", **columns),
    )
    prints = {load(path).splits["train"].fingerprint() for path in (one, other)}
    assert len(prints) == 1


@pytest.mark.parametrize("width", [None, 3])
@pytest.mark.parametrize("item", ["float32", "float64", "float16", "int8"])
def test_types_of_parquet(tmp_path: Path, item: str, width: int | None) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    values = np.arange(COUNT * 3).reshape(COUNT, 3) % 100
    kind = pa.list_(getattr(pa, item)(), width or -1)
    array = pa.array([row.astype(item) for row in values], kind)
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"v": array, "y": LABELS}), path, row_group_size=7)
    found = load(path, columns={"v": "array"}).splits["train"].inputs["v"].array
    np.testing.assert_array_equal(found, values)


OTHER = {
    "longer": ([1.5, 2, 3, 4], "found '[1.5, 2, 3, 4]'"),
    "shorter": ([1.5], "found '[1.5]'"),
    "empty": ([], "found '[]'"),
    "missing": (None, "found none"),
    "null inside": ([1.5, None, 3], "found '["),
    "no list": ("wrong", "found 'wrong'"),
    "text inside": ([1.5, "x", 3], "found '["),
    "too large": ([1.5, 1e300, 3], "found '[1.5, 1e+300, 3"),
    "nested": ([[1.5], [2], [3]], "found '[["),
}


@pytest.mark.parametrize("case", OTHER)
@pytest.mark.parametrize("form", WRITERS)
def test_a_list_that_is_otherwise_is_refused_by_its_place(form: str, case: str, tmp_path: Path) -> None:
    value, found = OTHER[case]
    if form == "parquet" and case in ("no list", "text inside", "nested"):
        pytest.skip("no column of one type has such a cell")
    vectors = [*VECTORS[:20], value, *VECTORS[21:]]
    path = WRITERS[form](tmp_path / f"t.{form}", v=vectors, x=range(COUNT), y=LABELS)
    place = {"jsonl": "t.jsonl:21", "csv": "t.csv:22", "parquet": "t.parquet, row 21"}[form]
    with pytest.raises(DataError) as caught:
        load(path, columns={"v": "array"})
    message = caught.value.message.replace(".0", "")
    assert f"{place}, v: expected a list of 3 numbers, {found}" in message
    assert "columns: {v: ignore}" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([1.5], "v (lists of 1, 3 numbers, and a model takes those of one length)"),
        (None, "v (lists of numbers, of which 1 are missing)"),
    ],
)
def test_lists_of_several_lengths_that_nobody_asks_for_are_left_out(
    value: Any, reason: str, tmp_path: Path
) -> None:
    path = write_lines(tmp_path / "t.jsonl", v=[*VECTORS[:-1], value], x=range(COUNT), y=LABELS)
    warnings: list[str] = []
    assert list(load(path, warnings, columns={"x": "number"}).signature.inputs) == ["x"]
    assert reason in warnings[0]


def test_a_test_file_of_another_length_is_refused(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "t.jsonl", v=VECTORS, y=LABELS)
    other = write_lines(tmp_path / "o.jsonl", v=[[0.5, 1.5]] * COUNT, y=LABELS)
    with pytest.raises(
        DataError, match=r"o\.jsonl:1, v: expected a list of 3 numbers, found '\[0\.5, 1\.5\]'"
    ):
        load(path, test=other)


def test_a_column_without_lists_is_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", x=range(COUNT), y=LABELS)
    with pytest.raises(DataError, match=r"t\.csv, x: no row has a list of numbers"):
        load(path, columns={"x": "array"})
    with pytest.raises(DataError, match=r"y: a list of 3 numbers is not predicted"):
        load(write_lines(tmp_path / "t.jsonl", x=range(COUNT), y=VECTORS), columns={"x": "number"})


def test_lists_of_labels_stay_labels(tmp_path: Path) -> None:
    tags = [[str(number % 3)] for number in range(COUNT)]
    source = load(write_lines(tmp_path / "t.jsonl", v=VECTORS, y=tags))
    assert source.signature.targets["y"].class_names == ("0", "1", "2")
