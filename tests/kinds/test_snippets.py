"""What an example beside an export reads, it reads as bigmodel does: its lines are run here."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.kinds.category.kind import CategoryKind
from bigmodel_cli.kinds.date.cells import DateCells
from bigmodel_cli.kinds.date.kind import PARTS, DateKind
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.kinds.image.read import ImageRead
from bigmodel_cli.kinds.number.kind import NumberKind
from bigmodel_cli.kinds.read import Read
from bigmodel_cli.kinds.row.kind import RowKind
from bigmodel_cli.kinds.snippet import Snippet
from bigmodel_cli.kinds.tokens.kind import TokensKind
from bigmodel_cli.parts import part_of
from bigmodel_cli.signature import slugs
from bigmodel_cli.vocabulary.asked import Asked
from bigmodel_cli.vocabulary.letters import Letters
from bigmodel_cli.vocabulary.training import Untrained
from bigmodel_cli.vocabulary.vocabulary import Vocabulary


def read_row(columns: dict[str, Any], row: dict[str, Any], folder: Path) -> dict[str, np.ndarray]:
    """A row as the lines of the example read it."""
    kind = RowKind(columns)
    about = [
        {"column": name, "name": slug, "shape": list(columns[name].shape), "dtype": columns[name].dtype}
        for name, slug in slugs(columns).items()
    ]
    scope: dict[str, Any] = {"np": np, "json": json, "Path": Path, "ABOUT": {"columns": about}}
    exec(part_of(kind, Snippet).code("x"), scope)
    path = folder / "row.json"
    path.write_text(json.dumps(row))
    found: dict[str, np.ndarray] = scope["read"](path)
    return found


def test_rows_with_dates_and_pictures(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "one.png")
    front = ImageKind(ImageFormat((4, 4)))
    columns = {
        "seen on": DateKind(tuple(PARTS)),
        "front": front,
        "back": ImageKind(ImageFormat((9, 7), "grayscale")),
        "age": NumberKind(),
        "town": CategoryKind(),
    }
    row = {"seen on": "2024-05-31T12:30:00+02:00", "front": "one.png", "back": "one.png", "town": "Ulm"}
    found = read_row(columns, row, tmp_path)
    moment = np.array(["2024-05-31T10:30"], "datetime64[us]")
    expected = DateCells(columns["seen on"]).held(SimpleNamespace(values=moment)).values()
    np.testing.assert_array_equal(found["seen_on"], expected)
    np.testing.assert_array_equal(found["front"][0], ImageRead(front).file(tmp_path / "one.png").array)
    assert found["back"].shape == (1, 9, 7, 1) and found["back"].dtype == np.uint8
    assert np.isnan(found["age"]).all() and found["town"].tolist() == ["Ulm"]


def test_what_a_row_lacks_is_missing(tmp_path: Path) -> None:
    columns = {"seen on": DateKind(), "age": NumberKind(), "town": CategoryKind()}
    found = read_row(columns, {"seen on": None, "age": 3}, tmp_path)
    assert np.isnan(found["seen_on"]).all() and found["seen_on"].shape == (1, 5)
    assert found["age"].tolist() == [3] and found["town"].tolist() == [""]


@pytest.mark.parametrize("unit", ["characters", "bytes", "subwords"])
def test_texts_of_any_system(unit: Any, tmp_path: Path) -> None:
    """With a mark at the beginning, and with ends of lines as Windows has them."""
    text = "\u00fcber\nWasser\n"
    known: Vocabulary = Letters.of(unit, text) if unit != "subwords" else subwords_of(text, tmp_path)
    kind = TokensKind(6, known)
    (tmp_path / "text.txt").write_bytes(text.replace("\n", "\r\n").encode("utf-8-sig"))
    scope: dict[str, Any] = {"np": np, "json": json, "Path": Path, "HERE": tmp_path}
    exec(part_of(kind, Snippet).code("x"), scope)
    expected = part_of(kind, Read).file(tmp_path / "text.txt").array
    assert known.decode(expected.tolist()) == "asser\n" or unit == "subwords"
    np.testing.assert_array_equal(scope["read"](tmp_path / "text.txt")["x"][0], expected)


def subwords_of(text: str, folder: Path) -> Vocabulary:
    asked = Asked.of({"bpe": {"vocabulary_size": 258}})
    known = Untrained(asked, padded=False).trained([text], "text")
    for name, content in known.files.items():
        # One that somebody else has told to cut texts.
        tokenizer = {**json.loads(content), "truncation": _TWO}
        (folder / name).write_text(json.dumps(tokenizer))
    return known


_TWO = {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0}
