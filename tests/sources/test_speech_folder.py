"""Recordings with what is said in them in files beside them: which belongs to which, and what lacks."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from bigmodel_cli.errors import DataError
from bigmodel_cli.signature import TARGET
from bigmodel_cli.sources.speech_folder import SpeechFolder

HOW = {"sample_rate": 4000, "seconds": 0.5}


@pytest.fixture
def clips(tmp_path):
    """Writes sounds, each with its text unless that is None."""

    def write(texts, seconds=0.25):
        for name, text in texts.items():
            path = tmp_path / f"{name}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, np.full(round(4000 * seconds), 0.1), 4000)
            if text is not None:
                path.with_suffix(".txt").write_text(text, "utf-8")
        return tmp_path

    return write


def said_in(source):
    return {
        split: dict(zip(part.store.paths, part.targets[TARGET].tolist(), strict=True))
        for split, part in source.splits.items()
    }


def test_texts_beside_their_sounds(clips, load):
    source = load("speech_folder", path=clips({"a/1": " Good\nday ", "2": "né"}), **HOW)
    assert said_in(source) == {"train": {"2.wav": "né", "a/1.wav": "Good\nday"}}
    assert source.signature.kind.shape == (2000,)
    assert source.signature.task.name == "transcription"


def test_lists_of_librispeech_in_folders_by_split(clips, load, told):
    root = clips(dict.fromkeys(["train-clean-100/19/198/19-198-0001", "train-other/7-1", "dev-clean/8-2"]))
    (root / "train-clean-100/19/198/19-198.trans.txt").write_text("19-198-0001 NORTHANGER ABBEY\n")
    (root / "train-other/7.trans.txt").write_text("7-1 YES\n7-2 NO\n")
    (root / "dev-clean/8.trans.txt").write_text("8-2 IT IS\n")
    (root / "notes").mkdir()
    source = load("speech_folder", path=root, **HOW)
    assert said_in(source) == {
        "train": {
            "train-clean-100/19/198/19-198-0001.wav": "NORTHANGER ABBEY",
            "train-other/7-1.wav": "YES",
        },
        "validation": {"dev-clean/8-2.wav": "IT IS"},
    }
    assert [line.replace(str(root), "") for line in told.warnings] == [
        ": ignored notes/ beside dev-clean/",
        "1 texts have no sound and are left out: /train-other/7-2",
    ]


@pytest.mark.parametrize(
    ("texts", "seconds", "message", "hint"),
    [
        ({"1": "yes", "2": None}, 0.25, r"2\.wav: what is said in it stands nowhere", "write it into 2.txt"),
        ({"1": "yes", "2": " \n"}, 0.25, r"2\.txt: nothing is said in it", "remove it"),
        ({"1": "yes"}, 0.75, r"1\.wav: has 0\.75 s, of which 0\.5 s are taken", "write seconds: 0.75"),
        ({}, 0.25, "no sounds in it", "into"),
        ({"test/1": "yes"}, 0.25, "has test but no train/", "train/"),
    ],
)
def test_what_lacks_is_said_with_its_file(clips, load, texts, seconds, message, hint):
    with pytest.raises(DataError, match=message) as refused:
        load("speech_folder", path=clips(texts, seconds), **HOW)
    assert hint in refused.value.hint


def test_what_is_wrong_may_be_left_out(clips, load, told):
    root = clips({"1": "yes", "2": None, "3": "no"})
    soundfile.write(root / "4.wav", np.zeros(4000) + 0.1, 4000)
    (root / "4.txt").write_text("long")
    (root / "3.wav").write_bytes(b"RIFF and no more")
    source = load("speech_folder", path=root, skip_bad_files=True, **HOW)
    assert (said_in(source), source.num_skipped) == ({"train": {"1.wav": "yes"}}, 3)
    assert [line.partition(":")[0] for line in told.warnings] == [
        "skipped 2 of 4 sounds that cannot be read, the first",
        "skipped 1 of 2 files that cannot be read, the first",
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"longer": "random"}, "longer: a part of a sound is not all that is said in it"),
        ({"shorter": "loop"}, "shorter: what is said would be heard more than once"),
        ({"tokenizer": "letters"}, "tokenizer: expected bytes, or one of"),
        ({"tokenizer": "bytes", "lowercase": True}, "bytes takes letters as they are"),
        ({"tokenizer": "bytes", "word_ngram": 2}, "word_ngram is for texts that are cut into characters"),
        ({"word_ngram_weight": 2}, "word_ngram_weight is that of word_ngram: write word_ngram: 3"),
        ({"texts": "t.txt"}, "texts are what runs are learnt from: write word_ngram: 2"),
    ],
)
def test_options_that_cannot_be_are_found_before_files_are(options, message):
    with pytest.raises(ValueError, match=message):
        SpeechFolder(path="none", **HOW, **options)


def test_texts_however_they_are_called_and_written(clips, load, told, monkeypatch):
    """Suffixes of any case, a line with a sign that ends lines elsewhere, and the folder that one is in."""
    root = clips({"1": "yes", "2": None, "3": None})
    (root / "2.TXT").write_text("no")
    (root / "a.trans.txt").write_bytes("3 well\u2028then\r\n".encode())
    monkeypatch.chdir(root)
    expected = {"train": {"1.wav": "yes", "2.wav": "no", "3.wav": "well\u2028then"}}
    assert (
        said_in(load("speech_folder", path=".", **HOW))
        == expected
        == said_in(load("speech_folder", path=root, **HOW))
    )
    assert told.warnings == []


def test_two_texts_of_a_recording_are_one_too_many(clips, load):
    root = clips({"1": None, "2": None})
    (root / "a.trans.txt").write_text("1 yes\n1 yes\n2 yes\n2 no\n")
    with pytest.raises(DataError, match=r"a\.trans\.txt: what is said in 2 is there twice, and differs"):
        load("speech_folder", path=root, **HOW)


def test_parts_of_names_group_speakers(clips, load):
    root = clips({"ann_1": "yes", "bob_1": "no"})
    options = {"name_pattern": "{speaker}_*", **HOW}
    assert SpeechFolder(path=root, **options).facts().beside == {"speaker"}
