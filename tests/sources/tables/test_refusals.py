"""Whatever is wrong with a file: one message that names the file and the line, as an editor shows it."""

from __future__ import annotations

import gzip

import pytest

pytestmark = pytest.mark.usefixtures("engine")

MANY = "".join(f"{number},{number * 2}\n" for number in range(100))
CSV = "a,b\n" + MANY


@pytest.mark.parametrize(
    ("content", "says"),
    [
        # Rows of other widths.
        ("a,b\n1,2\n3\n", ["t.csv:3: expected 2 cells (a, b), found 1: '3'"]),
        ("a,b\n1,2\n3,4,5\n", ["t.csv:3: expected 2 cells", "found 3: '3,4,5'", "quotes"]),
        ("a,b\n1,2\n3,4,\n", ["t.csv:3: expected 2 cells", "found 3", "ends with ','"]),
        ("a,b\n1,2\n\n\n3\n", ["t.csv:5: expected 2 cells"]),
        ('a,b\n1,"x\ny\nz"\n3\n', ["t.csv:5: expected 2 cells"]),
        ("a,b\r\n1,2\r\n3\r\n", ["t.csv:3: expected 2 cells"]),
        ("a,b\n1,2\n   \n", ["t.csv:3: expected 2 cells"]),
        ("a,b\n1,2\n# end\n", ["t.csv:3: expected 2 cells", "comments: '#'"]),
        ("a;b\n1;2\n3\n", ["t.csv:3: expected 2 cells"]),
        (CSV + "7\n", ["t.csv:102: expected 2 cells"]),
        ("a,b\n" + MANY * 50 + "7,8,9\n" + MANY, ["t.csv:5002: expected 2 cells"]),
        # Quotes.
        ('a,b\n1,"x\n3,y\n', ["t.csv:2: a quote that begins here is not closed", "quotes: false"]),
        ('a,b\n1,"x"y\n3,"z"\n', ["t.csv:2: a quote that is closed before its cell ends"]),
        ('a,b\n0,0\n1,"x\n3,y\n4,"z"\n', ["t.csv:3: a quote that is closed before its cell ends"]),
        ('a,b\n0,0\n1,"x\n3,y\n4,z"\n5,6\n', ["t.csv:3: a quote that begins here holds 2 lines"]),
        ('a,b\n1,2\n"' + "x\n" * 50, ["t.csv:3: a quote that begins here is not closed"]),
        (CSV + '7,"8\n', ["t.csv:102: a quote that begins here is not closed"]),
        ('a,b\n1,5" x\n2,"y\n3,4\n', ["t.csv:3: a quote that begins here is not closed"]),
        # A cell of another kind.
        (
            "a\n" + "".join(f"{n}\n" for n in range(300)) + "abc\n",
            ["t.csv:302, a: expected a number", "'abc'"],
        ),
        (
            "a,b\n" + MANY * 9 + "x1,2\n" + MANY,
            ["t.csv:902, a: expected a number", "1,000 other rows", "'x1'"],
        ),
        ("a,b\n" + MANY * 9 + "1,1_0\n" + MANY, ["t.csv:902, b: expected a number", "'1_0'"]),
        ("a,b\n" + MANY * 9 + "1,１２\n" + MANY, ["t.csv:902, b: expected a number"]),
        ("a,b\n" + MANY * 9 + "1,inf\n" + MANY, ["t.csv:902, b: expected a number", "'inf'"]),
        ("a,b\n" + MANY * 9 + "1,1e999\n" + MANY, ["t.csv:902, b: expected a number", "'1e999'"]),
        ("a,b\n" + MANY * 9 + "1,0x1F\n" + MANY, ["t.csv:902, b: expected a number"]),
        ("a,b\n" + MANY * 9 + "unknown,1\n" * 3, ["t.csv:902, a:", "3 such cells", "missing: ['unknown']"]),
        (
            "d\n"
            + "".join(f"2020-{m:02d}-{d:02d}\n" for m in range(1, 13) for d in range(1, 25))
            + "2020-02-30\n",
            ["t.csv:290, d: expected a date as in 288 other rows, found '2020-02-30'"],
        ),
        # Characters.
        (b"a,b\n1,2\n3,\xe9t\xe9\n", ["t.csv:3: not UTF-8 text: byte 0xe9", "encoding: cp1252", "é"]),
        (b"a,b\n1,2\n3,\x004\n", ["t.csv:3: the character 0"]),
        (CSV.encode() * 4000 + b"3,\xff\n", ["t.csv:404001, cell 2: not UTF-8 text"]),
        (CSV.encode() * 4000 + b"3,4\0\n", ["t.csv:404001, cell 2: the character 0"]),
        # Names.
        ("a,b,a\n1,2,3\n", ["t.csv:1: the column a is there 2 times (cells 1, 3)"]),
        ("\n\na,a\n1,2\n", ["t.csv:3: the column a is there 2 times"]),
        ("# x\na, a \n1,2\n", ["t.csv:2: the column a is there 2 times"]),
        ('"a\nb","a\nb"\n1,2\n', ["t.csv:1: the column a\\nb is there 2 times"]),
        ('"a\nb",c\n1\n', ["t.csv:3: expected 2 cells (a\\nb, c)"]),
        ("column_2,\n1,2\n", ["t.csv:1: the column column_2 is there 2 times"]),
        # Nothing.
        ("", ["t.csv: an empty file"]),
        ("\n\n  \n", ["t.csv: an empty file"]),
        ("\ufeff", ["t.csv: an empty file"]),
        ("a,b\n", ["t.csv: no rows below the line with the columns' names"]),
        ("a,b\n\n\n", ["t.csv: no rows below"]),
        ("# only\n# comments\n", ["t.csv: no rows"]),
        # No tables.
        (b"PK\x03\x04" + b"x" * 50, ["t.csv: an Excel file or another archive", "save it as CSV"]),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 50, ["t.csv: a PNG image, not a table"]),
        (b"%PDF-1.4\n", ["t.csv: a PDF document"]),
        (b"SQLite format 3\x00", ["t.csv: a database of SQLite", "export"]),
        (bytes(range(256)) * 4, ["t.csv"]),
        # Compressed.
        (gzip.compress(CSV.encode(), mtime=0)[:-20], ["t.csv: cut off"]),
        (gzip.compress(CSV.encode() * 5000, mtime=0)[:-2000], ["t.csv: cut off"]),
        (gzip.compress(CSV.encode(), mtime=0)[:40] + b"xxxxxxxx" * 9, ["t.csv: damaged"]),
        (gzip.compress(b"PK\x03\x04", mtime=0), ["t.csv: an Excel file or another archive"]),
        (gzip.compress(b"", mtime=0), ["t.csv: an empty file"]),
        (gzip.compress(b"a,b\n1,2\n3\n", mtime=0), ["t.csv:3: expected 2 cells"]),
    ],
)
def test_a_file_that_is_wrong(refused, content, says):
    message = refused(content)
    for fragment in says:
        assert fragment in message


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("7", "t.csv:{line}: expected 2 cells"),
        ("7,8,9", "t.csv:{line}: expected 2 cells"),
        ("x,8", "t.csv:{line}, n: expected a number"),
        ('7,"a"b', "t.csv:{line}: a quote that is closed before its cell ends"),
        ('7,"a', "t.csv:{line}: a quote that"),
    ],
)
@pytest.mark.parametrize("before", [1, 13, 90, 250])
def test_lines_behind_lines_in_quotes(refused, row, says, before):
    rows = [f'{number},"{"x" + chr(10)}y"' for number in range(300)]
    rows.insert(before, row)
    assert refused("n,word\n" + "\n".join(rows) + "\n").startswith(says.format(line=2 + 2 * before))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"a": 1}\n{"a": 2\n', "t.jsonl:2: no JSON"),
        ('{"a": 1}\n[1, 2]\n', "t.jsonl:2: expected an object, found [1, 2]"),
        ('[{"a": 1}]\n', "t.jsonl:1: expected an object"),
        ('{"a": 1}\n{"a": [1]}\n', "t.jsonl:2, a: expected a number, a text, true, false or null, found"),
        ('{"a": {"b": 1}}\n', "t.jsonl:1, a: expected a number"),
        ('{"a": ["x"]}\n{"a": null}\n{"a": "y"}\n', "t.jsonl:3, a: expected a list of texts or null, found"),
        ('{"a": ["x"]}\n{"a": [1.5]}\n', 't.jsonl:2, a: expected a list of texts or null, found ["1.5"]'),
        ('{"a": ["x"]}\n{"a": [["y"]]}\n', "t.jsonl:2, a: expected a list of texts or null, found"),
        ('{"a": 1}\n' * 200 + '{"b": 1}\n', "t.jsonl:201: unknown key b"),
        ("{}\n{}\n", "t.jsonl: no rows"),
        ("", "t.jsonl: an empty file"),
        ('{"": 1}\n', "t.jsonl: a key without a name"),
        (
            "".join(f'{{"a": {n}}}\n' for n in range(200)) + '{"a": "x"}\n',
            "t.jsonl:201, a: expected a number",
        ),
        ("[" * 100_000, "t.jsonl:1: no JSON"),
        (b'{"a": "\xff"}\n', "t.jsonl:1: not UTF-8 text"),
    ],
)
def test_json_lines_that_are_wrong(refused, content, says):
    assert refused(content, "t.jsonl").startswith(says)


