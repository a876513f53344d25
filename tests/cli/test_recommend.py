"""`bigmodel recommend`: users, strangers, items that are alike, files and documents."""

from __future__ import annotations

import csv
import io
import sys

import pytest
from catalogues import catalogue_run, small_catalogue

from bigmodel_cli.recommending.recommend import Recommender, Wish
from bigmodel_cli.run_folder import COMPLETED, RunFolder, update_record


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    catalogue_run(folder / "films" / "20260101-000000")
    return folder


@pytest.fixture
def recommend(bigmodel, runs):
    return lambda *words: bigmodel("recommend", *words, "--runs-dir", runs)


def _expected(top, *names, **wish):
    return [
        [item.name for item in one.items]
        for one in Recommender(small_catalogue(), Wish(top, **wish)).users(names)
    ]


def test_users_get_items_with_what_is_known_of_them(recommend):
    shown = recommend("u1", "42", "--top", "3")
    assert shown.code == 0, shown.err
    known, stranger = shown.out.split("\n\n")
    head, *lines = known.splitlines()
    assert head == "u1:"
    assert [line.split()[1] for line in lines] == _expected(3, "u1")[0]
    number = int(lines[0].split()[1][1:])
    described = ["Drama|War, ", "Comedy, ", ""][number % 3] + ["1999", "2010"][number % 2]
    assert lines[0].startswith("   1  i") and lines[0].endswith(f"  {described}")
    assert stranger.startswith("42:\n   1  i")
    assert "films/20260101-000000 (the newest completed one)" in shown.err
    assert "42: user '42' is not among the 12 of training: what is popular" in shown.err


def test_a_document_of_users_from_a_pipe(recommend, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("u3\nu4\n"))
    document = recommend("-", "--json", "--top", "2", "--where", "year>=2000", "--include-seen").json
    told = document["recommendations"]
    assert [one["user"] for one in told] == ["u3", "u4"]
    expected = _expected(2, "u3", "u4", where=["year>=2000"], leaves_out_seen=False)
    assert [[item["item"] for item in one["items"]] for one in told] == expected
    assert told[0]["items"][0]["columns"]["year"] == ["2010"]
    assert told[0]["remarks"] == []


def test_nobody_from_a_pipe(recommend, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    refused = recommend("-")
    assert refused.code == 2
    assert "-: expected names of users on standard input, one a line; found none" in refused.err
    assert "bigmodel recommend - < users.txt" in refused.err


def test_everybody_in_a_file(recommend, tmp_path):
    path = tmp_path / "all.csv"
    done = recommend("--all", "--csv", path, "--top", "4")
    assert done.code == 0 and done.out == ""
    assert "1 of 12 have a remark, in the last column" in done.err
    assert f"written: 44 items for 12, {path}" in done.err
    rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
    assert list(rows[0]) == ["user", "rank", "film", "score", "remark"]
    expected = _expected(4, *(f"u{user}" for user in range(11)))
    for user, films in enumerate(expected):
        of_user = [row for row in rows if row["user"] == f"u{user}"]
        assert [row["film"] for row in of_user] == films
        assert [row["rank"] for row in of_user] == ["1", "2", "3", "4"]
    last = rows[-1]
    assert (last["user"], last["film"]) == ("u11", "")
    assert last["remark"] == "0 instead of 4: there are 30 items of the run, of which 30 were had"


def test_items_that_are_alike_and_somebody_new(recommend):
    alike = recommend("--similar-to", "i3", "--top", "2")
    assert alike.out.splitlines()[0] == "like i3:" and len(alike.out.splitlines()) == 3
    document = recommend("--new-user", 'items:i3, "i4",nothing', "--json").json
    (answer,) = document["recommendations"]
    assert answer["new_user"] == {"items": ["i3", "i4", "nothing"]}
    assert answer["remarks"] == ["not among the items: nothing"]
    assert not {"i3", "i4"} & {item["item"] for item in answer["items"]}
    empty = recommend("--new-user", "items:")
    assert "new user: no item is known that this user had: what is popular" in empty.err
    unknown = recommend("--similar-to", "nothing")
    assert unknown.code == 0 and "film 'nothing' is not among the 30 items of the run" in unknown.err


def test_what_speaks_for_items_is_told(recommend):
    lines = recommend("u1", "--top", "2", "--why").out.splitlines()
    (answer,) = Recommender(small_catalogue(), Wish(2, tells_why=True)).users(["u1"])
    why = answer.items[0].why
    like = ", ".join(f"{name} ({cosine:.2f})" for name, cosine in why.like)
    assert lines[2] == f"      like {like}; taste {why.taste:.4f} and beforehand {why.beforehand:.4f}"
    assert len(lines) == 5


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Missing argument 'USER...'."),
        (["u1", "--all"], "USER and --all ask for different things"),
        (["--all"], "--all is for a file"),
        (["u1", "--csv", "x.csv", "--json"], "--csv has no room for --json"),
        (["u1", "--csv", "x.csv", "--why"], "--csv has no room for --why"),
        (["u1", "--where", "genre=War"], "genre=War: nothing is known of items that is called 'genre'"),
        (
            ["--new-user", "items:a\nb"],
            "--new-user: expected items with commas between them, found an end of a",
        ),
        (["--new-user", "i1"], "--new-user i1: expected the items that they had"),
    ],
)
def test_what_cannot_be_asked(recommend, words, message):
    refused = recommend(*words)
    assert refused.code == 2 and message in refused.err


def test_a_run_that_retrieves_nothing(bigmodel, tmp_path):
    folder = tmp_path / "digits" / "1"
    folder.mkdir(parents=True)
    update_record(RunFolder(folder), {"status": COMPLETED, "id": "1"})
    refused = bigmodel("recommend", "u1", "--run", folder)
    assert refused.code == 2
    assert f"{folder}: keeps no items to recommend: no target of its model is retrieved" in refused.err
