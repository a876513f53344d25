"""Runs on subwords: what they keep, that all who use them tokenize alike, and go on after a signal."""

from __future__ import annotations

import csv
import io
import json
import re
import signal
from pathlib import Path

import numpy as np
import pytest
from examples_beside import told_by_example
from served import start

from bigmodel_cli.cli.main import run as run_command
from bigmodel_cli.cli.progress import Lines
from bigmodel_cli.metrics_file import TIME_COLUMNS, read_metrics
from bigmodel_cli.run_folder import RunFolder

pytestmark = pytest.mark.tf

WORDS = ["window", "widow", "winter", "wind", "winding"]
TABLE = """\
name: pieces
data:
  source:
    table:
      path: t.csv
      target: label
      columns: {text: {subwords: {tokenizer: {bpe: {vocabulary_size: 270}}, length: 12}}}
  batch_size: 16
model:
  - token_and_position: {width: 8}
  - transformer: {layers: 1, heads: 2, dropout: 0.1}
  - masked_pooling
  - Dense: {units: num_classes, activation: softmax}
loss: CategoricalCrossentropy
optimizer: {Adam: {learning_rate: 0.02}}
training: {epochs: 3, steps_per_execution: 2, device: cpu, deterministic: true}
"""
TEXT = """\
name: pieces
data:
  source: {text_files: {path: a.txt, length: 6, windows_per_epoch: 64, tokens: {bpe: {vocabulary_size: 275}}}}
  batch_size: 16
model:
  - token_and_position: {width: 8}
  - transformer: {layers: 1, heads: 2, causal: true, dropout: 0.1}
  - Dense: {units: vocabulary_size}
loss: {SparseCategoricalCrossentropy: {from_logits: true}}
optimizer: {Adam: {learning_rate: 0.01}}
metrics: [bits_per_byte, perplexity]
training: {epochs: 3, steps_per_execution: 2, device: cpu, deterministic: true}
"""


def train(folder: Path, config: str, *words: str, code: int = 0) -> RunFolder:
    (folder / "c.yaml").write_text(config)
    rows = (f"{'ab'[n % 2]},{WORDS[n % 5]} {'no' if n % 2 else 'and'} {WORDS[n % 3]}\n" for n in range(100))
    (folder / "t.csv").write_text("label,text\n" + "".join(rows))
    lines = (f"The {WORDS[n % 5]} — {WORDS[n % 3]} 🙂\n" for n in range(60))
    (folder / "a.txt").write_text("".join(lines), encoding="utf-8")
    assert run_command(["train", *(words or [str(folder / "c.yaml")]), "--runs-dir", str(folder)]) == code
    (path,) = (folder / "pieces").iterdir()
    return RunFolder(path)


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return train(tmp_path_factory.mktemp("rows"), TABLE)


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    return train(tmp_path_factory.mktemp("text"), TEXT)


def numbers(run):
    return {name: values for name, values in read_metrics(run.metrics).items() if name not in TIME_COLUMNS}


def weights(run):
    from bigmodel_cli.inference.loading import load_for_inference

    return [np.asarray(weight) for weight in load_for_inference(run, "best").weights]


@pytest.mark.parametrize(("config", "whole"), [(TABLE, "rows"), (TEXT, "text")])
def test_after_a_signal_it_goes_on_by_the_tokenizer_that_it_keeps(
    config, whole, request, tmp_path, monkeypatch
):
    whole = request.getfixturevalue(whole)
    as_ever = Lines.progressed

    def told(self, progress, *_):
        if (progress.epoch, progress.step) == (2, 2):
            monkeypatch.setattr(Lines, "progressed", as_ever)
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(Lines, "progressed", told)
    cut = train(tmp_path, config, code=143)
    monkeypatch.setattr("bigmodel_cli.vocabulary.training._Training.content", None)
    resumed = train(tmp_path, config, "--resume", str(cut.path))
    assert numbers(resumed) == numbers(whole)
    assert all(
        np.array_equal(one, other) for one, other in zip(weights(resumed), weights(whole), strict=True)
    )


