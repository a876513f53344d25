"""How near answers are to those of people, as SQuAD's own script counts (Rajpurkar et al. 2016, 2018)."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

import numpy as np

from bigmodel_cli.scoring.intervals import bootstrapped_means, percentiles
from bigmodel_cli.scoring.scores import Scores

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_MARKS = str.maketrans("", "", string.punctuation)


def normalized(answer: str) -> str:
    """An answer without what makes no difference: capitals, marks, articles and more than one space."""
    return " ".join(_ARTICLES.sub(" ", answer.lower().translate(_MARKS)).split())


def exact_match(answer: str, right: Sequence[str], *, may_lack: bool) -> float:
    """1 where an answer is one of those that are right, else 0; `may_lack` as for `answer_f1`."""
    found = normalized(answer)
    return float(any(found == normalized(one) for one in _counted(right, may_lack=may_lack)))


def answer_f1(answer: str, right: Sequence[str], *, may_lack: bool) -> float:
    """F1 of the words of an answer, by the one of those that are right which it is nearest to.

    Args:
        answer: "" for none.
        right: All that are right; none where there is no answer.
        may_lack: Whether the data have questions without an answer, which only the script of SQuAD 2.0 knows:
            of an answer without words it says that nothing is right, or all; the other one that nothing is.
    """
    words = normalized(answer).split()
    each = [normalized(one).split() for one in _counted(right, may_lack=may_lack)]
    return max((_f1(words, one, may_lack=may_lack) for one in each), default=0.0)


def _counted(right: Sequence[str], *, may_lack: bool) -> Sequence[str]:
    """The answers that are compared with: those of which something is left, and where none is, no answer."""
    if not may_lack:
        return right
    return [one for one in right if normalized(one)] or [""]


def _f1(words: Sequence[str], right: Sequence[str], *, may_lack: bool) -> float:
    if may_lack and not (words and right):
        return float(words == right)
    common = (Counter(words) & Counter(right)).total()
    return 2 * common / (len(words) + len(right)) if common else 0.0


def answer_scores(measured: np.ndarray, has_answer: np.ndarray, *, may_lack: bool, seed: int) -> Scores:
    """The means over questions, from 0 to 1.

    Args:
        measured: F1 and exact match of each question, float64 of shape (n, 2).
        has_answer: Which of them have an answer, bool of shape (n,).
        may_lack: Whether some may have none; numbers of both sorts are told then.
        seed: Of the resampling of questions for the intervals.
    """
    f1, exact = (float(value) for value in measured.mean(axis=0))
    names = ("answer_f1", "answer_exact_match")
    intervals = {}
    if len(measured) > 1:
        drawn = bootstrapped_means(measured, seed)
        intervals = {name: percentiles(drawn[:, place]) for place, name in enumerate(names)}
    others = {}
    if may_lack and has_answer.any():
        others["answered_f1"] = float(measured[has_answer, 0].mean())
    if may_lack and not has_answer.all():
        others["unanswerable_accuracy"] = float(measured[~has_answer, 1].mean())
    details = {"questions": len(measured), "unanswerable": int((~has_answer).sum())}
    return Scores({"answer_f1": f1, "answer_exact_match": exact}, others, intervals, details)
