"""A small model of questions, trained once: scores are SQuAD's, windows vote, offsets are the text's own."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from broken_off import goes_on_to_the_same

from bigmodel_cli.tasks.question_answering.decoding import best_spans, voted
from bigmodel_cli.words import parts_in, window_starts

pytestmark = pytest.mark.tf
DATA = Path(__file__).resolve().parents[1] / "frozen" / "data" / "questions.json"
CONFIG = """\
name: questions
data:
  source: {squad: {path: questions.json, length: LENGTH, stride: STRIDE, longest_answer: 3}}
  split_by: {group: paragraph}
  validation: 0.2
  test: 0.3
  batch_size: 16
model:
  - word_vectors: {name: asked, inputs: [question], width: 8, forgetting: 0.1}
  - word_vectors: {name: words, inputs: [context], width: 8}
  - word_characters: {name: spelling, inputs: [context], filters: 4, width: 3, length: 6}
  - word_matches: {name: matches, inputs: [context, question], near: [2]}
  - Concatenate: {inputs: [words, spelling, matches]}
  - token_convolutions: {layers: 1, width: 8}
  - transformer_decoder: {inputs: [previous, asked], causal: false, layers: 1, heads: 2, feed_forward: 8}
  - Dropout: {rate: 0.1}
  - answer_span
