"""Recommending without a model, against sums over pairs of items, and on real data against others."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from bigmodel_cli.interactions import DAY, Interactions
from bigmodel_cli.recommending.simple import item_cosine, most_popular, popular_lately
from bigmodel_cli.scoring.ranking_scores import Asked, ranking_scores
from bigmodel_cli.scoring.rankings import rank_all


@pytest.fixture(scope="module")
def few():
    rng = np.random.default_rng(2)
    users, items = rng.integers(0, 9, 60), rng.integers(0, 7, 60)
    return Interactions(users, items, np.arange(60) * DAY / 2, 9, 8)


def test_cosine_is_that_of_columns(few):
    had = np.zeros((9, 8))
    had[few.users, few.items] = 1
    lengths = np.maximum(np.linalg.norm(had, axis=0), 1e-9)
    alike = (had.T @ had) / lengths / lengths[:, np.newaxis]
    np.fill_diagonal(alike, 0)
    users = np.array([3, -1, 0, 3])
    expected = np.where(users[:, np.newaxis] >= 0, had[users] @ alike, 0)
    np.testing.assert_allclose(item_cosine(few)(users), expected, atol=1e-6)


def test_popular_is_counted(few):
    assert most_popular(few)(np.array([5, -1])).tolist() == [few.counts().tolist()] * 2
    lately = few.take(np.arange(60) >= 59 - 4)
    assert popular_lately(few, 2)(np.array([0])).tolist() == [lately.counts().tolist()]


def test_films(shared_data):
    """Recall@20 and NDCG@20 of those who have five ratings before the last tenth, as others measured them."""
    films = shared_data("movietweetings_100k")
    with (films / "ratings.csv").open(encoding="utf-8") as file:
        users, items, times = zip(
            *((row["user"], row["item"], float(row["timestamp"])) for row in csv.DictReader(file)),
            strict=True,
        )
    with (films / "items.csv").open(encoding="utf-8") as file:
        names = {row["item"]: place for place, row in enumerate(csv.DictReader(file))}
    order = np.argsort(times, kind="stable")
    _, of_users = np.unique(users, return_inverse=True)
    every = Interactions(
        of_users, np.array([names[item] for item in items]), np.array(times), len(set(users)), len(names)
    )
    train, test = every.take(order[:90_000]), every.take(order[90_000:])
    test = test.take(train.user_counts()[test.users] >= 5)
    asked = Asked(test.users, test.items, train.user_counts()[test.users])
    found = {}
    for name, scored in (
        ("popular", most_popular(train)),
        ("lately", popular_lately(train, 7)),
        ("cosine", item_cosine(train)),
    ):
        ranked = rank_all(
            lambda rows, of=scored: of(test.users[rows]),
            test.items,
            num_items=len(names),
            top=20,
            left_out=train.had.rows(test.users),
        )
        scores = ranking_scores(ranked, asked, train.counts(), ks=(20,), least=5, seed=0)
        assert scores.details["users"] == 1861
        found[name] = [round(score, 4) for score in scores.headline.values()]
    assert found == {"popular": [0.1661, 0.0826], "lately": [0.2763, 0.1586], "cosine": [0.1382, 0.0721]}
