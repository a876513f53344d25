"""Texts in class folders: encodings, broken files, what is passed over, and what an example is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.text.kind import TextKind
from bigmodel_cli.signature import TARGET, Signature
from bigmodel_cli.sources.base import LoadContext
from bigmodel_cli.sources.text_folder import TEXT, TextFolder
from bigmodel_cli.sources.text_reading import read_text
from bigmodel_cli.tasks.classification.task import Classification


@pytest.fixture
def texts(tmp_path):
    """Writes texts, or bytes, into files of a folder."""

    def write(**files: str | bytes) -> Path:
        for name, text in files.items():
            path = tmp_path / "texts" / name.replace("__", "/")
            path = path if path.suffix else path.with_suffix(".txt")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path / "texts"

    return write


@pytest.fixture
def folder(load):
    return lambda path, **options: load("text_folder", path=path, **options)


def of(split):
    store = split.inputs[TEXT]
    return [str(store.read(index)) for index in range(len(store))]


def test_an_example_is_a_row_of_one_text(texts, folder):
    root = texts(spam__b="Win!\n", spam__a="  Free  entry\r\nnow \n", ham__1="hi", ham__sub__2="hi")
    source = folder(root)
    assert source.signature == Signature({TEXT: TextKind()}, {TARGET: Classification(("ham", "spam"))})
    assert source.signature.kind.described == "1 column (1 × text)"
    train = source.splits["train"]
    assert of(train) == ["hi", "hi", "Free  entry\nnow", "Win!"]
    assert train.labels.tolist() == [0, 0, 1, 1]
    # What is there twice is kept once.
    assert train.inputs[TEXT].array.tolist() == [0, 0, 1, 2]
    assert train.inputs[TEXT].names == ("hi", "Free  entry\nnow", "Win!")
    taken = train.take(np.array([3, 1])).take(np.array([0]))
    assert taken.name(0) == taken.place(0) == str(root / "spam" / "b.txt")
    assert train.places_of([0, 1, 3]) == ["ham/1.txt", "ham/sub/2.txt", "spam/b.txt"]


def test_split_folders_and_names_are_as_those_of_images(texts, folder):
    root = texts(
        train__a__p1_x="1", train__b__p2_x="2", Validation__a__p3_x="3", Validation__b__p3_y="4",
        test__a__p1_z="5", test__b__p4_z="6",
    )  # fmt: skip
    context = LoadContext(group_by="author")
    splits = TextFolder(path=root, name_pattern="{author}_*").load(context).splits
    assert {name: of(split) for name, split in splits.items()} == {
        "train": ["1", "2"], "validation": ["3", "4"], "test": ["5", "6"],
    }  # fmt: skip
    beside = splits["test"].beside["author"]
    assert [str(beside.read(row)) for row in range(2)] == ["p1", "p4"]
    assert folder(root, name_pattern="{author}_{what}").splits["train"].beside == {}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_encodings_are_recognised(tmp_path, encoding):
    path = tmp_path / "a.txt"
    path.write_bytes("Grüße, naïve readers\rof old\r\nfiles\n".encode(encoding))
    assert read_text(path) == "Grüße, naïve readers\nof old\nfiles"


def test_encodings_are_told(texts, folder):
    root = texts(a__1="café".encode("cp1252"), b__1="thé".encode("cp1252"))
    options = TextFolder(path=root, encoding="cp1252")
    assert of(options.load(LoadContext()).splits["train"]) == ["café", "thé"]
    assert options.rows_written["format"]["encoding"] == "cp1252"
    for wrong, says in (
        ("letters", "the name of an encoding, such as"),
        ("base64", "an encoding of text"),
        ("", ""),
    ):
        with pytest.raises(ValidationError, match=f"expected {says}.*, found {wrong!r}"):
            TextFolder(path=root, encoding=wrong)


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        (b"a\nb \xe9", "1.txt:2: not UTF-8 text: byte 0xe9", "save it as UTF-8; or say encoding: cp1252"),
        (b"a\n\nb\0c", "1.txt:3: the character 0, which no text has", "say encoding, if it is text"),
        (b"\xff\xfea", "1.txt:1: the utf-16 text ends within a letter", "copy or download it again"),
        (b"%PDF-1.7\n\xe2\xe3", "1.txt: a PDF document, not a text", "on_bad_file=skip"),
        (b"PK\x03\x04\0\0", "1.txt: an Excel file or another archive, not a text", "unpack it"),
    ],
)
def test_broken_files_are_located(texts, folder, told, content, message, hint):
    root = texts(a__1=content, a__2="fine", b__1="fine", b__2=content)
    with pytest.raises(DataError) as caught:
        folder(root)
    assert caught.value.message == f"{root}/a/{message} (1 more of 4 files are no good either)"
    assert hint in caught.value.hint
    assert caught.value.exit_code == 3
    source = folder(root, skip_bad_files=True)
    assert source.num_skipped == 2
    train = source.splits["train"]
    assert [train.place(row) for row in range(2)] == [f"{root}/a/2.txt", f"{root}/b/1.txt"]
    assert told.warnings[-1].startswith("skipped 2 of 4 files that cannot be read, the first: ")
    with pytest.raises(DataError, match="no file of the class b in the train split can be read"):
        folder(texts(b__1=content), skip_bad_files=True)


def test_what_is_passed_over_is_said(texts, folder, told):
    files = {"a__1": "x", "b__1": "y", "a__n.md": "z", "a__.h.txt": "", "b__.old__1.txt": "", "c.txt": ""}
    root = texts(**files)
    assert len(folder(root).splits["train"]) == 2
    (said,) = told.warnings
    assert said == (
        f"passed over 1 .md, 1 outside of class folders, 2 hidden, for example {root}/c.txt; save .md as "
        "plain text (.txt) to use them"
    )


def test_other_arrangements_are_refused(texts, folder):
    for files, message in (
        ({"a.txt": "x"}, "1 texts but no class folders"),
        ({"b__1.md": "x"}, "no text in the class folder b/"),
    ):
        with pytest.raises(DataError, match=message) as caught:
            folder(texts(**files))
    assert caught.value.hint == "add texts (.txt) or remove the folder"


def test_empty_texts_are_said(texts, folder, told):
    root = texts(a__1=" \n", a__2="x", b__1="\ufeff")
    assert of(folder(root).splits["train"]) == ["", "x", ""]
    assert told.warnings == [f"2 of 3 texts are empty, for example {root}/a/1.txt"]


def test_a_change_is_seen(texts, folder):
    root = texts(a__1="x", b__1="y")
    before = folder(root).splits["train"].fingerprint()
    assert folder(root).splits["train"].fingerprint() == before
    assert folder(texts(b__1="Y")).splits["train"].fingerprint() != before
