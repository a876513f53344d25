"""Strings of recordings: which are put together, and what is heard of them."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.inference.run_data import load_splits
from bigmodel_cli.listener import Silent
from bigmodel_cli.modeling.language import read_config

soundfile = pytest.importorskip("soundfile")
RATE, LONGEST = 4000, 240
CONFIG = """\
name: strings
seed: 3
data:
  source:
    table:
      path: train.csv
      test: test.csv
      target: said
      columns:
        clip: {audio: {sample_rate: 4000, seconds: 0.2}}
        said: transcript
        speaker: ignore
      strings: {length: [2, 3], count: 60, within: speaker}
  validation: 0.2
model: [{Reshape: {target_shape: [100, 8]}}, {Dense: {units: vocabulary_size}}]
loss: CTC
optimizer: Adam
"""


@pytest.fixture
def folder(tmp_path):
    """Two speakers, each with recordings of a length and a level of their own."""
    for split, count in (("train", 20), ("test", 5)):
        with (tmp_path / f"{split}.csv").open("w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["clip", "said", "speaker"])
            for number in range(count):
                level, path = (number + 1) / 64, f"{split}_{number}.wav"
                samples = np.full(LONGEST - 4 * number, level, np.float32)
                soundfile.write(tmp_path / path, samples, RATE, subtype="PCM_16")
                table.writerow([path, ["one", "two", "ten"][number % 3], "ab"[number % 2]])
    return tmp_path


def loaded(folder, old="", new=""):
    assert old in CONFIG
    (folder / "x.yaml").write_text(CONFIG.replace(old, new) if old else CONFIG)
    return load_splits(read_config(folder / "x.yaml").experiment, Silent(), offline=True)


def parts_of(examples, index):
    """The numbers of the recordings of a string."""
    paths = examples.store.paths[index].split(" + ")
    return [int(path.partition("_")[2].removesuffix(".wav")) for path in paths]


def test_as_many_strings_of_each_split_for_its_recordings(folder):
    splits = loaded(folder)
    # 16 recordings are left for training, of which 60 strings are asked for.
    assert splits.sizes == {"train": 60, "validation": 15, "test": 19}


def test_a_string_is_its_recordings_one_behind_the_other(folder):
    splits = loaded(folder)
    for part in splits.parts.values():
        for index in range(len(part)):
            numbers = parts_of(part, index)
            lengths = [LONGEST - 4 * number for number in numbers]
            expected = np.concatenate(
                [np.full(length, (number + 1) / 64) for number, length in zip(numbers, lengths, strict=True)]
            )
            heard = part.read(index)
            assert heard.shape == (800,)
            np.testing.assert_allclose(heard[: len(expected)], expected, atol=1e-4)
            assert not heard[len(expected) :].any()
            said = " ".join(["one", "two", "ten"][number % 3] for number in numbers)
            assert splits.signature.task.text(part.labels[index].tolist()) == said
            assert len(numbers) in (2, 3)


def test_neither_speakers_nor_splits_are_mixed(folder):
    splits = loaded(folder)
    used = {}
    for name, part in splits.parts.items():
        for index in range(len(part)):
            numbers = parts_of(part, index)
            assert len({number % 2 for number in numbers}) == 1
            speaker = part.beside["speaker"].read(index)
            assert str(speaker) == "ab"[numbers[0] % 2]
            used.setdefault(name, set()).update(part.store.paths[index].split(" + "))
    assert not used["train"] & used["validation"]
    assert all(path.startswith("test_") for path in used["test"])
    assert all(path.startswith("train_") for path in used["train"] | used["validation"])


def test_strings_are_a_function_of_the_seed(folder):
    first, again = loaded(folder), loaded(folder)
    assert first.train.store.paths == again.train.store.paths
    assert first.train.fingerprint() == again.train.fingerprint()
    assert loaded(folder, "seed: 3", "seed: 4").train.store.paths != first.train.store.paths


def test_runs_of_characters_are_those_of_strings(folder):
    task = loaded(folder, "target: said", "target: {said: {ngram: 2}}").signature.task
    assert task.ngrams["\x02o"] + task.ngrams["\x02t"] == 60
    assert task.ngrams[" o"] > 0


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("seconds: 0.2", "seconds: 0.15", "strings: the longest is 1.1"),
        ("within: speaker", "within: who", "no column who; its columns: clip, said, speaker"),
        ("speaker: ignore", "speaker: category", "strings are put together of one column of files"),
    ],
)
def test_what_makes_no_strings_is_an_error(folder, old, new, says):
    with pytest.raises(DataError, match=says):
        loaded(folder, old, new)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[2, 3]", "[3, 2]", "expected two numbers, from 1 to 1000, the larger one last"),
        ("count: 60", "count: 0", "strings.count"),
    ],
)
def test_check_finds_what_cannot_be(folder, bigmodel, old, new, says):
    (folder / "x.yaml").write_text(CONFIG.replace(old, new))
    ended = bigmodel("check", folder / "x.yaml")
    assert ended.code == 2
    assert says in ended.err
