"""The config for plain text: a small transformer that learns to write more of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.plain_text import read_texts
from bigmodel_cli.sources.tables.files import find_files
from bigmodel_cli.starter.writing import MODELINE, Written, path_from

# What files of plain text are called.
SUFFIXES = frozenset({".txt", ".md", ".text"})
# Of more different characters most are rare, and bytes know them all.
_MOST_CHARACTERS = 500
_LENGTH, _BATCH_SIZE, _STEPS, _EPOCHS = 64, 12, 2_000, 8
# A text that each window is drawn from several times is learned by heart without dropout.
_SHORT = 500_000
_LEAST = 20 * _LENGTH


def look_at_prose(paths: Sequence[Path], name: str, written_in: Path) -> Written:
    """The config for files of plain text.

    Args:
        paths: Files, or patterns of their names.
        name: Of the runs.
        written_in: The folder that the config will be in.

    Raises:
        DataError: If they are no text, or too short to learn from.
    """
    text = read_texts(paths, field=None, encoding=None, separator="")
    size, different = len(text), len(set(text))
    where = " and ".join(map(str, paths))
    if size < _LEAST:
        raise DataError(f"{where}: {size:,} characters are too few to learn from", hint="give a longer text")
    tokens = "characters" if different <= _MOST_CHARACTERS else "bytes"
    num_tokens = size if tokens == "characters" else len(text.encode("utf-8"))
    steps = min(_STEPS, max(200, 20 * num_tokens // (_LENGTH * _BATCH_SIZE)))
    windows = steps // _EPOCHS * _BATCH_SIZE
    dropout = ", dropout: 0.2" if num_tokens < _SHORT else ""
    decisions = [
        f"A transformer of 4 layers learns which of {tokens} comes next; {steps:,} steps of {_BATCH_SIZE} "
        f"windows of {_LENGTH}.",
        "The last tenth of the text is held out: its loss says how well new text is foreseen.",
    ]
    comments = "\n".join(f"# {decision}" for decision in decisions)
    yaml = f"""\
{MODELINE}
# Train with: bigmodel train THIS_FILE
# Then:       bigmodel generate "A beginning"
{comments}
name: {name}
seed: 0

data:
  source:
    text_files:
      path: {_path(written_in, paths)}
      tokens: {tokens}
      length: {_LENGTH}
      windows_per_epoch: {windows}
  validation: 0.1
  test: 0
  batch_size: {_BATCH_SIZE}

model:
  - token_and_position: {{width: 128}}
  - transformer: {{layers: 4, heads: 4, causal: true{dropout}}}
  - Dense: {{units: vocabulary_size}}

loss: {{SparseCategoricalCrossentropy: {{from_logits: true}}}}
optimizer:
  AdamW:
    learning_rate:
      CosineDecay: {{initial_learning_rate: 0, warmup_target: 3e-3, warmup_steps: {steps // 20}, alpha: 0.02}}
    beta_2: 0.99
    weight_decay: 0.1
    global_clipnorm: 1.0
metrics: [bits_per_byte, perplexity]    # after each epoch; the first one decides which is the best

training:
  epochs: {_EPOCHS}
"""
    seen = f"{files[0].name}:" if len(files := find_files(paths)) == 1 else f"{where}: {len(files):,} files,"
    found = f"{seen} {size:,} characters, {different:,} different ones"
    return Written(yaml, found, decisions)


def _path(written_in: Path, paths: Sequence[Path]) -> str:
    words = [path_from(written_in, path) for path in paths]
    return words[0] if len(words) == 1 else f"[{', '.join(words)}]"
