"""A small model of tags, trained once: scores are seqeval's, padding counts nowhere, spans are predicted."""

from __future__ import annotations

import csv
import html
import json
import re
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from broken_off import goes_on_to_the_same

from bigmodel_cli.spans import may_follow, spans_of
from bigmodel_cli.tasks.tagging.decoding import decoded

pytestmark = pytest.mark.tf
DATA = Path(__file__).resolve().parents[1] / "frozen" / "data" / "tags.conll"
CONFIG = """\
name: tags
data:
  source: {conll: {path: tags.conll, length: LENGTH}}
  validation: 0.2
  test: 0.3
  batch_size: 16
  length_buckets: 3
model:
  - word_vectors: {name: by_word, inputs: [words], width: 6, forgetting: 0.2}
  - word_characters: {name: by_spelling, inputs: [words], filters: 4, width: 3, length: 6, dropout: 0.1}
  - Concatenate: {inputs: [by_word, by_spelling]}
  - token_convolutions: {layers: 2, width: 8, dropout: 0.1}
  - Dense: {units: num_classes, activation: softmax}
loss: SparseCategoricalCrossentropy
optimizer: {Adam: {learning_rate: 0.02}}
training: {epochs: 3, deterministic: true, steps_per_execution: 2, checkpoint: {monitor: null}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the config, the data, and the run that came of them."""
    from bigmodel_cli.cli.main import run

    folder = tmp_path_factory.mktemp("tags")
    shutil.copy(DATA, folder)
    (folder / "c.yaml").write_text(CONFIG.replace("LENGTH", "12"))
    assert run(["train", str(folder / "c.yaml"), "--runs-dir", str(folder / "runs"), "--plain"]) == 0
    return folder


@pytest.fixture(scope="module")
def trained(folder):
    (run,) = (folder / "runs" / "tags").iterdir()
    return run


@pytest.fixture(scope="module")
def told(trained):
    """Tags of the test split, right and predicted, and the probabilities of the right ones."""
    with (trained / "evaluation" / "predictions_test.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return (
        [row["label"].split() for row in rows],
        [row["prediction"].split() for row in rows],
        [json.loads(row["probabilities"]) for row in rows],
    )


def test_scores_are_those_of_seqeval_on_the_saved_predictions(trained, told):
    from seqeval.metrics import accuracy_score, f1_score, precision_score, recall_score

    metrics = json.loads((trained / "evaluation" / "test.json").read_text())
    right, predicted, _ = told
    assert 0.2 < metrics["metrics"]["span_f1"] < 1
    assert metrics["metrics"]["span_f1"] == pytest.approx(f1_score(right, predicted))
    assert metrics["scores"]["span_precision"] == pytest.approx(precision_score(right, predicted))
    assert metrics["scores"]["span_recall"] == pytest.approx(recall_score(right, predicted))
    assert metrics["metrics"]["word_accuracy"] == pytest.approx(accuracy_score(right, predicted))


def test_loss_and_metrics_are_those_of_words(trained, told):
    """Sentences of 2 to 12 words are filled up to 12; what fills them up is in no mean."""
    metrics = json.loads((trained / "evaluation" / "test.json").read_text())["metrics"]
    right, _, likely = told
    assert {len(tags) for tags in right} != {12}
    assert all(len(tags) == len(row) for tags, row in zip(right, likely, strict=True))
    assert metrics["loss"] == pytest.approx(-np.log(np.concatenate(likely)).mean(), rel=1e-5)
    # Nearly all of them: what was decided for has to be a sequence that can be.
    assert metrics["accuracy"] == pytest.approx(metrics["word_accuracy"], abs=0.1)


