"""Every task does all that the house asks of a task: it encodes, scores, decides, prints, writes, plots.

A task is found by its folder, and what is asked of it by what other tasks have.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from parts_of_all import names_of, part_named, parts_of, storeys_of

from bigmodel_cli.baselines.sizes import threads_for
from bigmodel_cli.config.aim import aims_of
from bigmodel_cli.config.group_measures import columns_of_gates, is_group_path, labels_of_group_path
from bigmodel_cli.config.losses_and_metrics import metric_facts
from bigmodel_cli.config.reading import Reading
from bigmodel_cli.config.schema import Calibrate
from bigmodel_cli.errors import ConfigError, DataError, UsageError
from bigmodel_cli.known_items import AllNames, rows_of
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.parts import part_of
from bigmodel_cli.reporting.of_targets import of_targets
from bigmodel_cli.reporting.report.reported import read_reported
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.scoring.groups.grouping import groups_of_names
from bigmodel_cli.scoring.names import measures
from bigmodel_cli.scoring.rule import AS_IT_IS, DecisionRule
from bigmodel_cli.tasks.advice import Rules
from bigmodel_cli.tasks.audit import Labels
from bigmodel_cli.tasks.baseline import Baselines, Learned
from bigmodel_cli.tasks.bound import Bound
from bigmodel_cli.tasks.checks import Checks
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.explain import Explained
from bigmodel_cli.tasks.figures import Figures
from bigmodel_cli.tasks.generation.task import Generation
from bigmodel_cli.tasks.multilabel.predictions import LabelRule
from bigmodel_cli.tasks.multilabel.task import Multilabel
from bigmodel_cli.tasks.predictions import Predictions
from bigmodel_cli.tasks.question_answering.task import QuestionAnswering
from bigmodel_cli.tasks.regression.task import Regression
from bigmodel_cli.tasks.retrieval.task import Popularity, Retrieval
from bigmodel_cli.tasks.scores import OtherData, Scoring
from bigmodel_cli.tasks.sections import Sections
from bigmodel_cli.tasks.segmentation.task import Segmentation
from bigmodel_cli.tasks.tagging.task import Tagging
from bigmodel_cli.tasks.target import Target
from bigmodel_cli.tasks.task import Labels as WhatTargetsAre
from bigmodel_cli.tasks.task import Task, task_from_json
from bigmodel_cli.tasks.transcription.task import Transcription
from bigmodel_cli.tasks.translation.task import Translation
from bigmodel_cli.vocabulary.letters import Letters, PaddedBytes, PaddedCharacters

DESIGN = Path(__file__).resolve().parents[2] / "docs" / "design.md"
FROZEN = Path(__file__).resolve().parents[1] / "frozen" / "0.1.0"


@dataclass(frozen=True)
class Sample:
    """A task, and what six examples of it are and get.

    Attributes:
        task: With some options.
        labels: As the data have them.
        outputs: Of a model.
        run: The frozen run of such a task.
        reading: How the loss reads the outputs.
    """

    task: Task
    labels: np.ndarray
    outputs: np.ndarray
    run: str
    reading: Reading = field(default_factory=Reading)


_OF_THREE = np.array([[5, 2, 3], [1, 8, 1], [2, 2, 6], [4, 3, 3], [0, 9, 1], [1, 1, 8]], np.float32) / 10
_NUMBERS = np.linspace(-3, 4, 6, dtype=np.float32)
_CLASSES = np.array([0, 1, 2, 0, 1, 0])
_SETS = np.array([[1, 0, 0], [0, 1, 1], [1, 1, 0], [0, 0, 1], [0, 0, 0], [1, 0, 1]])
# A task's name, with a variant after a colon.
SAMPLES = {
    "classification": Sample(Classification(("cat", "dog", "0.5")), _CLASSES, _OF_THREE, "arrays"),
    "classification:two": Sample(Classification(("no", "yes")), _CLASSES % 2, _OF_THREE[:, :1], "binary"),
    "classification:logits": Sample(
        Classification(("cat", "dog", "0.5")),
        _CLASSES,
        np.log(_OF_THREE + 0.01),
        "arrays",
        Reading("softmax"),
    ),
    "multilabel": Sample(
        Multilabel(("red", "green", "0.5")), _SETS, _OF_THREE[::-1] + 0.1, "../0.2.0/labels"
    ),
    "multilabel:logits": Sample(
        Multilabel(("red", "green", "blue")),
        _SETS,
        20 * _OF_THREE - 7,
        "../0.2.0/labels",
        Reading("sigmoid"),
    ),
    "regression": Sample(Regression(), _NUMBERS, _NUMBERS[:, None] + 0.5, "numbers"),
    "regression:several": Sample(
        Regression((2,)), np.stack([_NUMBERS, -_NUMBERS], 1), np.stack([_NUMBERS, _NUMBERS], 1), "numbers"
    ),
}
_ABC = Letters("characters", "\nab")
_WINDOWS = np.array([[0, 1, 2, 1], [1, 1, 2, 0], [2, 0, 1, 1], [1, 2, 2, 0], [0, 0, 1, 2], [1, 0, 2, 1]])
_NEXT = np.random.default_rng(0).dirichlet([1, 1, 1], (6, 4)).astype(np.float32)
SAMPLES |= {
    "generation": Sample(Generation(4, _ABC), _WINDOWS, _NEXT, "../0.2.0/text"),
    "generation:logits": Sample(
        Generation(4, _ABC), _WINDOWS, np.log(_NEXT + 0.01), "../0.2.0/text", Reading("softmax")
    ),
}
_WRITES = Translation(5, PaddedBytes())
_RIGHT = _WRITES.tokenized(["ab", "a b", "ba", "b", "aba", "bb"], "texts").ids
_WRITTEN = _WRITES.tokenized(["ab", "a", "bab", "b b", "ab", "bb"], "texts").ids
_LIKELY = np.full((6, 5, _WRITES.vocabulary.size), 0.001, np.float32)
np.put_along_axis(_LIKELY, _WRITTEN[..., None], np.linspace(0.4, 0.741, 30).reshape(6, 5, 1), axis=-1)
SAMPLES |= {
    "translation": Sample(_WRITES, _RIGHT, _LIKELY, "../0.2.0/pairs"),
    "translation:logits": Sample(_WRITES, _RIGHT, 2 * np.log(_LIKELY), "../0.2.0/pairs", Reading("softmax")),
}
_HEARS = Transcription(8, PaddedCharacters(" ab"), beams=3)
_SAID = _HEARS.tokenized(["ab", "a b", "ba", "b", "aba", "bb"], "texts").ids
# Every other moment has a token, and those between a blank.
_HEARD = np.zeros((6, 8), np.int32)
_HEARD[:, ::2] = _HEARS.tokenized(["ab", "a", "bab", "b b", "ab", "bb"], "texts").ids[:, :4]
_MOMENTS = 4 * np.eye(_HEARS.vocabulary.size)[_HEARD] + np.random.default_rng(0).normal(size=(6, 8, 5))
SAMPLES |= {
    "transcription": Sample(_HEARS, _SAID, _MOMENTS.astype(np.float32), "../0.2.0/heard", Reading("softmax"))
}
_TAGS = ("O", "B-place", "I-place")
# The last word of every other sentence is none.
_OF_WORDS = np.array([[0, 1, 2, 0], [1, 1, 2, -1], [0, 0, 0, 0], [1, 2, 2, -1], [0, 1, 0, 1], [0, 0, 1, -1]])
_TAGGED = np.random.default_rng(0).dirichlet([1, 1, 1], (6, 4)).astype(np.float32)
SAMPLES |= {
    "tagging": Sample(Tagging(4, _TAGS, "bio", "words"), _OF_WORDS, _TAGGED, "../0.2.0/tags"),
    "tagging:words": Sample(
        Tagging(4, ("DT", "NN", "VB"), "words", "words"),
        _OF_WORDS,
        np.log(_TAGGED + 0.01),
        "../0.2.0/tags",
        Reading("softmax"),
    ),
}
_PIXELS = np.random.default_rng(0).integers(-1, 3, (6, 4, 5)).astype(np.int8)
_OF_PIXELS = np.random.default_rng(1).dirichlet([1, 1, 1], (6, 4, 5)).astype(np.float32)
SAMPLES |= {
    "segmentation": Sample(
        Segmentation((4, 5), ("sky", "road", "0.5")), _PIXELS, _OF_PIXELS, "../0.2.0/masks"
    ),
    "segmentation:logits": Sample(
        Segmentation((4, 5), ("sky", "road", "car")),
        _PIXELS,
        np.log(_OF_PIXELS + 0.01),
        "../0.2.0/masks",
        Reading("softmax"),
    ),
}
# Of six windows of four words: words 1 to 2, nowhere, …
_ANSWERS = np.array([[1, 2], [0, 0], [4, 4], [2, 4], [3, 3], [1, 1]])
_PLACES = np.random.default_rng(1).dirichlet([1] * 5, (6, 2)).astype(np.float32)
_ASKS = QuestionAnswering(4, 2, 3, may_lack=True, context="context", question="question")
SAMPLES |= {
    "question_answering": Sample(_ASKS, _ANSWERS, _PLACES, "../0.2.0/questions"),
    "question_answering:logits": Sample(
        replace(_ASKS, may_lack=False),
        np.maximum(_ANSWERS, 1),
        np.log(_PLACES),
        "../0.2.0/questions",
        Reading("softmax"),
    ),
}
_VECTORS = np.random.default_rng(2).normal(size=(5, 3)).astype(np.float32)
_HAD = rows_of(np.array([0, 1, 0]), np.array([0, 0, 1]), np.array([0.0, 1.0, 2.0]))
_KNOWN = AllNames([*"abcde"], ["Ann", "Bob"], np.ones(5, bool), has_times=True).known(_HAD)
_FINDS = Retrieval("who", "when", least=0, top=(1, 5)).knowing(_KNOWN).with_vectors(_VECTORS)
_ASKING = np.random.default_rng(3).normal(size=(6, 6)).astype(np.float32)
SAMPLES |= {
    "retrieval": Sample(_FINDS, np.array([0, 1, 4, 2, -1, 3]), _ASKING, "../0.2.0/visits"),
    "retrieval:popular": Sample(
        replace(_FINDS, popularity=Popularity(1.5, 2.0, 1.0), leaves_out=False, top=(1,)).with_vectors(
            _VECTORS
        ),
        np.array([0, 1, 4, 2, 0, 3]),
        _ASKING,
        "../0.2.0/visits",
    ),
}
PARTS = list(parts_of("tasks"))


@pytest.fixture(params=SAMPLES)
def sample(request):
    return SAMPLES[request.param]


@pytest.fixture
def task(sample):
    return sample.task


@pytest.fixture
def run(sample):
    return RunFolder(FROZEN / sample.run)


def test_every_task_has_a_sample():
    assert {name.partition(":")[0] for name in SAMPLES} == set(names_of("tasks"))
    assert all(sample.task.name == name.partition(":")[0] for name, sample in SAMPLES.items())


def test_every_storey_has_a_part():
    """What a module of all tasks asks, some task does; nothing is asked that nobody does."""
    assert {storey for storey, _ in PARTS} | {"task"} == set(storeys_of("tasks"))


@pytest.mark.parametrize(("storey", "base"), PARTS)
def test_the_recipe_names_every_part(storey, base):
    assert f"| `{storey}` | `{base}` |" in DESIGN.read_text("utf-8")


@pytest.mark.parametrize("name", names_of("tasks"))
@pytest.mark.parametrize(("storey", "base"), PARTS)
def test_every_task_has_every_part_that_any_has(name, storey, base):
    assert part_named("tasks", name, storey, base), f"tasks/{name}/{storey}.py lacks its {base}"


def test_is_recorded(task):
    record = json.loads(json.dumps({"task": task.name, **task.as_json()}))
    assert task_from_json(record) == task
    for key in task.as_json():
        with pytest.raises((KeyError, TypeError)):
            task_from_json({name: value for name, value in record.items() if name != key})


def test_says_what_it_is(sample):
    task = sample.task
    assert task.described
    assert task.labels in get_args(WhatTargetsAre)
    # Of items of one batch nothing is worth a metric: they are ranked when all are.
    assert bool(task.default_metrics) is (task.labels != "items")
    assert task.numbers == json.loads(json.dumps(dict(task.numbers)))
    assert sample.labels.shape[1:] == task.target_shape


def test_targets_are_split_and_weighed(sample):
    target = part_of(sample.task, Target)
    strata = target.strata(sample.labels)
    assert strata is None or (strata.shape, strata.min()) == ((6,), 0)
    weights = target.class_weights("balanced", sample.labels)
    # Of a mask each pixel has a class, of a sentence each word, and the whole none.
    if sample.task.labels in ("masks", "tags"):
        assert (strata, len(weights.values)) == (None, len(sample.task.label_names))
        assert weights.values[sample.labels[sample.labels >= 0]].mean() == pytest.approx(1)
    else:
        assert (weights is None) == (strata is None), "who has groups can weigh them"
    if weights is not None and strata is not None:
        assert weights.values[strata].mean() == pytest.approx(1)
    if weights is not None:
        assert weights.describe()
    assert target.num_columns in (None, np.prod(sample.labels.shape[1:]))


@pytest.fixture
def aim(run, sample):
    """What the config of a run of such a task says of its target."""
    experiment = read_config(FROZEN.parent / "configs" / f"{run.path.name}.yaml").experiment
    return aims_of(experiment, {"target": sample.task})["target"]


@pytest.mark.tf
def test_targets_are_encoded_for_loss_and_metrics(sample, aim):
    import tensorflow as tf

    bound = part_of(sample.task, Bound).bind((None, *sample.outputs.shape[1:]), aim)
    targets = bound.targets(tf.constant(sample.labels))
    for encoding in {bound.encoding, *(bound.metric_encoding(metric_facts(m)) for m in aim.metrics)}:
        encoded = targets.encoded(encoding)
        assert len(encoded) == 6
        assert targets.encoded(encoding) is encoded
    if sample.task.labels == "transcripts":
        with pytest.raises(ConfigError, match="accuracy does not compare a text with moments"):
            bound.variant("Accuracy", aim)
        return
    assert bound.variant("Accuracy", aim).endswith("Accuracy")


def test_outputs_that_do_not_fit_are_refused(sample, aim):
    says = r"\.yaml:\d+:\d+: model\.\d(\.\w+)?: the model's output has shape \(None, 7\)"
    with pytest.raises(ConfigError, match=says):
        part_of(sample.task, Bound).bind((None, 7), aim)


FOR_CLASSES = {
    "calibrate": "calibrate: {temperature: true}",
    "data.class_weights": "data: {class_weights: balanced}",
    "data.oversample": "data: {oversample: balanced}",
}


@pytest.fixture
def asking(tmp_path):
    """Makes an experiment that asks for something: `asking("calibrate: {temperature: true}")`."""

    def make(asked: str = "", expect: str = ""):
        (tmp_path / "base.yaml").write_text(
            "name: x\ndata: {source: digits}\nmodel: [Flatten, {Dense: {units: 10}}]\n"
            "loss: MeanSquaredError\noptimizer: Adam\n"
        )
        gates = f"expect: {{{expect}: '>= 0'}}\n" if expect else ""
        (tmp_path / "x.yaml").write_text(f"extends: base.yaml\n{asked}\n{gates}")
        return read_config(tmp_path / "x.yaml", was_trained=True).experiment

    return make


@pytest.mark.parametrize("option", FOR_CLASSES)
def test_options_are_taken_or_refused_by_name(sample, asking, option):
    checks, experiment = part_of(sample.task, Checks), asking(FOR_CLASSES[option])
    # Examples with several labels are of no one group that could be weighed.
    has_groups = part_of(sample.task, Target).strata(sample.labels) is not None
    is_taken = (sample.task.labels, option) in {
        ("sets", "calibrate"), ("masks", "data.class_weights"), ("tags", "data.class_weights"),
    }  # fmt: skip
    if has_groups or is_taken:
        checks.check(experiment)
        return
    with pytest.raises(UsageError) as caught:
        checks.check(experiment)
    assert caught.value.message == f"{option} is for classes; the labels are {sample.task.labels}"
    assert caught.value.hint == f"remove {option}"


def test_a_class_that_is_not_there_is_named(sample, asking):
    checks = part_of(sample.task, Checks)
    for name in sample.task.scored_names:
        checks.check(asking(expect=f"per_class.recall.{name}"))
    with pytest.raises(UsageError, match=r"^expect: per_class\.recall\.nobody: the data has no"):
        checks.check(asking(expect="per_class.recall.nobody"))


def test_a_threshold_needs_a_class(sample, asking):
    """Where it is not for each label by itself."""
    names, asked = sample.task.label_names, asking("calibrate: {threshold: f1}")
    if (sample.task.labels == "classes" and len(names) == 2) or sample.task.labels == "sets":
        part_of(sample.task, Checks).check(asked)
        return
    with pytest.raises(UsageError, match="calibrate"):
        part_of(sample.task, Checks).check(asked)


def answers(sample, rule=AS_IT_IS):
    predictions = part_of(sample.task, Predictions)
    values = predictions.values(sample.outputs, sample.reading)
    return predictions, values, list(predictions.answers(values, sample.reading, rule))


def test_predictions_are_read_from_outputs(sample):
    predictions, values, said = answers(sample)
    assert len(values) == len(said) == 6
    shares = predictions.probabilities(values, sample.reading)
    if shares is not None:
        np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)


def as_text(prediction):
    """A prediction of a JSON document as cells have it."""
    if isinstance(prediction, str):
        return prediction
    values = np.atleast_1d(prediction).tolist()
    if all(isinstance(value, str) for value in values):
        return "|".join(values)
    return " ".join(f"{value:.6g}" for value in values)


def test_a_prediction_is_a_line_a_document_and_cells(sample):
    predictions, _, said = answers(sample)
    columns = predictions.columns(sample.reading)
    assert columns[0] == "prediction"
    assert len(set(columns)) == len(columns)
    for answer in said:
        first = json.loads(json.dumps(answer.as_json(2)))["prediction"]
        cells, line = answer.cells(), answer.line(2)
        assert len(cells) == len(columns)
        assert cells[0] == as_text(first)
        assert line.startswith(cells[0])
        assert "\n" not in line
        assert answer.caption(str)


def test_the_rule_that_a_run_keeps_is_read(sample, run):
    predictions = part_of(sample.task, Predictions)
    rule = predictions.rule(run.read_json(run.decision)) if run.decision.exists() else AS_IT_IS
    assert predictions.decided_for(rule) is None
    _, _, said = answers(sample, rule)
    assert [answer.cells()[0] for answer in said] == [answer.cells()[0] for answer in answers(sample)[2]]


def judged(sample):
    """What outputs stand for, as scores take them."""
    return part_of(sample.task, Scoring).of_outputs(sample.labels, sample.outputs, sample.reading)


def scored(sample, rule=AS_IT_IS):
    return part_of(sample.task, Scoring).scored(sample.labels, judged(sample), rule, seed=0)


@pytest.mark.slow
def test_is_scored(sample):
    found = scored(sample)
    numbers = {**found.scores.headline, **found.scores.others}
    assert found.scores.headline and all(isinstance(value, float) for value in numbers.values())
    assert set(numbers) <= set(sample.task.scores), "gates ask for what the task says that it has"
    for name, interval in found.scores.intervals.items():
        score = numbers[name] if name in numbers else found.scores.details["macro"]["f1"]
        assert interval.low <= score <= interval.high, name
    assert json.dumps(found.scores.details)
    assert found.decision is None


@pytest.mark.slow
def test_predictions_of_a_split_are_rows_of_labels_and_what_predict_says(sample):
    found, (_, _, said) = scored(sample), answers(sample)
    rows = [dict(zip(found.columns(), cells, strict=True)) for cells in found.rows()]
    assert list(rows[0])[:2] == ["label", "prediction"]
    for row, label, answer in zip(rows, sample.labels, said, strict=True):
        if sample.task.labels == "tokens":
            # Of a window every token is told, by `predict` the one behind it.
            assert row["label"] == sample.task.vocabulary.decode(label)
            assert json.dumps(row["prediction"][-1])[1:-1] == answer.as_json(1)["prediction"]
            continue
        told = answer.as_json(1)["prediction"]
        if sample.task.labels in ("texts", "transcripts"):
            assert [row["label"], row["prediction"]] == [sample.task.text(label.tolist()), told]
            continue
        if sample.task.labels == "tags":
            # Nobody told the answer how many of the words are none.
            count = int((label >= 0).sum())
            assert row["label"].split() == [sample.task.tags[number] for number in label[:count]]
            assert len(row["prediction"].split()) == count
            assert sample.task.scheme != "words" or row["prediction"].split() == told.split()[:count]
            continue
        if sample.task.labels == "answers":
            # Words that nobody knows are numbers.
            first, last = label.tolist()
            right = [" ".join(str(place - 1) for place in range(first, last + 1))] if first else []
            assert [json.loads(row["label"]), row["prediction"]] == [right, told]
            continue
        if sample.task.labels == "items":
            items = sample.task.known.items
            assert [row["label"], row["prediction"]] == [items[label] if label >= 0 else "", told]
            continue
        if sample.task.labels == "sets":
            assert row["prediction"] == as_text(told)
            assert row["label"] == sample.task.as_text(label)
            continue
        if sample.task.labels == "masks":
            # Nobody told the answer which of the pixels count nowhere.
            assert sorted(row["label"].split(", ")) == sorted(
                f"{name} {(label == number).sum() / (label >= 0).sum():.1%}"
                for number, name in enumerate(sample.task.class_names)
                if (label == number).any()
            )
            assert row["prediction"].count("%") == told.count("%")
            continue
        assert row["prediction"] == (told if isinstance(told, str) else json.dumps(told))
        names = getattr(sample.task, "class_names", None)
        assert row["label"] == (names[label] if names else json.dumps(label.tolist()))


@pytest.mark.slow
def test_examples_that_tell_most_are_among_those_that_were_evaluated(sample):
    samples = scored(sample).samples()
    assert "mistakes" in samples
    assert all(0 <= one.index < 6 for found in samples.values() for one in found)
    rows = list(scored(sample).rows())
    for one in samples["mistakes"]:
        if isinstance(one.label, str):
            assert one.label != one.prediction
            assert [one.label, one.prediction] == rows[one.index][:2]


@pytest.mark.slow
def test_a_rule_is_chosen_and_changes_what_it_says_it_changes(sample):
    said, scoring = [], part_of(sample.task, Scoring)
    found = scoring.calibrated(Calibrate(temperature=True), sample.labels, judged(sample), said.append)
    assert said == []
    if found is None:
        assert scored(sample, DecisionRule(2.0)).decision is None
        return
    assert part_of(sample.task, Predictions).rule(json.loads(json.dumps(found.document))) == found.rule
    assert found.described.startswith("decision: temperature")
    decided = scored(sample, found.rule)
    assert decided.scores.others["log_loss"] == found.document["after"]["log_loss"]
    assert decided.decision["without"]["log_loss"] == found.document["before"]["log_loss"]


def test_an_export_that_decides_otherwise_is_noticed(sample):
    scoring = part_of(sample.task, Scoring)
    _, values, _ = answers(sample)
    assert scoring.differing(values, values) in (0, None)
    assert scoring.differing(values, -values) in (5, 6, None)


@pytest.mark.parametrize("other", SAMPLES)
def test_labels_of_other_data_are_known_by_what_they_mean(sample, other):
    scoring, of_data, said = part_of(sample.task, Scoring), SAMPLES[other], []
    data = OtherData(Path("new.npz"), {})
    assert sample.task.listed
    assert scoring.has_labels_of(of_data.task) == (sample.task.listed == of_data.task.listed)
    if not scoring.has_labels_of(of_data.task):
        with pytest.raises(DataError, match=r"^new\.npz: the "):
            scoring.relabelled(of_data.labels, of_data.task, data, said.append)
        return
    kept, labels = scoring.relabelled(of_data.labels, of_data.task, data, said.append)
    assert kept.tolist() == list(range(6))
    np.testing.assert_array_equal(labels, of_data.labels)
    with pytest.raises(UsageError, match="--map "):
        scoring.relabelled(of_data.labels, of_data.task, replace(data, renamed={"x": "y"}), said.append)
    assert said == []


def test_labels_are_audited(sample):
    labels = part_of(sample.task, Labels)
    by_split = {"train": sample.labels, "test": sample.labels[:2]}
    assert labels.contradiction in ("error", "warning", None)
    assert isinstance(labels.tell_apart, bool)
    assert json.dumps(labels.shown(sample.labels[0]))
    rows = labels.rows(sample.labels, np.arange(6))
    assert sorted(np.concatenate([numbers for _, numbers in rows]).tolist()) == list(range(6))
    assert all(name for name, _ in rows)
    counted, spread = labels.classes(by_split), labels.spreads(by_split)
    assert bool(counted) != (spread is not None), "a task counts its classes or says how its numbers spread"
    assert json.dumps([counted, spread])
    assert not any(len(found) for found in labels.outliers(by_split).values())


@pytest.mark.slow
def test_is_scored_again_from_its_rows(sample):
    first = scored(sample)
    columns = dict(zip(first.columns(), zip(*first.rows(), strict=True), strict=True))
    scoring = part_of(sample.task, Scoring)
    again = scoring.scored_again(columns.__getitem__, AS_IT_IS, seed=0)
    assert again.labels.tolist() == first.labels.tolist()
    assert again.values == pytest.approx(np.asarray(first.values).reshape(again.values.shape))
    assert [row[:2] for row in again.rows()] == [row[:2] for row in first.rows()]
    assert again.scores.headline == pytest.approx(first.scores.headline)
    assert again.scores.others == pytest.approx(first.scores.others)


@pytest.mark.slow
def test_groups_are_scored(sample):
    """Scores, intervals and gaps of groups, as an evaluation has them, under names that gates know."""
    scored = part_of(sample.task, Scoring).scored(sample.labels, judged(sample), AS_IT_IS, seed=0)
    groups = groups_of_names(np.array([0, 0, 0, 1, 1, -1]), ["a", "b"])
    document = scored.by_group(groups, seed=0).as_json()
    assert json.loads(json.dumps(document)) == document
    assert [(row["group"], row["examples"]) for row in document["groups"]] == [
        ("a", 3),
        ("b", 2),
        ("(missing)", 1),
    ]
    assert document["shown"]
    for name in document["shown"]:
        assert all(name in row["scores"] for row in document["groups"]), name
    names = measures({"metrics": {}, "scores": {}, "by": {"city": document}})
    assert "by.city.a." + document["shown"][0] in names
    assert f"by.city.{document['shown'][0]}.gap" in names
    for name in names:
        assert is_group_path(name) and columns_of_gates([name]) == ["city"], name
        assert labels_of_group_path(name) == sample.task.labels, name


@pytest.mark.slow
def test_simple_models_are_fitted_and_scored(sample):
    """They answer what a model's outputs stand for, and are scored as such."""
    baselines, scoring = part_of(sample.task, Baselines), part_of(sample.task, Scoring)
    if baselines.why_not is not None:
        return
    features = np.random.default_rng(0).normal(size=(6, 2)).astype(np.float32)
    if sample.task.labels == "tags":
        features = np.array([["in", "New", "York", "."]] * 6, object)
        features[sample.labels < 0] = ""
    if sample.task.labels == "masks":
        # Colours of small pictures.
        features = np.random.default_rng(0).normal(size=(6, 4 * 5 * 3)).astype(np.float32)
    if sample.task.labels == "answers":
        features = np.array([["Who", "?", "She", "met", "Ann", "."]] * 6, object)
    learned = Learned(features, sample.labels, seed=0, weights=np.arange(1.0, 7.0))
    names = [baselines.constant, baselines.linear, baselines.trees]
    assert len({*names, *map(str.lower, names)}) == 3
    assert baselines.num_outputs >= 1
    assert baselines.linear_work(20) > baselines.linear_work(10) > 0
    for fit in (baselines.fit_constant, baselines.fit_linear, baselines.fit_trees):
        with threads_for(features, baselines):
            values = fit(learned)(features)
        assert len(values) == 6
        scores = scoring.scored(sample.labels, values, AS_IT_IS, seed=0).scores
        assert {*scores.headline, *scores.others} & set(baselines.told)
        assert set(scores.headline) <= set(baselines.told)
    assert not np.ptp(baselines.fit_constant(learned)(features), axis=0).any()


