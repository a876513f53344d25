"""`init` for sounds: a folder per class, or one folder whose names begin with the class."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bigmodel_cli.errors import DataError
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.starter import Wishes, make_starter
from bigmodel_cli.vocabulary.asked import Asked
from bigmodel_cli.vocabulary.training import Untrained


def saved(path: Path, seconds: float, rate: int = 8000) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.zeros(round(rate * seconds)) + 0.1, rate)


def source_of(text: str, tmp_path: Path) -> object:
    (tmp_path / "c.yaml").write_text(text)
    return read_config(tmp_path / "c.yaml").experiment.data.source.options


def test_a_folder_per_class(tmp_path):
    for name, number in product(("cat", "dog"), range(20)):
        saved(tmp_path / "sounds" / name / f"{number}.flac", 3.0 if number == 9 else 1.51, 44_100)
    (tmp_path / "sounds" / "readme.txt").write_text("no sound")
    starter = make_starter(tmp_path / "sounds", Wishes(written_in=tmp_path))
    assert starter.found == "40 sounds of 1.5 to 3 s at 44,100 Hz, of 2 classes"
    assert starter.decisions[0] == (
        "1.6 s of each sound at 16,000 Hz (44,100 would take longer, and tells speech no better), of the 5% "
        "that are longer the middle."
    )
    source = source_of(starter.text, tmp_path)
    assert (source.sample_rate, source.seconds, source.label) == (16_000, 1.6, None)


@pytest.mark.parametrize("mark", ["_", "-"])
def test_names_that_begin_with_the_class(tmp_path, mark):
    for digit, speaker, number in product("37", ("ann", "bob"), range(4)):
        saved(tmp_path / "sounds" / f"{digit}{mark}{speaker}{mark}{number}.wav", 0.3)
    starter = make_starter(tmp_path / "sounds", Wishes(written_in=tmp_path))
    assert starter.decisions[0] == "Names of files begin with the class, which is read from there."
    source = source_of(starter.text, tmp_path)
    assert (source.name_pattern, source.label) == (f"{{label}}{mark}*", "label")


def test_sounds_that_nothing_tells_apart_are_refused(tmp_path):
    for number in range(9):
        saved(tmp_path / f"take_{number}.wav", 0.3)
    with pytest.raises(DataError, match="9 sounds but no class folders") as refused:
        make_starter(tmp_path)
    assert "CLASS/SOUND" in refused.value.hint


def test_texts_beside_sounds_are_heard(tmp_path):
    for number in range(12):
        path = tmp_path / "clips" / ("test" if number > 9 else "train") / f"{number}.wav"
        saved(path, 0.5 + number / 10)
        path.with_suffix(".txt").write_text("Good day to you" if number % 2 else "yes")
    starter = make_starter(tmp_path / "clips", Wishes(written_in=tmp_path))
    assert starter.found == "12 sounds of 0.5 to 1.6 s at 8,000 Hz, with what is said in them"
    assert starter.decisions[0] == (
        "1.6 s at 8,000 Hz, as the longest has: what is cut off would be in the text, unheard."
    )
    source = source_of(starter.text, tmp_path)
    assert (source.source_name, source.seconds, source.lowercase) == ("speech_folder", 1.6, True)
    # Of five words each is heard in five or six recordings.
    assert "tokenizer" not in starter.text and starter.decisions[1].startswith(
        "Characters, letters made small"
    )


ORDERS = ["turn Left now", "now turn right\n", "left  right stop"]


@pytest.mark.parametrize(("count", "said"), [(33, "Characters"), (34, "Whole words, since there are but 5")])
def test_few_words_that_are_often_said_are_heard_whole(tmp_path, count, said):
    texts = [ORDERS[number % 3] for number in range(count)]
    for number, text in enumerate(texts):
        path = tmp_path / "clips" / f"{number}.wav"
        saved(path, 0.5)
        path.with_suffix(".txt").write_text(text)
    starter = make_starter(tmp_path / "clips", Wishes(written_in=tmp_path))
    assert starter.decisions[1].startswith(f"{said}, letters made small")
    tokenizer = source_of(starter.text, tmp_path).tokenizer
    if said == "Characters":
        assert tokenizer == "characters"
        return
    # A training split of other texts finds as many tokens, and most words are one.
    lower = [" ".join(text.lower().split()) for text in texts]
    for part in (lower, lower[: count // 3], lower[::2]):
        learnt = Untrained(Asked.of(tokenizer)).trained(part, "texts")
        assert len(learnt.encode("left right stop", "text")) <= 5


def test_texts_that_are_all_empty_are_told(tmp_path):
    saved(tmp_path / "1.wav", 0.5)
    (tmp_path / "1.txt").write_text(" ")
    with pytest.raises(DataError, match=r"1\.txt: nothing is said in it"):
        make_starter(tmp_path)


def table_of(tmp_path, column, cells):
    rows = [f"speaker,clip,{column}"]
    for number, cell in enumerate(cells):
        saved(tmp_path / "clips" / f"{number}.wav", 0.5 if number % 2 else 0.4)
        rows.append(f"{'ab'[number % 2]},clips/{number}.wav,{cell}")
    (tmp_path / "train.csv").write_text("\n".join(rows) + "\n")
    return make_starter(tmp_path / "train.csv", Wishes(written_in=tmp_path))


@pytest.mark.parametrize(
    ("column", "cells", "kind", "found"),
    [
        ("label", ["low", "high"] * 10, "category", "2 classes in the column label"),
        ("pitch", [f"{number / 7:.3f}" for number in range(20)], "number", "numbers in the column pitch"),
    ],
)
def test_a_table_with_a_column_of_sounds(tmp_path, column, cells, kind, found):
    if column == "pitch":
        with pytest.raises(DataError, match="which column has the labels") as refused:
            table_of(tmp_path, column, cells)
        assert "--target NAME" in refused.value.hint
        starter = make_starter(tmp_path / "train.csv", Wishes(written_in=tmp_path, target=column))
    else:
        starter = table_of(tmp_path, column, cells)
    assert starter.found == f"a table of 20 sounds of 0.4 to 0.5 s at 8,000 Hz, {found}"
    assert starter.decisions[0] == "Columns that are left out: speaker: the model hears the sounds alone."
    source = source_of(starter.text, tmp_path)
    assert source.columns == {
        "speaker": "ignore",
        "clip": {"audio": {"sample_rate": 8000, "seconds": 0.5}},
        column: kind,
    }


def test_a_table_that_says_what_is_said(tmp_path):
    starter = table_of(tmp_path, "sentence", [f"take {number} please" for number in range(20)])
    source = source_of(starter.text, tmp_path)
    assert source.columns["sentence"] == {"transcript": {"lowercase": True}}
    assert "loss: CTC" in starter.text


def test_where_many_are_longer_parts_are_drawn(tmp_path):
    for name, number in product(("cat", "dog"), range(5)):
        saved(tmp_path / "sounds" / name / f"{number}.wav", 12.0 if number < 2 else 2.0, 1000)
    starter = make_starter(tmp_path / "sounds", Wishes(written_in=tmp_path))
    assert starter.decisions[0] == (
        "10 s of each sound at 1,000 Hz, of the 40% that are longer a part that is drawn in each epoch."
    )
    assert source_of(starter.text, tmp_path).longer == "random"
