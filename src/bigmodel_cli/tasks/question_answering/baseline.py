"""What simple models reach at questions: the usual place, a sentence alike, and a linear model of words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np

from bigmodel_cli.tasks.baseline import Baselines, Fitted, Learned
from bigmodel_cli.tasks.question_answering.decoding import best_spans
from bigmodel_cli.tasks.question_answering.task import NONE, QuestionAnswering

# Places of what a word is hashed to, and words of a window that the linear model sees beside the answer.
_PLACES, _OTHERS = 2**18, 20
# Words on either side among which those of the question are counted.
_NEAR = 10
_ENDS = frozenset(".!?")


class QuestionAnsweringBaselines(Baselines):
    """Features are the words of question and window; values are as `decoding.best_spans` has them."""

    task: QuestionAnswering
    constant: ClassVar[str] = "most_frequent_place"
    linear: ClassVar[str] = "sentence_alike"
    trees: ClassVar[str] = "linear_model_of_words"
    told: ClassVar[Sequence[str]] = ("answer_f1", "answer_exact_match")
    num_outputs: ClassVar[int] = 2

    def fit_constant(self, learned: Learned) -> Fitted:
        counts = Counter(map(tuple, learned.labels[learned.labels[:, 0] != NONE].tolist()))
        first, last = min(counts, key=lambda place: (-counts[place], place), default=(NONE + 1, NONE + 1))
        return lambda features: np.repeat(np.array([[first, last, 1, 0]], np.float32), len(features), axis=0)

    def fit_linear(self, learned: Learned) -> Fitted:
        """The sentence that has most of the question's words, rare ones above all (Rajpurkar et al. 2016)."""
        counts: Counter[str] = Counter()
        for _, context in self._texts(learned.features):
            counts.update({word.lower() for word in context})

        def answered(features: np.ndarray) -> np.ndarray:
            found = np.zeros((len(features), 4), np.float32)
            for row, (question, context) in enumerate(self._texts(features)):
                asked = {word.lower() for word in question if word.isalnum()}
                weights = {word: np.log((1 + len(learned.features)) / (1 + counts[word])) for word in asked}
                best = max(
                    _sentences(context),
                    key=lambda part: sum(weights[w] for w in asked & {x.lower() for x in context[part]}),
                    default=slice(0, 1),
                )
                alike = sum(weights[w] for w in asked & {x.lower() for x in context[best]})
                # The window whose sentence is nearest to the question is the surest.
                found[row] = best.start + 1, best.stop, alike / max(1e-6, sum(weights.values())), 0
            return found

        return answered

    def fit_trees(self, learned: Learned) -> Fitted:
        """What a word, those beside it and the question look like, for beginnings and for ends."""
        from sklearn.feature_extraction import FeatureHasher
        from sklearn.linear_model import SGDClassifier

        if (learned.labels == NONE).all():
            return self.fit_constant(learned)
        hasher = FeatureHasher(_PLACES, input_type="string", alternate_sign=False)
        rng = np.random.default_rng(learned.seed)
        looks, targets = [], []
        for (question, context), label in zip(self._texts(learned.features), learned.labels, strict=True):
            own = {place - NONE - 1 for place in label.tolist() if place != NONE}
            others = rng.integers(0, max(1, len(context)), _OTHERS).tolist() if context else []
            places = sorted(own | set(others))
            looks += list(_looks(question, context, places))
            targets += [[place == end - NONE - 1 for end in label.tolist()] for place in places]
        matrix, ends = hasher.transform(looks), np.array(targets)
        models = [
            SGDClassifier(loss="log_loss", alpha=1e-5, max_iter=8, tol=None, random_state=learned.seed).fit(
                matrix, ends[:, end]
            )
            for end in range(2)
        ]

        def answered(features: np.ndarray) -> np.ndarray:
            shares = np.zeros((len(features), 2, self.task.num_places), np.float32)
            for row, (question, context) in enumerate(self._texts(features)):
                if context:
                    matrix = hasher.transform(_looks(question, context, range(len(context))))
                    for end, model in enumerate(models):
                        shares[row, end, NONE + 1 :][: len(context)] = model.predict_proba(matrix)[:, -1]
            return best_spans(shares, self.task.longest)

        return answered

    def _texts(self, features: np.ndarray) -> Iterator[tuple[list[str], list[str]]]:
        """The words of each question, and of its window."""
        for words in features:
            question, context = words[: -self.task.length], words[-self.task.length :]
            yield [word for word in question if word], [word for word in context if word]


def _sentences(words: Sequence[str]) -> Iterator[slice]:
    begin = 0
    for place, word in enumerate(words, 1):
        if word in _ENDS or place == len(words):
            yield slice(begin, place)
            begin = place


def _looks(question: Sequence[str], context: Sequence[str], places: Sequence[int]) -> Iterator[list[str]]:
    """What there is to be seen of words, of those beside them, and of what is asked."""
    words = ["", "", *(word.lower() for word in context), "", ""]
    shapes = ["", "", *map(_shape, context), "", ""]
    asked = {word.lower() for word in question if word.isalnum()}
    begins = next((word.lower() for word in question), "")
    for place in places:
        beside = range(place, place + 5)
        near = len(asked & set(words[max(0, place + 2 - _NEAR) : place + 3 + _NEAR]))
        is_asked = "".join(str(int(words[at] in asked)) for at in beside)
        shape = shapes[place + 2]
        yield [
            "bias",
            f"q:{begins}:{shape}",
            f"a:{is_asked}",
            f"n:{near}:{is_asked[2]}",
            f"s:{shapes[place + 1]}:{shape}:{shapes[place + 3]}",
            *(f"{at - place - 2}:{words[at]}" for at in beside),
        ]


def _shape(word: str) -> str:
    """`Xx` of London, `d` of 1984, the sign itself."""
    kinds = ["X" if c.isupper() else "x" if c.isalpha() else "d" if c.isdigit() else c for c in word]
    return "".join(kind for number, kind in enumerate(kinds) if not number or kinds[number - 1] != kind)
