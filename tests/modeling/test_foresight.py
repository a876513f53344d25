"""A model that sees the tokens which it is to foretell is refused, by the step that looks ahead."""

from __future__ import annotations

from pathlib import Path

import pytest

from bigmodel_cli.errors import ConfigError
from bigmodel_cli.kinds.subwords.kind import SubwordsKind
from bigmodel_cli.kinds.tokens.kind import TokensKind
from bigmodel_cli.modeling.build import build_model
from bigmodel_cli.modeling.foresight import refuse_foresight
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.signature import Signature
from bigmodel_cli.tasks.generation.task import Generation
from bigmodel_cli.tasks.translation.task import Translation
from bigmodel_cli.vocabulary.letters import Letters, PaddedBytes

pytestmark = pytest.mark.tf

LENGTH = 8
LETTERS = Letters("characters", "abcdefgh")
TEXT = Signature({"input": TokensKind(LENGTH, LETTERS)}, {"label": Generation(LENGTH, LETTERS)})
BYTES = PaddedBytes()
PAIRS = Signature(
    {"en": SubwordsKind(LENGTH, BYTES), "de.before": SubwordsKind(LENGTH, BYTES, "de")},
    {"de": Translation(LENGTH, BYTES)},
)
OF_TEXT = """\
data: {{source: {{text_files: {{path: a.txt, length: 8}}}}}}
loss: SparseCategoricalCrossentropy
optimizer: Adam
model:
  - Embedding: {{input_dim: vocabulary_size, output_dim: 6}}
  - {step}
  - Dense: {{units: vocabulary_size, activation: softmax}}
"""
OF_PAIRS = """\
data:
  source:
    table: {{path: a.tsv, target: de, columns: {{en: {{subwords: {{tokenizer: bytes}}}}, de: {{subwords: {{tokenizer: bytes}}}}}}}}
loss: {{SparseCategoricalCrossentropy: {{from_logits: true}}}}
optimizer: Adam
model:
  - token_and_position: {{inputs: [en], width: 8, length: 8}}
  - transformer: {{name: encoded, layers: 1, heads: 2}}
  - token_and_position: {{inputs: [de.before], width: 8, length: 8}}
  - {step}
  - Dense: {{units: de.vocabulary_size}}
"""  # noqa: E501
CAUSAL = "transformer_decoder: {inputs: [previous, encoded], layers: 1, heads: 2}"


def looked_at(folder: Path, config: str, signature: Signature) -> None:
    (folder / "c.yaml").write_text(config)
    experiment = read_config(folder / "c.yaml").experiment
    built = build_model(experiment, signature, total_steps=1)
    # Training has the layers in further graphs.
    built.model(built.model.input)
    refuse_foresight(built, signature, experiment.model)


@pytest.mark.parametrize(
    ("step", "advice"),
    [
        ("transformer: {layers: 1, heads: 2}", "write causal: true"),
        ("Conv1D: {filters: 4, kernel_size: 3, padding: same}", "write padding: causal"),
        ("Bidirectional: {layer: {GRU: {units: 3, return_sequences: true}}}", "its layer alone"),
        ("token_convolutions: {layers: 1}", "what goes from token to token is"),
    ],
)
def test_what_looks_ahead_is_named(tmp_path, step, advice):
    with pytest.raises(ConfigError, match="a place sees the tokens behind it") as error:
        looked_at(tmp_path, OF_TEXT.format(step=step), TEXT)
    assert f"c.yaml:6:5: model.1.{step.split(':')[0]}: " in str(error.value)
    assert advice in str(error.value)


@pytest.mark.parametrize(
    "step",
    [
        "transformer: {layers: 1, heads: 2, causal: true}",
        "Conv1D: {filters: 4, kernel_size: 3, padding: causal}",
        "GRU: {units: 3, return_sequences: true}",
    ],
)
def test_what_goes_from_token_to_token_is_none(tmp_path, step):
    looked_at(tmp_path, OF_TEXT.format(step=step), TEXT)


def test_of_a_translation_the_text_so_far_counts(tmp_path):
    looked_at(tmp_path, OF_PAIRS.format(step=CAUSAL), PAIRS)
    ahead = f"transformer: {{layers: 1, heads: 2}}\n  - {CAUSAL}"
    with pytest.raises(ConfigError, match=r"c.yaml:10:5: model\.3\.transformer: a place sees"):
        looked_at(tmp_path, OF_PAIRS.format(step=ahead), PAIRS)
