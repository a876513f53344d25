"""Files that `saved_model` steps name: `check` looks at them before TensorFlow does."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

CONFIG = """\
name: elsewhere
data: {source: digits}
model:
  - saved_model:
      path: FILE
      sha256: SUM
      activation: softmax
loss: SparseCategoricalCrossentropy
optimizer: Adam
"""
H5 = b"\x89HDF\r\n\x1a\n and more"


@pytest.mark.parametrize(
    ("name", "content", "line", "says"),
    [
        ("cut.keras", b"PK and no more", "5:13", "damaged, or not a .keras file"),
        ("cut.h5", b"no HDF5", "5:13", "damaged, or not an .h5 file"),
        ("folder.keras", None, "5:13", "a folder; expected a .keras file"),
        ("other.h5", H5, "6:15", "is not the file that it was: its sha256 is another one"),
    ],
)
def test_a_wrong_file_has_its_line(
    bigmodel, tmp_path: Path, name: str, content: bytes | None, line: str, says: str
) -> None:
    file = tmp_path / name
    file.mkdir() if content is None else file.write_bytes(content)
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.replace("FILE", str(file)).replace("SUM", 64 * "a"))
    ended = bigmodel("check", config)
    assert ended.code == 2
    assert f"{config}:{line}: model.0.saved_model." in ended.err and says in ended.err


def test_a_missing_one_may_be_elsewhere(bigmodel, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.replace("FILE", "nowhere.keras").replace("SUM", 64 * "a"))
    ended = bigmodel("check", config)
    assert ended.code == 0
    says = f"{config}:5:13: model.0.saved_model.path: there is no {tmp_path / 'nowhere.keras'}"
    assert f"warning: {says}" in ended.err
    strict = bigmodel("check", config, "--strict")
    assert strict.code == 2 and says in strict.err


def test_the_file_that_is_meant_is_no_problem(bigmodel, tmp_path: Path) -> None:
    (tmp_path / "right.h5").write_bytes(H5)
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.replace("FILE", "right.h5").replace("SUM", hashlib.sha256(H5).hexdigest()))
    ended = bigmodel("check", config, "--strict")
    assert (ended.code, "error" in ended.err) == (0, False)