def task_of(run):
    """The task of a run's one target."""
    (record,) = run.read_record()["signature"]["targets"].values()
    return task_from_json(record)


@pytest.mark.slow
@pytest.mark.plots
def test_is_drawn(run):
    evaluation = run.read_json(run.evaluation("test"))
    (told,) = of_targets(run, evaluation, run.read_json(run.samples("test")), {"label": task_of(run)})
    plots = list(part_of(task_of(run), Figures).plots(told.cells, evaluation, "test"))
    assert plots
    assert len({plot.name for plot in plots}) == len(plots)
    for plot in plots:
        assert plot.draw().axes, plot.name


def test_samples_are_told(run):
    figures, sections = part_of(task_of(run), Figures), part_of(task_of(run), Sections)
    samples = run.read_json(run.samples("test"))
    assert set(samples) <= set(sections.samples)
    shown = [figures.of_sample(each) for name in sections.samples for each in samples.get(name, [])]
    assert shown
    assert all(caption.title for caption in shown)


def test_has_its_parts_of_a_runs_page(run):
    sections = part_of(task_of(run), Sections)
    evaluation = run.read_json(run.evaluation("test"))
    assert sections.headline
    assert {name for name in sections.headline if name in sections.scores(evaluation)}
    assert isinstance(sections.decision(evaluation), str)
    for samples in run.read_json(run.samples("test")).values():
        for sample in samples if isinstance(samples, list) else []:
            assert sections.tile(sample)