def test_the_run_keeps_its_tokenizer_and_says_so(rows):
    record = rows.read_record()
    kept = record["files"]["tokenizer_text.json"]
    kind = record["signature"]["inputs"]["text"]
    assert kept["sha256"] == kind["sha256"] and kept["sha256"] in rows.config.read_text()
    assert kind == {
        "kind": "subwords", "length": 12, "tokens": "subwords", "algorithm": "bpe", "size": 270,
        "padded": True, "file": "tokenizer_text.json", "sha256": kept["sha256"],
    }  # fmt: skip
    assert re.search(r"text: 270 subwords \(bpe\) are known; texts have \d+ on average", rows.log.read_text())


def shares(outcome):
    return [{one["class"]: one["probability"] for one in each["top"]} for each in outcome.json["predictions"]]


def test_every_way_to_predict_tokenizes_alike(rows, bigmodel, tmp_path, monkeypatch):
    given = ["window no widow", "wind and window"]
    monkeypatch.chdir(tmp_path)
    with Path("t.csv").open("w") as file:
        csv.writer(file).writerows([["text"], *([one] for one in given)])
    for number, one in enumerate(given):
        Path(f"{number}.txt").write_text(f"{one}\n")
    asked = ("--run", rows.path, "--json", "--top", "2")
    told = shares(bigmodel("predict", *(word for one in given for word in ("--text", one)), *asked))
    assert max(told[0], key=told[0].get) == "b" and max(told[1], key=told[1].get) == "a"
    assert shares(bigmodel("predict", "t.csv", *asked)) == told
    assert shares(bigmodel("predict", "0.txt", "1.txt", *asked)) == told
    assert shares(bigmodel("predict", "--set", f"text={given[0]}", *asked))[0] == pytest.approx(
        told[0], abs=1e-6
    )
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("\n".join(given).encode())))
    assert shares(bigmodel("predict", "-", *asked)) == told


def test_padding_place_and_batch_change_nothing(rows):
    from bigmodel_cli.inference.loading import load_for_inference
    from bigmodel_cli.inference.opened import open_folder

    model = load_for_inference(rows, "best")
    kind = open_folder(rows).signature.inputs["text"]
    texts = ["window no widow", "", "wind", "winter and winding and wind and window and widow"]
    ids = kind.tokenized(texts, "t").ids
    together = np.asarray(model(ids, training=False))
    assert np.isfinite(together).all()
    alone = np.concatenate([np.asarray(model(ids[row : row + 1], training=False)) for row in range(4)])
    other_places = np.asarray(model(np.concatenate([ids[::-1], ids]), training=False))
    assert np.abs(alone - together).max() <= 1e-5
    assert (
        np.abs(other_places[4:] - together).max() <= 1e-5
        and np.abs(other_places[3::-1] - together).max() <= 1e-5
    )


def test_strange_texts_have_a_result(rows, bigmodel):
    strange = ["", " ", ":)", "🙂", "שלום e\u0301", "[PAD] [END]", "w" * 20_000, "window\x00widow"]
    outcome = bigmodel("predict", *(word for one in strange for word in ("--text", one)), "--run", rows.path)
    assert outcome.code == 0, outcome.err
    assert outcome.out.count("%") == 2 * len(strange) and "nan" not in outcome.out


def test_words_are_left_out_and_tokenized_anew(rows, bigmodel):
    document = bigmodel("explain", "--set", "text=window no widow", "--run", rows.path, "--json").json
    (finding,) = document["rows"][0]["classes"]
    assert finding["class"] == "b"
    words = {one["word"]: one["effect"] for one in finding["words"]["text"]}
    assert words.keys() == {"window", "no", "widow"}
    assert max(words, key=words.get) == "no"
    added = {one["word"]: one["integrated_gradients"] for one in finding["words"]["text"]}
    assert max(added, key=added.get) == "no"
    completeness = finding["word_methods"]["text"]["integrated-gradients"]["completeness"]
    assert completeness["error"] < 0.01
    assert sum(added.values()) == pytest.approx(completeness["sum"])


