"""BLEU and chrF are those of sacrebleu, and intervals hold the score."""

from __future__ import annotations

import random

import numpy as np
import pytest

from bigmodel_cli.scoring.rule import AS_IT_IS
from bigmodel_cli.scoring.translations import bleu, chrf, counts_of, translation_scores
from bigmodel_cli.tasks.translation.scores import TranslationScoring
from bigmodel_cli.tasks.translation.task import Translation
from bigmodel_cli.vocabulary.letters import PaddedBytes

WORDS = [
    "a",
    "b",
    "c d",
    ".",
    ",",
    "3",
    "3.5",
    "1,000",
    "-",
    "&amp;",
    "(x)",
    "\n",
    "ä",
    "日本",
    "!",
    " ",
    "don't",
]


def pairs(seed: int, most_texts: int, most_words: int) -> tuple[list[str], list[str]]:
    drawn = random.Random(seed)

    def text() -> str:
        return " ".join(drawn.choice(WORDS) for _ in range(drawn.randint(0, most_words)))

    right = [text() for _ in range(drawn.randint(1, most_texts))]
    # Some are nearly right, others are something else.
    return [one[: drawn.randint(0, len(one))] if drawn.random() < 0.6 else text() for one in right], right


def summed(found: list[str], right: list[str]) -> np.ndarray:
    return np.sum([counts_of(*pair) for pair in zip(found, right, strict=True)], axis=0)


@pytest.mark.parametrize("seed", range(300))
def test_is_sacrebleu(seed):
    sacrebleu = pytest.importorskip("sacrebleu")
    found, right = pairs(seed, most_texts=6, most_words=12)
    counts = summed(found, right)
    assert float(bleu(counts)) == pytest.approx(sacrebleu.corpus_bleu(found, [right]).score, abs=1e-9)
    assert float(chrf(counts)) == pytest.approx(sacrebleu.corpus_chrf(found, [right]).score, abs=1e-9)


def test_what_is_right_is_right():
    right = ["Zwei Männer stehen am Herd.", "Ein Hund läuft über das Gras, schnell."]
    scores = translation_scores(np.stack([counts_of(text, text) for text in right]), seed=0)
    assert scores.headline == pytest.approx({"bleu": 100.0, "chrf": 100.0})
    assert scores.others == {"exact_match": 1.0}
    assert scores.details == {"length_ratio": 1.0}


def test_white_space_is_no_difference():
    assert counts_of(" ein  Hund\t", "ein Hund")[-2] == 1
    assert counts_of("ein Hunde", "ein Hund")[-2] == 0


def test_nothing_at_all_is_no_number_that_is_none():
    scores = translation_scores(np.stack([counts_of("", ""), counts_of("", "x")]), seed=0)
    assert scores.headline == {"bleu": 0.0, "chrf": 0.0}
    assert scores.others == {"exact_match": 0.5}


def test_intervals_are_of_texts_drawn_again():
    found, right = zip(*[("a b c d e", "a b c d e"), ("a b x y z", "a b c d e")] * 40, strict=True)
    counts = np.stack([counts_of(*pair) for pair in zip(found, right, strict=True)])
    scores, again = translation_scores(counts, seed=1), translation_scores(counts, seed=1)
    assert scores.intervals == again.intervals
    for name in ("bleu", "chrf", "exact_match"):
        interval = scores.intervals[name]
        value = {**scores.headline, **scores.others}[name]
        assert interval.low < value < interval.high
    assert 0.3 < scores.intervals["exact_match"].low < 0.45


def test_what_was_written_is_scored_again_as_the_texts_that_it_is():
    """By the tokenizer of any fold, which may cut a text, or have small letters alone."""
    task = Translation(4, PaddedBytes())
    cells = {
        "label": ["Ein langer Satz, der nicht passt", "ja"],
        "prediction": ["Ein langer Satz, der passt", "ja"],
        "surprise": ["2", "1"],
        "foreseen": ["1", "2"],
        "tokens": ["4", "3"],
        "score": ["-1", "-0.5"],
    }
    scored = TranslationScoring(task).scored_again(cells.__getitem__, AS_IT_IS, seed=0)
    texts = list(zip(cells["prediction"], cells["label"], strict=True))
    expected = translation_scores(np.stack([counts_of(*pair) for pair in texts]), seed=0)
    assert scored.scores.headline == expected.headline
    assert 0 < scored.scores.headline["chrf"] < 100
    assert [row[:2] for row in scored.rows()] == [[right, found] for found, right in texts]
    assert scored.scores.others["token_accuracy"] == pytest.approx(3 / 7)
