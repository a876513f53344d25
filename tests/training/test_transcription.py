"""Texts that are heard, from their table to their scores: one run, and one that was interrupted."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import numpy as np
import pytest
from broken_off import ended_by_a_signal, same_run

from bigmodel_cli.errors import ConfigError, Interrupted
from bigmodel_cli.listener import Silent
from bigmodel_cli.new_run import NewRun
from bigmodel_cli.run_folder import RunFolder

pytestmark = pytest.mark.tf
LENGTH = 40
WORDS = [*"abc", *(one + other for one in "abc" for other in "abc")]
LEVELS = {"a": -1.0, "b": 0.2, "c": 1.0, " ": 2.0}
CONFIG = f"""\
name: heard
data:
  source:
    table:
      path: train.jsonl
      test: test.jsonl
      target: {{text: {{beams: 3, words: words.txt, ngram: 3}}}}
      columns:
        text: {{transcript: {{lowercase: true}}}}
        wave: array
  validation: 0.2
  batch_size: 16
model:
  - Reshape: {{target_shape: [{LENGTH}, 1]}}
  - Conv1D: {{filters: 24, kernel_size: 5, strides: 2, padding: same, activation: relu}}
  - Conv1D: {{filters: 24, kernel_size: 5, padding: same, activation: relu}}
  - Dense: {{units: vocabulary_size}}
loss: CTC
optimizer: {{Adam: {{learning_rate: 0.02}}}}
training: {{epochs: 24, deterministic: true, device: cpu}}
"""


class Listening(Silent):
    """Keeps what it is warned of."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, message: str) -> None:
        self.warnings.append(message)


def row(drawn: random.Random, text: str) -> dict[str, object]:
    """A text and numbers in which it is said: a level for each letter, and silence between."""
    said = []
    for letter in text.lower():
        level = LEVELS.get(letter, 0.0)
        said += [level + drawn.gauss(0, 0.3) for _ in range(drawn.randint(3, 4))] + [-2.0]
    return {"wave": [round(one, 3) for one in [*said, *[-2.0] * LENGTH][:LENGTH]], "text": text}


def write_tables(folder: Path) -> None:
    drawn = random.Random(0)

    def text() -> str:
        return f"{drawn.choice(WORDS)} {drawn.choice(WORDS)}"

    texts = {
        "train.jsonl": [text() for _ in range(240)],
        "test.jsonl": ["Ab  ca ", "cé b", *(text() for _ in "." * 30)],
    }
    for name, of_file in texts.items():
        (folder / name).write_text("".join(json.dumps(row(drawn, one)) + "\n" for one in of_file))
    (folder / "words.txt").write_text("\n".join(WORDS).upper(), "utf-8-sig")
    (folder / "heard.yaml").write_text(CONFIG)


def train_in(folder: Path, listener: Silent | None = None) -> RunFolder:
    from bigmodel_cli.modeling.language import read_config
    from bigmodel_cli.training.train import train

    loaded = read_config(folder / "heard.yaml")
    return train(loaded, NewRun(folder / "runs", "heard"), [listener or Silent()]).run


@pytest.fixture(scope="module")
def said():
    return Listening()


@pytest.fixture(scope="module")
def run(tmp_path_factory, said):
    folder = tmp_path_factory.mktemp("heard")
    write_tables(folder)
    return train_in(folder, said)


@pytest.fixture
def rows(run):
    with run.predictions("test", "best").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def scores(run):
    document = run.read_json(run.evaluation("test", "best"))
    return {**document["metrics"], **document["scores"]}


def test_it_learns(scores):
    assert scores["character_error_rate"] < 0.15
    assert scores["exact_match"] > 0.6


def test_the_example_beside_an_export_tells_the_text(run, tmp_path):
    from examples_beside import told_by_example

    from bigmodel_cli.cli.main import run as run_command
    from bigmodel_cli.inference.loading import load_for_inference
    from bigmodel_cli.inference.opened import open_folder
    from bigmodel_cli.scoring.ctc import decoded

    assert run_command(["export", str(run.path), "--format", "litert", "--json"]) == 0
    drawn = random.Random(7)
    wave = row(drawn, "ab ca")["wave"]
    np.save(tmp_path / "wave.npy", wave)
    # Without the list of words, which the example does not look at.
    outputs = load_for_inference(run, "best").predict(np.array([wave], np.float32), verbose=0)
    expected = open_folder(run).signature.task.text(decoded(outputs, 3)[0, 1:].astype(int).tolist())
    assert told_by_example(run.exports / "litert", tmp_path / "wave.npy") == f"{expected}\n"
    assert expected


def test_scores_are_those_of_what_is_written(rows, scores):
    jiwer = pytest.importorskip("jiwer")
    found, right = ([row[name] for row in rows] for name in ("prediction", "label"))
    assert right[:2] == ["ab ca", "c\ufffd b"], (
        "white space is one blank, letters are small, é is in no training text"
    )
    assert scores["word_error_rate"] == pytest.approx(jiwer.wer(right, found), abs=1e-9)
    assert scores["character_error_rate"] == pytest.approx(jiwer.cer(right, found), abs=1e-9)
    same = [one == other for one, other in zip(found, right, strict=True)]
    assert scores["exact_match"] == pytest.approx(np.mean(same))


def test_no_word_is_heard_that_is_not_in_the_list(rows):
    assert {word for row in rows for word in row["prediction"].split()} <= set(WORDS)


