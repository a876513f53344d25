"""Blocks of text, cut quickly and settled by the threads that read them: whatever their size, the same."""

from __future__ import annotations

import pytest
from tests.helpers.table_rows import rows_of

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.tables import blocks as blocks_module
from bigmodel_cli.sources.tables import table as table_module
from bigmodel_cli.sources.tables.survey import survey
from bigmodel_cli.sources.tables.table import CutWrongly
from bigmodel_cli.sources.tables.values import read

pytest.importorskip("pyarrow")

SIZES = (40, 64, 1 << 20)


def of_every_size(monkeypatch, make):
    """What comes of blocks of each size."""
    for size in SIZES:
        monkeypatch.setattr(table_module, "_BLOCK", size)
        yield make()


def test_a_block_that_was_cut_within_a_row_is_cut_again(opened, monkeypatch):
    # Behind the letter in the first cell the count of quotes takes the line's end in quotes for a row's.
    rows = [[f'{n}" wide', "two\nlines" if n % 3 else "x"] for n in range(60)]
    text = "size,word\n" + "".join(f'{a},"{b}"\n' for a, b in rows)
    wrongly = []
    monkeypatch.setattr(CutWrongly, "__init__", lambda self, *words: wrongly.append(words))
    for found in of_every_size(monkeypatch, lambda: rows_of(opened(text))):
        assert found == rows
    assert wrongly


def test_a_quote_that_is_a_letter_is_not_read_to_the_end_of_the_file(opened, monkeypatch):
    monkeypatch.setattr(blocks_module, "_LONGEST_TAIL", 100)
    rows = [[str(n), '6" wide' if n == 30 else "x"] for n in range(300)]
    text = "n,word\n" + "".join(",".join(row) + "\n" for row in rows)
    for found in of_every_size(monkeypatch, lambda: rows_of(opened(text))):
        assert found == rows
    monkeypatch.setattr(table_module, "_BLOCK", 64)
    assert max(block.num_rows for block in opened(text).blocks()) < 60


def test_what_is_wrong_first_is_told_first(opened, monkeypatch):
    text = "n,word\n" + "1,x\n" * 20 + "1\n" + "1,x\n" * 20 + '2,"open\n'
    monkeypatch.setattr(table_module, "_BLOCK", 40)
    with pytest.raises(DataError, match=r"t\.csv:22: expected 2 cells \(n, word\), found 1: '1'"):
        rows_of(opened(text))


@pytest.mark.parametrize(
    "late",
    ["", "NA", "nan", "inf", "1e400", " 2.5 ", "+1.5", "007", "1,5", "x", "$2.50", "-"],
)
@pytest.mark.parametrize("early", ["0.25", "7"])
def test_numbers_are_the_same_as_types_of_pyarrow_and_as_texts(opened, monkeypatch, early, late):
    """Behind the first blocks fractions are read as numbers at once; what is none is read as text."""
    cells = [f"{early}{n}" for n in range(50)] + [f'"{late}"'] + [f"{early}{n}" for n in range(50, 60)]
    text = "n,value\n" + "".join(f"{n},{cell}\n" for n, cell in enumerate(cells))

    def found():
        table = opened(text)
        try:
            seen = survey(table, keep=True)
        except DataError as error:
            return error.message, error.hint
        columns = read(table, seen.columns, seen.kept)
        arrays = {
            name: {key: value.tobytes() for key, value in vars(one).items() if hasattr(value, "tobytes")}
            for name, one in columns.items()
        }
        return seen.columns, arrays

    first, *others = of_every_size(monkeypatch, found)
    assert all(other == first for other in others)
