"""What simple models reach at tagging: one that knows names by heart, and one that looks at single words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np

from bigmodel_cli.spans import OUTSIDE, Span, tags_of
from bigmodel_cli.tasks.baseline import Baselines, Fitted, Learned
from bigmodel_cli.tasks.tagging.decoding import decoded
from bigmodel_cli.tasks.tagging.task import Tagging
from bigmodel_cli.tasks.task import PADDING

# Places of what a word is hashed to, for the linear model.
_PLACES = 2**18


class TaggingBaselines(Baselines):
    """Features are the words of sentences; values are as `ScoredTags` has them, but for probabilities."""

    task: Tagging
    constant: ClassVar[str] = "most_frequent_tag"
    linear: ClassVar[str] = "dictionary_of_training"
    trees: ClassVar[str] = "linear_model_of_words"
    told: ClassVar[Sequence[str]] = ("span_f1", "word_accuracy", "span_precision", "span_recall")

    @property
    def num_outputs(self) -> int:
        return len(self.task.tags)

    def fit_constant(self, learned: Learned) -> Fitted:
        counts = np.bincount(learned.labels[learned.labels != PADDING], minlength=len(self.task.tags))
        most = int(counts.argmax())
        return lambda features: _values(np.full((len(features), self.task.length), most))

    def fit_linear(self, learned: Learned) -> Fitted:
        """The longest names of training, whatever their case, with the type that each has most often."""
        names = self._names(learned)
        longest = max(map(len, names), default=0)

        def tagged(features: np.ndarray) -> np.ndarray:
            found = np.zeros((len(features), self.task.length), np.int64)
            number_of = {tag: number for number, tag in enumerate(self.task.tags)}
            for row, words in enumerate(features):
                spans = list(_known([word.lower() for word in words if word], names, longest))
                found[row] = [number_of[tag] for tag in self._tags(spans)]
            return _values(found)

        return tagged

    def _names(self, learned: Learned) -> dict[tuple[str, ...], str]:
        counts: defaultdict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        for words, numbers in zip(learned.features, learned.labels, strict=True):
            for type_, first, stop in self.task.spans(self.task.written(numbers.tolist())):
                counts[tuple(word.lower() for word in words[first:stop])][type_] += 1
        return {name: found.most_common(1)[0][0] for name, found in counts.items()}

    def _tags(self, spans: Sequence[Span]) -> list[str]:
        if self.task.scheme != "words":
            return tags_of(spans, self.task.length, self.task.scheme)
        tags = [self.task.tags[0]] * self.task.length
        for type_, first, _ in spans:
            tags[first] = type_
        return tags

    def fit_trees(self, learned: Learned) -> Fitted:
        """What a word and those beside it look like, added up for each tag, and decoded."""
        from sklearn.feature_extraction import FeatureHasher
        from sklearn.linear_model import SGDClassifier

        hasher = FeatureHasher(_PLACES, input_type="string", alternate_sign=False)
        is_word = learned.labels != PADDING
        numbers = learned.labels[is_word]
        if len(np.unique(numbers)) == 1:
            return self.fit_constant(learned)
        model = SGDClassifier(loss="log_loss", alpha=1e-6, max_iter=8, tol=None, random_state=learned.seed)
        model.fit(hasher.transform(_looks_of_all(learned.features)), numbers)

        def tagged(features: np.ndarray) -> np.ndarray:
            there = features != ""
            shares = np.zeros((*features.shape, len(self.task.tags)))
            places = np.flatnonzero(there.reshape(-1))
            found = model.predict_proba(hasher.transform(_looks_of_all(features)))
            flat = shares.reshape(-1, len(self.task.tags))
            flat[places[:, None], model.classes_[None]] = found
            tags = decoded(shares, there.sum(axis=1).tolist(), self.task.tags, self.task.scheme)
            return _values(np.maximum(tags, 0))

        return tagged


def _values(tags: np.ndarray) -> np.ndarray:
    """Numbers of tags as scores take them; how probable the right ones were, nobody says."""
    return np.stack([tags, np.zeros(tags.shape)], axis=-1).astype(np.float32)


def _known(words: Sequence[str], names: dict[tuple[str, ...], str], longest: int) -> Iterator[Span]:
    """The names among words from left to right, of those that begin at a word the longest."""
    place = 0
    while place < len(words):
        lengths = range(min(longest, len(words) - place), 0, -1)
        count = next((n for n in lengths if tuple(words[place : place + n]) in names), 0)
        if count and names[tuple(words[place : place + count])] != OUTSIDE:
            yield Span(names[tuple(words[place : place + count])], place, place + count)
        place += count or 1


def _looks_of_all(sentences: np.ndarray) -> Iterator[list[str]]:
    for sentence in sentences:
        words = ["", "", *(word for word in sentence if word), "", ""]
        for place in range(2, len(words) - 2):
            yield _looks(words, place)


def _looks(words: Sequence[str], place: int) -> list[str]:
    """What there is to be seen of a word, and of two on either side."""
    word = words[place]
    lower = word.lower()
    around = [f"{shift}:{words[place + shift].lower()}" for shift in (-2, -1, 1, 2)]
    shapes = [f"s{shift}:{_shape(words[place + shift])}" for shift in (-1, 0, 1)]
    ends = [f"<{lower[:n]}" for n in (2, 3, 4)] + [f"{lower[-n:]}>" for n in (2, 3, 4)]
    return ["bias", f"0:{lower}", word, *around, *shapes, *ends]


def _shape(word: str) -> str:
    """`Xx` of London, `X` of NATO, `d` of 1984."""
    kinds = ["X" if c.isupper() else "x" if c.islower() else "d" if c.isdigit() else "-" for c in word]
    return "".join(kind for number, kind in enumerate(kinds) if not number or kinds[number - 1] != kind)
