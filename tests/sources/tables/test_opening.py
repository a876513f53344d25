"""How tables are written is recognised, or told, with pyarrow and without."""

from __future__ import annotations

import bz2
import gzip
import lzma

import pytest
from table_rows import rows_of

from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.sources.tables.table import open_table
from bigmodel_cli.sources.tables.text_format import TextFormat

pytestmark = pytest.mark.usefixtures("engine")

TWO = [["1", "x"], ["2", "y"]]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_and_ends_of_lines(opened, separator, end):
    lines = ["n,word", "1,x", "2,y", ""]
    table = opened(end.join(line.replace(",", separator) for line in lines))
    assert (list(table.names), table.format.separator, rows_of(table)) == (["n", "word"], separator, TWO)


@pytest.mark.parametrize(
    "text",
    [
        "n;word;long\n1,5;a, b;c, d\n2,5;e;f\n",  # more commas than semicolons in a row
        "n;word;long\n1,5;a;c\n2,5;e;f\n3,5;e;f\n",  # as many commas in each row
        '"n";"word, long";"x"\n1;"a, b";2\n',
        "sep=;\nn;word\n1;x\n",
    ],
)
def test_semicolons_among_commas(opened, text):
    assert opened(text).format.separator == ";"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_is_recognised(opened, encoding):
    table = opened("Größe,näme\n1,Zoë\n2,Łódź\n".encode(encoding))
    assert list(table.names) == ["Größe", "näme"]
    assert rows_of(table) == [["1", "Zoë"], ["2", "Łódź"]]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "shift_jis", "cp1251"])
def test_other_encodings_are_told(opened, encoding):
    word = {"shift_jis": "東京", "cp1251": "Москва"}.get(encoding, "Zoë")
    table = opened(f"n,word\n1,{word}\n".encode(encoding), encoding=encoding)
    assert rows_of(table) == [["1", word]]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "shift_jis"])
def test_letters_that_stand_in_two_blocks(opened, encoding):
    rows = [f"{number},{'東京' * (number % 7)}x" for number in range(200)]
    table = opened("\n".join(["n,w", *rows]).encode(encoding), encoding=encoding)
    assert rows_of(table) == [row.split(",") for row in rows]


