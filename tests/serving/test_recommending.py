"""Items that a served run recommends."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from catalogues import small_catalogue
from served import Server, start

from bigmodel_cli.recommending.catalogue import open_catalogue
from bigmodel_cli.recommending.recommend import Recommender, Wish
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.serving.limits import Refused
from bigmodel_cli.serving.recommended import asked_of, recommended

FROZEN = Path(__file__).resolve().parents[1] / "frozen" / "0.2.0"


def test_a_request_says_what_the_command_says():
    asked = asked_of({"users": ["u1", "42"], "top": 3, "where": ["year>=2000"], "include_seen": True})
    assert asked.num_answers == 2
    wish = Wish(3, False, ["year>=2000"])
    expected = [answer.as_json() for answer in Recommender(small_catalogue(), wish).users(["u1", "42"])]
    assert recommended(small_catalogue(), asked) == expected
    (told,) = recommended(small_catalogue(), asked_of({"users": ["u1"], "top": 1, "why": True}))
    assert list(told["items"][0]["why"]) == ["like", "taste", "beforehand"]
    (alike,) = recommended(small_catalogue(), asked_of({"similar_to": "i1"}))
    assert alike == Recommender(small_catalogue(), Wish()).similar("i1").as_json()
    (new,) = recommended(small_catalogue(), asked_of({"new_user": {"items": ["i1", "i2"]}}))
    assert new == Recommender(small_catalogue(), Wish()).new_user(["i1", "i2"]).as_json()


@pytest.mark.parametrize(
    ("document", "status", "message"),
    [
        ({}, 400, "expected one of users, similar_to, new_user, found none"),
        ({"users": ["a"], "similar_to": "b"}, 400, "found users and similar_to"),
        ({"user": "a"}, 400, "no key 'user'; there are users, similar_to, new_user, top"),
        ({"users": "a"}, 400, "users: expected a list of at most 10,000 texts, found 'a'"),
        ({"users": [1]}, 400, "users: expected a list of at most 10,000 texts, found [1]"),
        ({"users": []}, 400, "expected at least one example, found none"),
        ({"users": ["a"] * 300, "top": 1000}, 413, "expected at most 262 examples in one request, found 300"),
        ({"users": ["a"], "top": 0}, 400, "top: expected a whole number from 1 to 1,000, found 0"),
        ({"users": ["a"], "include_seen": 1}, 400, "include_seen: expected true or false, found 1"),
        ({"users": ["a"], "where": "b=c"}, 400, "where: expected a list of at most 16 texts"),
        ({"similar_to": 5}, 400, "similar_to: expected a text, found 5"),
        ({"users": ["a"], "items": [1]}, 400, "items: expected a list of at most 1,000 objects, found [1]"),
        ({"new_user": ["a"]}, 400, 'new_user: expected {"items": […]}'),
    ],
)
def test_what_is_refused(document: dict[str, Any], status: int, message: str):
    with pytest.raises(Refused) as refused:
        asked_of(document)
    assert refused.value.status == status and message in refused.value.reason


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A run that finds items, beside one that does not."""
    runs = tmp_path_factory.mktemp("runs")
    for name in ("visits", "labels"):
        shutil.copytree(FROZEN / name, runs / name / "20260101-000000")
    found = start("visits", "labels", "--runs-dir", runs, cwd=runs)
    yield found
    assert found.end() == 0


@pytest.mark.tf
@pytest.mark.slow
def test_over_http(server: Server) -> None:
    catalogue = open_catalogue(RunFolder(FROZEN / "visits"))
    user = catalogue.users[3]
    reply = server.post("/recommend/visits", {"users": [user], "top": 4, "where": ["kind=b"]})
    assert reply.status == 200
    (expected,) = Recommender(catalogue, Wish(4, where=["kind=b"])).users([user])
    (found,) = reply.json["recommendations"]
    assert [item["item"] for item in found["items"]] == [item.name for item in expected.items]
    assert found["user"] == user and found["items"][0]["columns"] == {"kind": ["b"]}
    unknown = server.post("/recommend/visits", {"users": [user], "where": ["kinds=b"]})
    assert unknown.status == 400 and "nothing is known of items" in unknown.json["error"]
    new = {"similar_to": "x", "items": [{"place": "x", "kind": "b"}, {"place": "y", "kind": "b"}]}
    (alike,) = server.post("/recommend/visits", {**new, "top": 30}).json["recommendations"]
    assert next(item["columns"] for item in alike["items"] if item["item"] == "y") == {"kind": ["b"]}
    (again,) = server.post("/recommend/visits", {"similar_to": "x"}).json["recommendations"]
    assert "'x' is not known" in again["remarks"][0] or not again["items"]
    strange = server.post("/recommend/visits", {**new, "items": [{"place": "x", "colour": "red"}]})
    assert strange.status == 400 and strange.json["error"].startswith("items: the model's side of items")
    other = server.post("/recommend/labels", {"users": [user]})
    assert other.status == 400 and "labels recommends no items" in other.json["error"]
    paths = server.get("/openapi.json").json["paths"]
    assert "/recommend/visits" in paths and "/recommend/labels" not in paths
