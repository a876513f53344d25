"""`init` looks into texts: how long they are, whether words stand apart, and what fits them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from starters import experiment, names

from bigmodel_cli.errors import DataError
from bigmodel_cli.starter import Wishes, make_starter, text_recipe

WORDS = "call win free prize see you soon at home lunch today meeting please"


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def sentence(chance: random.Random, words: int) -> str:
    return " ".join(chance.choice(WORDS.split()) for _ in range(words))


def folder(words: int, count: int = 40, **files: str) -> Path:
    chance = random.Random(0)
    for number in range(count):
        path = Path("mails") / ("ham", "spam")[number % 2] / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sentence(chance, words))
    for name, text in files.items():
        (Path("mails") / "ham" / name).write_text(text)
    return Path("mails")


def lookups(found):
    """What the model's lookups are told, by their names."""
    return {
        step.step: (step.inputs, step.arguments.get("ngrams"), step.arguments["output_sequence_length"])
        for step in found.model
        if step.name == "TextVectorization"
    }


@pytest.fixture
def are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if what is written here were thousands of texts."""
    monkeypatch.setattr(text_recipe, "_FEW", 0)


def test_of_few_texts_words_are_counted():
    starter = make_starter(folder(10), Wishes())
    assert starter.decisions == [
        "Counts of words and runs of characters, rare ones for more, for 32 texts; 60 epochs."
    ]
    found = experiment(starter.text)
    assert names(found.model) == [
        *["TextVectorization", "UnitNormalization"] * 2, "Concatenate", "Rescaling", "Dense",
    ]  # fmt: skip
    told = {step.step: step.arguments for step in found.model if step.name == "TextVectorization"}
    assert {name: (one["output_mode"], one["ngrams"]) for name, one in told.items()} == {
        "words": ("tf_idf", 2),
        "characters": ("tf_idf", [2, 3, 4, 5]),
    }
    assert found.training.checkpoint.monitor is None


@pytest.mark.usefixtures("are_many")
def test_a_folder_of_short_texts():
    starter = make_starter(folder(10), Wishes())
    assert starter.found == "40 texts, of 2 classes"
    assert starter.decisions == [
        "Vectors of words and runs of characters, averaged, for 32 texts; 60 epochs."
    ]
    found = experiment(starter.text)
    assert found.data.source.name == "text_folder" and found.data.source.options.path.name == "mails"
    assert found.data.batch_size == 8
    assert names(found.model) == [
        *["TextVectorization", "Embedding", "masked_pooling"] * 2, "Concatenate", "Dropout", "Dense",
    ]  # fmt: skip
    letters = lookups(found)["characters"][2]
    assert lookups(found) == {
        "words": (("text",), 2, 20),
        "characters": (("text",), [3, 4, 5], letters),
    }
    # Ten words and their spaces, three times, to the next ten.
    assert 120 <= letters <= 3 * 70 and letters % 10 == 0
    assert found.training.epochs == 60 and found.training.checkpoint.monitor is None


@pytest.mark.usefixtures("are_many")
def test_of_long_texts_words_are_enough():
    starter = make_starter(folder(900), Wishes())
    assert lookups(experiment(starter.text)) == {"words": (("text",), 2, 800)}
    assert starter.decisions == ["Vectors of one view of each text, averaged, for 32 texts; 60 epochs."]


@pytest.mark.usefixtures("are_many")
def test_where_words_do_not_stand_apart_characters_are_looked_up():
    text = "今日は天気がとてもいいですね" * 6
    rows = (f"{'ab'[number % 2]},{text}{number:02}番目" for number in range(60))
    Path("t.csv").write_text("\n".join(["label,text", *rows]))
    starter = make_starter(Path("t.csv"), Wishes())
    ((name, (inputs, widths, length)),) = lookups(experiment(starter.text)).items()
    assert (name, inputs, widths, length) == ("characters", ("text",), [1, 2, 3], 270)


@pytest.mark.usefixtures("are_many")
def test_a_table_with_several_texts():
    chance = random.Random(0)
    rows = [f"{sentence(chance, 8)},{sentence(chance, 30)},{'ab'[n % 2]}" for n in range(80)]
    Path("t.csv").write_text("\n".join(["words,body text,topic", *rows]))
    starter = make_starter(Path("t.csv"), Wishes())
    found = lookups(experiment(starter.text))
    assert [(name, told[0]) for name, told in found.items()] == [
        ("words_1", ("words",)), ("characters_1", ("words",)),
        ("words_2", ("body text",)), ("characters_2", ("body text",)),
    ]  # fmt: skip
    assert experiment(starter.text).model[-3].inputs == (
        "by_words_1", "by_characters_1", "by_words_2", "by_characters_2",
    )  # fmt: skip
    Path("u.csv").write_text("\n".join(["words,topic", *(f"{row.split(',')[1]},{row[-1]}" for row in rows)]))
    assert list(lookups(experiment(make_starter(Path("u.csv"), Wishes()).text))) == ["words_", "characters"]


def test_numbers_are_predicted_from_texts_too():
    chance = random.Random(0)
    rows = [f"{sentence(chance, 12)},{n / 7:.2f}" for n in range(80)]
    Path("t.csv").write_text("\n".join(["review,stars", *rows]))
    found = experiment(make_starter(Path("t.csv"), Wishes()).text)
    assert found.model[-1].arguments == {"units": 1}


def test_what_is_no_text_and_what_is_broken():
    warnings: list[str] = []
    make_starter(folder(5, **{"notes.md": "x"}), Wishes(warn=warnings.append))
    assert warnings == [
        "passed over 1 .md, for example mails/ham/notes.md; save .md as plain text (.txt) to use them"
    ]
    (Path("mails") / "ham" / "0.txt").write_bytes(b"\xe9")
    with pytest.raises(DataError, match=r"mails/ham/0\.txt:1: not UTF-8 text"):
        make_starter(Path("mails"), Wishes())