def test_validation_is_watched_by_its_spans(folder, trained, bigmodel):
    with (trained / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert "span_f1" not in rows[0], "training steps do not count spans"
    shown = bigmodel("evaluate", trained, "--split", "validation", "--json")
    assert shown.code == 0, shown.err
    # The last epoch is the best one here.
    found = shown.json["validation"]["span_f1"]
    assert 0 < found < 1
    assert float(rows[-1]["val_span_f1"]) == pytest.approx(found, abs=1e-6)
    assert float(rows[-1]["val_accuracy"]) != pytest.approx(found, abs=1e-3)
    (folder / "watched.yaml").write_text(
        CONFIG.replace("LENGTH", "12").replace(", checkpoint: {monitor: null}", "")
    )
    made = prepared(folder / "watched.yaml")
    assert made.monitor == "val_span_f1"
    assert "metrics: [span_f1, accuracy]" in made.settled.text


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        # 12 words: 8 in no span, 3 of persons, one of a place.
        ("balanced", {"O": 12 / (3 * 8), "person": 12 / (3 * 3), "place": 12 / 3}),
        ({"O": 0.5}, {"O": 0.5 * 12 / 8, "person": 12 / 8, "place": 12 / 8}),
    ],
)
def test_words_are_weighed_by_type(asked, expected):
    from bigmodel_cli.parts import part_of
    from bigmodel_cli.tasks.tagging.task import Tagging
    from bigmodel_cli.tasks.target import Target

    task = Tagging(7, ("O", "B-person", "I-person", "B-place", "I-place"), "bio", "words")
    labels = np.array([[0, 1, 2, 0, 0, 0, 3], [0, 0, 0, 1, 0, -1, -1]])
    found = part_of(task, Target).class_weights(asked, labels)
    assert list(found.class_names) == list(task.tags)
    of_types = [expected[tag.partition("-")[2] or tag] for tag in task.tags]
    np.testing.assert_allclose(found.values, of_types, rtol=1e-6)


def test_weights_of_types_are_what_the_loss_counts(folder):
    """A batch of all sentences: its loss is the mean over words, each counted by its tag."""
    import tensorflow as tf

    from bigmodel_cli.listener import Silent
    from bigmodel_cli.pipeline.feed import in_order

    losses = {}
    for name, asked in (("same", ""), ("weighed", "  class_weights: {O: 0.1, person: 2}\n")):
        config = CONFIG.replace("LENGTH", "12").replace("batch_size: 16\n", f"batch_size: 1000\n{asked}")
        (folder / "weighed.yaml").write_text(re.sub("(forgetting|dropout): 0.[12]", r"\1: 0", config))
        made = prepared(folder / "weighed.yaml")
        made.fill(Silent())
        train = made.splits.train
        words = train.inputs["words"]
        labels = train.labels
        given = words.values_of(words.gather(np.arange(len(train))))
        likely = np.asarray(made.built.model(tf.constant(given)))
        (chunk,) = in_order(made.training.feed)
        _, losses[name] = made.training.run(chunk)
        is_word = labels >= 0
        each = -np.log(np.take_along_axis(likely, np.maximum(labels, 0)[..., None], -1))[..., 0]
        counts = {"same": [1] * 5, "weighed": [0.1, 2, 2, 1, 1]}[name]
        of_words = np.where(is_word, np.array(counts)[labels], 0)
        assert losses[name] == pytest.approx((each * of_words).sum() / of_words.sum(), rel=1e-4)
    assert abs(losses["same"] - losses["weighed"]) > 0.01


def test_a_type_that_is_not_there_is_named(folder):
    from bigmodel_cli.errors import UsageError

    config = CONFIG.replace("LENGTH", "12").replace(
        "  length_buckets", "  class_weights: {animal: 2}\n  length_buckets"
    )
    (folder / "animal.yaml").write_text(config)
    with pytest.raises(UsageError, match=r"data\.class_weights: the data has no class 'animal'") as caught:
        prepared(folder / "animal.yaml")
    assert caught.value.hint == "its classes: O, person, place"


