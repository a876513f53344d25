"""The config for questions about texts: what they share, how words are spelt, and what stands beside them."""

from __future__ import annotations

from pathlib import Path

from bigmodel_cli.sources.base import LoadContext
from bigmodel_cli.sources.squad import Squad
from bigmodel_cli.starter.split_files import files_beside
from bigmodel_cli.starter.writing import MODELINE, Written, path_from, plain_name

# What such a file has within its first bytes, and no table has.
_KEYS, _BEGINNING = (b'"paragraphs"', b'"qas"'), 2**16
_BATCH_SIZE = 16
# So many steps are about enough, whatever the data's size; of large data few epochs are.
_STEPS, _FEWEST_EPOCHS, _MOST_EPOCHS = 800, 4, 15


def is_of_questions(path: Path) -> bool:
    """Whether a file has questions about texts, and not the rows of a table."""
    if path.suffix.lower() != ".json" or not path.is_file():
        return False
    with path.open("rb") as file:
        beginning = file.read(_BEGINNING)
    return any(key in beginning for key in _KEYS)


def look_at_questions(path: Path, written_in: Path) -> Written:
    """The config for a file as SQuAD has them.

    Args:
        path: The file; those of other splits are looked for beside it.
        written_in: The folder that the config will be in.

    Raises:
        DataError: If a file is none such.
    """
    others = files_beside(path)
    source = Squad(path=path, **others).load(LoadContext())
    train = source.splits["train"]
    epochs = max(_FEWEST_EPOCHS, min(_MOST_EPOCHS, _STEPS * _BATCH_SIZE // max(1, len(train))))
    columns = "".join(f"      {split}: {path_from(written_in, other)}\n" for split, other in others.items())
    decisions = [
        "Texts of more than 256 words and signs are looked at in windows, which vote.",
        "What words of a text and of the question have in common is computed, since it takes many "
        "thousands of questions to learn it.",
    ]
    comments = "\n".join(f"# {decision}" for decision in decisions)
    yaml = f"""\
{MODELINE}
# Train with: bigmodel train THIS_FILE
# Then:       bigmodel predict --set question="Who met Bob?" --set context="Ann met Bob in Rome."
{comments}
name: {plain_name(path)}
seed: 0                                # the same seed gives the same splits, order and weights

data:
  source:
    squad:
      path: {path_from(written_in, path)}
{columns}\
      length: 256
      stride: 128
  # Where the data has no validation or test split of its own, a tenth of it is held out for each.
  batch_size: {_BATCH_SIZE}

{MODEL}
loss: {{SparseCategoricalCrossentropy: {{from_logits: true}}}}
optimizer:
  AdamW:
    learning_rate:
      CosineDecay: {{initial_learning_rate: 2e-3}}        # down to 0 at the last step
metrics: auto

training:
  epochs: {epochs}
  checkpoint: {{monitor: null}}            # the last epoch: the learning rate is 0 there
"""
    counts = {name: len({one.id for one in part.sought["label"]}) for name, part in source.splits.items()}
    many = ", ".join(f"{count:,} {split}" for split, count in counts.items())
    found = f"{path.name}: questions ({many}), {source.signature.task.described}"
    return Written(yaml, found, decisions)


MODEL = """\
model:
  - word_vectors: {name: asked_words, inputs: [question], width: 32, forgetting: 0.2}
  - token_convolutions: {name: asked, layers: 1, width: 48, dropout: 0.2}
  - word_vectors: {name: by_word, inputs: [context], width: 32, forgetting: 0.2}
  - word_characters: {name: by_spelling, inputs: [context], filters: 16, width: 8, length: 8}
  - word_matches: {name: by_match, inputs: [context, question], near: [3, 10, 25]}
  - Concatenate: {inputs: [by_word, by_spelling, by_match]}
  - token_convolutions: {layers: 3, width: 48, dropout: 0.2}
  - transformer_decoder:
      {inputs: [previous, asked], causal: false, layers: 1, heads: 2, feed_forward: 96, dropout: 0.2}
  - answer_span
"""