loss: {SparseCategoricalCrossentropy: {from_logits: true}}
optimizer: {Adam: {learning_rate: 0.02}}
training: {epochs: 2, deterministic: true, steps_per_execution: 2, checkpoint: {monitor: null}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the config, the data, and the run that came of them."""
    from bigmodel_cli.cli.main import run

    folder = tmp_path_factory.mktemp("questions")
    shutil.copy(DATA, folder)
    (folder / "c.yaml").write_text(CONFIG.replace("LENGTH", "10").replace("STRIDE", "5"))
    assert run(["train", str(folder / "c.yaml"), "--runs-dir", str(folder / "runs"), "--plain"]) == 0
    return folder


@pytest.fixture(scope="module")
def trained(folder):
    (run,) = (folder / "runs" / "questions").iterdir()
    return run


@pytest.fixture(scope="module")
def rows(trained):
    """The predictions of the test split."""
    with (trained / "evaluation" / "predictions_test.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def asked():
    """Texts and right answers of all questions by their ids."""
    (article,) = json.loads(DATA.read_text())["data"]
    return {
        one["id"]: (paragraph["context"], one["question"], [answer["text"] for answer in one["answers"]])
        for paragraph in article["paragraphs"]
        for one in paragraph["qas"]
    }


def script(told, right):
    """SQuAD 2.0's F1 and exact match of one word or two without articles and marks."""
    gold, words = (right[0] if right else "").lower().split(), told.lower().split()
    if not gold or not words:
        return float(gold == words), float(gold == words)
    same = len(set(gold) & set(words))
    return 2 * same / (len(gold) + len(words)), float(gold == words)


def test_scores_are_those_of_the_script_on_the_saved_predictions(trained, rows, asked):
    metrics = json.loads((trained / "evaluation" / "test.json").read_text())
    told = {row["id"]: row["prediction"] for row in rows}
    assert len(told) < len(rows), "some texts have several windows"
    assert metrics["questions"] == len(told) and metrics["windows"] == metrics["examples"] == len(rows)
    assert [row["label"] for row in rows] == [json.dumps(asked[row["id"]][2]) for row in rows]
    expected = np.mean([script(answer, asked[one][2]) for one, answer in told.items()], axis=0)
    assert 0.3 < expected[0] < 1
    assert metrics["metrics"]["answer_f1"] == pytest.approx(expected[0])
    assert metrics["metrics"]["answer_exact_match"] == pytest.approx(expected[1])
    unanswered = [one for one in told if not asked[one][2]]
    assert metrics["unanswerable"] == len(unanswered)
    assert metrics["scores"]["unanswerable_accuracy"] == np.mean([told[one] == "" for one in unanswered])


def test_windows_vote(rows, asked):
    """The answer of the window that is surest; none where each of them says so."""
    by_question: dict[str, list[dict]] = {}
    for row in rows:
        by_question.setdefault(row["id"], []).append(row)
    for one, windows in by_question.items():
        text = asked[one][0]
        words = parts_in(text)
        starts = window_starts(len(words), 10, 5)
        assert len(windows) == len(starts)
        said = [json.loads(row["window"]) for row in windows]
        surest = max(range(len(said)), key=lambda window: said[window][2])
        first, last, score, _ = said[surest]
        begin, end = words[starts[surest] + int(first) - 1], words[starts[surest] + int(last) - 1]
        none = min(window[3] for window in said)
        answer = "" if none > score else text[begin.start : end.start + len(end.text)]
        for row in windows:
            assert row["prediction"] == answer
            assert float(row["score"]) == pytest.approx(score)
            assert float(row["no_answer"]) == pytest.approx(none)


def test_a_question_is_answered_where_the_text_says(trained, bigmodel, tmp_path, rows, asked):
    """By the table, by --set, by both engines: what the evaluation said, with its characters."""
    ids = list(dict.fromkeys(row["id"] for row in rows))
    lines = [json.dumps({"question": asked[one][1], "context": asked[one][0]}) for one in ids]
    (tmp_path / "q.jsonl").write_text("\n".join(lines))
    found = bigmodel("predict", "--run", trained, tmp_path / "q.jsonl", "--json").json
    assert found["engine"] == "litert"
    told = {row["id"]: row for row in rows}
    for one, answer in zip(ids, found["predictions"], strict=True):
        assert answer["prediction"] == told[one]["prediction"]
        assert answer["score"] == pytest.approx(float(told[one]["score"]), abs=1e-5)
        if answer["prediction"]:
            assert asked[one][0][answer["start"] : answer["end"]] == answer["prediction"]
    text, question, _ = asked[ids[0]]
    words = ("predict", "--run", trained, "--set", f"question={question}", "--set", f"context={text}")
    by_keras = bigmodel(*words, "--json", "--engine", "keras").json["predictions"][0]
    assert by_keras["prediction"] == found["predictions"][0]["prediction"]
    assert by_keras["score"] == pytest.approx(found["predictions"][0]["score"], abs=1e-5)
    line = bigmodel(*words).out
    assert line == f"--set: {by_keras['prediction'] or '(no answer)'}\n"


def test_a_text_of_any_length_is_answered_and_a_question_has_room(trained, bigmodel, tmp_path):
    text = "Bob met Dan in Oslo. " * 40
    long = " ".join(["who"] * 9)
    cells = [
        ["Who met Dan?", text],
        [long, "Ann."],
        ["Who?", ""],
        ["Who?", "\N{RIGHT-TO-LEFT OVERRIDE}Ann \x1b[31m"],
    ]
    lines = [json.dumps(dict(zip(("question", "context"), one, strict=True))) for one in cells]
    (tmp_path / "q.jsonl").write_text("\n".join(lines))
    said = bigmodel("predict", "--run", trained, tmp_path / "q.jsonl")
    assert said.code == 3
    assert "q.jsonl:2, question: expected a text of up to 5 words and signs, found 9 words" in said.err
    assert "q.jsonl:3, context: expected a text, found 0 words" in said.err
    assert "\x1b" not in said.out and "\u202e" not in said.out
    assert len(said.out.splitlines()) == 2


def model_of(trained):
    import keras

    return keras.models.load_model(trained / "checkpoints" / "best.keras")


TEXTS = [("Who met Bob?", "Ann met Bob in Rome ."), ("Where?", "In New York"), ("Who?", "Ann")]


def given(texts, of_question=5, length=10):
    import tensorflow as tf

    def filled(text, size):
        words = [word.text for word in parts_in(text)]
        return words + [""] * (size - len(words))

    return {
        "question": tf.constant([filled(question, of_question) for question, _ in texts]),
        "context": tf.constant([filled(context, length) for _, context in texts]),
    }


def test_place_and_size_of_a_batch_change_nothing(trained):
    model = model_of(trained)
    whole = np.asarray(model(given(TEXTS)))
    for place, one in enumerate(TEXTS):
        np.testing.assert_allclose(np.asarray(model(given([one])))[0], whole[place], atol=1e-5)
    np.testing.assert_allclose(np.asarray(model(given(TEXTS[::-1])))[::-1], whole, atol=1e-5)


def test_padding_is_no_place_and_changes_nothing(folder, trained, monkeypatch):
    """The same weights in a model of longer windows and questions give the same for each word."""
    monkeypatch.chdir(folder)
    longer = built(
        folder, "longer.yaml", CONFIG.replace("LENGTH", "23, question_length: 9").replace("STRIDE", "5")
    )
    model = model_of(trained)
    longer.set_weights(model.get_weights())
    for layer in model.layers:
        # Words come in another number of windows, and so in another order.
        if hasattr(layer, "get_vocabulary"):
            words = layer.get_vocabulary(include_special_tokens=False)
            longer.get_layer(layer.name).set_vocabulary(words)
    short = np.asarray(model(given(TEXTS)))
    long = np.asarray(longer(given(TEXTS, 9, 23)))
    for row, (_, text) in enumerate(TEXTS):
        count = 1 + len(parts_in(text))
        np.testing.assert_allclose(long[row, :, :count], short[row, :, :count], atol=1e-5)
        assert (short[row, :, count:] < -1e8).all() and (long[row, :, count:] < -1e8).all()


def built(folder, name, text):
    """A model with fresh weights, of a config about the same data."""
    from bigmodel_cli.inference.run_data import load_splits
    from bigmodel_cli.listener import Silent
    from bigmodel_cli.modeling.language import read_config
    from bigmodel_cli.training.known_data import fit_to_data
    from bigmodel_cli.training.prepared import prepare

    (folder / name).write_text(text)
    config = read_config(folder / name)
    splits = load_splits(config.experiment, Silent(), offline=True)
    return prepare(fit_to_data(config, splits, lambda _: None), splits, Silent()).built.model


def test_words_in_common_are_found(folder, monkeypatch):
    """Whatever their capitals, by their beginnings, and by how many stand near; weights pick features."""
    monkeypatch.chdir(folder)
    head, tail = CONFIG.replace("LENGTH", "10").replace("STRIDE", "5").split("model:\n")
    steps = """\
  - word_vectors: {name: words, inputs: [context], width: 2}
  - word_matches: {name: matches, inputs: [context, question], near: [1]}
  - Concatenate: {inputs: [words, matches]}
  - answer_span
loss:"""
    model = built(folder, "matches.yaml", f"{head}model:\n{steps}{tail.split('loss:')[1]}")
    texts = [("Met inventors Bob?", "In Rome , met BOB Invention met .")]
    found = {}
    for one, feature in (("same", 2), ("alike", 3), ("near", 4)):
        kernel = np.zeros((5, 2), np.float32)
        kernel[feature] = 1
        model.set_weights([model.get_weights()[0], *_heads(model, kernel)])
        found[one] = np.asarray(model(given(texts)))[0, 0, 1:9].round(3).tolist()
    assert found["same"] == [0, 0, 0, 1, 1, 0, 1, 0]
    assert found["alike"] == [0, 0, 0, 1, 1, 1, 1, 0]
    # `met` is there twice, so that each counts a half; `?` is nowhere.
    assert found["near"] == [0, 0, 0.5, 1.5, 1.5, 1.5, 0.5, 0.5]


def _heads(model, kernel):
    """Weights of `answer_span` in the model's order, with a kernel for the words' places."""
    return [
        kernel if "words" in one.path and one.shape == kernel.shape else np.zeros(one.shape, np.float32)
        for one in model.weights[1:]
    ]


def test_an_end_that_knows_no_padding_is_refused(folder, monkeypatch, bigmodel):
    monkeypatch.chdir(folder)
    text = CONFIG.replace("LENGTH", "10").replace("STRIDE", "5").replace("  - answer_span", STEPS)
    (folder / "wrong.yaml").write_text(text)
    said = bigmodel("train", "wrong.yaml", "--runs-dir", folder / "none", "--plain")
    assert said.code == 2
    assert "wrong.yaml:18:5: model.9: nothing tells which places hold words" in said.err


# What a convolution of Keras's makes has no mask.
STEPS = """\
  - Conv1D: {filters: 4, kernel_size: 3, padding: same}
  - answer_span"""


ELSEWHERE = """
import sys
import numpy as np, tensorflow as tf, keras
given = np.load("given.npy", allow_pickle=True).item()
given = {name: tf.constant(one) for name, one in given.items()}
np.save("found.npy", keras.models.load_model(sys.argv[1])(given))
assert not any(name.startswith("bigmodel") for name in sys.modules)
"""


@pytest.mark.slow
def test_the_file_loads_without_bigmodel(trained, tmp_path):
    features = given(TEXTS)
    np.save(tmp_path / "given.npy", {name: one.numpy() for name, one in features.items()}, allow_pickle=True)
    path = trained / "checkpoints" / "best.keras"
    subprocess.run([sys.executable, "-c", ELSEWHERE, path], cwd=tmp_path, check=True, capture_output=True)
    expected = np.asarray(model_of(trained)(features))
    np.testing.assert_allclose(np.load(tmp_path / "found.npy"), expected, atol=1e-6)


@pytest.mark.slow
def test_going_on_after_a_signal_is_the_same_run(folder, trained):
    goes_on_to_the_same(folder / "c.yaml", trained, call=3)


def test_the_graph_finds_the_same_answers_as_numpy():
    import tensorflow as tf

    from bigmodel_cli.config.reading import Reading
    from bigmodel_cli.parts import part_of
    from bigmodel_cli.scoring.probabilities import as_numbers
    from bigmodel_cli.tasks.bound import Bound
    from bigmodel_cli.tasks.question_answering.task import QuestionAnswering

    logits = np.random.default_rng(0).normal(size=(7, 2, 9), scale=3).astype(np.float32)
    logits[:3, :, 5:] = -1e9
    bound = part_of(QuestionAnswering(8, 4, 3, True, "context", "question"), Bound)
    bound._of_logits = True
    found = bound.kept(tf.constant(logits), None).numpy()
    shares = as_numbers(logits, Reading("softmax"))
    np.testing.assert_allclose(found, best_spans(shares, 3), rtol=1e-5)
    for row, (first, last, score, _) in enumerate(found):
        pairs = [(b, e) for b in range(1, 9) for e in range(b, min(b + 3, 9))]
        best = max(pairs, key=lambda pair: shares[row, 0, pair[0]] * shares[row, 1, pair[1]])
        assert (first, last) == best
        assert score == pytest.approx(shares[row, 0, best[0]] * shares[row, 1, best[1]], rel=1e-5)


def test_a_vote_takes_the_surest_and_none_of_all():
    said = np.array([[1, 2, 0.3, 0.6], [2, 2, 0.5, 0.2], [1, 1, 0.5, 0.4], [3, 4, 0.1, 0.9]], np.float32)
    found = voted(said, np.array([0, 5, 10, 0]), np.array([0, 0, 0, 1]))
    np.testing.assert_allclose(found, [[6, 6, 0.5, 0.2], [2, 3, 0.1, 0.9]])


def test_the_config_of_the_page_is_right(tmp_path):
    from bigmodel_cli.modeling.language import read_config

    page = (Path(__file__).resolve().parents[2] / "docs" / "question-answering.md").read_text("utf-8")
    (text,) = (one for one in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if one.startswith("name:"))
    (tmp_path / "c.yaml").write_text(text)
    assert len(read_config(tmp_path / "c.yaml").experiment.model) == 8


def test_other_questions_are_read_as_the_runs_own(trained, bigmodel, tmp_path, asked):
    """Several answers may be right; scores are of questions by whatever they can be grouped by."""
    text, question, (answer, *_) = next(one for one in asked.values() if one[2])
    answers = [{"text": one, "answer_start": text.index(one)} for one in (text.split()[1], answer)]
    qas = [{"id": "x", "question": question, "answers": answers}]
    data = {"data": [{"title": "new", "paragraphs": [{"context": text, "qas": qas}]}]}
    (tmp_path / "other.json").write_text(json.dumps(data))
    found = bigmodel("evaluate", trained, "--data", tmp_path / "other.json", "--by", "article", "--json")
    assert found.code == 0, found.err
    told = bigmodel(
        "predict", "--run", trained, "--set", f"question={question}", "--set", f"context={text}", "--json"
    ).json["predictions"][0]["prediction"]
    assert found.json["other"]["answer_f1"] == pytest.approx(
        max(script(told, [one["text"]])[0] for one in answers)
    )
