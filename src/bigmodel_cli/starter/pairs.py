"""The config for pairs of texts: one of them is written from the other."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bigmodel_cli.sources.tables.columns import Texts
from bigmodel_cli.sources.tables.names import shown
from bigmodel_cli.sources.tables.survey import Survey
from bigmodel_cli.sources.tables.table import Table, open_table
from bigmodel_cli.sources.tables.values import read
from bigmodel_cli.starter.sizes import train_size, warmup_of
from bigmodel_cli.starter.split_files import files_beside
from bigmodel_cli.starter.texts import TextLengths
from bigmodel_cli.starter.writing import MODELINE, Written, comment_lines, path_from, plain_name, quoted
from bigmodel_cli.words import words_in

_TEXT = "text"
_BATCH_SIZE = 64
# So many steps are about enough, whatever the data's size; of large data no epoch is seen twice for less.
_STEPS, _FEWEST_EPOCHS, _MOST_EPOCHS = 3_000, 5, 100
_WARMUP = 300
# Of few texts most words are seen too seldom to be tokens of their own.
_PAIRS_PER_TOKEN, _FEWEST_TOKENS, _MOST_TOKENS = 2.5, 300, 8_000
# Bytes are tokens anyway, and words that come so often become some in any part of the pairs.
_BYTES, _OFTEN = 256, 5
# Texts that words are counted in.
_COUNTED = 50_000
# Few texts are twice as long as most, and a token is two letters or more of nearly any text.
_LENGTHS = (16, 256)


def written_from(surveyed: Survey, told: str | None) -> tuple[str, str] | None:
    """The column with the text that is given, and the one that is written from it; None: there are none such.

    Args:
        surveyed: The columns of a table.
        told: The column that the person wants; None: the second of two texts, where nothing else is there.
    """
    texts = [name for name, facts in surveyed.columns.items() if facts.kind == _TEXT]
    if told in texts:
        others = [name for name in texts if name != told]
        place = texts.index(told)
        return (others[max(0, place - 1)], told) if others else None
    left = [name for name, facts in surveyed.columns.items() if facts.kind not in ("id", "constant")]
    return (texts[0], texts[1]) if told is None and len(texts) == 2 and left == texts else None


def look_at_pairs(table: Table, surveyed: Survey, columns: tuple[str, str], written_in: Path) -> Written:
    """The config that learns to write one text from another.

    Args:
        table: It, opened.
        surveyed: What is known of its columns; of a survey that kept what it read.
        columns: The column that is given, and the one that is written.
        written_in: The folder that the config will be in.

    Raises:
        TableError: If a cell cannot be read.
    """
    given, target = columns
    path = table.files[0].path
    cells = read(table, {name: surveyed.columns[name] for name in columns}, surveyed.kept)
    texts = {name: cell for name, cell in cells.items() if isinstance(cell, Texts)}
    splits = files_beside(path, lambda other: open_table(other).names == table.names)
    rows = surveyed.num_rows - surveyed.columns[target].missing
    num_train = train_size(rows, len(splits))
    epochs = max(_FEWEST_EPOCHS, min(_MOST_EPOCHS, math.ceil(_STEPS * _BATCH_SIZE / num_train)))
    tokens = min(_MOST_TOKENS, max(_FEWEST_TOKENS, round(num_train / _PAIRS_PER_TOKEN, -2)))
    tokens = int(min(tokens, _surely_found(texts.values())))
    warmup = warmup_of(epochs * math.ceil(num_train / _BATCH_SIZE), _WARMUP)
    plan = _Plan(given, target, {name: _length(texts[name]) for name in columns}, tokens, epochs, warmup)
    decisions = [
        f"{shown(target)} is written from {shown(given)}, token by token; another one: init --target NAME.",
        f"One tokenizer of up to {plan.tokens:,} pieces of words, learnt from both columns of the training "
        "split (needs: pip install 'bigmodel-cli[text]'; tokenizer: bytes needs nothing).",
        f"Two layers read, two write; {epochs} epochs for {num_train:,} pairs.",
    ]
    source = {option: path_from(written_in, file) for option, file in {"path": path, **splits}.items()}
    source["target"] = quoted(target)
    if surveyed.columns[target].missing:
        source["missing_target"] = "drop"
    found = f"a table of {surveyed.num_rows:,} pairs of texts, {shown(given)} and {shown(target)}"
    return Written(plan.yaml(plain_name(path), source, decisions), found, decisions)


def _surely_found(columns: Iterable[Texts]) -> int:
    """How many tokens the training split has at least, whichever pairs are in it."""
    counts: Counter[str] = Counter()
    for texts in columns:
        for row in range(min(len(texts), _COUNTED)):
            counts.update(word.text for word in words_in(texts[row]))
    return _BYTES + sum(count >= _OFTEN for count in counts.values())


def _length(texts: Texts) -> int:
    """So many tokens that hardly a text is cut."""
    least, most = _LENGTHS
    return max(least, min(most, math.ceil(TextLengths.of(texts).letters / 16) * 16))


@dataclass(frozen=True)
class _Plan:
    """What is decided of a config.

    Attributes:
        given: The column that is read.
        target: The one that is written.
        lengths: Most tokens of a text, by column.
        tokens: Most different tokens.
        epochs: Over all pairs.
        warmup: Steps in which the learning rate rises.
    """

    given: str
    target: str
    lengths: Mapping[str, int]
    tokens: int
    epochs: int
    warmup: int

    def yaml(self, name: str, source: Mapping[str, str], decisions: Sequence[str]) -> str:
        """The config; of the source come its options, but for the columns."""
        comments = [line for decision in decisions for line in comment_lines(decision)]
        return f"""\
{MODELINE}
# Train with: bigmodel train THIS_FILE
# Then:       bigmodel predict --text "A text to begin with"
{_lines(0, comments)}
name: {name}
seed: 0                                # the same seed gives the same splits, order and weights

