"""Items that a served run recommends."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from catalogues import small_catalogue
from served import Server, start

from bigmodel_cli.recommending.catalogue import write_catalogue
from bigmodel_cli.recommending.recommend import Recommender, Wish
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.serving.limits import Refused
from bigmodel_cli.serving.recommended import asked_of, recommended

RUN = Path(__file__).resolve().parents[1] / "frozen" / "0.2.0" / "labels"


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
        ({"new_user": ["a"]}, 400, 'new_user: expected {"items": […]}'),
    ],
)
def test_what_is_refused(document: dict[str, Any], status: int, message: str):
    with pytest.raises(Refused) as refused:
        asked_of(document)
    assert refused.value.status == status and message in refused.value.reason


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A run that keeps a catalogue, beside one that does not."""
    runs = tmp_path_factory.mktemp("runs")
    for name in ("films", "labels"):
        shutil.copytree(RUN, runs / name / "20260101-000000")
    write_catalogue(RunFolder(runs / "films" / "20260101-000000"), small_catalogue())
    found = start("films", "labels", "--runs-dir", runs, cwd=runs)
    yield found
    assert found.end() == 0


@pytest.mark.tf
@pytest.mark.slow
def test_over_http(server: Server) -> None:
    reply = server.post("/recommend/films", {"users": ["u1"], "top": 4, "where": ["genres=War"]})
    assert reply.status == 200
    wish = Wish(4, where=["genres=War"])
    (expected,) = Recommender(small_catalogue(), wish).users(["u1"])
    (found,) = reply.json["recommendations"]
    assert [item["item"] for item in found["items"]] == [item.name for item in expected.items]
    assert found["user"] == "u1" and found["items"][0]["columns"]["genres"] == ["Drama", "War"]
    unknown = server.post("/recommend/films", {"users": ["u1"], "where": ["genre=War"]})
    assert unknown.status == 400 and "nothing is known of items" in unknown.json["error"]
    other = server.post("/recommend/labels", {"users": ["u1"]})
    assert other.status == 400 and "labels recommends no items" in other.json["error"]
    paths = server.get("/openapi.json").json["paths"]
    assert "/recommend/films" in paths and "/recommend/labels" not in paths