def test_the_page_has_types_and_the_spans_of_the_worst_sentences(trained):
    page = html.unescape((trained / "report.html").read_text("utf-8"))
    samples = json.loads((trained / "evaluation" / "samples_test.json").read_text())["mistakes"]
    assert samples
    shown = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "Types" in shown and "the sentences in which most words went wrong" in shown.lower()
    words, tags = samples[0]["words"].split(" "), samples[0]["label"].split(" ")
    of_spans = [f"{type_} {' '.join(words[first:stop])}" for type_, first, stop in spans_of(tags)]
    assert "; ".join(of_spans) in shown


def test_every_decision_can_be(told):
    for tags in told[1]:
        pairs = zip([None, *tags], [*tags, None], strict=True)
        assert all(may_follow(before, tag, "bio") for before, tag in pairs), tags


def prepared(config):
    """A model with its steps, ready to train."""
    from bigmodel_cli.inference.run_data import load_splits
    from bigmodel_cli.listener import Silent
    from bigmodel_cli.modeling.language import read_config
    from bigmodel_cli.training.known_data import fit_to_data
    from bigmodel_cli.training.prepared import prepare

    loaded = read_config(config)
    splits = load_splits(loaded.experiment, Silent(), offline=True)
    return prepare(fit_to_data(loaded, splits, lambda _: None), splits, Silent())


SENTENCES = ["we met Dan Ott", "in", "then met Ann they in New York ."]


def model_of(trained):
    import keras

    return keras.models.load_model(trained / "checkpoints" / "best.keras")


def as_rows(sentences, length=12):
    words = [sentence.split() for sentence in sentences]
    return np.array([one + [""] * (length - len(one)) for one in words], object)


def test_place_and_size_of_a_batch_change_nothing(trained):
    import tensorflow as tf

    model = model_of(trained)
    rows = as_rows(SENTENCES)
    whole = np.asarray(model(tf.constant(rows)))
    for place, row in enumerate(rows):
        alone = np.asarray(model(tf.constant(row[None])))[0]
        np.testing.assert_allclose(alone, whole[place], atol=1e-6)
    turned = np.asarray(model(tf.constant(rows[::-1].copy())))[::-1]
    np.testing.assert_allclose(turned, whole, atol=1e-6)


def test_padding_changes_nothing(folder, trained, monkeypatch):
    """The same weights in a model of longer sentences give the same for each word."""
    import tensorflow as tf

    monkeypatch.chdir(folder)
    model = model_of(trained)
    (folder / "longer.yaml").write_text(CONFIG.replace("LENGTH", "31"))
    longer = prepared(folder / "longer.yaml").built.model
    assert [one.shape for one in longer.weights] == [one.shape for one in model.weights]
    longer.set_weights(model.get_weights())
    short, long = (
        np.asarray(one(tf.constant(as_rows(SENTENCES, length))))
        for one, length in ((model, 12), (longer, 31))
    )
    for row, sentence in enumerate(SENTENCES):
        count = len(sentence.split())
        np.testing.assert_allclose(long[row, :count], short[row, :count], atol=1e-6)


ELSEWHERE = """
import sys
import numpy as np, tensorflow as tf, keras
given = np.load("given.npy", allow_pickle=True)
np.save("found.npy", keras.models.load_model(sys.argv[1])(tf.constant(given)))
assert not any(name.startswith("bigmodel") for name in sys.modules)
"""


@pytest.mark.slow
def test_the_file_loads_without_bigmodel(trained, tmp_path):
    import tensorflow as tf

    np.save(tmp_path / "given.npy", as_rows(SENTENCES), allow_pickle=True)
    path = trained / "checkpoints" / "best.keras"
    subprocess.run([sys.executable, "-c", ELSEWHERE, path], cwd=tmp_path, check=True, capture_output=True)
    expected = np.asarray(model_of(trained)(tf.constant(as_rows(SENTENCES))))
    np.testing.assert_allclose(np.load(tmp_path / "found.npy"), expected, atol=1e-6)


