"""Offsets of users and items: the least squares with a penalty, and who gets them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bigmodel_cli.baselines.measure import measure_baselines
from bigmodel_cli.kinds.category.kind import CategoryKind
from bigmodel_cli.listener import Silent
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.pipeline.splits import make_splits
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples, Source
from bigmodel_cli.sources.stores import CodedStore
from bigmodel_cli.tasks.regression.baseline import Offsets
from bigmodel_cli.tasks.regression.task import Regression


def ratings(num_users, num_items, count=4000):
    """Ratings of users and items that each have an offset, with some noise."""
    rng = np.random.default_rng(0)
    users, items = rng.integers(0, num_users, count), rng.integers(0, num_items, count)
    values = 7 + rng.normal(size=num_users)[users] + rng.normal(size=num_items)[items]
    return np.stack([users, items], axis=1), (values + rng.normal(scale=0.3, size=count)).astype(np.float32)


@pytest.mark.parametrize("weighted", [False, True])
def test_offsets_are_those_of_a_ridge_regression(weighted):
    codes, values = ratings(12, 9, 150)
    weights = np.random.default_rng(1).random(150) + 0.5 if weighted else np.ones(150)
    found = Offsets.fitted(codes, values[:, None].astype(np.float64), weights, penalty=4.0)
    hot = np.concatenate([np.eye(12)[codes[:, 0]], np.eye(9)[codes[:, 1]]], axis=1)
    mean = np.average(values, weights=weights)
    gram = hot.T @ (hot * weights[:, None]) + 4 * np.eye(21)
    exact = np.linalg.solve(gram, hot.T @ (weights * (values - mean)))
    np.testing.assert_allclose(found.tables[0][:12, 0], exact[:12], atol=1e-4)
    np.testing.assert_allclose(found.tables[1][:9, 0], exact[12:], atol=1e-4)
    unknown = found.values(np.array([[-1, -1], [99, 3]]))[:, 0]
    np.testing.assert_allclose(unknown, [mean, mean + exact[15]], atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(("num_items", "is_there"), [(90, True), (30, False)])
def test_biases_are_a_baseline_where_two_columns_have_many_categories(tiny, num_items, is_there):
    codes, values = ratings(100, num_items)
    names = [tuple(f"{letter}{n}" for n in range(count)) for letter, count in (("u", 100), ("i", num_items))]
    stores = [CodedStore(codes[:, place].astype(np.int32), names[place], "t") for place in (0, 1)]
    kinds = {"user": CategoryKind(names[0]), "item": CategoryKind(names[1])}
    examples = Examples(dict(zip(kinds, stores, strict=True)), {"rating": values})
    source = Source({"train": examples}, Signature(kinds, {"rating": Regression()}))
    splits = make_splits(source, validation=0.1, test=0.1, seed=0)
    document = measure_baselines(read_config(Path(tiny)).experiment, splits, Silent())
    scores = {one["name"]: {**one["test"]["metrics"], **one["test"]["scores"]} for one in document["models"]}
    errors = {name: found["root_mean_squared_error"] for name, found in scores.items()}
    assert ("biases" in errors) is is_there
    if is_there:
        assert errors["biases"] < 0.33 < errors["mean"]
