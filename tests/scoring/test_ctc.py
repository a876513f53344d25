"""Texts of moments: the search and what it is held to, all ways to say each text there is."""

from __future__ import annotations

import itertools
from collections import defaultdict

import numpy as np
import pytest

from bigmodel_cli.scoring.ctc import decoded, frames_needed, greedy, log_likelihood, log_softmax, searched
from bigmodel_cli.vocabulary.prior import Prior, Runs, counted, counted_words


def by_trying(likely):
    """How likely each text is, by adding up all ways to say one."""
    found = defaultdict(float)
    for path in itertools.product(range(likely.shape[1]), repeat=len(likely)):
        text = tuple(one for one, _ in itertools.groupby(path) if one)
        found[text] += np.exp(sum(moment[one] for moment, one in zip(likely, path, strict=True)))
    return found


@pytest.fixture(params=range(6))
def likely(request):
    return log_softmax(2 * np.random.default_rng(request.param).normal(size=(5, 4)))


def test_a_wide_search_finds_the_likeliest_text(likely):
    shares = by_trying(likely)
    best = searched(likely, beams=400)
    assert shares[tuple(best)] == pytest.approx(max(shares.values()))
    narrow = searched(likely, beams=3)
    assert shares[tuple(narrow)] <= shares[tuple(best)] + 1e-12


@pytest.mark.parametrize(
    ("words", "known"),
    [
        ((), {"runs": Runs(counted(["a b", "ab"], 2), 0.7)}),
        (("a", "b", "ab"), {"runs": Runs(counted(["a b", "ab"], 2), 0.7)}),
        ((), {"word_runs": Runs(counted_words(["a b", "ab"], 2), 2.0)}),
    ],
)
def test_what_is_known_counts_beside_what_is_heard(likely, words, known):
    known = Prior(["", " ", "a", "b"], words, **known)

    def score(text, share):
        goes_on = sum(known.goes_on(text[:place], one) for place, one in enumerate(text))
        return np.log(share) + goes_on + known.ends(text)

    scores = {text: score(text, share) for text, share in by_trying(likely).items()}
    best = tuple(searched(likely, 400, known))
    assert scores[best] == pytest.approx(max(scores.values()))
    assert np.isfinite(scores[best])


def test_a_text_is_as_likely_as_all_ways_to_say_it_together(likely):
    shares = by_trying(likely)
    assert sum(shares.values()) == pytest.approx(1)
    for text, share in shares.items():
        assert np.exp(log_likelihood(likely, text)) == pytest.approx(share)
    assert log_likelihood(likely, (1, 1, 1, 1)) == -np.inf, "four of a kind need seven moments"


def test_the_likeliest_token_of_each_moment_is_one_while_it_lasts():
    moments = np.log(0.9 * np.eye(4)[[0, 2, 2, 0, 2, 3, 3, 1, 0]] + 0.025)
    assert greedy(moments) == [2, 2, 3, 1]
    assert searched(moments, beams=2) == [2, 2, 3, 1]


def test_many_ways_to_say_a_text_count_together():
    """At each of two moments nothing is likelier than a token, which is the text all the same."""
    moments = np.log([[0.6, 0.4], [0.6, 0.4]])
    assert greedy(moments) == []
    assert searched(moments, beams=2) == [1]
    assert log_likelihood(moments, [1]) == pytest.approx(np.log(0.64))


def test_of_a_batch_each_text_is_found_by_itself():
    logits = np.random.default_rng(1).normal(size=(4, 7, 40)).astype(np.float32)
    found = decoded(logits, beams=4)
    assert (found.shape, found.dtype) == ((4, 8), np.float32)
    for row, one in zip(found, logits, strict=True):
        np.testing.assert_array_equal(decoded(one[np.newaxis], beams=4)[0], row)
        ids = [int(number) for number in row[1:] if number]
        assert row[0] == pytest.approx(log_likelihood(log_softmax(one), ids), rel=1e-6)
    assert decoded(logits[:0], beams=4).shape == (0, 8)


def test_between_two_that_are_the_same_is_a_moment_of_none():
    assert frames_needed(np.array([[1, 2, 3, 0], [1, 1, 0, 0], [2, 2, 2, 2], [0, 0, 0, 0]])).tolist() == [
        3,
        3,
        7,
        0,
    ]


@pytest.mark.tf
def test_keras_loss_is_how_unlikely_the_text_is():
    import keras
    import tensorflow as tf

    random = np.random.default_rng(2)
    logits = random.normal(size=(5, 9, 4)).astype(np.float32)
    ids = random.integers(1, 4, (5, 4)).astype(np.int32)
    for row, count in enumerate((4, 3, 2, 1, 0)):
        ids[row, count:] = 0
    losses = keras.losses.CTC(reduction=None)(tf.constant(ids), tf.constant(logits)).numpy()
    texts = [[one for one in row if one] for row in ids.tolist()]
    expected = [-log_likelihood(one, text) for one, text in zip(log_softmax(logits), texts, strict=True)]
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
