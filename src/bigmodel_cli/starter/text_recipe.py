"""The recipe for texts: words and runs of characters, as vectors that are averaged, or counted."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from bigmodel_cli.starter.sizes import batch_size_for
from bigmodel_cli.starter.texts import SeenTexts, TextLengths
from bigmodel_cli.starter.writing import Recipe, quoted

_BATCH_SIZE = 64
# More steps than that learn the training texts by heart; an epoch has at least so many of them.
_STEPS, _FEWEST_EPOCHS, _MOST_EPOCHS = 800, 4, 60
_WIDTH = 32
_WORDS, _RUNS = 40_000, 60_000
# Of fewer texts vectors know each by its rare words; what is linear in counts does not (docs/design.md).
# A text is as many numbers then as there are pieces, which are kept.
_FEW = 2_500
_FEW_WORDS, _FEW_RUNS, _STEPS_OF_FEW, _SCALE = 10_000, 30_000, 340, 30
# Of longer texts words say enough, and runs of characters would take longer than all else.
_MOST_LETTERS, _MOST_WORDS = 500, 400
# Where words do not stand apart, one to three characters are what a word is.
_RUNS_IN_WORDS, _RUNS_AS_WORDS = (3, 4, 5), (1, 2, 3)
_RUNS_OF_FEW = (2, 3, 4, 5)
# The step that makes a text's tokens vectors, and their place in the file, is Adam over all vectors.
_OPERATIONS_OF_ADAM = 6


def texts_recipe(seen: SeenTexts) -> Recipe:
    """What trains well on texts, without a change."""
    batch_size = batch_size_for(seen.num_train, _BATCH_SIZE)
    steps_per_epoch = math.ceil(seen.num_train / batch_size)
    is_few = seen.num_train < _FEW
    steps = _STEPS_OF_FEW if is_few else _STEPS
    epochs = max(_FEWEST_EPOCHS, min(_MOST_EPOCHS, math.ceil(steps / steps_per_epoch)))
    views = list(_views(seen, is_few=is_few))
    names = [view.result for view in views]
    lines = [line for view in views for line in view.lines(is_counted=is_few)]
    joined = [f"- Concatenate: {{inputs: [{', '.join(names)}]}}"] if len(names) > 1 else []
    if is_few:
        width = sum(view.vocabulary for view in views)
        per_epoch = 3.0 * width * seen.targets.count * seen.num_train
        ending = [f"- Rescaling: {{scale: {_SCALE}}}                 # a text has length 1 so far"]
    else:
        tokens = sum(view.length for view in views)
        vectors = sum(view.vocabulary for view in views) * _WIDTH
        per_epoch = 3.0 * tokens * _WIDTH * seen.num_train + _OPERATIONS_OF_ADAM * vectors * steps_per_epoch
        ending = ["- Dropout: {rate: 0.5}"]
    kinds = "words and runs of characters" if len(views) > len(seen.lengths) else "one view of each text"
    how = f"Counts of {kinds}, rare ones for more," if is_few else f"Vectors of {kinds}, averaged,"
    return Recipe(
        seen.source,
        batch_size,
        epochs,
        "5e-3",
        (),
        (),
        [*lines, *joined, *ending],
        per_epoch * epochs,
        [*seen.decisions, f"{how} for {seen.num_train:,} texts; {epochs} epochs."],
        monitor="null",
        why_monitored="the last epoch: the learning rate is 0 there",
    )


@dataclass(frozen=True)
class _View:
    """One way to take a column's texts to pieces.

    Attributes:
        column: The column.
        name: What the step is called.
        options: Of `TextVectorization`, as YAML.
        vocabulary: Most different pieces.
        length: Most pieces of a text.
        comment: What it is.
    """

    column: str
    name: str
    options: str
    vocabulary: int
    length: int
    comment: str

    @property
    def result(self) -> str:
        """What the step is called that gives one vector for a text."""
        return f"by_{self.name}"

    def lines(self, *, is_counted: bool) -> list[str]:
        """The steps as YAML; pieces are counted, or looked up one by one."""
        last = "output_mode: tf_idf" if is_counted else f"output_sequence_length: {self.length}"
        looked_up = [
            f"# {'Counts' if is_counted else 'Vectors'} of {self.comment}",
            "- TextVectorization:",
            f"    {{name: {self.name}, inputs: [{quoted(self.column)}], {self.options},",
            f"     max_tokens: {self.vocabulary}, {last}}}",
        ]
        if is_counted:
            return [*looked_up, f"- UnitNormalization: {{name: {self.result}}}"]
        return [
            *looked_up,
            f"- Embedding: {{input_dim: {self.name}.vocabulary_size, output_dim: {_WIDTH}, mask_zero: true}}",
            f"- masked_pooling: {{name: {self.result}}}",
        ]


def _views(seen: SeenTexts, *, is_few: bool) -> Iterator[_View]:
    taken = {name.casefold() for name in seen.lengths}
    for number, (column, lengths) in enumerate(seen.lengths.items(), 1):
        ending = "" if len(seen.lengths) == 1 else f"_{number}"
        for word, view in _views_of(lengths, is_few=is_few):
            name = f"{word}{ending}"
            while name in taken or f"by_{name}" in taken:
                name = f"{name}_"
            yield _View(column, name, *view)


def _views_of(lengths: TextLengths, *, is_few: bool) -> Iterator[tuple[str, tuple[str, int, int, str]]]:
    if lengths.has_words:
        # A pair begins with every word but the last.
        length = _rounded(2 * min(lengths.words, _MOST_WORDS))
        yield (
            "words",
            (
                "ngrams: 2",
                _FEW_WORDS if is_few else _WORDS,
                length,
                "words and of pairs of them.",
            ),
        )
    if not lengths.has_words or lengths.letters <= _MOST_LETTERS:
        in_words = _RUNS_OF_FEW if is_few else _RUNS_IN_WORDS
        widths = in_words if lengths.has_words else _RUNS_AS_WORDS
        options = f"standardize: lower, split: character, ngrams: [{', '.join(map(str, widths))}]"
        length = _rounded(len(widths) * min(lengths.letters, _MOST_LETTERS))
        comment = f"{widths[0]} to {widths[-1]} characters in a row: spellings, parts of words."
        yield "characters", (options, _FEW_RUNS if is_few else _RUNS, length, comment)


def _rounded(length: int) -> int:
    return max(10, math.ceil(length / 10) * 10)
