"""Small configs that tests of several folders write, search, split and train."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# Its training is never begun: what is read is its language.
DIGITS = """\
data: {source: digits, batch_size: 32}
model:
  - Flatten
  - Dense: {units: 16, activation: relu}
  - Dropout: {rate: 0.1}
  - Dense: {units: num_classes, activation: softmax}
loss: SparseCategoricalCrossentropy
optimizer: {Adam: {learning_rate: 1e-3}}
training: {epochs: 3}
"""


def trains_in_a_moment(*, num_examples: int, learning_rate: str, epochs: int) -> str:
    """A config that always trains to the same numbers."""
    return f"""\
name: small
data:
  source: {{synthetic: {{shape: [6], num_classes: 3, num_examples: {num_examples}}}}}
  batch_size: 32
model:
  - Dense: {{units: 8, activation: relu}}
  - Dropout: {{rate: 0.1}}
  - Dense: {{units: num_classes, activation: softmax}}
loss: SparseCategoricalCrossentropy
optimizer: {{Adam: {{learning_rate: {learning_rate}}}}}
training: {{epochs: {epochs}, deterministic: true}}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "small.yaml"
    path.write_text(text)
    return path


def begin(*words: str | Path) -> subprocess.Popen[str]:
    """`bigmodel` in a process of its own, which a test may stop."""
    command = [sys.executable, "-m", "bigmodel_cli", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
