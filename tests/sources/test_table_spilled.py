"""A table whose columns do not fit into memory is the same table."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.sources import memory
from bigmodel_cli.sources.base import LoadContext
from bigmodel_cli.sources.stores import MappedStore
from bigmodel_cli.sources.table import TableOptions

ROWS = 3000


@pytest.fixture
def path(tmp_path):
    rng = np.random.default_rng(0)
    lines = ["age,color,when,note,label"]
    for row in range(ROWS):
        color = rng.choice(["red", "green", ""]) if row < 2500 else f"late {row % 3}"
        age = "" if row % 7 == 0 else f"{rng.normal():.3f}"
        note = f"the text of row {row} is like no other"
        lines.append(f"{age},{color},2024-01-{row % 28 + 1:02d},{note},{'ab'[row % 2]}")
    path = tmp_path / "people.csv"
    path.write_text("\n".join([*lines, ""]))
    return path


def loaded(path, warnings=None):
    warn = warnings.append if warnings is not None else lambda _: None
    return TableOptions(path=path, target="label").load(LoadContext(warn=warn)).splits["train"]


@pytest.fixture
def little_memory(monkeypatch):
    monkeypatch.setattr(memory, "memory_bytes", lambda: 100_000)


def test_columns_in_files_have_the_same_values(path, little_memory, monkeypatch):
    warnings: list[str] = []
    mapped = loaded(path, warnings)
    monkeypatch.undo()
    held = loaded(path)
    assert warnings == ["the table is larger than memory: its columns are read from files, which is slower"]
    assert {name for name, store in mapped.inputs.items() if isinstance(store, MappedStore)} == {
        "age",
        "color",
        "when",
    }
    some = np.random.default_rng(1).permutation(ROWS)[:500]
    for name, store in held.inputs.items():
        other = mapped.inputs[name]
        assert other.array is None or name == "note"
        expected = store.values_of(store.gather(some))
        np.testing.assert_array_equal(
            other.take(some).values_of(other.take(some).gather(np.arange(500))), expected
        )
        assert other.read(2999).tolist() == pytest.approx(store.read(2999).tolist(), nan_ok=True)
        assert other.name(17) == "people.csv[17]"


@pytest.mark.slow
def test_their_fingerprint_is_that_of_what_is_in_memory(path, little_memory, monkeypatch):
    one = loaded(path)
    with monkeypatch.context() as much_memory:
        much_memory.setattr(memory, "memory_bytes", lambda: None)
        assert one.fingerprint() == loaded(path).fingerprint()
    assert one.take(np.arange(10)).fingerprint() != one.take(np.arange(10)[::-1]).fingerprint()
    path.write_text(path.read_text().replace("red", "rot", 1))
    assert loaded(path).fingerprint() != one.fingerprint()