def test_kinds_that_are_told_and_do_not_fit(refused):
    rows = "".join(f"{number % 3},x{number}\n" for number in range(50))
    assert refused("a,b\n" + rows, kinds={"b": "number"}).startswith(
        "t.csv:2, b: expected a number, found 'x0'"
    )
    assert refused("a,b\n" + rows, kinds={"b": "date"}).startswith("t.csv:2, b: expected a date, found 'x0'")
    assert refused("a,bread\n" + rows, kinds={"bred": "text"}).endswith("did you mean bread?")


def test_an_encoding_that_does_not_fit_names_the_line(refused):
    content = "a,b\n1,2\n3,x".encode("utf-16") + b"\x00\xd8\x20\x00"
    assert refused(content).startswith("t.csv:3: not utf-16 text: bytes 0x00 0xd8 | ")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "shift_jis", "gb18030"])
def test_a_file_that_is_cut_within_a_letter(refused, encoding):
    content = "n,word\n1,one\n2,日本".encode(encoding)[:-1]
    told = {} if encoding.startswith("utf") else {"encoding": encoding}
    if encoding == "utf-16-le":
        content = content[: len("n,word\n1,one\n".encode(encoding)) + 5]
    assert refused(content, **told) == (
        f"t.csv:3: the {encoding} text ends within a letter | copy or download it again if it is damaged; "
        "or say encoding, if it is text in another one"
    )


def test_bytes_that_an_encoding_has_no_letter_for(refused):
    assert refused(b"n,word\n1,a\n2,\x81\n", encoding="cp1252").startswith(
        "t.csv:3: not cp1252 text: byte 0x81 | "
    )
    assert refused(b"n,word\n1,a\n2,+\xff\n", encoding="utf-7").startswith("t.csv:3: not utf-7 text: ")
