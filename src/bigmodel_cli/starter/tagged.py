"""The config for words with tags: their vectors and spelling, and what stands beside them."""

from __future__ import annotations

from pathlib import Path

from bigmodel_cli.sources.base import LoadContext
from bigmodel_cli.sources.conll import Conll
from bigmodel_cli.sources.conll_reading import has_tagged_words
from bigmodel_cli.sources.sought_texts import TAGGED_SUFFIXES
from bigmodel_cli.starter.split_files import files_beside
from bigmodel_cli.starter.writing import MODELINE, Written, path_from, plain_name

_BATCH_SIZE = 32
# So many steps are about enough, whatever the data's size; of large data no epoch is seen twice for less.
_STEPS, _FEWEST_EPOCHS, _MOST_EPOCHS = 1_500, 5, 60
# Sentences from which on few words are new to the model.
_MANY = 10_000


def is_tagged(path: Path) -> bool:
    """Whether a file has words with tags, and not the rows of a table."""
    return path.suffix.lower() in TAGGED_SUFFIXES or has_tagged_words(path)


def look_at_tagged(path: Path, written_in: Path) -> Written:
    """The config for a file of words with tags.

    Args:
        path: The file; those of other splits are looked for beside it.
        written_in: The folder that the config will be in.

    Raises:
        DataError: If a file is none such.
    """
    others = files_beside(path)
    source = Conll(path=path, **others).load(LoadContext())
    task = source.signature.task
    train = source.splits["train"]
    epochs = max(_FEWEST_EPOCHS, min(_MOST_EPOCHS, _STEPS * _BATCH_SIZE // max(1, len(train))))
    forgetting = 0.1 if len(train) < _MANY else 0.05
    columns = "\n".join(f"      {split}: {path_from(written_in, other)}" for split, other in others.items())
    decisions = [
        "Each word is a vector of its own and one of its spelling, by which new words are known; "
        "convolutions see three words on either side.",
        f"A part of the words ({forgetting:.0%}) is forgotten in training, so that what is known by heart "
        "does not decide alone.",
    ]
    comments = "\n".join(f"# {decision}" for decision in decisions)
    yaml = f"""\
{MODELINE}
# Train with: bigmodel train THIS_FILE
# Then:       bigmodel predict --text "A sentence"
{comments}
name: {plain_name(path)}
seed: 0                                # the same seed gives the same splits, order and weights

data:
  source:
    conll:
      path: {path_from(written_in, path)}
{columns + chr(10) if columns else ""}\
  # Where the data has no validation or test split of its own, a tenth of it is held out for each.
  batch_size: {_BATCH_SIZE}

model:
  - word_vectors: {{name: by_word, inputs: [words], width: 64, forgetting: {forgetting}}}
  - word_characters: {{name: by_spelling, inputs: [words], filters: 64}}
  - Concatenate: {{inputs: [by_word, by_spelling]}}
  - Dropout: {{rate: 0.5}}
  - token_convolutions: {{layers: 2, width: 128, dropout: 0.2}}
  - Dropout: {{rate: 0.5}}
  - Dense: {{units: num_classes, activation: softmax}}

loss: SparseCategoricalCrossentropy
optimizer:
  AdamW:
    learning_rate:
      CosineDecay: {{initial_learning_rate: 3e-3}}        # down to 0 at the last step
metrics: auto

training:
  epochs: {epochs}
  checkpoint: {{monitor: null}}            # the last epoch: the learning rate is 0 there
"""
    many = ", ".join(f"{len(part):,} {split}" for split, part in source.splits.items())
    found = f"{path.name}: sentences ({many}), {task.described}"
    return Written(yaml, found, decisions)