def test_different_targets_are_found(sample):
    figures = part_of(sample.task, Figures)
    found = figures.different(sample.labels, 3)
    assert len(set(found.tolist())) == 3
    assert all(figures.caption(label, None).title for label in sample.labels)


def test_predictions_are_explained(sample):
    explained = part_of(sample.task, Explained)
    assert explained.many.startswith(explained.one)
    for answer in answers(sample)[2]:
        ranked = list(explained.ranked(answer))
        assert sorted(ranked) == list(range(len(explained.values(answer))))
        labels = [explained.label(target, answer) for target in ranked]
        assert len(set(labels)) == len(labels)
        assert explained.shown(0.25, are_probabilities=True)
    assert explained.value_name(are_probabilities=False)
    with pytest.raises(UsageError, match="--class nothing such: "):
        explained.index("nothing such")


@pytest.mark.slow
def test_columns_are_compared_by_scores_that_are_known(sample):
    found = scored(sample)
    measures = part_of(sample.task, Explained).measures(sample.labels, found.values, AS_IT_IS)
    scores = found.scores
    assert next(iter(measures)) == next(iter(scores.headline))
    known = {**scores.headline, **scores.others}
    assert measures == pytest.approx({name: known[name] for name in measures})


def test_a_run_is_advised(run):
    """Whatever a run came to, what is said of it is whole."""
    rules = part_of(task_of(run), Rules)
    assert rules.illnesses
    for each in rules.advise(read_reported(run, run.read_record()).findings):
        assert each.finding.endswith(".")
        assert each.advice[0].isupper()


