"""Rankings and their scores, against every order that equal scores may have, one by one."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from bigmodel_cli.distinct import Distinct
from bigmodel_cli.interactions import Had, Interactions
from bigmodel_cli.scoring.ranking_scores import (
    Asked,
    lists_of,
    popularity_groups,
    ranking_scores,
)
from bigmodel_cli.scoring.rankings import best, dot_scores, rank_all

KS = (1, 3, 5)


def _orders(scores: np.ndarray, out: set[int]) -> list[list[int]]:
    """All rankings of the items of one row, from the best on, that its scores allow."""
    places = [item for item in range(len(scores)) if item not in out]
    places.sort(key=lambda item: -scores[item])
    tied = [list(group) for _, group in itertools.groupby(places, key=lambda item: scores[item])]
    return [[item for part in parts for item in part] for parts in itertools.product(*map(_permuted, tied))]


def _permuted(items: list[int]) -> list[tuple[int, ...]]:
    return list(itertools.permutations(items))


def _of_order(order: list[int], wanted: list[int]) -> dict[str, float]:
    """Scores of one ranking and the items that are to be found in it, by their definitions."""
    places = [order.index(item) + 1 for item in wanted if item in order]
    found = {"mrr": 1 / min(places) if places else 0.0}
    for k in KS:
        inside = [place for place in places if place <= k]
        ideal = sum(1 / math.log2(place + 1) for place in range(1, min(len(wanted), k) + 1))
        found[f"recall@{k}"] = len(inside) / len(wanted)
        found[f"ndcg@{k}"] = sum(1 / math.log2(place + 1) for place in inside) / ideal
        found[f"hit_rate@{k}"] = float(bool(inside))
    return found


def _expected(scores: np.ndarray, wanted: list[int], out: set[int]) -> dict[str, float]:
    every = [_of_order(order, wanted) for order in _orders(scores, out)]
    return {name: float(np.mean([one[name] for one in every])) for name in every[0]}


@pytest.fixture(scope="module")
def tied():
    """Seven users, of whom one is hardly known, and eight items, many of which score the same."""
    rng = np.random.default_rng(5)
    of_users = rng.integers(0, 3, (7, 8)).astype(np.float32)
    of_users[0] = 1
    users = np.repeat(np.arange(7), [3, 2, 1, 2, 3, 1, 2])
    wanted = np.array([0, 4, 6, 1, 2, 3, 0, 5, 7, 6, -1, -1, 4, 5])
    out = {0: {1}, 1: {0, 3}, 3: {7}, 4: {0, 1, 2}, 6: {1, 2, 3, 6, 7}}
    pairs = np.array([(user, item) for user, items in out.items() for item in items])
    left_out = Had.of(pairs[:, 0], pairs[:, 1], 7, 8)
    ranked = rank_all(
        lambda rows: of_users[users[rows]], wanted, num_items=8, top=5, left_out=left_out.rows(users)
    )
    return of_users, users, wanted, out, ranked


def test_scores_are_the_mean_over_all_orders_of_equal_ones(tied):
    of_users, users, wanted, out, ranked = tied
    had = np.where(users == 2, 1, 4)
    popularity = np.array([9, 5, 4, 3, 2, 1, 0, 0])
    scores = ranking_scores(ranked, Asked(users, wanted, had), popularity, ks=KS, least=2, seed=0)
    expected = {
        user: _expected(of_users[user], wanted[users == user].tolist(), out.get(user, set()))
        for user in range(7)
    }
    known = [one for user, one in expected.items() if user != 2]
    found = {**scores.headline, **scores.others}
    for name in known[0]:
        assert found[name] == pytest.approx(np.mean([one[name] for one in known]), abs=1e-12), name
        apart = scores.details["told_apart"]
        assert apart[name] == pytest.approx(expected[2][name], abs=1e-12), name
        interval = scores.intervals[name]
        assert interval.low <= found[name] <= interval.high
    assert list(scores.headline) == ["recall@3", "ndcg@3"]
    assert (scores.details["users"], scores.details["rows"], scores.details["nowhere"]) == (6, 13, 2)
    assert (apart["users"], apart["rows"], scores.details["had_before"]) == (1, 1, 0)


def test_rankings_of_one_user_that_differ_count_by_their_rows():
    scores = np.array([[3, 2, 1, 0], [0, 1, 2, 3], [0, 1, 2, 3]], np.float32)
    wanted, users = np.array([1, 3, 1]), np.zeros(3, int)
    ranked = rank_all(lambda rows: scores[rows].copy(), wanted, num_items=4, top=4)
    lists = lists_of(users, scores)
    assert lists[1] == lists[2] != lists[0]
    asked = Asked(users, wanted, np.full(3, 5), lists)
    found = ranking_scores(ranked, asked, np.ones(4, int), ks=(1, 2), least=1, seed=0)
    second = (1 + 0) / (1 + 1 / math.log2(3))
    assert found.headline["ndcg@2"] == pytest.approx((1 / math.log2(3) + 2 * second) / 3)
    assert found.others["mrr"] == pytest.approx((1 / 2 + 2 * 1) / 3)
    assert found.others["hit_rate@1"] == 1 and found.intervals == {}


def test_what_a_user_had_is_not_recommended_and_its_rows_count_nowhere():
    scores = np.array([[4, 3, 2, 1]], np.float32)
    users, wanted = np.zeros(2, int), np.array([0, 2])
    left_out = Had.of(np.zeros(2, int), np.array([0, 1]), 1, 4).rows(users)
    ranked = rank_all(lambda rows: scores[users[rows]], wanted, num_items=4, top=3, left_out=left_out)
    assert ranked.found.tolist() == [False, True]
    assert ranked.candidates.tolist() == [2, 2]
    assert ranked.better.tolist() == [2, 0]
    assert ranked.top.tolist() == [[2, 3, -1]] * 2
    found = ranking_scores(
        ranked, Asked(users, wanted, np.full(2, 9)), np.ones(4, int), ks=(1,), least=5, seed=0
    )
    assert found.headline == {"recall@1": 1.0, "ndcg@1": 1.0}
    assert (found.details["had_before"], found.details["rows"]) == (1, 1)


def test_what_is_no_number_is_worst_and_never_found_first():
    scores = np.array([[np.nan, 1, -np.inf, 0]], np.float32)
    ranked = rank_all(lambda rows: scores[rows].copy(), np.array([0]), num_items=4, top=4)
    assert (ranked.better[0], ranked.equal[0]) == (2, 1)
    assert ranked.top.tolist() == [[1, 3, 0, 2]]


def test_blocks_of_rows_and_equal_items_change_nothing(monkeypatch):
    rng = np.random.default_rng(1)
    queries, items = (
        rng.standard_normal((40, 3)).astype(np.float32),
        np.repeat(np.eye(3, dtype=np.float32), 4, 0),
    )
    prior, wanted = np.zeros(12, np.float32), rng.integers(0, 12, 40)
    whole = rank_all(dot_scores(queries, Distinct.of(items), prior), wanted, num_items=12, top=7)
    monkeypatch.setattr("bigmodel_cli.scoring.rankings._AT_ONCE", 12 * 7)
    parts = rank_all(dot_scores(queries, Distinct.of(items), prior), wanted, num_items=12, top=7)
    for name in ("better", "equal", "candidates", "found", "top"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(parts, name))
    assert set(whole.equal.tolist()) == {3}
    assert (np.sort(whole.top[:, :4]) == whole.top[:, :4]).all()


def test_rows_of_one_list_are_ranked_by_scores_that_are_computed_once(monkeypatch):
    rng = np.random.default_rng(2)
    # Few values, so that many score the same, also where the last of the best stands.
    of_users = rng.integers(0, 40, (9, 200)).astype(np.float32)
    users, wanted = rng.integers(0, 9, 50), rng.integers(-1, 200, 50)
    pairs = np.unique(rng.integers(0, 9 * 200, 300))
    left_out = Had.of(pairs // 200, pairs % 200, 9, 200).rows(users)
    apart = rank_all(lambda rows: of_users[users[rows]], wanted, num_items=200, top=5, left_out=left_out)
    monkeypatch.setattr("bigmodel_cli.scoring.rankings._AT_ONCE", 200 * 4)
    asked = []

    def scores(rows):
        asked.extend(users[rows].tolist())
        return of_users[users[rows]]

    shared = rank_all(scores, wanted, num_items=200, top=5, left_out=left_out, lists=users)
    assert sorted(asked) == np.unique(users).tolist()
    for row in range(50):
        mine = of_users[users[row]].copy()
        mine[left_out[row]] = -np.inf
        assert apart.top[row].tolist() == np.argsort(-mine, kind="stable")[:5].tolist()
        is_found = wanted[row] >= 0 and mine[wanted[row]] > -np.inf
        assert apart.found[row] == is_found
        assert apart.candidates[row] == (mine > -np.inf).sum()
        better = (mine > mine[wanted[row]]).sum() if is_found else apart.candidates[row]
        assert apart.better[row] == better
        assert apart.equal[row] == ((mine == mine[wanted[row]]).sum() - 1 if is_found else 0)
    for name in ("better", "equal", "candidates", "found", "top"):
        np.testing.assert_array_equal(getattr(apart, name), getattr(shared, name))


def test_items_with_one_vector_score_the_same_wherever_they_stand():
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((3, 50)).astype(np.float32)[rng.integers(0, 3, 4099)]
    vectors[5, 0], vectors[7] = 0.0, vectors[5]
    vectors[7, 0] = -0.0
    queries = rng.standard_normal((33, 50)).astype(np.float32)
    distinct = Distinct.of(vectors)
    assert len(distinct.vectors) == 4
    scores = dot_scores(queries, distinct)(np.arange(33))
    np.testing.assert_allclose(scores, queries @ vectors.T, atol=1e-4)
    assert [len(np.unique(row)) for row in scores] == [4] * 33
    assert Distinct.of(vectors[:0]).places is None
    assert Distinct.of(rng.standard_normal((100, 2)).astype(np.float32)).places is None


def test_an_item_that_is_had_again_counts_once():
    scores = np.array([[3, 2, 1, 0]] * 5, np.float32)
    wanted, users = np.array([0, 2, 0, 0, -1]), np.array([0, 0, 0, 1, 1])
    ranked = rank_all(lambda rows: scores[rows].copy(), wanted, num_items=4, top=4)
    found = ranking_scores(
        ranked, Asked(users, wanted, np.full(5, 5)), np.ones(4, int), ks=KS, least=1, seed=0
    )
    once = [_of_order([0, 1, 2, 3], items) for items in ([0, 2], [0, -1])]
    every = {**found.headline, **found.others}
    for name in once[0]:
        assert every[name] == pytest.approx(np.mean([one[name] for one in once])), name
    assert (found.details["rows"], found.details["again"]) == (4, 1)
    # Another ranking is another question.
    lists = np.array([0, 0, 1, 2, 2])
    asked = Asked(users, wanted, np.full(5, 5), lists)
    assert ranking_scores(ranked, asked, np.ones(4, int), ks=KS, least=1, seed=0).details["again"] == 0


def test_nothing_to_rank():
    ranked = rank_all(lambda rows: np.zeros((0, 3)), np.zeros(0, int), num_items=3, top=2)
    nobody = Asked(np.zeros(0, int), np.zeros(0, int), np.zeros(0, int))
    found = ranking_scores(ranked, nobody, np.zeros(3, int), ks=(1, 2), least=5, seed=0)
    assert found.headline == {"recall@2": 0.0, "ndcg@2": 0.0}
    assert (found.details["users"], found.details["told_apart"]["users"]) == (0, 0)
    assert best(np.zeros((2, 0)), 3).tolist() == [[-1] * 3] * 2
    assert best(np.array([[1.0, -np.inf]]), 2).tolist() == [[0, -1]]


def test_coverage_and_novelty_and_groups():
    popularity = np.array([6, 3, 2, 1, 0])
    assert popularity_groups(popularity).tolist() == [0, 1, 2, 2, 2]
    assert popularity_groups(np.zeros(3, int)).tolist() == [2, 2, 2]
    scores = np.tile(popularity.astype(np.float32), (3, 1))
    wanted = np.array([0, 1, 4])
    ranked = rank_all(lambda rows: scores[rows].copy(), wanted, num_items=5, top=2)
    asked = Asked(np.arange(3), wanted, np.full(3, 5))
    found = ranking_scores(ranked, asked, popularity, ks=(1, 2), least=5, seed=0)
    assert found.others["coverage@1"] == 1 / 5
    assert found.others["coverage@2"] == 2 / 5
    assert found.others["novelty@2"] == pytest.approx((math.log2(17 / 7) + math.log2(17 / 4)) / 2)
    groups = {one["group"]: one for one in found.details["groups"]}
    assert [groups[name]["recall@2"] for name in ("head", "middle", "tail")] == [1.0, 1.0, 0.0]
    assert [groups[name]["interactions"] for name in ("head", "middle", "tail")] == [6, 3, 3]
    assert groups["tail"]["items"] == 3


def test_interactions_as_rows_and_counts():
    users, items = np.array([2, 0, 2, -1, 2, 0]), np.array([1, 3, 1, 0, -1, 0])
    of = Interactions(users, items, np.array([1.0, 2, 3, 4, 5, 6]), 3, 4)
    assert [of.had[user].tolist() for user in (0, 1, 2, -1)] == [[0, 3], [], [1], []]
    assert of.had.counts().tolist() == [2, 0, 1]
    picked = of.had.rows(np.array([2, -1, 0, 2]))
    assert [picked[row].tolist() for row in range(4)] == [[1], [], [0, 3], [1]]
    assert [part.tolist() for part in picked.pairs()] == [[0, 2, 2, 3], [1, 0, 3, 1]]
    assert of.counts().tolist() == [2, 2, 0, 1]
    assert of.user_counts().tolist() == [2, 0, 3]
    assert of.counts_since(3.0).tolist() == [2, 1, 0, 0]
    assert len(Interactions(users[:0], items[:0], None, 0, 0).had) == 0
