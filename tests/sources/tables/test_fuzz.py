"""Mutated files: a message or a right result, in time, and never a traceback.

Right is what both ways to read come to, pyarrow's and Python's own, in blocks of any size.
`BIGMODEL_FUZZ_CASES=5000 pytest tests/sources/tables/test_fuzz.py` runs that many cases, with new random
numbers each time; without it, 200 run, the same ones every time.
"""

from __future__ import annotations

import os
import random
import re
import secrets
from typing import Any

import numpy as np
import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.tables import parsing, quotes
from bigmodel_cli.sources.tables import table as table_module
from bigmodel_cli.sources.tables.columns import Values
from bigmodel_cli.sources.tables.survey import survey
from bigmodel_cli.sources.tables.table import open_table
from bigmodel_cli.sources.tables.text_format import TextFormat
from bigmodel_cli.sources.tables.values import read

pytestmark = pytest.mark.slow
pytest.importorskip("pyarrow")

LONG = int(os.environ.get("BIGMODEL_FUZZ_CASES", "0"))
CASES = LONG or 200
AT_ONCE = 50
Columns = dict[str, Values]
WORDS = ["red", "blue", "Zoë", "a b", "NA", "?", "", "-", "none", "x" * 70, "it's", '5"', "#1", "日本"]
CELLS = [
    "1",
    "1.5",
    "1,5",
    "-3",
    "007",
    "1e3",
    "1,234",
    "1.234,5",
    "2020-01-02",
    "31.12.2020",
    "3 Jan 2024",
    "1/2/99",
    "$5",
    "1,234 €",
    "85%",
    "nan",
    "inf",
    *WORDS,
]
PIECES = [
    b'"',
    b'""',
    b",",
    b";",
    b"\t",
    b"\n",
    b"\r\n",
    b"\r",
    b"\0",
    b"\xff",
    b"\xc3",
    b"#",
    b"'",
    b" ",
    b"\xef\xbb\xbf",
]
OPTIONS: list[dict[str, Any]] = [
    {},
    {},
    {},
    {"quotes": False},
    {"header": True},
    {"header": False},
    {"separator": ";"},
    {"comments": "#"},
    {"encoding": "latin-1"},
    {"decimal": ","},
    {"missing": ("red",)},
    {"missing": ("1", "-3", "$5")},
    {"skip": 1},
]


def a_table(rng: random.Random) -> bytes:
    """A table that is right."""
    separator = rng.choice(",,,;\t|")
    kinds = [
        rng.choice(["int", "float", "word", "date", "id", "text", "any"]) for _ in range(rng.randint(1, 5))
    ]
    rows = [[f"{kind}_{place}" for place, kind in enumerate(kinds)]]
    for number in range(rng.choice([1, 5, 30, 60, 120])):
        rows.append([a_cell(kind, number, rng) for kind in kinds])
    written = [separator.join(quoted(cell, separator, rng) for cell in row) for row in rows]
    return (rng.choice(["\n", "\n", "\r\n", "\r"]).join(written) + rng.choice(["", "\n"])).encode()


def a_cell(kind: str, number: int, rng: random.Random) -> str:
    cells = {
        "int": str(rng.randint(0, 99)),
        "float": f"{rng.random():.3f}",
        "word": rng.choice(WORDS[:3]),
        "date": f"2020-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}",
        "id": str(number),
        "text": f'some, words of "number" {number}' + rng.choice(["", "\nand another line"]),
        "any": rng.choice(CELLS),
    }
    return cells[kind]


def quoted(cell: str, separator: str, rng: random.Random) -> str:
    if any(letter in cell for letter in (separator, '"', "\n")) or rng.random() < 0.1:
        return '"' + cell.replace('"', '""') + '"'
    return cell


def mutated(content: bytes, rng: random.Random) -> bytes:
    """The same with some things wrong."""
    for _ in range(rng.choice([0, 1, 1, 1, 2, 3, 10])):
        place = rng.randint(0, len(content))
        end = min(len(content), place + rng.choice([1, 1, 3, 20, 200]))
        how = rng.randrange(7)
        if how == 0:
            content = content[:place] + content[end:]
        elif how == 1:
            content = content[:place] + rng.choice(PIECES) + content[place:]
        elif how == 2:
            content = content[:place] + rng.choice(CELLS).encode() + content[place:]
        elif how == 3:
            content = content[:end] + content[place:]
        elif how == 4:
            content = content[:place] + rng.randbytes(1) + content[place + 1 :]
        elif how == 5:
            lines = content.split(b"\n")
            rng.shuffle(lines)
            content = b"\n".join(lines)
        else:
            old, new = rng.choice(PIECES), rng.choice(PIECES)
            content = content.replace(old, new, rng.choice([1, 3, -1]))
    return content


def outcome(path: Any, options: dict[str, Any]) -> tuple[str, Any]:
    """The message, or what was read."""
    try:
        table = open_table(path, TextFormat(**options))
        found = survey(table, keep=True)
        again, kept = read(table, found.columns), read(table, found.columns, found.kept)
        assert_columns_same(again, kept)
        return "read", (found, again)
    except DataError as error:
        assert error.message.startswith(str(path)), error.message
        assert "\n" not in error.message, error.message
        return "refused", error.message


def assert_same(one: tuple[str, Any], other: tuple[str, Any]) -> None:
    assert one[0] == other[0], (one[1], other[1])
    if one[0] == "refused":
        return
    assert one[1][0] == other[1][0]
    assert_columns_same(one[1][1], other[1][1])


def assert_columns_same(one: Columns, other: Columns) -> None:
    for name, column in one.items():
        for field, array in vars(column).items():
            np.testing.assert_array_equal(array, vars(other[name])[field], name)


@pytest.mark.parametrize("first", range(0, CASES, AT_ONCE))
def test_mutated_files(tmp_path, monkeypatch, in_time, first):
    path = tmp_path / "t.csv"
    base = secrets.randbits(40) if LONG else 0
    for case in range(first, min(first + AT_ONCE, CASES)):
        rng = random.Random(base + case)
        content, options = mutated(a_table(rng), rng), rng.choice(OPTIONS)
        path.write_bytes(content)
        try:
            with in_time(20), monkeypatch.context() as patch:
                fast = outcome(path, options)
                patch.setattr(table_module, "_BLOCK", rng.choice([16, 64, 300]))
                patch.setattr(quotes, "_PIECE", rng.choice([1, 7, 64]))
                pieces = outcome(path, options)
                patch.setattr(parsing, "has_pyarrow", lambda: False)
                slow_pieces = outcome(path, options)
                assert_same(fast, pieces)
                assert_same(pieces, slow_pieces)
                assert slow_pieces[0] == "read" or slow_pieces[1] == pieces[1]
        except BaseException:
            print(f"random.Random({base + case}), options {options}, content:\n{content!r}")
            raise


def test_files_that_are_not_mutated_are_mostly_read(tmp_path):
    path = tmp_path / "t.csv"
    told = []
    for case in range(40):
        path.write_bytes(a_table(random.Random(case)))
        told.append(outcome(path, {}))
    refused = [message for how, message in told if how == "refused"]
    # Columns of anything at all may have a few cells that fit to nothing.
    assert len(refused) < 12
    assert all(re.search(r":\d+", message) for message in refused)
