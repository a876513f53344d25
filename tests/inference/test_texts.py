"""Texts to predict: files, folders, lines of standard input, and words of the command."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.inference.inputs import find_rows
from bigmodel_cli.inference.opened import OpenRun
from bigmodel_cli.inference.predict import csv_output, predict
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.kinds.inputs import Asked
from bigmodel_cli.kinds.number.kind import NumberKind
from bigmodel_cli.kinds.text.kind import TextKind
from bigmodel_cli.run_folder import OUTPUTS, RunFolder
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.text_folder import TextFolder
from bigmodel_cli.tasks.regression.task import Regression

ONE_TEXT = Signature({"text": TextKind()}, {"label": Regression()})
MESSAGES = Signature({"message": TextKind()}, {"label": Regression()})
FILES = TextFolder(path="texts").rows_written


class Lengths:
    """An engine that counts letters."""

    needed = ()

    def predict(self, features):
        (column,) = features.values()
        return np.array([[len(text)] for text in column.values()], np.float32)


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def stdin(monkeypatch):
    def give(content: bytes):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return give


def predicted(asked, signature=ONE_TEXT, warn=print):
    rows = find_rows(asked, signature, warn)
    run = OpenRun(RunFolder(Path("run")), {OUTPUTS: Reading().as_json()}, signature)
    return rows, list(predict(run, Lengths(), rows))


def shown(found):
    return [(p.input.name, p.error or p.answer.values.item()) for p in found[1]]


def test_files_and_folders(tmp_path):
    for name, content in {
        "a.txt": b" four\n", "d/b.txt": "größe".encode("utf-16"), "d/c.txt": b"\xe9", "d/x.md": b"five5",
        "d/.h.txt": b"",
    }.items():  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    said: list[str] = []
    assert shown(predicted(Asked(["a.txt", "d"], written=FILES), warn=said.append)) == [
        ("a.txt", 4), ("d/b.txt", 5), ("d/c.txt", "d/c.txt:1: not UTF-8 text: byte 0xe9"),
    ]  # fmt: skip
    assert said == [
        "passed over 1 .md, 1 hidden, for example d/.h.txt; save .md as plain text (.txt) to use them"
    ]
    assert shown(predicted(Asked(["d/*.md", "d/x.md"], written=FILES))) == [("d/x.md", 5)] * 2
    told = TextFolder(path="texts", encoding="cp1252").rows_written
    assert shown(predicted(Asked(["d/c.txt"], written=told))) == [("d/c.txt", 1)]
    Path("empty").mkdir()
    with pytest.raises(UsageError, match=r"empty: no text \(.txt\) in this folder"):
        predicted(Asked(["empty"], written=FILES))
    with pytest.raises(DataError, match=r"nope\.txt: no such file"):
        predicted(Asked(["nope.txt"], written=FILES))


def test_tables_are_tables():
    Path("rows.csv").write_text("id,text\n7,abc\n8,\n")
    Path("a.txt").write_text("four")
    assert shown(predicted(Asked(["rows.csv"], written=FILES))) == [("rows.csv:2", 3), ("rows.csv:3", 0)]
    with pytest.raises(UsageError) as caught:
        predicted(Asked(["rows.csv", "a.txt"], written=FILES))
    assert caught.value.message == "a.txt has a text in each file, and rows.csv rows of a table"
    # Of a run of tables, a file that is called .txt may be one.
    Path("rows.txt").write_text("id\tmessage\n7\tabc\n")
    asked = Asked(["rows.txt"], written={"format": {"separator": "\t"}})
    assert shown(predicted(asked, MESSAGES)) == [("rows.txt:2", 3)]
    assert shown(predicted(Asked(["a.txt"], written={"format": {}}), MESSAGES)) == [("a.txt", 4)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"hello there\n\n  Win, 1000 \r\n", [("-:1", 11), ("-:3", 9)]),
        (b"\n \nabc\n", [("-:3", 3)]),
        ("größe".encode("utf-16"), [("-:1", 5)]),
        (b"[a] b\n", [("-:1", 5)]),
        (b'text\n"a,b"\nc\n', [("-:2", 3), ("-:3", 1)]),
        (b'{"text": "abc"}\n{"text": ""}\n', [("-:1", 3), ("-:2", 0)]),
    ],
)
def test_standard_input_is_lines_or_a_table(stdin, content, expected):
    stdin(content)
    assert shown(predicted(Asked(["-"], written=FILES))) == expected


def test_what_standard_input_is_taken_for_is_said(stdin):
    stdin(b"a\nb\n")
    rows, _ = predicted(Asked(["-"], written=FILES))
    assert rows.remarks == ["standard input: 2 lines, each a text"]
    stdin(b"text\nb\n")
    rows, _ = predicted(Asked(["-"], written=FILES))
    assert rows.remarks == ["-: no separator was found: one column"]
    stdin(b'{"txt": "abc"}\n')
    with pytest.raises(DataError, match="-: no column text; its columns: txt"):
        predicted(Asked(["-"], written=FILES))
    stdin(b"\n")
    with pytest.raises(UsageError, match="-: expected rows on standard input"):
        predicted(Asked(["-"], written=FILES))


def test_words_of_the_command():
    asked = Asked([], texts=["Win\n  now", "x" * 100, "", "half \udce9"])
    assert shown(predicted(asked)) == [('"Win now"', 9), (f'"{"x" * 59}…"', 100), ('""', 0), ('"half ?"', 6)]
    with pytest.raises(UsageError) as caught:
        predicted(Asked(["a.txt"], texts=["b"]))
    assert caught.value.message == "--text has what is predicted, and a.txt something else"
    more = Signature({"age": NumberKind(), "note": TextKind()}, {"label": Regression()})
    with pytest.raises(UsageError) as caught:
        predicted(Asked([], texts=["b"]), more)
    assert caught.value.message == "--text is for models of one text; this one takes 2 columns: age, note"
    assert caught.value.hint == "name what a column is: --set note=…"
    image = Signature.of(ImageKind(ImageFormat((4, 4))), Regression())
    with pytest.raises(UsageError, match="--text is for models of rows"):
        find_rows(Asked([], texts=["b"]), image, print)


def test_csv_has_the_file_and_the_text():
    Path("a.txt").write_text("four")
    Path("b.txt").write_bytes(b"\xe9")
    for kept, expected in (
        (None, "input,text,prediction,error\na.txt,four,4,\nb.txt,,,b.txt:1: not UTF-8 text: byte 0xe9\n"),
        (["text"], "text,prediction,error\nfour,4,\n,,b.txt:1: not UTF-8 text: byte 0xe9\n"),
    ):
        rows, found = predicted(Asked(["a.txt", "b.txt"], written=FILES, kept=kept))
        with csv_output(Path("out.csv"), ["prediction"], says_unlike=False, kept=rows.columns) as write:
            for prediction in found:
                write(prediction)
        assert Path("out.csv").read_bytes().decode().replace("\r\n", "\n") == expected
    with pytest.raises(DataError, match="no column id"):
        predicted(Asked(["a.txt"], written=FILES, kept=["id"]))


def test_commands_that_are_shown_have_a_text():
    assert ONE_TEXT.kind.to_predict == '--text "…"'
    more = Signature({"age": NumberKind(), "note": TextKind()}, {"label": Regression()})
    assert more.kind.to_predict == "ROWS.csv"
    assert ImageKind(ImageFormat((4, 4))).to_predict == "IMAGE.png"