@pytest.mark.parametrize("opens", [gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("name", ["t.csv.gz", "t.csv"])
def test_compressed_whatever_it_is_called(opened, opens, name):
    assert rows_of(opened(opens(b"n,word\n1,x\n2,y\n"), name)) == TWO


def test_several_files_in_the_order_given_and_their_columns_in_any(written):
    first, second = written("n,word\n1,x\n", "b.csv"), written("word;n\ny;2\n", "a.csv")
    assert rows_of(open_table([first, second])) == TWO


def test_files_without_a_header_have_none_in_any_of_them(written):
    first, second = written("1,x\n", "a.csv"), written("two,y\nthree,z\n", "b.csv")
    assert rows_of(open_table([first, second])) == [["1", "x"], ["two", "y"], ["three", "z"]]


def test_a_pattern_is_its_files_by_name(written, tmp_path):
    for number in (2, 1):
        written(f"n,word\n{number},{' xy'[number]}\n", f"part-{number}.csv")
    written("other\n1\n", "more.csv")
    assert rows_of(open_table(tmp_path / "part-*.csv")) == TWO


def test_a_name_that_looks_like_a_pattern_is_a_name(written):
    path = written("n,word\n1,x\n2,y\n", "data[1].csv")
    assert rows_of(open_table(path)) == TWO


@pytest.mark.parametrize(
    ("text", "names", "first"),
    [
        ("a,b\n1,2\n3,4\n", ["a", "b"], ["1", "2"]),
        ("1,2\n3,4\n", ["column_1", "column_2"], ["1", "2"]),
        ("ham,Hello there\nspam,Win\nham,Ok\n", ["column_1", "column_2"], ["ham", "Hello there"]),
        ("2020-01-01,5\n2020-01-02,6\n", ["column_1", "column_2"], ["2020-01-01", "5"]),
        ("country,2019,2020\nFrance,1.5,2\n", ["country", "2019", "2020"], ["France", "1.5", "2"]),
        ("en,de\na cat,eine Katze\n", ["en", "de"], ["a cat", "eine Katze"]),
        ("name,label\nx,label\ny,a\n" + "z,b\n" * 99, ["name", "label"], ["x", "label"]),
        ("x,n\nx,1\nx,?\n", ["x", "n"], ["x", "1"]),
        ("a,?\na,1\nb,2\n", ["column_1", "column_2"], ["a", "?"]),
        (",x\n0,1\n1,2\n", ["column_1", "x"], ["0", "1"]),
        ("x\n1\n2\n", ["x"], ["1"]),
    ],
)
def test_headers(opened, text, names, first):
    table = opened(text)
    assert list(table.names) == names
    assert rows_of(table)[0] == first


@pytest.mark.parametrize(
    ("header", "names", "count"), [(True, ["1", "2"], 1), (False, ["column_1", "column_2"], 2)]
)
def test_a_header_that_is_told(opened, header, names, count):
    table = opened("1,2\n3,4\n", header=header)
    assert (list(table.names), len(rows_of(table))) == (names, count)


@pytest.mark.parametrize(
    "name", ["number", "a.b", "Größe (cm)", "a,b", "it's", "a b ", "100%", "x" * 300, "日本", "a\nb", 'a"b']
)
def test_columns_may_be_called_anything(opened, name):
    quoted = '"' + name.replace('"', '""') + '"'
    table = opened(f"{quoted},other\n1,2\n")
    assert list(table.names) == [name.strip(), "other"]
    assert rows_of(table) == [["1", "2"]]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("# from the lab\n# 2020\nn,word\n1,x\n2,y\n", {}),
        ("#n,word\n1,x\n2,y\n", {}),
        ("n,word\n# a comment, with, commas\n1,x\n2,y\n#end", {"comments": "#"}),
        ("n,word\n// don't \"\n1,x\n2,y\n", {"comments": "//"}),
        ("A report\nof 2020\nn,word\n1,x\n2,y\n", {"skip": 2}),
        ("\n\nn,word\n\n1,x\n\n2,y\n\n\n", {}),
    ],
)
def test_what_is_no_row(opened, text, told):
    table = opened(text, **told)
    assert [name.lstrip("#") for name in table.names] == ["n", "word"]
    assert rows_of(table) == TWO


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ('a,b\n1,"x, y"\n', ["1", "x, y"]),
        ('a,b\n1,"5"" wide"\n', ["1", '5" wide']),
        ('a,b\n1,5" wide\n', ["1", '5" wide']),
        ('a,b\n1,"two\nlines"\n', ["1", "two\nlines"]),
        ('a,b\n1,"two\r\nlines"\r\n', ["1", "two\nlines"]),
        ('a,b\n"1",""\n', ["1", ""]),
        ('a,b\n1,""""\n', ["1", '"']),
        ('a,b\n1,"x"', ["1", "x"]),
        ("a,b\n  1 , x  \n", ["1", "x"]),
    ],
)
def test_quotes(opened, text, cells):
    assert rows_of(opened(text)) == [cells]


@pytest.mark.parametrize("told", [{"quotes": False}, {"quotes": False, "header": False, "separator": "\t"}])
def test_quotes_that_are_letters(opened, told):
    text = 'ham\t"Hello\nspam\tWin 5" now\nham\t"both"\n'
    table = opened(text, **told)
    assert rows_of(table) == [["ham", '"Hello'], ["spam", 'Win 5" now'], ["ham", '"both"']]
    assert rows_of(opened(text)) == rows_of(table)


@pytest.mark.usefixtures("small_blocks")
def test_lines_in_quotes_at_the_ends_of_blocks(opened):
    rows = [[str(number), "a\n" * (number % 5) + f'b"{number}'] for number in range(300)]
    text = "".join(f'{n},"{word.replace(chr(34), chr(34) * 2)}"\n' for n, word in rows)
    assert rows_of(opened("n,word\n" + text)) == rows