def test_spans_are_predicted_in_the_text(trained, bigmodel, tmp_path):
    text = "  we met   Dan Ott,  then in New York.\nin Bath"
    found = bigmodel("predict", "--run", trained, "--text", text, "--json").json
    assert found["engine"] == "litert"
    assert [one["input"] for one in found["predictions"]] == [
        f'"we met Dan Ott, then in New York. in Bath" ({number} of 2)' for number in (1, 2)
    ]
    spans = [span for one in found["predictions"] for span in one["spans"]]
    assert "Dan Ott" in {span["text"] for span in spans}
    for span in spans:
        assert text[span["start"] : span["end"]] == span["text"]
        assert 0 < span["probability"] <= 1
    # A file's places are those in it, each end of a line as one.
    (tmp_path / "w.txt").write_bytes(f"\n{text}\n".replace("\n", "\r\n").encode())
    of_file = bigmodel("predict", "--run", trained, tmp_path / "w.txt", "--json").json["predictions"]
    assert [span["start"] - 1 for one in of_file for span in one["spans"]] == [one["start"] for one in spans]
    by_keras = bigmodel("predict", "--run", trained, "--text", text, "--json", "--engine", "keras").json
    assert [one["tags"] for one in by_keras["predictions"]] == [one["tags"] for one in found["predictions"]]
    line = bigmodel("predict", "--run", trained, "--text", "we met Dan Ott").out
    assert line == '"we met Dan Ott": we met [Dan Ott person]\n'
    (tmp_path / "w.jsonl").write_text(
        '{"words": ["we", "met", "Dan", "Ott"]}\n{"words": []}\n{"words": ["in"]}\n'
    )
    rows = bigmodel("predict", "--run", trained, tmp_path / "w.jsonl")
    assert rows.out.splitlines()[0].endswith("w.jsonl:1: we met [Dan Ott person]")
    assert rows.out.splitlines()[1].endswith("w.jsonl:3: in")
    assert rows.code == 3
    assert "w.jsonl:2, words: expected a list of up to 12 words, found 0 words" in rows.err


def test_a_sentence_that_is_too_long_is_in_pieces_or_refused(trained, bigmodel, tmp_path):
    words = ["we"] * 30
    found = bigmodel("predict", "--run", trained, "--text", " ".join(words), "--json").json["predictions"]
    assert [len(one["words"]) for one in found] == [12, 12, 6]
    (tmp_path / "w.jsonl").write_text(json.dumps({"words": words}))
    refused = bigmodel("predict", "--run", trained, tmp_path / "w.jsonl")
    assert "expected a list of up to 12 words, found 30 words" in refused.err
    shutil.copy(DATA, tmp_path / "a.conll")
    refused = bigmodel("predict", "--run", trained, tmp_path / "a.conll")
    assert refused.code == 2
    assert "a.conll: words with tags, and no text" in refused.err


@pytest.mark.slow
def test_going_on_after_a_signal_is_the_same_run(folder, trained):
    goes_on_to_the_same(folder / "c.yaml", trained, call=3)


@pytest.mark.parametrize("scheme", ["bio", "bioes", "words"])
def test_what_is_decided_is_the_likeliest_sequence_that_can_be(scheme):
    tags = ("O", "B-a", "I-a", "B-b", "I-b") if scheme != "bioes" else ("O", "B-a", "I-a", "E-a", "S-a")
    shares = np.random.default_rng(0).dirichlet([0.5] * 5, (8, 4))
    for row, (found, count) in enumerate(
        zip(decoded(shares, [4, 3, 2, 1, 4, 4, 3, 4], tags, scheme), [4, 3, 2, 1, 4, 4, 3, 4], strict=True)
    ):
        possible = [
            path
            for path in product(range(5), repeat=count)
            if all(
                may_follow(before, after, scheme)
                for before, after in zip(
                    [None, *(tags[one] for one in path)], [*(tags[one] for one in path), None], strict=True
                )
            )
        ]
        best = max(possible, key=lambda path: sum(np.log(shares[row, n, one]) for n, one in enumerate(path)))
        assert found.tolist() == [*best, *[-1] * (4 - count)]