def test_the_example_beside_an_export_tokenizes_as_the_run_does(rows, bigmodel, tmp_path):
    outcome = bigmodel("export", rows.path, "--format", "litert", "--json")
    assert outcome.code == 0, outcome.err
    folder = rows.exports / "litert"
    about = json.loads((folder / "model.json").read_text())
    assert "tokenizer_text.json" in about["files"]
    (tmp_path / "row.json").write_text(json.dumps({"text": "wind no winding"}))
    found = told_by_example(folder, tmp_path / "row.json")
    told = shares(
        bigmodel("predict", "--text", "wind no winding", "--run", rows.path, "--json", "--top", "2")
    )[0]
    printed = dict(line.split() for line in found.strip().splitlines())
    assert {name: float(share) for name, share in printed.items()} == pytest.approx(told, abs=2e-4)


def test_a_lost_tokenizer_is_an_error_with_a_way_out(rows, bigmodel, tmp_path):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(rows.path, copy)
    (copy / "tokenizer_text.json").unlink()
    refused = bigmodel("predict", "--text", "wind", "--run", copy)
    assert refused.code == 3
    assert "tokenizer_text.json: the tokenizer of this model cannot be read" in refused.err
    assert "restore the file, or train again" in refused.err


def test_a_text_goes_on_in_whole_letters(text, bigmodel):
    asked = ("--run", text.path, "--max-tokens", "40", "--temperature", "1", "--seed", "2", "--json")
    (one,) = bigmodel("generate", "The wi", *asked).json["texts"]
    assert one["tokens"] == 40 and len(one["text"]) > 40
    assert bigmodel("generate", "The wi", *asked, "--no-cache").json["texts"][0]["text"] == one["text"]
    plain = bigmodel("generate", "The wi", *asked[:-1])
    # What a terminal would obey is not shown.
    assert plain.out == "".join(
        c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in f"The wi{one['text']}\n"
    )
    strange = bigmodel("generate", "naïve שלום", *asked)
    assert strange.code == 0, strange.err


def test_a_prompt_that_ends_inside_of_a_token_is_healed(text, bigmodel):
    from bigmodel_cli.inference.generating.growing import GrowingText
    from bigmodel_cli.inference.generating.prompts import Prompt
    from bigmodel_cli.inference.generating.stepping import WholeWindows, window_of
    from bigmodel_cli.inference.loading import load_for_inference
    from bigmodel_cli.inference.opened import open_folder

    known = open_folder(text).signature.task.vocabulary
    # All lines begin with "The wi", which no single letter of the training text does.
    prompt = Prompt.of("The w", known)
    assert prompt.healed.endswith(b"w") and known.decode(prompt.ids) + prompt.healed.decode() == "The w"
    may_come = {known.as_bytes([number]) for number in np.flatnonzero(prompt.first == 0)}
    assert len(may_come) > 1 and all(token.startswith(prompt.healed) for token in may_come)
    assert (
        Prompt.of("", known).healed == b""
        and Prompt.of("w", known).ids.tolist() == known.encode("\n", "t").tolist()
    )
    # By hand: one of the tokens that may come, and 20 behind it; the prompt stands there once.
    windows, ids = WholeWindows(load_for_inference(text, "best"), are_logits=True), prompt.ids
    for first in (prompt.first, *[0.0] * 20):
        likely = windows.likely(window_of(ids[None], windows.length))[0, -1] + first
        ids = np.append(ids, np.argmax(likely).astype(np.int32))
    expected = known.as_bytes(ids[len(prompt.ids) :]).removeprefix(prompt.healed).decode("utf-8", "replace")
    asked = ("--run", text.path, "--max-tokens", "20", "--json")
    for how in (("--temperature", "0"), ("--temperature", "0", "--no-cache"), ("--beams", "1")):
        (one,) = bigmodel("generate", "The w", *asked, *how).json["texts"]
        assert (one["text"], one["tokens"]) == (expected, 20)
    grows = GrowingText(known, 5, ["i"], prompt.healed)
    grows.take(np.flatnonzero(prompt.first == 0)[-1:])
    assert (grows.text, grows.num_tokens, grows.ended_by) == ("", 0, "stop")


def test_the_example_beside_an_export_writes_what_generate_does(text, bigmodel, tmp_path):
    assert bigmodel("export", text.path, "--format", "litert", "--json").code == 0
    # A prompt of which no token is taken back, and which the window has room for.
    asked = ("--run", text.path, "--max-tokens", "100", "--temperature", "0", "--json")
    (one,) = bigmodel("generate", "wi\n", *asked).json["texts"]
    (tmp_path / "text.txt").write_bytes(b"wi\n")
    assert told_by_example(text.exports / "litert", tmp_path / "text.txt") == f"wi\n{one['text']}\n"
    assert len(one["text"]) > 50


