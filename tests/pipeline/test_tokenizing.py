"""Texts become tokens once splits are cut: by a tokenizer of the training split, which a run keeps."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from bigmodel_cli.config.dump import to_yaml
from bigmodel_cli.errors import DataError
from bigmodel_cli.inference.run_data import load_splits
from bigmodel_cli.listener import Silent
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.sources.stores import CodedStore, texts_of
from bigmodel_cli.training.pin import pinned

MODEL = """\
model: [{token_and_position: {width: 4}}, masked_pooling, {Dense: {units: num_classes, activation: softmax}}]
loss: CategoricalCrossentropy
optimizer: Adam
"""
WORDS = ["window", "widow", "winter", "wind", "winding"]


class Told(Silent):
    """Keeps warnings."""

    def __init__(self) -> None:
        self.warned: list[str] = []

    def warn(self, message: str) -> None:
        self.warned.append(message)


@pytest.fixture
def splits_of(tmp_path, monkeypatch):
    """Reads a config below `tmp_path`, and its splits."""
    monkeypatch.chdir(tmp_path)

    def call(text, folder=None):
        path = (folder or tmp_path) / "c.yaml"
        path.write_text(text)
        config = read_config(path, was_trained=folder is not None)
        listener = Told()
        return config.experiment, load_splits(config.experiment, listener, offline=True), listener

    return call


@pytest.fixture
def table(tmp_path):
    """Writes rows of texts; those of the test split have a file of their own."""

    def write(extra="", test="a strange zebra"):
        rows = [f"{'ab'[n % 2]},{WORDS[n % 5]} and {WORDS[n % 3]} {extra}\n" for n in range(60)]
        (tmp_path / "train.csv").write_text("label,text\n" + "".join(rows))
        (tmp_path / "test.csv").write_text(f"label,text\na,{test}\nb,window wind wind\n")

    write()
    return write


def of_table(tokenizer="{bpe: {vocabulary_size: 270}}", length=8):
    columns = f"{{text: {{subwords: {{tokenizer: {tokenizer}, length: {length}}}}}}}"
    source = f"{{table: {{path: train.csv, test: test.csv, target: label, columns: {columns}}}}}"
    return f"data: {{source: {source}}}\n{MODEL}"


@pytest.mark.usefixtures("table")
def test_a_column_of_texts_is_whole_numbers(splits_of, tmp_path):
    _, splits, _ = splits_of(of_table())
    kind, store = splits.signature.inputs["text"], splits.train.inputs["text"]
    assert (store.array.dtype, store.array.shape) == (np.int32, (len(splits.train), 8))
    assert splits.signature.numbers["text.vocabulary_size"] == 270
    assert splits.signature.padded == {"text.vocabulary_size"}
    for row in (0, 7):
        text = str(texts_of(store).read(row))
        ids = kind.vocabulary.encode(text, "t")
        assert store.array[row].tolist() == [*ids.tolist(), *[0] * 8][:8]
        assert store.counts[row] == len(ids)
    taken = store.take(np.array([5, 3]))
    assert taken.read(0).tolist() == store.array[5].tolist()
    assert texts_of(taken).read(1) == texts_of(store).read(3)
    assert splits.train.place(0).startswith(f"{tmp_path / 'train.csv'}:")


def test_only_training_texts_decide_what_tokens_are(splits_of, table):
    _, before, _ = splits_of(of_table())
    table(test="another thing")
    _, other_test, _ = splits_of(of_table())
    assert other_test.signature == before.signature
    assert other_test.fingerprints()["test"] != before.fingerprints()["test"]
    assert other_test.fingerprints()["train"] == before.fingerprints()["train"]
    table(extra="zebra")
    _, other_train, _ = splits_of(of_table())
    assert other_train.signature != before.signature


def test_a_run_uses_the_tokenizer_that_it_keeps(splits_of, table, tmp_path):
    experiment, before, _ = splits_of(of_table())
    run = tmp_path / "run"
    run.mkdir()
    for name, content in before.signature.files.items():
        (run / name).write_text(content, "utf-8")
    assert [path.name for path in run.iterdir()] == ["tokenizer_text.json"]
    of_run = to_yaml(pinned(experiment, before))
    assert before.signature.inputs["text"].vocabulary.sha256 in of_run and str(run) not in of_run
    # By other texts it would learn something else; and folders are moved.
    table(extra="zebra")
    moved = run.rename(tmp_path / "moved")
    _, again, _ = splits_of(of_run, moved)
    assert again.signature == before.signature
    (moved / "tokenizer_text.json").write_text("{}")
    with pytest.raises(DataError, match=r"moved/tokenizer_text\.json: no tokenizer"):
        splits_of(of_run, moved)


@pytest.mark.tf
def test_what_is_cut_and_what_is_unknown_is_said(splits_of, tmp_path, table):
    import keras

    from bigmodel_cli.training.texts_cut import describe_texts

    table()
    given = keras.Input((2,), dtype="int32")
    (tmp_path / "test.csv").write_text("label,text\na,zebra window\nb,window wind\n")
    _, splits, _ = splits_of(of_table("{wordpiece: {vocabulary_size: 36}}", length=2))
    (said,) = describe_texts(
        keras.Model(given, keras.layers.Embedding(36, 2)(given)),
        Splits({**splits.parts, "validation": splits.test}, {}, splits.signature),
    )
    counts = splits.train.inputs["text"].counts
    assert (counts > 2).all()
    assert said == (
        f"text: 36 subwords (wordpiece) are known; texts have {counts.mean():.0f} on average, "
        f"and 100% more than 2, where they are cut (one of them has {counts.max()}); 25% of those of "
        "validation are unknown"
    )


def test_texts_that_are_to_be_written_are_hashed_by_their_letters():
    """Before they are tokens, as a cross-validation has them: an array of objects has no bytes of its own."""

    def fingerprint(*texts: str) -> str:
        store = CodedStore(np.arange(2, dtype=np.int32), ("one", "two"))
        return Examples({"en": store}, {"de": np.array(texts, object)}).fingerprint()

    assert fingerprint("eins", "zw" + "ei") == fingerprint("".join(["ei", "ns"]), "zwei")
    assert fingerprint("eins", "zwei") != fingerprint("eins", "drei")


@pytest.mark.usefixtures("table")
def test_bytes_learn_nothing_and_keep_no_file(splits_of):
    experiment, splits, _ = splits_of(of_table("bytes", length=12))
    assert splits.signature.files == {}
    assert splits.signature.numbers["text.vocabulary_size"] == 260
    assert (
        splits.signature.inputs["text"].vocabulary.decode(splits.test.inputs["text"].array[0])
        == "a strange ze"
    )
    assert "tokenizer: bytes" in to_yaml(pinned(experiment, splits))


@pytest.mark.usefixtures("table")
def test_too_many_tokens_are_refused_by_the_name_of_the_column(splits_of):
    with pytest.raises(DataError, match=r"^text: bpe finds \d+ tokens in the training texts"):
        splits_of(of_table("{bpe: {vocabulary_size: 5000}}"))


def test_folders_of_texts(splits_of, tmp_path):
    for number in range(24):
        path = tmp_path / "texts" / "ab"[number % 2] / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{WORDS[number % 5]} and {WORDS[number % 3]}")
    tokenizer = "tokenizer: {unigram: {vocabulary_size: 262}}, length: 6"
    experiment, splits, _ = splits_of(
        f"data: {{source: {{text_folder: {{path: texts, {tokenizer}}}}}}}\n{MODEL}"
    )
    assert splits.train.inputs["text"].shape == (6,)
    assert splits.train.name(0) == splits.train.place(0)
    assert splits.train.name(0).endswith(".txt")
    assert "path: tokenizer_text.json" in to_yaml(pinned(experiment, splits))


def test_a_length_without_a_tokenizer_means_nothing(splits_of, refused_config):
    refused_config(
        f"data: {{source: {{text_folder: {{path: texts, length: 6}}}}}}\n{MODEL}",
        "length: of tokens, and there is no tokenizer",
    )


@pytest.fixture
def refused_config(tmp_path):
    from bigmodel_cli.errors import ConfigError

    def check(text, said):
        (tmp_path / "c.yaml").write_text(text)
        with pytest.raises(ConfigError, match=said):
            read_config(tmp_path / "c.yaml")

    return check


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("text: {text: {tokenizer: bytes}}", "text of text: a text stays one"),
        ("text: {subwords: {}}", "subwords of text: which tokenizer is not said"),
        ("text: {subwords: {tokenizer: bpe}}", "bpe learns so many tokens as it is told"),
        ("text: {subwords: {tokenizer: bytes, length: 0}}", "expected a whole number of tokens from 1"),
        ("text: {subwords: {tokenizer: bytes, len: 5}}", "no option 'len'"),
        (
            "text: {subwords: {tokenizer: {same_as: txt}}}",
            "same_as: txt is no column with a tokenizer of its",
        ),
        ("text: {subwords: {tokenizer: {same_as: text}}}", "same_as: text is no column with a tokenizer of"),
        (
            "text: {subwords: {tokenizer: {same_as: a}}}, a: {subwords: {tokenizer: bytes}}, b: {subwords: "
            "{tokenizer: {same_as: text}}}",
            "subwords of b: same_as: text is no column .*\n.*\n.*\n.*there are: a",
        ),
    ],
)
def test_options_of_columns_are_checked_without_data(refused_config, option, said):
    refused_config(
        f"data: {{source: {{table: {{path: t.csv, target: label, columns: {{{option}}}}}}}}}\n{MODEL}", said
    )


@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        ("{wordpiece: {vocabulary_size: 300}}", "wordpiece loses the white space between words"),
        (
            "{bpe: {vocabulary_size: 300, lowercase: true}}",
            "bpe.lowercase: what is written would have no capitals",
        ),
        ("letters", "expected bytes, or one of bpe"),
    ],
)
def test_what_loses_something_of_a_text_writes_none(refused_config, tokens, said):
    refused_config(f"data: {{source: {{text_files: {{path: a.txt, tokens: {tokens}}}}}}}\n{WRITES}", said)


def test_more_windows_than_memory_has_room_for_are_refused(refused_config):
    source = "{text_files: {path: a.txt, windows_per_epoch: 100000000000}}"
    refused_config(f"data: {{source: {source}}}\n{WRITES}", "expected a number from 1 to 100,000,000")


WRITES = """\
model: [{token_and_position: {width: 4}}, {Dense: {units: vocabulary_size}}]
loss: {SparseCategoricalCrossentropy: {from_logits: true}}
optimizer: Adam
"""


def of_text(tokens="{bpe: {vocabulary_size: 270}}", more="", data=""):
    source = f"{{text_files: {{path: a.txt, length: 5, tokens: {tokens}{more}}}}}"
    return f"data: {{source: {source}{data}}}\n{WRITES}"


@pytest.fixture
def text(tmp_path):
    whole = "".join(f"The {WORDS[n % 5]} — {WORDS[n % 3]} 🙂\n\n" for n in range(80)) + "Zebra Zebra zebra! "
    (tmp_path / "a.txt").write_text(whole, encoding="utf-8")
    return whole


def test_windows_of_subwords_count_every_byte(splits_of, text):
    experiment, splits, _ = splits_of(of_text(data=", validation: 0.1, test: 0"))
    vocabulary = splits.signature.task.vocabulary
    assert splits.signature.kind.vocabulary == vocabulary
    assert splits.signature.files.keys() == {"tokenizer.json"}
    parts = [vocabulary.decode(splits.parts[name].series.ids) for name in ("train", "validation")]
    assert parts[0] + parts[1][1:] == text
    for name, part in splits.parts.items():
        inputs, targets = part.store.array, part.labels
        assert np.array_equal(inputs.reshape(-1)[1:], targets.reshape(-1)[:-1])
        bytes_of = vocabulary.num_bytes()[targets].sum()
        assert bytes_of == len(vocabulary.as_bytes(targets.reshape(-1)))
        assert bytes_of == len(vocabulary.as_bytes(part.series.ids[part.series.first + 1 :])), name
    # Nothing of what is held out was learnt: no token is a part of Zebra.
    assert "Zebra" in parts[1] and "eb" not in [vocabulary.decode([n]) for n in range(vocabulary.size)]
    assert "path: tokenizer.json" in to_yaml(pinned(experiment, splits))
    assert splits.signature.numbers["vocabulary_size"] == 270
    assert splits.signature.padded == frozenset()


@pytest.mark.usefixtures("text")
def test_what_is_not_measured_is_said_in_tokens(splits_of):
    _, splits, told = splits_of(of_text(data=", validation: 0.1, test: 0"))
    series = splits.validation.series
    first = f"validation: the first {series.first} of {len(series.ids)} subwords fill no window of 5"
    assert told.warned == ([f"{first} and are not measured"] if series.first else [])


def test_a_text_with_fewer_tokens_than_a_window_is_refused(splits_of, tmp_path):
    (tmp_path / "a.txt").write_text("The window. " * 40)
    (tmp_path / "b.txt").write_text("The window")
    with pytest.raises(DataError, match=r"the text \(validation\): expected more than 5 subwords, found \d"):
        splits_of(of_text("{bpe: {vocabulary_size: 262}}", more=", validation: b.txt"))


@pytest.mark.usefixtures("text")
def test_a_tokenizer_that_loses_white_space_writes_nothing(splits_of, tmp_path):
    lossy = Tokenizer(models.BPE(vocab={"a": 0, "b": 1}, merges=[]))
    lossy.pre_tokenizer = pre_tokenizers.Whitespace()
    lossy.save(str(tmp_path / "lossy.json"))
    with pytest.raises(DataError, match=r"lossy\.json: this tokenizer loses something of a text"):
        splits_of(of_text("{file: lossy.json}"))


@pytest.mark.usefixtures("text")
def test_bytes_may_be_written_as_an_algorithm(splits_of):
    _, splits, _ = splits_of(of_text("{bytes: {}}"))
    assert splits.signature.task.vocabulary.size == 256


def test_a_damaged_record_is_told():
    from bigmodel_cli.signature import signature_from_json

    kind = {"kind": "subwords", "length": 4, "tokens": "subwords", "algorithm": "bpe", "size": 9}
    task = {"task": "classification", "class_names": ["a", "b"]}
    with pytest.raises(DataError, match="the signature of the data is damaged: KeyError"):
        signature_from_json(json.loads(json.dumps({"inputs": {"text": kind}, "targets": {"label": task}})))
