"""What `bigmodel data` finds of texts."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bigmodel_cli.audit.audit import audit
from bigmodel_cli.audit.rows.page import make_page
from bigmodel_cli.audit.rows.texts.near_copies import NEARLY, near_groups
from bigmodel_cli.audit.rows.texts.writing import leftovers, new_words, script
from bigmodel_cli.listener import Silent
from bigmodel_cli.modeling.language import read_config

FIRST, SECOND = ("ba", "do", "ki", "lu"), ("fer", "gost", "house", "pir", "zul")
WORDS = [first + second for first in FIRST for second in SECOND]
CONFIG = """
name: texts
data:
  source:
    table: {path: train.csv, test: test.csv, target: label, columns: {text: text, label: category}}
  validation: 0
model: [{TextVectorization: {output_mode: count}}, {Dense: {units: num_classes, activation: softmax}}]
loss: SparseCategoricalCrossentropy
optimizer: Adam
"""


def sentence(random: np.random.Generator, length: int = 14) -> str:
    return " ".join(random.choice(WORDS, length))


def runs(text: str) -> set[str]:
    return {text[place : place + 5] for place in range(len(text) - 4)}


def test_groups_are_those_of_all_pairs() -> None:
    random = np.random.default_rng(0)
    texts = [sentence(random) for _ in range(60)]
    texts += [f"{text} {random.choice(WORDS)}" for text in texts[:20]]
    texts += [text.replace("house", "mouse") for text in texts[20:40] if "house" in text]
    pairs = {
        (first, second)
        for second in range(len(texts))
        for first in range(second)
        if len(runs(texts[first]) & runs(texts[second]))
        >= NEARLY * len(runs(texts[first]) | runs(texts[second]))
    }
    groups = near_groups(texts)
    assert len(pairs) >= 20
    assert {(f, s) for f, s in pairs if groups[f] != groups[s]} == set()
    # Nothing is in a group that no pair leads into.
    joined = {place for pair in pairs for place in pair}
    assert set(np.flatnonzero(groups != np.arange(len(texts))).tolist()) <= joined


def test_case_digits_and_spaces_make_no_difference() -> None:
    texts = [
        "Call 0900 1234 NOW to win",
        "call  0871 9999 now to win",
        "something else entirely",
        "",
        "ab",
        "ab ",
    ]
    assert near_groups(texts).tolist() == [0, 0, 2, 3, 4, 4]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a <b>bold</b> word", ["markup"]),
        ("line<br/>line", ["markup"]),
        ("I <3 you, a<b and c>d, <me@example.org>, <unknown>", []),
        ("fish &amp; chips", ["entities"]),
        ("AT&T; &unheardof; R&D", []),
        ("na\u00c3\u00afve caf\u00c3\u00a9", ["mojibake"]),
        ("it\u00e2\u20ac\u2122s", ["mojibake"]),
        ("Ã is a letter, and so is â", []),
        ("lost \ufffd letter", ["replaced"]),
        ("bell \x07 and \x1b[31m", ["control"]),
        ("tab\tand\nline", []),
        ("\u202egnirts", ["direction"]),
    ],
)
def test_what_does_not_belong_into_a_text(text: str, found: list[str]) -> None:
    assert leftovers(text) == found


def test_scripts_and_words() -> None:
    assert [script(text) for text in ("Grüße", "Привет, Bob", "你好", "123 :)")] == [
        "Latin",
        "Cyrillic",
        "Cjk",
        None,
    ]
    assert new_words(["The cat", "a Dog, a dog"], {"the", "a"}) == (3, 6)


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("texts")
    random = np.random.default_rng(1)
    train = [(sentence(random), f"{number % 2}") for number in range(60)]
    near = [(f"{train[0][0]}!", "1"), (f"{train[2][0]} and", "0")]
    other = [(":-)", "0"), ("fish &amp; chips", "1")]
    test = [(f"{train[4][0]}!!", "0"), ("Всё было иначе", "1"), *((sentence(random), "0") for _ in range(10))]
    _write(folder / "train.csv", [*train, *near, *other])
    _write(folder / "test.csv", test)
    (folder / "config.yaml").write_text(CONFIG)
    return audit(read_config(folder / "config.yaml", ()).experiment, Silent()).document


def _write(path: Path, rows: list[tuple[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *rows])


def test_findings_of_texts(document: dict[str, Any]) -> None:
    found = {finding["kind"]: finding["message"] for finding in document["findings"]}
    assert found["near_contradiction"] == (
        "1 row has nearly the same text as another one with another label, the first: "
        "train.csv:62 (train): 1, train.csv:2 (train): 0"
    )
    assert found["leftovers"].startswith(
        "1 row (1.32%) has HTML entities such as &amp; in text, the first: train.csv:65"
    )
    assert found["wordless"] == "1 row has no letter or digit in text, the first: train.csv:64 (train)"
    assert found["script"] == (
        "8.3% of the texts of test are in Cyrillic letters in text, where train has 0.0%"
    )
    near = [finding["message"] for finding in document["findings"] if finding["kind"] == "near_copies"]
    assert near == [
        "2 rows of train (3.12%) have nearly the same text as an earlier one of train, the first: "
        "train.csv:62 (train) and train.csv:2 (train)",
        "1 row of test (8.33%) has nearly the same text as one of train, the first: "
        "test.csv:2 (test) and train.csv:6 (train)",
    ]


def test_the_document_and_the_page(document: dict[str, Any]) -> None:
    texts = document["columns"]["text"]["texts"]
    assert texts["test"]["nearly_in_train"] == {
        "rows": 1,
        "pairs": [{"row": "test.csv:2 (test)", "like": "train.csv:6 (train)"}],
    }
    assert texts["test"]["scripts"] == {"Latin": 11, "Cyrillic": 1}
    assert texts["test"]["new_words"] == pytest.approx(3 / (14 * 11 + 3), abs=1e-6)
    assert texts["train"]["words"] == {"min": 0, "median": 14, "max": 15}
    page = make_page(document, "texts")
    assert "Nearly the same <bdi>text</bdi>" in page
    assert "test: 1.9% of its words are new; 1 are nearly in train" in page


OF_TEXTS = {
    "text": "{text_files: {path: a.txt, length: 4}}",
    "pairs": "{table: {path: a.tsv, target: de, columns: {en: {subwords: {tokenizer: bytes}}, de: {subwords: "
    "{tokenizer: bytes}}}}}",
}


@pytest.mark.parametrize("source", OF_TEXTS)
def test_what_is_written_in_several_ways_is_no_contradiction(source: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("".join(f"abcd{'xyz'[number % 3]}" for number in range(60)))
    rows = (f"word {number % 4}\tWort {number}\n" for number in range(60))
    (tmp_path / "a.tsv").write_text("en\tde\n" + "".join(rows))
    (tmp_path / "c.yaml").write_text(
        f"data: {{source: {OF_TEXTS[source]}}}\n"
        "model: [{Dense: {units: num_classes, activation: softmax}}]\n"
        "loss: SparseCategoricalCrossentropy\noptimizer: Adam\n"
    )
    found = audit(read_config(tmp_path / "c.yaml").experiment, Silent())
    assert "contradiction" not in {one.kind for one in found.findings}
    assert found.findings
