"""Spans of words as seqeval reads and counts them, over tags of every scheme, right ones and wrong ones."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from bigmodel_cli.scoring.spans import counted, span_scores
from bigmodel_cli.spans import all_tags, badly_begun, may_follow, recognised, spans_of, tags_of

TYPES = ("group", "creative-work", "person")
LETTERS = {"bio": "BI", "iob1": "BI", "io": "I", "bioes": "BIES", "bilou": "BILU"}
SAME = {"L": "E", "U": "S"}


def made_up(letters: str, seed: int, count: int = 60) -> list[list[str]]:
    """Sentences of up to nine tags, most of which no scheme allows."""
    rng = np.random.default_rng(seed)
    tags = ["O", *(f"{letter}-{type_}" for letter in letters for type_ in TYPES)]
    return [rng.choice(tags, rng.integers(1, 10)).tolist() for _ in range(count)]


def as_seqeval_has_it(tags: list[str]) -> list[str]:
    return [SAME.get(tag[0], tag[0]) + tag[1:] for tag in tags]


@pytest.mark.parametrize("scheme", LETTERS)
def test_spans_are_those_of_seqeval(scheme):
    from seqeval.metrics.sequence_labeling import get_entities

    for tags in made_up(LETTERS[scheme], seed=len(scheme)):
        expected = [(type_, first, last + 1) for type_, first, last in get_entities(as_seqeval_has_it(tags))]
        assert spans_of(tags) == expected, tags


@pytest.mark.slow
@pytest.mark.parametrize("scheme", LETTERS)
def test_scores_are_those_of_seqeval(scheme):
    from seqeval.metrics import accuracy_score, classification_report

    right = made_up(LETTERS[scheme], seed=1)
    rng = np.random.default_rng(2)
    told = [
        [tag if rng.random() < 0.8 else other for tag, other in zip(tags, reversed(tags), strict=True)]
        for tags in right
    ]
    hits = np.array(
        [sum(a == b for a, b in zip(*both, strict=True)) for both in zip(right, told, strict=True)]
    )
    words = hits, np.array([len(tags) for tags in right])
    counts = counted([spans_of(tags) for tags in right], [spans_of(tags) for tags in told], TYPES, words)
    found = span_scores(counts, TYPES, seed=0)
    with warnings.catch_warnings():
        # A type that nobody told of has no precision.
        warnings.simplefilter("ignore")
        report = classification_report(
            [as_seqeval_has_it(tags) for tags in right],
            [as_seqeval_has_it(tags) for tags in told],
            output_dict=True,
            zero_division=0,
        )
    assert found.headline["span_f1"] == pytest.approx(report["micro avg"]["f1-score"])
    assert 0.3 < found.headline["span_f1"] < 0.95
    assert found.others["span_precision"] == pytest.approx(report["micro avg"]["precision"])
    assert found.others["span_recall"] == pytest.approx(report["micro avg"]["recall"])
    assert found.headline["word_accuracy"] == pytest.approx(accuracy_score(right, told))
    assert found.details["macro"]["f1"] == pytest.approx(report["macro avg"]["f1-score"])
    for row in found.details["per_class"]:
        theirs = report[row["class"]]
        assert (row["f1"], row["support"]) == (pytest.approx(theirs["f1-score"]), theirs["support"])
    interval = found.intervals["span_f1"]
    assert interval.low < found.headline["span_f1"] < interval.high


def test_no_span_is_no_division_by_zero():
    words = np.array([2]), np.array([2])
    found = span_scores(counted([[]], [[]], TYPES, words), TYPES, seed=0)
    assert found.headline == {"span_f1": 0.0, "word_accuracy": 1.0}


@pytest.mark.parametrize("scheme", ["bio", "bioes"])
def test_spans_are_written_and_read_again(scheme):
    for tags in made_up("BI", seed=5):
        spans = spans_of(tags)
        written = tags_of(spans, len(tags), scheme)
        assert spans_of(written) == spans
        assert {*written} <= {*all_tags(TYPES, scheme)}
        pairs = zip([None, *written], [*written, None], strict=True)
        assert all(may_follow(before, tag, scheme) for before, tag in pairs)


@pytest.mark.parametrize(
    ("tags", "scheme"),
    [
        (["B-a", "I-a", "O", "B-b"], "bio"),
        (["I-a", "I-a", "B-a", "O"], "iob1"),
        (["I-a", "O", "I-b"], "io"),
        (["B-a", "E-a", "S-b"], "bioes"),
        (["B-a", "L-a", "U-b"], "bilou"),
        (["NN", "VB", "DT"], "words"),
        (["O", "O"], "bio"),
    ],
)
def test_schemes_are_recognised(tags, scheme):
    assert recognised([tags]) == scheme


def test_tags_that_go_on_with_nothing_are_found():
    assert list(badly_begun(["I-a", "B-a", "I-b", "I-b", "O", "I-a"])) == [0, 2, 5]
