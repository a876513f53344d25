"""Plain text as windows: what is read, what is held out, what an epoch sees."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.pipeline.splits import make_splits
from bigmodel_cli.sources.base import LoadContext
from bigmodel_cli.sources.series import Series
from bigmodel_cli.sources.text_files import TextFiles
from bigmodel_cli.vocabulary.letters import Letters


def load(path, **options):
    said = []
    source = TextFiles(path=path, **options).load(LoadContext(warn=said.append))
    return source, said


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("Grüße, 🙂!\n" * 20, encoding="utf-8")
    return path


@pytest.mark.parametrize("unit", ["characters", "bytes"])
def test_a_target_is_its_window_one_token_on(text, unit):
    source, said = load(text, length=7, tokens=unit)
    examples, vocabulary = source.splits["train"], source.signature.task.vocabulary
    whole = text.read_text("utf-8")
    tokens = list(whole) if unit == "characters" else list(whole.encode())
    inputs, targets = examples.store.array, examples.labels
    assert len(examples) == (len(tokens) - 1) // 7
    assert np.array_equal(inputs.reshape(-1)[1:], targets.reshape(-1)[:-1])
    # The windows end with the text.
    assert vocabulary.as_text(targets.reshape(-1)[-7:]).endswith("!\n")
    assert vocabulary.decode(examples.series.ids) == whole
    assert said == []


def test_the_end_of_the_text_is_held_out_to_its_last_token(text):
    source, _ = load(text, length=4)
    splits = make_splits(source, validation=0.2, test=0.1, seed=0)
    assert splits.origins["validation"] == "the last 0.2 of the text"
    decode = source.signature.task.vocabulary.decode
    whole = text.read_text("utf-8")
    parts = [decode(splits.parts[name].series.ids) for name in ("train", "validation", "test")]
    # A part's last token is the first one of the next: it is a target there, and is given here.
    assert parts[0] + parts[1][1:] + parts[2][1:] == whole
    assert len(splits.test) == round(len(source.splits["train"]) * 0.1)


def test_files_of_their_own_lose_what_fills_no_window_and_say_so(text, tmp_path):
    other = tmp_path / "b.txt"
    other.write_text("Grüße! Grüße!\n", encoding="utf-8")
    source, said = load(text, length=4, validation=other)
    assert len(source.splits["validation"]) == 3
    assert said == ["validation: the first 1 of 14 characters fill no window of 4 and are not measured"]


def test_epochs_see_each_token_equally_often_in_an_order_by_seed_and_epoch():
    series = Series(np.arange(1001, dtype=np.int32), 10, per_epoch=30)
    first = series.drawn(seed=1, epoch=1)
    assert np.array_equal(first, series.drawn(seed=1, epoch=1))
    assert not np.array_equal(first, series.drawn(seed=2, epoch=1))
    assert first.min() >= 0 and first.max() + 10 < 1001
    # Ten epochs of 30 are three passes over 100 windows.
    starts = np.concatenate([series.drawn(seed=1, epoch=epoch) for epoch in range(1, 11)])
    for number in range(3):
        of_pass = starts[number * 100 : number * 100 + 100]
        assert len(set(of_pass.tolist())) == 100
        seen = np.bincount((of_pass[:, None] + np.arange(10)).reshape(-1), minlength=1001)
        assert (seen <= 2).all() and (seen == 1).mean() > 0.95
    assert len({(starts[number * 100 : number * 100 + 100] % 10).min() for number in range(3)}) > 1


def test_json_lines_patterns_and_packed_files(tmp_path):
    lines = "".join(json.dumps({"id": n, "text": f"number {n}"}) + "\n" for n in range(3))
    (tmp_path / "a.jsonl").write_text(lines)
    with gzip.open(tmp_path / "b.jsonl.gz", "wt") as file:
        file.write(json.dumps({"text": "last"}) + "\n")
    source, _ = load(tmp_path / "*.jsonl*", field="text", length=4, separator="|")
    examples = source.splits["train"]
    decoded = source.signature.task.vocabulary.decode(examples.series.ids)
    assert decoded == "number 0|number 1|number 2|last"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings_are_recognised_or_told(tmp_path, encoding):
    path = tmp_path / "a.txt"
    path.write_bytes("Grüße\r\nund mehr".encode(encoding))
    source, _ = load(path, length=3, encoding=encoding if encoding == "cp1252" else None)
    text = source.signature.task.vocabulary.decode(source.splits["train"].series.ids)
    assert text == "Grüße\nund mehr"


def test_what_is_no_text_is_refused_with_its_line(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"first\nGr\xfc\xdfe\n")
    with pytest.raises(DataError, match=r"a\.txt:2: not UTF-8 text: byte 0xfc") as caught:
        load(path, length=2)
    assert "encoding: cp1252" in caught.value.hint
    (tmp_path / "b.jsonl").write_text('{"text": "x"}\n{"body": "y"}\n')
    with pytest.raises(DataError, match=r"b\.jsonl:2: expected text in 'text', found body"):
        load(tmp_path / "b.jsonl", field="text", length=2)
    with pytest.raises(DataError, match=r"b\.jsonl: JSON lines"):
        load(tmp_path / "b.jsonl", length=2)
    (tmp_path / "c.txt").write_text("ab")
    with pytest.raises(DataError, match=r"c\.txt: expected more than 4 characters, found 2"):
        load(tmp_path / "c.txt", length=4)


def test_a_character_that_is_not_known_is_named():
    with pytest.raises(DataError, match=r"^x:2: the model knows no character 'é' \(U\+00E9\)"):
        Letters.of("characters", "abc\n").encode("ab\ncé", "x")


def test_known_characters_may_be_told(text):
    source, _ = load(text, length=4)
    (characters,) = {source.looked_at.characters}
    again, _ = load(text, length=4, characters="".join(sorted({*characters, "é"})))
    assert again.signature.task.vocabulary.size == source.signature.task.vocabulary.size + 1
    assert again.splits["train"].fingerprint() != source.splits["train"].fingerprint()


def test_bytes_that_are_cut_within_a_letter_are_shown():
    vocabulary = Letters("bytes")
    ids = vocabulary.encode("aß", "x")
    assert vocabulary.decode(ids[:2]) == "a\ufffd"
    assert np.array_equal(vocabulary.from_text(vocabulary.as_text(ids[:2])), ids[:2])