def test_validation_is_told_in_bits_per_byte_after_each_epoch(text):
    rows = read_metrics(text.metrics)
    assert "bits_per_byte" not in rows, "training steps do not count bytes"
    from bigmodel_cli.inference.opened import open_folder

    vocabulary = open_folder(text).signature.task.vocabulary
    np.testing.assert_allclose(rows["val_perplexity"], np.exp(rows["val_loss"]), rtol=1e-4)
    record = json.loads(text.evaluation("test").read_text())
    # As a metric, counted batch by batch, it is what the evaluation counts of the whole split.
    with text.predictions("test").open() as file:
        windows = list(csv.DictReader(file))
    ids = [vocabulary.from_text(row["label"]) for row in windows]
    nats = -sum(sum(json.loads(row["log_likelihoods"])) for row in windows)
    bits = nats / np.log(2) / sum(vocabulary.num_bytes()[one].sum() for one in ids)
    assert record["metrics"]["bits_per_byte"] == pytest.approx(bits, rel=1e-4)
    assert "monitor: val_bits_per_byte" in text.config.read_text()


def test_bits_are_counted_by_bytes(text):
    found = json.loads(text.evaluation("test").read_text())
    bits = found["metrics"]["loss"] / np.log(2)
    assert found["scores"]["bits_per_token"] == pytest.approx(bits, rel=1e-5)
    with text.predictions("test").open() as file:
        labels = [row["label"].split(" ") for row in csv.DictReader(file)]
    assert {len(row) for row in labels} == {6}
    from bigmodel_cli.inference.opened import open_folder

    vocabulary = open_folder(text).signature.task.vocabulary
    ids = np.concatenate([vocabulary.from_text(" ".join(row)) for row in labels])
    per_token = len(vocabulary.as_bytes(ids)) / len(ids)
    assert found["metrics"]["bits_per_byte"] == pytest.approx(bits / per_token, rel=1e-5)
    assert per_token > 1.2


@pytest.mark.slow
def test_a_server_tokenizes_too(rows, bigmodel):
    given = ["window no widow", "wind and window", ""]
    told = shares(
        bigmodel(
            "predict", *(word for one in given for word in ("--text", one)), "--run", rows.path, "--json"
        )
    )
    server = start("--runs-dir", rows.path.parents[1], "--timeout", "20", cwd=rows.path)
    try:
        reply = server.post("/predict", [{"text": one} for one in given])
        assert reply.status == 200, reply.body
        found = [
            {one["class"]: one["probability"] for one in each["top"]} for each in reply.json["predictions"]
        ]
        for one, other in zip(found, told, strict=True):
            assert one == pytest.approx({name: other[name] for name in one}, abs=1e-5)
    finally:
        assert server.end() == 0


def test_weights_that_were_learned_with_other_tokens_are_told(rows, text, tmp_path):
    from bigmodel_cli.inference.opened import open_folder
    from bigmodel_cli.signature import Signature
    from bigmodel_cli.training.other_tokens import describe_other_tokens
    from bigmodel_cli.vocabulary.letters import Letters, PaddedBytes

    of_rows, of_text = open_folder(rows).signature, open_folder(text).signature
    assert describe_other_tokens(rows, of_rows) == describe_other_tokens(text, of_text) == []
    others = {"text": of_rows.inputs["text"].with_vocabulary(PaddedBytes())}
    (said,) = describe_other_tokens(rows, Signature(others, of_rows.targets))
    assert said == (
        f"{rows.title} knows other tokens (270 subwords (bpe), here 260 bytes): vectors of tokens that are "
        "taken from it are those of other ones; for the same write tokenizer: "
        f"{{file: {rows.path}/tokenizer_text.json}}"
    )
    letters = Signature.of(*(one.with_vocabulary(Letters("bytes")) for one in (of_text.kind, of_text.task)))
    assert len(describe_other_tokens(text, letters)) == 1
