"""What holds for whatever hypothesis makes up; of configs, config/test_fuzz.py has more."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bigmodel_cli.config.components import as_fraction
from bigmodel_cli.config.dump import to_yaml
from bigmodel_cli.config.reader import read_text
from bigmodel_cli.config.tree import to_plain
from bigmodel_cli.csv_rows import csv_row
from bigmodel_cli.kinds.array.kind import ArrayKind
from bigmodel_cli.pipeline.splits import make_splits
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples, Source
from bigmodel_cli.tasks.classification.task import Classification

pytestmark = pytest.mark.slow

_PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False)
    | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8")), min_size=1), max_size=4))
def test_rows_come_back(rows: list[list[str]]) -> None:
    text = "".join(csv_row(row) for row in rows)
    assert list(csv.reader(io.StringIO(text, newline=""))) == rows


@settings(deadline=None)
@given(_PLAIN)
def test_what_is_dumped_reads_back_the_same(value: Any) -> None:
    dumped = to_yaml({"value": value})
    assert to_plain(read_text(dumped, origin="c.yaml", folder=Path())) == {"value": value}


@given(st.integers(-999, 999), st.integers(1, 999))
def test_a_fraction_is_its_quotient(above: int, below: int) -> None:
    assert as_fraction(f"{above}/{below}") == above / below


@given(
    sizes=st.lists(st.integers(1, 12), min_size=1, max_size=8),
    share=st.floats(0.05, 0.6),
    seed=st.integers(0, 2**32),
)
def test_parts_are_disjoint_complete_and_fair(sizes: list[int], share: float, seed: int) -> None:
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    count = round(len(labels) * share)
    if not 0 < count < len(labels):
        return
    # The single feature of an example is its number.
    examples = Examples.of_arrays(np.arange(len(labels), dtype=np.int64)[:, None], labels, "train")
    signature = Signature.of(ArrayKind((1,), "int64"), Classification(tuple("abcdefgh")))
    splits = make_splits(Source({"train": examples}, signature), validation=share, test=0, seed=seed)
    held_out, kept = (part.store.array[:, 0].tolist() for part in (splits.validation, splits.train))
    assert len(held_out) == count
    assert sorted(held_out + kept) == list(range(len(labels)))
    assert held_out == sorted(held_out)
    assert kept == sorted(kept)
    if count <= len(labels) - len(sizes):
        # There is room to leave an example of each class in training.
        assert set(splits.train.labels.tolist()) == set(range(len(sizes)))
