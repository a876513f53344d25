"""Exact match and F1 of answers, beside the arithmetic of SQuAD's two scripts, written down again."""

from __future__ import annotations

import collections
import itertools
import re
import string

import numpy as np
import pytest

from bigmodel_cli.scoring.answers import answer_f1, answer_scores, exact_match


def normalize(text):
    text = "".join(c for c in text.lower() if c not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def f1_of_1_1(prediction, truth):
    prediction, truth = normalize(prediction).split(), normalize(truth).split()
    same = sum((collections.Counter(prediction) & collections.Counter(truth)).values())
    if same == 0:
        return 0
    precision, recall = same / len(prediction), same / len(truth)
    return 2 * precision * recall / (precision + recall)


def script_1_1(prediction, answers):
    return (
        max(f1_of_1_1(prediction, one) for one in answers),
        max(float(normalize(prediction) == normalize(one)) for one in answers),
    )


def f1_of_2_0(truth, prediction):
    gold, told = (
        normalize(truth).split() if truth else [],
        normalize(prediction).split() if prediction else [],
    )
    if not gold or not told:
        return int(gold == told)
    return f1_of_1_1(prediction, truth)


def script_2_0(prediction, answers):
    gold = [one for one in answers if normalize(one)] or [""]
    return (
        max(f1_of_2_0(one, prediction) for one in gold),
        max(int(normalize(one) == normalize(prediction)) for one in gold),
    )


ANSWERS = [
    "",
    "the",
    "The Rome",
    "rome!",
    "a man, a plan",
    "man plan",
    "in Rome",
    "U.S.",
    "us",
    "«Rome»",
    "5–6",
    "the The",
]


@pytest.mark.parametrize(("script", "may_lack"), [(script_1_1, False), (script_2_0, True)])
def test_scores_are_those_of_the_script(script, may_lack):
    for told in ANSWERS:
        for right in [*itertools.permutations(ANSWERS[1:], 2), *([one] for one in ANSWERS[1:])]:
            found = answer_f1(told, right, may_lack=may_lack), exact_match(told, right, may_lack=may_lack)
            assert found == pytest.approx(script(told, right)), (told, right)
    assert answer_f1("", [], may_lack=True) == exact_match("", [], may_lack=True) == 1
    assert answer_f1("x", [], may_lack=True) == exact_match("x", [], may_lack=True) == 0


def test_means_are_of_all_questions_and_of_both_sorts():
    measured = np.array([[1.0, 1], [0.5, 0], [1, 1], [0, 0]])
    scores = answer_scores(measured, np.array([True, True, False, False]), may_lack=True, seed=0)
    assert scores.headline == {"answer_f1": 0.625, "answer_exact_match": 0.5}
    assert scores.others == {"answered_f1": 0.75, "unanswerable_accuracy": 0.5}
    assert scores.details == {"questions": 4, "unanswerable": 2}
    assert scores.intervals["answer_f1"].low < 0.625 < scores.intervals["answer_f1"].high
    plain = answer_scores(measured, np.array([True] * 4), may_lack=False, seed=0)
    assert plain.others == {} and plain.headline == scores.headline
