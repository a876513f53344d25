"""Runs of texts that are killed and go on: one for each thing that texts are trained for."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

_COUNT = 600 if os.environ.get("BIGMODEL_FAULTS") == "long" else 300
_TRAINING = """\
optimizer: {Adam: {learning_rate: 0.01}}
metrics: [accuracy]
training:
  epochs: 8
  deterministic: true
  steps_per_execution: 7
  checkpoint: {monitor: val_loss, every: 20 steps, keep: 2}
"""
# Tokens, attention and a recurrent layer, each with dropout; texts without any token are among them.
_CLASSES = """\
name: survivor
data:
  source: {table: {path: DATA, target: label, columns: {text: {text: {}}}}}
  batch_size: 17
preprocessing:
  text: [{TextVectorization: {output_sequence_length: 9}}]
model:
  - token_and_position: {width: 8, dropout: 0.1}
  - transformer: {layers: 1, heads: 2, positions: rotary, dropout: 0.2}
  - GRU: {units: 8, dropout: 0.2, recurrent_dropout: 0.2, return_sequences: true}
  - masked_pooling
  - Dense: {units: num_classes, activation: softmax}
loss: SparseCategoricalCrossentropy
"""
# Words are forgotten at random, and sentences have other lengths.
_TAGS = """\
name: survivor
data:
  source: {conll: {path: DATA}}
  batch_size: 17
model:
  - word_vectors: {name: by_word, inputs: [words], width: 8, forgetting: 0.1}
  - word_characters: {name: by_spelling, inputs: [words], filters: 8}
  - Concatenate: {inputs: [by_word, by_spelling]}
  - Dropout: {rate: 0.3}
  - token_convolutions: {layers: 1, width: 8, dropout: 0.2}
  - Dense: {units: num_classes, activation: softmax}
loss: SparseCategoricalCrossentropy
"""
# A tokenizer that is learnt, batches by length, a decoder.
_PAIRS = """\
name: survivor
data:
  source:
    table:
      path: DATA
      target: {backwards: {beams: 2}}
      columns:
        text: {subwords: {tokenizer: {bpe: {vocabulary_size: 280}}, length: 16}}
        backwards: {subwords: {tokenizer: {same_as: text}, length: 16}}
  batch_size: 17
model:
  - token_and_position: {inputs: [text], width: 8, length: 16, dropout: 0.1}
  - transformer: {name: encoded, layers: 1, heads: 2, dropout: 0.1}
  - token_and_position: {inputs: [backwards.before], width: 8, length: 16, dropout: 0.1}
  - transformer_decoder: {inputs: [previous, encoded], layers: 1, heads: 2, dropout: 0.1}
  - Dense: {units: backwards.vocabulary_size}
loss: {CategoricalCrossentropy: {from_logits: true, label_smoothing: 0.1}}
"""
# Windows that are drawn, and a text that is written after each epoch.
_PROSE = """\
name: survivor
data:
  source: {text_files: {path: DATA, tokens: characters, length: 16, windows_per_epoch: 400}}
  validation: 0.1
  test: 0.1
  batch_size: 17
model:
  - token_and_position: {width: 8, dropout: 0.1}
  - transformer: {layers: 1, heads: 2, causal: true, dropout: 0.2}
  - Dense: {units: vocabulary_size}
loss: {SparseCategoricalCrossentropy: {from_logits: true}}
"""


def _sentences(count: int) -> list[list[str]]:
    """Made-up sentences of up to eight words; some have none."""
    chance = random.Random(0)
    words = ["a", "house", "far", "tree", "sings", "red", "green"]
    return [chance.choices(words, k=number % 9) for number in range(count)]


def _is_colour(word: str) -> bool:
    return word in ("red", "green")


def _labelled() -> str:
    lines = [
        f"{'colour' if any(map(_is_colour, words)) else 'none'},{' '.join(words) or ':)'}"
        for words in _sentences(_COUNT)
    ]
    return "\n".join(["label,text", *lines, ""])


def _tagged() -> str:
    parts = [
        "".join(f"{word}\t{'B-colour' if _is_colour(word) else 'O'}\n" for word in words)
        for words in _sentences(_COUNT)
        if words
    ]
    return "\n".join(parts)


def _both_ways() -> str:
    lines = [f"{' '.join(words)}\t{' '.join(reversed(words))}" for words in _sentences(_COUNT) if words]
    return "\n".join(["text\tbackwards", *lines, ""])


def _told() -> str:
    return "\n".join(" ".join(words) for words in _sentences(_COUNT))


# What the data's file is called, what is in it, and the config.
_ALL: dict[str, tuple[str, Callable[[], str], str]] = {
    "texts": ("texts.csv", _labelled, _CLASSES),
    "tags": ("tags.conll", _tagged, _TAGS),
    "pairs": ("pairs.tsv", _both_ways, _PAIRS),
    "prose": ("prose.txt", _told, _PROSE),
}
NAMES = tuple(_ALL)


def text_survivor(name: str, folder: Path) -> str:
    """A config whose data are written into a folder."""
    file, write, config = _ALL[name]
    (folder / file).write_text(write())
    training = _TRAINING.replace("metrics: [accuracy]\n", "") if name == "prose" else _TRAINING
    return config.replace("DATA", str(folder / file)) + training