data:
  source:
    table:
{_lines(6, (f"{option}: {value}" for option, value in source.items()))}
      columns:
{_lines(8, self._columns())}
  # Where the data has no validation or test split of its own, a tenth of it is held out for each.
  batch_size: {_BATCH_SIZE}

model:
{_lines(2, self._model())}

loss: {{CategoricalCrossentropy: {{from_logits: true, label_smoothing: 0.1}}}}
optimizer:
  Adam:
    learning_rate:                     # up at first, then down to 0 at the last step
      CosineDecay: {{initial_learning_rate: 0.0, warmup_target: 2e-3, warmup_steps: {self.warmup}}}
    beta_2: 0.98
metrics: [accuracy]                    # of tokens, of the right text so far

training:
  epochs: {self.epochs}
  checkpoint: {{monitor: null}}            # the last epoch: the learning rate is 0 there
"""

    def _columns(self) -> Iterator[str]:
        own = f"{{bpe: {{vocabulary_size: {self.tokens}}}}}"
        for name, tokenizer in ((self.given, own), (self.target, f"{{same_as: {quoted(self.given)}}}")):
            yield f"{quoted(name)}: {{subwords: {{tokenizer: {tokenizer}, length: {self.lengths[name]}}}}}"

    def _model(self) -> Iterator[str]:
        before = quoted(f"{self.target}.before")
        yield f"- token_and_position: {{inputs: [{quoted(self.given)}], {self._tokens(self.given)}}}"
        yield f"- transformer: {{name: encoded, {_LAYERS}}}"
        yield "# What is written so far, and what was made of the other text."
        yield f"- token_and_position: {{inputs: [{before}], {self._tokens(self.target)}, tied: true}}"
        yield f"- transformer_decoder: {{inputs: [previous, encoded], {_LAYERS}}}"
        yield "- token_logits                      # by the vectors of the tokens themselves"

    def _tokens(self, column: str) -> str:
        return f"width: 128, length: {self.lengths[column]}, dropout: 0.2"


_LAYERS = "layers: 2, heads: 4, feed_forward: 256, dropout: 0.2"


def _lines(indent: int, lines: Iterable[str]) -> str:
    return "\n".join(" " * indent + line for line in lines)