def test_what_is_never_heard_is_counted(run, said):
    assert said.warnings == [
        "text: 1 characters of test are in no training text, so that they are never heard: 'é' (1)",
        "text: 1 words of test are not in words, so that they are never heard: 'cé' (1)",
    ]


def test_validation_is_watched_by_its_word_error_rate(run):
    rows = list(csv.DictReader(run.metrics.open(newline="")))
    assert "word_error_rate" not in rows[0], "training steps do not count words"
    rates = [float(row["val_word_error_rate"]) for row in rows]
    assert rates[-1] < 0.4 < rates[0]
    assert "monitor: val_word_error_rate" in (run.path / "config.yaml").read_text()


def test_litert_hears_the_same(run, rows, bigmodel, tmp_path):
    waves = [json.loads(line)["wave"] for line in (run.path.parents[2] / "test.jsonl").open()]
    np.save(tmp_path / "x.npy", np.array(waves, np.float32))
    expected = [row["prediction"] for row in rows]
    for engine in ("litert", "keras"):
        words = ("predict", tmp_path / "x.npy", "--run", run.path, "--engine", engine)
        ended = bigmodel(*words, "--json")
        assert ended.code == 0, ended.err
        assert [one["prediction"] for one in ended.json["predictions"]] == expected
        given = [one["score"] for one in ended.json["predictions"]]
        np.testing.assert_allclose(given, [float(row["score"]) for row in rows], atol=1e-4)
    lines = bigmodel("predict", tmp_path / "x.npy", "--run", run.path).out.splitlines()
    assert [line.partition(": ")[2] for line in lines] == expected


def test_simple_models_hear_nothing(run, bigmodel):
    ended = bigmodel("baseline", run.path)
    assert "simple models hear no texts: compare runs by word error rate" in ended.err + ended.out


def test_the_page_marks_what_was_heard_wrongly(run, rows):
    page = run.report.read_text()
    wrong = [row for row in rows if row["label"] != row["prediction"]]
    assert "were heard as others" in page
    assert page.count("heard <b>") == min(24, len(wrong)) > 0
    assert '<s title="' in page


# What follows it is the rest of a line.
TARGET = "{text: {beams: 3, words: words.txt, ngram: 3}}\n      columns:\n        text: {transcript"


def config_with(folder: Path, old: str, new: str) -> Path:
    write_tables(folder)
    (folder / "heard.yaml").write_text(CONFIG.replace(old, new))
    return folder / "heard.yaml"


def test_texts_that_need_more_moments_are_found_before_training(tmp_path):
    """`bb b` has four letters, and a moment between the two that are the same."""
    config_with(tmp_path, "strides: 2", "strides: 10")
    with pytest.raises(ConfigError) as caught:
        train_in(tmp_path)
    said = str(caught.value)
    assert "heard.yaml:17:5" in said
    assert " texts need more than the 4 moments that the model gives: " in said
    assert "train.jsonl:" in said
    assert "make fewer moments one on the way there (strides, pooling)" in said
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("loss: CTC", "loss: mse", "mse does not compare a text with moments = write loss: CTC"),
        (
            "vocabulary_size}",
            "vocabulary_size, activation: softmax}",
            "CTC takes logits, but the model ends in",
        ),
        ("loss: CTC", "loss: CTC\nmetrics: [accuracy]", "accuracy does not compare a text with moments"),
        ("beams: 3", "beams: 1", "target: text.words needs a search: write beams: 8"),
        ("words: words.txt, ngram: 3", "ngram_weight: 2", "ngram_weight is that of ngram: write ngram: 3"),
        ("lowercase: true", "tokenizer: bytes", "words is for texts that are cut into characters"),
        ("beams: 3", "length_penalty: 1", "target: text.length_penalty is for columns of subwords"),
        (
            "wave: array",
            "wave: array\n        clip: {audio: {sample_rate: 8000, seconds: 1, longer: random}}",
            "audio of clip: a part of a sound is not all that is said in it",
        ),
        ("lowercase: true", "lower: true", "no option 'lower'"),
        (
            "lowercase: true",
            "tokenizer: {wordpiece: {vocabulary_size: 99}}",
            "wordpiece does not keep a text",
        ),
        (
            TARGET,
            "text\n      columns:\n        text: {transcript: {tokenizer: bytes, lowercase: true}} #",
            "bytes takes letters as they are",
        ),
        (
            "wave: array",
            "wave: array\n        other: transcript",
            "'other' is a transcript, which is predicted",
        ),
        (
            TARGET,
            "text\n      columns:\n        text: category #",
            "CTC is for texts that are heard",
        ),
    ],
)
def test_check_finds_what_cannot_be(tmp_path, bigmodel, old, new, says):
    ended = bigmodel("check", config_with(tmp_path, old, new))
    assert ended.code == 2
    assert says.partition(" = ")[0] in ended.err
    assert says.partition(" = ")[2] in ended.err


def test_going_on_leads_to_what_an_unbroken_run_led_to(run, tmp_path):
    from bigmodel_cli.training.train import resume

    write_tables(tmp_path)
    with ended_by_a_signal(call=9), pytest.raises(Interrupted):
        train_in(tmp_path)
    (folder,) = (tmp_path / "runs" / "heard").iterdir()
    again = resume(RunFolder(folder), listeners=[Silent()]).run
    same_run(run.path, again.path)