def test_the_config_of_the_page_is_right(tmp_path):
    from bigmodel_cli.modeling.language import read_config

    page = (Path(__file__).resolve().parents[2] / "docs" / "tagging.md").read_text("utf-8")
    (text,) = (one for one in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if one.startswith("name:"))
    (tmp_path / "c.yaml").write_text(text)
    assert len(read_config(tmp_path / "c.yaml").experiment.model) == 7


@pytest.mark.slow
@pytest.mark.data
def test_simple_models_of_the_real_posts_reach_what_the_header_says(shared_data):
    from seqeval.metrics import f1_score

    from bigmodel_cli.sources.base import LoadContext
    from bigmodel_cli.sources.conll import Conll
    from bigmodel_cli.tasks.baseline import Learned
    from bigmodel_cli.tasks.tagging.baseline import TaggingBaselines

    folder = shared_data("wnut17")
    source = Conll(path=folder / "train.conll", test=folder / "test.conll").load(LoadContext())
    task, (train, test) = source.signature.task, source.splits.values()
    words = [one.store.values_of(one.store.array) for one in (train, test)]
    fitted = TaggingBaselines(task).fit_linear(Learned(words[0], train.labels, seed=0))
    told = fitted(words[1])[..., 0].astype(int)
    pairs = [
        (task.written(right), task.written(row)[: len(task.written(right))])
        for right, row in zip(test.labels.tolist(), told.tolist(), strict=True)
    ]
    assert f1_score(*map(list, zip(*pairs, strict=True))) == pytest.approx(0.0304, abs=5e-5)


def test_a_dictionary_of_training_finds_its_names(folder, monkeypatch):
    from bigmodel_cli.tasks.baseline import Learned
    from bigmodel_cli.tasks.tagging.baseline import TaggingBaselines
    from bigmodel_cli.tasks.tagging.task import Tagging

    task = Tagging(5, ("O", "B-place", "I-place", "B-person", "I-person"), "bio", "words")
    words = as_rows(["in New York", "in York", "Ann York"], 5)
    labels = np.array([[0, 1, 2, -1, -1], [0, 1, -1, -1, -1], [3, 4, -1, -1, -1]])
    fitted = TaggingBaselines(task).fit_linear(Learned(words, labels, seed=0))
    found = fitted(as_rows(["new york in York Ann", "ann york Oslo"], 5))[..., 0].astype(int)
    assert [task.written(row) for row in found.tolist()] == [
        ["B-place", "I-place", "O", "B-place", "O"],
        ["B-person", "I-person", "O", "O", "O"],
    ]


def test_a_steps_words_must_be_words(folder, monkeypatch, bigmodel):
    monkeypatch.chdir(folder)
    wrong = CONFIG.replace("LENGTH", "12").replace(
        "word_vectors: {name: by_word, inputs: [words], width: 6, forgetting: 0.2}", "Dense: {units: 3}"
    )
    (folder / "wrong.yaml").write_text(
        wrong.replace("inputs: [by_word, by_spelling]", "inputs: [by_spelling, previous]")
    )
    said = bigmodel("check", "wrong.yaml")
    assert said.code == 2
    assert (
        "wrong.yaml:9:5: model.0.Dense: the column words is a sentence, which no layer of numbers takes"
        in said.err
    )
    assert "begin with {word_vectors: {inputs: [words], width: 64}}, or word_characters" in said.err


def test_other_data_are_read_as_the_runs_own(trained, bigmodel, tmp_path):
    (tmp_path / "other.conll").write_text("we\tO\nmet\tO\nDan\tB-person\nOtt\tI-person\n")
    found = bigmodel("evaluate", trained, "--data", tmp_path / "other.conll", "--json")
    assert found.code == 0, found.err
    assert found.json["other"]["span_f1"] == 1
    (tmp_path / "other.conll").write_text("we\tO\nmet\tB-dog\n")
    refused = bigmodel("evaluate", trained, "--data", tmp_path / "other.conll")
    assert "other.conll:2: the tag B-dog is none of O, B-person, I-person, B-place, I-place" in refused.err
