"""The best items for users, against scores of all of them, one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from catalogues import ITEMS, USERS, small_catalogue

from bigmodel_cli.errors import UsageError
from bigmodel_cli.recommending.names import Names
from bigmodel_cli.recommending.products import best_products
from bigmodel_cli.recommending.recommend import Recommender, Wish


@pytest.fixture(scope="module")
def catalogue():
    return small_catalogue()


def _names(answer):
    return [item.name for item in answer.items]


def _expected(catalogue, user, top, may=lambda item: True, scores=None):
    if scores is None:
        scores = catalogue.item_vectors @ catalogue.user_vectors[user] + catalogue.prior
    places = [item for item in np.argsort(-scores, kind="stable") if may(item)]
    return [f"i{item}" for item in places[:top]]


def test_users_get_what_scores_best_and_they_have_not_had(catalogue):
    wish = Recommender(catalogue, Wish(top=7))
    for user, answer in enumerate(wish.users([f"u{user}" for user in range(USERS - 1)])):
        assert answer.asked == {"user": f"u{user}"} and answer.remarks == []
        assert _names(answer) == _expected(
            catalogue, user, 7, lambda item, u=user: item not in catalogue.had[u]
        )
        item = answer.items[0]
        number = int(item.name[1:])
        score = catalogue.item_vectors[number] @ catalogue.user_vectors[user] + catalogue.prior[number]
        assert item.score == pytest.approx(score, abs=1e-5)
        assert item.columns == {
            "genres": [["Drama", "War"], ["Comedy"], []][number % 3],
            "year": [["1999"], ["2010"]][number % 2],
        }
    assert [_names(one) for one in wish.everybody()][:-1] == [
        _names(one) for one in wish.users([f"u{user}" for user in range(USERS - 1)])
    ]
    (seen,) = Recommender(catalogue, Wish(top=7, leaves_out_seen=False)).users(["u11"])
    assert _names(seen) == _expected(catalogue, 11, 7)
    # Where nobody says whether, the run's config does.
    (kept,) = Recommender(replace(catalogue, leaves_out_seen=False), Wish(top=7)).users(["u11"])
    assert _names(kept) == _names(seen)


def test_blocks_of_users_change_nothing(catalogue, monkeypatch):
    whole = [one.as_json() for one in Recommender(catalogue, Wish()).everybody()]
    monkeypatch.setattr("bigmodel_cli.recommending.recommend._AT_ONCE", 5)
    parts = [one.as_json() for one in Recommender(catalogue, Wish()).everybody()]
    for one, other in zip(whole, parts, strict=True):
        for item in (*one["items"], *other["items"]):
            item["score"] = round(item["score"], 4)
        assert one == other


@pytest.mark.parametrize(
    ("where", "may"),
    [
        (["genres=War"], lambda item: item % 3 == 0),
        (["genres != War"], lambda item: item % 3 != 0),
        (["genres=Drama", "year>=2000"], lambda item: item % 6 == 3),
        (["year<2000"], lambda item: item % 2 == 0),
        (["year>2010"], lambda item: False),
    ],
)
def test_conditions(catalogue, where, may):
    (answer,) = Recommender(catalogue, Wish(top=4, where=where)).users(["u2"])
    assert _names(answer) == _expected(catalogue, 2, 4, lambda i: may(i) and i not in catalogue.had[2])


@pytest.mark.parametrize(
    ("where", "message", "hint"),
    [
        ("genres", "genres: expected a column, =, !=, <, <=, > or >=, and a value", "genres=Drama"),
        ("genre=War", "nothing is known of items that is called 'genre'", "did you mean genres?"),
        ("genres=war", "no item has 'war' in genres", "did you mean War?"),
        ("year>=new", "expected a number behind >=, found 'new'", None),
    ],
)
def test_wrong_conditions(catalogue, where, message, hint):
    with pytest.raises(UsageError) as error:
        Recommender(catalogue, Wish(where=[where]))
    assert message in error.value.message
    assert hint is None or hint in (error.value.hint or "")


def test_strangers_get_what_is_popular_and_are_told(catalogue):
    known, stranger = Recommender(catalogue, Wish(top=3)).users(["u1", "42"])
    assert _names(stranger) == _expected(catalogue, 0, 3, scores=catalogue.prior)
    assert stranger.remarks == ["user '42' is not among the 12 of training: what is popular"]
    assert _names(known) == _expected(catalogue, 1, 3, lambda item: item not in catalogue.had[1])
    without = replace(catalogue, prior=np.zeros(ITEMS, np.float32))
    (stranger,) = Recommender(without, Wish(top=3)).users(["42"])
    assert _names(stranger) == _expected(catalogue, 0, 3, scores=catalogue.counts)


def test_new_users_get_what_users_with_their_items_get(catalogue):
    """The map from items to users' vectors is linear here, so that the one of a known user comes out."""
    had = catalogue.had[3].tolist()
    recommender = Recommender(catalogue, Wish(top=5))
    answer = recommender.new_user([f"i{item}" for item in had])
    (known,) = recommender.users(["u3"])
    assert _names(answer) == _names(known)
    assert answer.asked == {"new_user": {"items": [f"i{item}" for item in had]}}
    some = recommender.new_user(["i3", "x", "i3"])
    assert "i3" not in _names(some) and some.remarks == ["not among the items: x"]
    assert len(Recommender(catalogue, Wish(top=ITEMS, leaves_out_seen=False)).new_user(["i3"]).items) == ITEMS
    # Where nobody is known, the mean of the items' vectors is all that there is.
    nobody = replace(
        catalogue,
        users=Names.of([]),
        user_vectors=np.zeros((0, 5), np.float32),
        had=catalogue.had.rows(np.zeros(0, int)),
    )
    own = Recommender(nobody, Wish(top=5)).new_user(["i3"])
    scores = catalogue.item_vectors @ catalogue.item_vectors[3] + catalogue.prior
    assert _names(own) == _expected(catalogue, 0, 5, lambda item: item != 3, scores)
    nothing = recommender.new_user([])
    assert nothing.remarks == ["no item is known that this user had: what is popular"]
    assert _names(nothing) == _expected(catalogue, 0, 5, scores=catalogue.prior)


