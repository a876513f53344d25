"""The sides of a model that finds items, whatever its layers compute in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bigmodel_cli.kinds.category.kind import CategoryKind
from bigmodel_cli.modeling.build import build_model
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.modeling.towers import sides
from bigmodel_cli.signature import Signature
from bigmodel_cli.tasks.retrieval.task import Retrieval

pytestmark = pytest.mark.tf
CONFIG = Path(__file__).resolve().parents[1] / "frozen" / "configs" / "visits.yaml"
NAMES = ("a", "b", "c")


class Rows:
    """Training rows of three names in each column."""

    def batches(self):
        raise TypeError("rows are read by column")

    def values(self, name, most=None):
        return np.array(NAMES, object)


@pytest.mark.parametrize("normalized", [True, False])
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_sides_are_found_and_multiplied_in_float32(tmp_path, policy, normalized):
    import keras
    import tensorflow as tf

    text = CONFIG.read_text().replace("temperature: 0.3", f"temperature: 0.3, normalized: {normalized}")
    (tmp_path / "c.yaml").write_text(text)
    signature = Signature(
        {name: CategoryKind(NAMES) for name in ("who", "place", "kind")}, {"place": Retrieval("who", "day")}
    )
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        experiment = read_config(tmp_path / "c.yaml").experiment
        model = build_model(experiment, signature, total_steps=1, data=Rows()).model
    finally:
        keras.config.set_dtype_policy(before)
    rows = {tensor.name: tf.constant(NAMES) for tensor in model.inputs}
    asks, item = sides(model)
    assert ({tensor.name for tensor in asks.inputs}, {tensor.name for tensor in item.inputs}) == (
        {"who"},
        {"place", "kind"},
    )
    assert model.output.dtype == asks.output.dtype == item.output.dtype == "float32"
    halves = [side({one.name: rows[one.name] for one in side.inputs}) for side in (asks, item)]
    np.testing.assert_allclose(np.concatenate(halves, axis=1), np.asarray(model(rows)), atol=1e-7)
    if normalized:
        np.testing.assert_allclose(np.linalg.norm(halves[1], axis=1), 1, atol=1e-6)