@pytest.mark.usefixtures("small_blocks")
def test_a_byte_order_mark_is_a_letter_but_at_the_beginning(opened):
    rows = [[f"\ufeff{number:03d}x", f"cell {number}"] for number in range(100)]
    text = "".join(",".join(row) + "\n" for row in rows)
    assert rows_of(opened("\ufeffn,word\n" + text)) == rows


@pytest.mark.usefixtures("small_blocks")
def test_the_line_of_each_row(opened):
    rows = [f"{n},{'x' * (n % 9)}" if n % 50 else f'\n{n},"two\nlines"' for n in range(300)]
    text = "n,word\n" + "\n".join(rows) + "\n"
    lines = [line for block in opened(text).blocks() for line in block.lines()]
    begins = [line for line, written in enumerate(text.split("\n"), 1) if "," in written][1:]
    assert lines == begins


@pytest.mark.usefixtures("small_blocks")
def test_quotes_within_cells_at_the_ends_of_blocks(opened):
    rows = [[str(number), f'{number}" wide'] for number in range(200)]
    rows[57][1] = "two\nlines, and more"
    text = "".join(f'{n},"{word}"\n' if "\n" in word else f"{n},{word}\n" for n, word in rows)
    assert rows_of(opened("n,word\n" + text)) == rows


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"n": 1, "word": "x"}\n\n{"word": "y", "n": 2}\n', TWO),
        ('{"n": 1, "word": "x"}\n{"word": null, "n": 2.5}', [["1", "x"], ["2.5", ""]]),
        ('{"n": 1}\n{"n": 2, "word": "y"}\n', [["1", ""], ["2", "y"]]),
        ('{"n": true, "word": "two\\nlines"}\n', [["true", "two\nlines"]]),
        ('{"n": 12345678901234567890, "word": "\\ud800"}\n', [["12345678901234567890", "?"]]),
    ],
)
def test_json_lines(opened, content, expected):
    table = opened(content, "t.jsonl")
    assert (list(table.names), rows_of(table)) == (["n", "word"], expected)


@pytest.mark.parametrize("name", ["ORCID", "PAR1", "ARROW1"])
def test_names_that_other_files_begin_with(opened, name):
    assert list(opened(f"{name},word\n1,x\n").names) == [name, "word"]


@pytest.mark.parametrize("between", ";\t|")
def test_letters_between_words_are_no_separator_where_the_header_has_none(opened, between):
    rows = f"1,x{between}y{between}z\n" * 600
    assert opened("n,word\n" + rows).format.separator == ","


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"separator": ""}, "separator"),
        ({"separator": ", "}, "separator"),
        ({"separator": '"'}, "separator"),
        ({"separator": "é"}, "separator"),
        ({"encoding": "klingon"}, "encoding"),
        ({"encoding": "base64"}, "encoding"),
        ({"decimal": ";"}, "decimal"),
        ({"thousands": "x"}, "thousands"),
        ({"decimal": ",", "thousands": ","}, "thousands"),
        ({"comments": " "}, "comments"),
        ({"skip": -1}, "skip"),
    ],
)
def test_options_that_cannot_be(told, says):
    with pytest.raises(UsageError) as caught:
        TextFormat(**told)
    assert caught.value.message.startswith(f"{says}: expected")


def test_what_was_recognised_is_told(opened):
    notes = opened('ham\t"Hello\nspam\tWin\nham\tOk\n').notes
    assert ["quotes: true" in notes[0], "header: true" in notes[1]] == [True, True]
    assert not opened("a,b\n1,2\n").notes


@pytest.mark.parametrize("name", ["none.csv", "none-*.csv", "."])
def test_files_that_are_not_there(tmp_path, name):
    with pytest.raises(DataError) as caught:
        open_table(tmp_path / name)
    assert str(tmp_path) in caught.value.message