def test_a_run_predicts(run, bigmodel, tmp_path):
    """Lines, JSON and CSV say the same of the same examples."""
    (tmp_path / "x.txt").write_text("ab\ncab dad\n\ndad ab\n")
    kind = next(iter(run.read_record()["signature"]["inputs"].values()))
    if task_of(run).is_searched:
        given = [tmp_path / "x.txt"]
    elif kind["kind"] == "passage":
        (tmp_path / "x.csv").write_text(
            "question,context\nWho is it ?,Ann met Bob in Rome.\nWhere ?,In Oslo.\nWho ?,It is Dan.\n"
        )
        given = [tmp_path / "x.csv"]
    elif kind["kind"] == "category":
        (tmp_path / "x.csv").write_text("who,place\np3,\np4,5\nnobody,\n")
        given = [tmp_path / "x.csv"]
    elif kind["kind"] == "sentence":
        given = [word for text in ("we met Bob", "in New York", "they") for word in ("--text", text)]
    else:
        shape = kind.get("shape") or ([kind["length"]] if "length" in kind else [*kind["image_size"], 1])
        np.save(tmp_path / "x.npy", np.random.default_rng(0).integers(0, 4, (3, *shape)).astype("uint8"))
        given = [tmp_path / "x.npy"]
    words = ("predict", *given, "--run", run.path)
    said, document = bigmodel(*words, "--csv", tmp_path / "p.csv"), bigmodel(*words, "--json")
    assert said.code == document.code == 0, said.err
    rows = list(csv.DictReader((tmp_path / "p.csv").open(newline="")))
    lines = said.out.splitlines()
    assert len(rows) == len(lines) == len(document.json["predictions"]) == 3
    for row, line, prediction in zip(rows, lines, document.json["predictions"], strict=True):
        assert line.split(": ")[1].lstrip("[").startswith(prediction.get("text", row["prediction"])[:3])
        found = prediction["prediction"]
        assert row["prediction"] == as_text(found)


def test_two_models_are_compared_by_what_is_decided() -> None:
    """A threshold decides for one class, or one label, from its own probability on."""
    scoring = part_of(Classification(("no", "yes")), Scoring)
    one, other = np.array([[0.8, 0.2]] * 4), np.array([[0.8, 0.2]] * 3 + [[0.9, 0.1]])
    assert scoring.differing(one, other) == 0
    assert scoring.differing(one, other, DecisionRule(positive=1, threshold=0.15)) == 1
    scoring = part_of(Multilabel(("no", "yes")), Scoring)
    assert scoring.differing(one, other) == 0
    assert scoring.differing(one, other, LabelRule(thresholds=(0.85, 0.5))) == 1
