"""Error rates of texts that were heard, beside jiwer's."""

from __future__ import annotations

import random

import numpy as np
import pytest

from bigmodel_cli.alignment import aligned, num_edits
from bigmodel_cli.scoring.transcripts import counts_of, transcript_scores, word_errors

jiwer = pytest.importorskip("jiwer")


@pytest.fixture(scope="module")
def texts():
    drawn = random.Random(0)

    def text(least: int) -> str:
        return " ".join(
            drawn.choice(["one", "on", "two", "ten", "é"]) for _ in range(drawn.randint(least, 9))
        )

    return [(text(1), text(0)) for _ in range(200)]


def scores(texts):
    return transcript_scores(np.stack([counts_of(*both) for both in texts]), seed=0)


def test_rates_are_those_of_jiwer(texts):
    right, found = ([both[place] for both in texts] for place in range(2))
    measured = scores(texts).headline
    assert measured["word_error_rate"] == pytest.approx(jiwer.wer(right, found), abs=1e-12)
    assert measured["character_error_rate"] == pytest.approx(jiwer.cer(right, found), abs=1e-12)
    assert list(measured) == ["word_error_rate", "character_error_rate"]


def test_intervals_are_of_texts_drawn_again(texts):
    found = scores(texts)
    numbers = {**found.headline, **found.others}
    assert set(found.intervals) == set(numbers)
    for name, interval in found.intervals.items():
        assert interval.low < numbers[name] < interval.high or numbers[name] == 0, name
    assert found.details["words"] == sum(len(right.split()) for right, _ in texts)


def test_an_alignment_says_what_became_of_each_word():
    steps = aligned(["four", "two", "two", "nine"], ["four", "two", "five", "nine", "one"])
    assert [(step.how, step.right, step.found) for step in steps] == [
        ("right", "four", "four"),
        ("right", "two", "two"),
        ("substituted", "two", "five"),
        ("right", "nine", "nine"),
        ("inserted", "", "one"),
    ]
    assert [step.how for step in aligned(["a", "b"], ["b"])] == ["deleted", "right"]
    assert aligned([], []) == []


def test_an_alignment_has_as_few_edits_as_can_be(texts):
    for right, found in texts:
        steps = aligned(right.split(), found.split())
        assert [step.right for step in steps if step.right] == right.split()
        assert [step.found for step in steps if step.found] == found.split()
        errors = sum(step.how != "right" for step in steps)
        assert errors == num_edits(right.split(), found.split()) == word_errors(counts_of(right, found))


def test_more_can_be_wrong_than_was_said():
    assert scores([("one", "one two two")]).headline["word_error_rate"] == 2
