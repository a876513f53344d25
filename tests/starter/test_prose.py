"""`init` of a plain text, or of tagged words, writes a config that checks, and learns from all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.starter import Wishes, make_starter
from bigmodel_cli.starter.sizes import warmup_of
from bigmodel_cli.starter.split_files import is_of_training


@pytest.mark.parametrize(
    ("text", "tokens", "found"),
    [
        ("To be, or not to be.\n" * 400, "characters", "8,400 characters, 11 different ones"),
        ("".join(map(chr, range(0x4E00, 0x5200))) * 4, "bytes", "4,096 characters, 1,024 different ones"),
    ],
)
def test_a_config_for_a_text(tmp_path, text, tokens, found):
    path = tmp_path / "a play.txt"
    path.write_text(text, encoding="utf-8")
    starter = make_starter(path, Wishes(written_in=tmp_path))
    assert starter.found == f"a play.txt: {found}"
    (tmp_path / "c.yaml").write_text(starter.text, encoding="utf-8")
    experiment = read_config(tmp_path / "c.yaml").experiment
    options = experiment.data.source.options
    assert (experiment.name, options.tokens, options.path.resolve()) == ("a_play", tokens, path)
    assert "dropout: 0.2" in starter.text, "a short text is learned by heart"
    assert options.windows_per_epoch * experiment.training.epochs >= 200 * 12 - 12 * 8


def test_a_text_that_is_too_short(tmp_path):
    (tmp_path / "a.txt").write_text("To be")
    with pytest.raises(DataError, match=r"a\.txt: 5 characters are too few to learn from"):
        make_starter(tmp_path / "a.txt")


def test_a_config_for_tagged_words(tmp_path):
    """Files of other splits are looked for beside it."""
    for split in ("train", "dev", "test"):
        (tmp_path / f"names_{split}.conll").write_text("Ann\tB-person\nis\tO\n\nin\tO\nRome\tB-place\n")
    path = tmp_path / "names_train.conll"
    starter = make_starter(path, Wishes(written_in=tmp_path))
    assert starter.found == (
        "names_train.conll: sentences (2 train, 2 validation, 2 test), spans of 2 types (BIO)"
    )
    (tmp_path / "c.yaml").write_text(starter.text, encoding="utf-8")
    experiment = read_config(tmp_path / "c.yaml").experiment
    options = experiment.data.source.options
    assert experiment.name == "names_train"
    assert [one.name for one in (options.path, options.validation, options.test)] == [
        f"names_{split}.conll" for split in ("train", "dev", "test")
    ]
    assert experiment.training.epochs == 60, "few sentences are seen often"
    (tmp_path / "tagged.jsonl").write_text(
        '{"id": 1, "tokens": ["Ann", "is"], "ner_tags": ["B-person", "O"]}\n'
        '{"id": 2, "tokens": ["in", "Rome"], "ner_tags": ["O", "B-place"]}\n'
    )
    of_json = make_starter(tmp_path / "tagged.jsonl", Wishes(written_in=tmp_path))
    assert of_json.found == "tagged.jsonl: sentences (2 train), spans of 2 types (BIO)"
    (tmp_path / "j.yaml").write_text(of_json.text, encoding="utf-8")
    assert read_config(tmp_path / "j.yaml").experiment.data.source.options.path.name == "tagged.jsonl"
    with pytest.raises(UsageError, match="--target names a column of a table"):
        make_starter(tmp_path / "tagged.jsonl", Wishes(target="ner_tags"))
    (tmp_path / "bad.conll").write_text("Ann\tB-person\nis\n")
    with pytest.raises(DataError, match=r"bad\.conll:2: expected 2 columns with tabs between, found 1: 'is'"):
        make_starter(tmp_path / "bad.conll")


def test_a_folder_of_texts(tmp_path):
    """All of its texts are one, whatever else stands beside them."""
    folder = tmp_path / "my novel [1]"
    folder.mkdir()
    for name in ("one.txt", "two.txt", "notes.md", "cover.bin"):
        (folder / name).write_text("It was a dark night.\n" * 100)
    starter = make_starter(folder, Wishes(written_in=folder))
    pattern = f"{tmp_path}/my novel [[]1]/*"
    assert starter.found == f"{pattern}.md and {pattern}.txt: 3 files, 6,300 characters, 15 different ones"
    (folder / "c.yaml").write_text(starter.text)
    experiment = read_config(folder / "c.yaml").experiment
    assert experiment.name == "my_novel__1"
    assert experiment.data.source.options.texts()["train"].count("dark") == 300


@pytest.mark.parametrize("with_folder", [False, True])
def test_a_folder_means_the_file_in_it(tmp_path, with_folder):
    """The only one, or the one that is for training; a folder of what its rows name may stand beside it."""
    (tmp_path / "train.csv").write_text("x,y\n" + "".join(f"{x * x % 17 / 2},{x % 2}\n" for x in range(60)))
    if with_folder:
        (tmp_path / "pictures").mkdir()
    assert make_starter(tmp_path, Wishes(target="y")).found.startswith("a table of 60 rows")
    (tmp_path / "test.csv").write_text("x,y\n" + "".join(f"{x * x % 17 / 2},{x % 2}\n" for x in range(20)))
    said: list[str] = []
    starter = make_starter(tmp_path, Wishes(target="y", note=said.append))
    assert f"test: {tmp_path / 'test.csv'}" in starter.text
    assert said[0] == f"{tmp_path}: its data are in train.csv"
    (tmp_path / "train.csv").rename(tmp_path / "more.csv")
    with pytest.raises(DataError) as caught:
        make_starter(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: 2 files have data, and no name says which one is for training (more.csv, test.csv)"
    )
    assert caught.value.hint == f"say which: bigmodel init {tmp_path / 'more.csv'}"


@pytest.mark.parametrize("name", ["train.csv", "adult_train.csv", "My training-1.csv", "trainset.csv"])
def test_what_is_for_training_by_its_name(name):
    assert is_of_training(Path(name))
    assert not is_of_training(Path(name.replace("train", "strain")))


@pytest.mark.parametrize(("num_steps", "steps"), [(5, 1), (200, 20), (5_000, 300)])
def test_a_rate_rises_in_no_more_than_a_tenth_of_the_steps(num_steps, steps):
    """However few there are: a config whose rate rises longer than it falls hardly learns."""
    assert warmup_of(num_steps, 300) == steps
