"""How near translations are to those of people: BLEU and chrF as sacrebleu computes them, and exact match."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np

from bigmodel_cli.scoring.intervals import bootstrapped_means, percentiles
from bigmodel_cli.scoring.scores import Scores

_WORDS, _CHARACTERS = 4, 6
# chrF takes recall for twice as important as precision (Popović 2015).
_BETA = 2
_ENTITIES = {"&quot;": '"', "&amp;": "&", "&lt;": "<", "&gt;": ">"}
# What mteval-v13a takes for words of their own: marks, and points and commas that are in no number.
_APART = (
    (re.compile(r"([\{-\~\[-\` -\&\(-\+\:-\@\/])"), r" \1 "),
    (re.compile(r"([^0-9])([\.,])"), r"\1 \2 "),
    (re.compile(r"([\.,])([^0-9])"), r" \1 \2"),
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),
)
# Of a text: its words, then of runs of 1 to 4 words how many are right and how many there are.
_NUM_BLEU = 2 + 2 * _WORDS


def words_of(text: str) -> list[str]:
    """The words that BLEU counts (WMT's mteval-v13a, which is sacrebleu's `13a`)."""
    text = text.rstrip().replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    for entity, character in _ENTITIES.items():
        text = text.replace(entity, character)
    text = f" {text} "
    for pattern, spaced in _APART:
        text = pattern.sub(spaced, text)
    return text.split()


def counts_of(translation: str, reference: str) -> np.ndarray:
    """What BLEU, chrF and exact match are computed from, float64; of several texts it is added up."""
    written, right = words_of(translation), words_of(reference)
    counts = [len(written), len(right)]
    for order in range(1, _WORDS + 1):
        found = _runs(written, order)
        counts += [_common(found, _runs(right, order)), found.total()]
    one, other = ("".join(text.split()) for text in (translation, reference))
    for order in range(1, _CHARACTERS + 1):
        found, expected = _runs(one, order), _runs(other, order)
        # As sacrebleu does: where there is nothing to be right, nothing is wrong.
        counts += [_common(found, expected), found.total() if expected else 0, expected.total()]
    return np.array([*counts, translation.split() == reference.split(), 1], np.float64)


def _runs(parts: Sequence[str], order: int) -> Counter[Hashable]:
    return Counter(
        parts[place : place + order] if isinstance(parts, str) else tuple(parts[place : place + order])
        for place in range(len(parts) - order + 1)
    )


def _common(found: Counter[Hashable], expected: Counter[Hashable]) -> int:
    return sum(min(count, expected[run]) for run, count in found.items() if run in expected)


def bleu(counts: np.ndarray) -> np.ndarray:
    """BLEU (Papineni et al. 2002) of sums of counts (…, k), from 0 to 100.

    Runs of which none is right count half as much each time as one (sacrebleu's `exp`); where there is no run
    of four words at all, it is 0.
    """
    written, expected = counts[..., 0], counts[..., 1]
    right, there = counts[..., 2:_NUM_BLEU:2], counts[..., 3:_NUM_BLEU:2]
    halvings = np.cumsum((right == 0) & (there > 0), axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(right == 0, 0.5**halvings, right) / there
        brevity = np.where(written < expected, np.exp(1 - expected / written), 1.0)
        found = 100 * brevity * np.exp(np.log(shares).mean(axis=-1))
    is_none = (right.sum(axis=-1) == 0) | (there == 0).any(axis=-1)
    return np.where(is_none, 0.0, found)


def chrf(counts: np.ndarray) -> np.ndarray:
    """chrF (Popović 2015; sacrebleu's chrF2) of sums of counts (…, k), from 0 to 100."""
    right, there, expected = (counts[..., _NUM_BLEU + first : -2 : 3] for first in range(3))
    is_there = (there > 0) & (expected > 0)
    orders = np.maximum(is_there.sum(axis=-1), 1)
    precision, recall = (
        np.where(is_there, right / np.maximum(whole, 1), 0.0).sum(axis=-1) / orders
        for whole in (there, expected)
    )
    both = _BETA**2 * precision + recall
    return np.where(both > 0, 100 * (1 + _BETA**2) * precision * recall / np.where(both > 0, both, 1), 0.0)


def translation_scores(counts: np.ndarray, *, seed: int) -> Scores:
    """BLEU, chrF and the share of texts that are written word for word as they should be.

    Args:
        counts: Of each text, as `counts_of` gives them, shape (n, k).
        seed: Of the resampling of texts for the intervals (Koehn 2004).
    """
    sums = counts.sum(axis=0)
    measured = _measured(sums)
    headline = {name: float(measured[name]) for name in ("bleu", "chrf")}
    others = {name: float(value) for name, value in measured.items() if name not in headline}
    intervals = {}
    if len(counts) > 1:
        drawn = _measured(len(counts) * bootstrapped_means(counts, seed))
        intervals = {name: percentiles(values) for name, values in drawn.items()}
    # How many words there are for each that should be: shorter texts lose by BLEU's brevity.
    return Scores(headline, others, intervals, {"length_ratio": float(sums[0] / max(sums[1], 1))})


def _measured(sums: np.ndarray) -> dict[str, np.ndarray]:
    """Scores by name of sums over texts, shape (…, k)."""
    return {"bleu": bleu(sums), "chrf": chrf(sums), "exact_match": sums[..., -2] / sums[..., -1]}
