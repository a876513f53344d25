"""`init` for a table of two texts: one is written from the other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from starters import SCRATCH, experiment, made

from bigmodel_cli.errors import DataError
from bigmodel_cli.starter import Wishes, make_starter
from bigmodel_cli.vocabulary.asked import Asked
from bigmodel_cli.vocabulary.training import Untrained

WORDS = (
    "the",
    "a",
    "red",
    "old",
    "small",
    "big",
    "house",
    "dog",
    "tree",
    "sleeps",
    "falls",
    "runs",
    "stands",
    "near",
)


@pytest.fixture(autouse=True)
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def pairs(folder: Path, name: str = "pairs.tsv", count: int = 120) -> Path:
    """Sentences, and the same backwards in capitals, with a number for each."""
    lines = ["id\twords of one\tother"]
    for row in range(count):
        words = [WORDS[(row * 7 + place * (3 + row % 5)) % len(WORDS)] for place in range(5 + row % 4)]
        lines.append(f"{row}\t{' '.join(words)} no. {row}\t{' '.join(reversed(words)).upper()} no. {row}")
    (folder / name).write_text("\n".join(lines) + "\n")
    return folder / name


def test_the_second_text_is_written_from_the_first(tmp_path: Path) -> None:
    starter = make_starter(pairs(tmp_path), SCRATCH)
    assert starter.found == "a table of 120 pairs of texts, words of one and other"
    assert starter.decisions[0].startswith("other is written from words of one, token by token")
    found = experiment(starter.text)
    columns = found.data.source.options.columns
    assert found.data.source.options.target == "other"
    assert columns["words of one"]["subwords"] == {
        "tokenizer": {"bpe": {"vocabulary_size": 286}},
        "length": 48,
    }
    assert columns["other"]["subwords"]["tokenizer"] == {"same_as": "words of one"}
    # 3,000 steps would be 1,500 epochs and more.
    assert found.training.epochs == 100


def test_another_one_is_the_target_when_it_is_named(tmp_path: Path) -> None:
    found = made(pairs(tmp_path), Wishes(written_in=SCRATCH.written_in, target="words of one"))
    assert found.data.source.options.target == "words of one"
    assert [*found.model[0].inputs] == ["other"]


def test_splits_beside_it(tmp_path: Path) -> None:
    for name, count in (("train.tsv", 60), ("dev.tsv", 20), ("test.tsv", 20)):
        path = pairs(tmp_path, name, count)
    options = made(path.with_name("train.tsv")).data.source.options
    assert (Path(options.validation).name, Path(options.test).name) == ("dev.tsv", "test.tsv")
    starter = make_starter(path.with_name("train.tsv"), SCRATCH)
    assert f"name: {tmp_path.name}".rstrip("_") in starter.text
    assert starter.decisions[-1].endswith("100 epochs for 60 pairs.")


def test_rows_without_the_text_to_be_written_are_left_out(tmp_path: Path) -> None:
    path = pairs(tmp_path)
    path.write_text(path.read_text() + "500\ta text with nothing beside it\t\n")
    assert made(path).data.source.options.missing_target == "drop"


def test_a_text_alone_is_still_no_target(tmp_path: Path) -> None:
    rows = [
        {"size": number % 7 + 0.5, "text": f"{' '.join(WORDS[number % 5 :])} {number}"}
        for number in range(60)
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(DataError, match=r"text: text .* which is not predicted"):
        make_starter(tmp_path / "rows.jsonl", Wishes(written_in=tmp_path, target="text"))


def test_of_three_texts_somebody_has_to_say_which(tmp_path: Path) -> None:
    rows = [{name: f"{' '.join(WORDS[row % 5 :])} {row} {name}" for name in "abc"} for row in range(60)]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(DataError, match="no column looks like the target"):
        make_starter(path, SCRATCH)
    assert [*made(path, Wishes(target="c")).model[0].inputs] == ["b"]


def test_no_more_tokens_are_asked_for_than_there_are(tmp_path: Path) -> None:
    """A tokenizer that finds fewer refuses to train: few words that come again and again."""
    path = pairs(tmp_path, count=1500)
    columns = made(path).data.source.options.columns
    asked = Asked.of(columns["words of one"]["subwords"]["tokenizer"])
    assert 256 < asked.vocabulary_size < 300
    cells = [line.split("\t") for line in path.read_text().splitlines()[1:]]
    # The first four fifths are a training split like any other.
    texts = [text for _, *both in cells[: len(cells) * 4 // 5] for text in both]
    assert Untrained(asked).trained(texts, "pairs").size == asked.vocabulary_size
