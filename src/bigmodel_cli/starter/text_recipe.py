"""The recipe for texts: vectors of words and of runs of characters, averaged, and what is linear in them."""

from __future__ import annotations

import math
from collections.abc import Iterator

from bigmodel_cli.starter.sizes import batch_size_for
from bigmodel_cli.starter.texts import SeenTexts, TextLengths
from bigmodel_cli.starter.writing import Recipe, quoted

_BATCH_SIZE = 64
# More steps than that learn the training texts by heart; an epoch has at least so many of them.
_STEPS, _FEWEST_EPOCHS, _MOST_EPOCHS = 800, 4, 60
_WIDTH = 32
_WORDS, _RUNS = 40_000, 60_000
# Of longer texts words say enough, and runs of characters would take longer than all else.
_MOST_LETTERS, _MOST_WORDS = 500, 400
# Where words do not stand apart, one to three characters are what a word is.
_RUNS_IN_WORDS, _RUNS_AS_WORDS = (3, 4, 5), (1, 2, 3)
# The step that makes a text's tokens vectors, and their place in the file, is Adam over all vectors.
_OPERATIONS_OF_ADAM = 6


def texts_recipe(seen: SeenTexts) -> Recipe:
    """What trains well on texts, without a change."""
    batch_size = batch_size_for(seen.num_train, _BATCH_SIZE)
    steps_per_epoch = math.ceil(seen.num_train / batch_size)
    epochs = max(_FEWEST_EPOCHS, min(_MOST_EPOCHS, math.ceil(_STEPS / steps_per_epoch)))
    views = list(_views(seen))
    names = [view.pooled for view in views]
    lines = [line for view in views for line in view.lines]
    joined = [f"- Concatenate: {{inputs: [{', '.join(names)}]}}"] if len(names) > 1 else []
    tokens = sum(view.length for view in views)
    vectors = sum(view.vocabulary for view in views) * _WIDTH
    per_epoch = 3.0 * tokens * _WIDTH * seen.num_train + _OPERATIONS_OF_ADAM * vectors * steps_per_epoch
    kinds = "words and runs of characters" if len(views) > len(seen.lengths) else "one view of each text"
    return Recipe(
        seen.source,
        batch_size,
        epochs,
        "5e-3",
        (),
        (),
        [*lines, *joined, "- Dropout: {rate: 0.5}"],
        per_epoch * epochs,
        [*seen.decisions, f"Vectors of {kinds}, averaged, for {seen.num_train:,} texts; {epochs} epochs."],
        monitor="null",
        why_monitored="the last epoch: the learning rate is 0 there",
    )


class _View:
    """One way to take a column's texts to pieces.

    Args:
        column: The column.
        name: What the step is called.
        options: Of `TextVectorization`, as YAML.
        vocabulary: Most different pieces.
        length: Most pieces of a text.
        comment: What it is.
    """

    def __init__(
        self, column: str, name: str, options: str, vocabulary: int, length: int, comment: str
    ) -> None:
        self.vocabulary, self.length = vocabulary, length
        self.pooled = f"by_{name}"
        self.lines = [
            f"# {comment}",
            "- TextVectorization:",
            f"    {{name: {name}, inputs: [{quoted(column)}], {options},",
            f"     max_tokens: {vocabulary}, output_sequence_length: {length}}}",
            f"- Embedding: {{input_dim: {name}.vocabulary_size, output_dim: {_WIDTH}, mask_zero: true}}",
            f"- masked_pooling: {{name: {self.pooled}}}",
        ]


def _views(seen: SeenTexts) -> Iterator[_View]:
    taken = {name.casefold() for name in seen.lengths}
    for number, (column, lengths) in enumerate(seen.lengths.items(), 1):
        ending = "" if len(seen.lengths) == 1 else f"_{number}"
        for word, view in _views_of(lengths):
            name = f"{word}{ending}"
            while name in taken or f"by_{name}" in taken:
                name = f"{name}_"
            yield _View(column, name, *view)


def _views_of(lengths: TextLengths) -> Iterator[tuple[str, tuple[str, int, int, str]]]:
    if lengths.has_words:
        # A pair begins with every word but the last.
        length = _rounded(2 * min(lengths.words, _MOST_WORDS))
        yield (
            "words",
            ("ngrams: 2", _WORDS, length, "Vectors of words and of pairs of them; their mean."),
        )
    if not lengths.has_words or lengths.letters <= _MOST_LETTERS:
        widths = _RUNS_IN_WORDS if lengths.has_words else _RUNS_AS_WORDS
        options = f"standardize: lower, split: character, ngrams: [{', '.join(map(str, widths))}]"
        length = _rounded(len(widths) * min(lengths.letters, _MOST_LETTERS))
        comment = f"The same of {widths[0]} to {widths[-1]} characters in a row: spellings, parts of words."
        yield "characters", (options, _RUNS, length, comment)


def _rounded(length: int) -> int:
    return max(10, math.ceil(length / 10) * 10)