def test_similar_items(catalogue):
    vectors = catalogue.item_vectors / np.linalg.norm(catalogue.item_vectors, axis=1, keepdims=True)
    cosines = vectors @ vectors[8]
    answer = Recommender(catalogue, Wish(top=4)).similar("i8")
    assert _names(answer) == _expected(catalogue, 0, 4, lambda item: item != 8, cosines)
    assert answer.items[0].score == pytest.approx(np.sort(cosines)[-2], abs=1e-6)
    war = Recommender(catalogue, Wish(top=4, where=["genres=War"])).similar("i8")
    assert _names(war) == _expected(catalogue, 0, 4, lambda item: item % 3 == 0, cosines)
    unknown = Recommender(catalogue, Wish()).similar("i99")
    assert (unknown.items, unknown.remarks) == ((), ["film 'i99' is not among the 30 items of the run"])


def test_fewer_items_than_were_asked_for_are_told(catalogue):
    (everything,) = Recommender(catalogue, Wish()).users(["u11"])
    assert everything.items == []
    assert everything.remarks == ["0 instead of 10: there are 30 items of the run, of which 30 were had"]
    (few,) = Recommender(catalogue, Wish(top=100, where=["genres=Comedy"])).users(["x"])
    assert len(few.items) == 10
    assert few.remarks[1] == "10 instead of 100: there are 10 items that fulfil the conditions"
    similar = Recommender(catalogue, Wish(top=100)).similar("i0")
    assert len(similar.items) == 29
    assert similar.remarks == ["29 instead of 100: there are 30 items of the run, of which it itself is one"]


def test_pieces_of_items_change_nothing(monkeypatch):
    """Scores are whole numbers, of which many are equal."""
    rng = np.random.default_rng(8)
    queries, items = (rng.integers(-3, 4, shape).astype(np.float32) for shape in ((9, 3), (50, 3)))
    prior = rng.integers(0, 3, 50).astype(np.float32)
    left_out = np.repeat(np.arange(9), 5), rng.integers(0, 50, 45)
    for top in (1, 4, 12, 50):
        monkeypatch.setattr("bigmodel_cli.recommending.products._FEWEST", 50)
        found, scores = best_products(queries, items, prior, left_out, top)
        every = queries @ items.T + prior
        every[left_out] = -np.inf
        for row in range(9):
            order = [item for item in np.argsort(-every[row], kind="stable") if every[row, item] > -np.inf][
                :top
            ]
            assert found[row].tolist() == order + [-1] * (top - len(order))
            assert scores[row, : len(order)].tolist() == every[row, order].tolist()
        monkeypatch.setattr("bigmodel_cli.recommending.products._AT_ONCE", 0)
        monkeypatch.setattr("bigmodel_cli.recommending.products._FEWEST", 7)
        in_pieces = best_products(queries, items, prior, left_out, top)
        np.testing.assert_array_equal(in_pieces[0], found)
        np.testing.assert_array_equal(in_pieces[1], scores)
        monkeypatch.undo()


def test_what_speaks_for_an_item(catalogue):
    wish = Wish(top=30, leaves_out_seen=False, tells_why=True)
    known, stranger = Recommender(catalogue, wish).users(["u3", "x"])
    vectors = catalogue.item_vectors / np.linalg.norm(catalogue.item_vectors, axis=1, keepdims=True)
    for item in known.items:
        number = int(item.name[1:])
        assert item.why.taste + item.why.beforehand == pytest.approx(item.score, abs=1e-5)
        assert item.why.beforehand == catalogue.prior[number]
        cosines = {
            other: float(vectors[number] @ vectors[other]) for other in catalogue.had[3] if other != number
        }
        best = [
            other for other in sorted(cosines, key=lambda other: -cosines[other])[:3] if cosines[other] > 0
        ]
        assert [name for name, _ in item.why.like] == [f"i{other}" for other in best]
        assert [cosine for _, cosine in item.why.like] == pytest.approx([cosines[o] for o in best], abs=1e-6)
    assert all(item.why is None for item in stranger.items)
    new = Recommender(catalogue, replace(wish, top=1)).new_user(["i4"]).items[0]
    cosine = float(vectors[int(new.name[1:])] @ vectors[4])
    like = [{"item": "i4", "cosine": pytest.approx(cosine, abs=1e-6)}] if cosine > 0 else []
    assert new.as_json()["why"]["like"] == like
