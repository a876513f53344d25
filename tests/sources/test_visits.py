"""Made-up visits: tables in the folder of data sets; tastes, time and the last place tell the next one."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from bigmodel_cli.sources.base import LoadContext
from bigmodel_cli.sources.made_visits import Made
from bigmodel_cli.sources.visits import Visits

SMALL = {"num_users": 40, "num_places": 30, "num_visits": 600}
HISTORY = {"history": {"of": "place", "by": "user", "time": "time", "length": 4}}


@pytest.fixture
def visits(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return lambda **options: Visits(**SMALL, **options)


def test_is_a_table_of_ratings(visits, tmp_path):
    source = visits().load(LoadContext())
    examples = source.splits["train"]
    assert sorted(examples.inputs) == ["district", "kind", "place", "user"]
    assert len(examples) == 600
    assert set(examples.targets["rating"].tolist()) == {1, 2, 3, 4, 5}
    (folder,) = (tmp_path / "datasets").iterdir()
    assert sorted(path.name for path in folder.iterdir()) == ["places.csv", "visits.csv"]
    # What somebody changed is written anew.
    (folder / "places.csv").write_text("place,kind,district\n")
    again = visits().load(LoadContext())
    assert again.splits["train"].fingerprint() == examples.fingerprint()
    assert isinstance(source.looked_at, Visits)
    assert source.looked_at.columns["kind"] == "category"


def test_the_next_place_may_be_the_target_with_what_was_before(visits):
    options = visits(target="place", columns={"user": "ignore", "kind": "ignore", "history": HISTORY})
    assert options.facts().columns == {"district": "category", "history": "history"}
    source = options.load(LoadContext())
    assert sorted(source.signature.inputs) == ["district", "history"]
    assert sorted(options.tables_beside) == ["joined_1.csv"]
    assert options.rows_written["joined"][0]["column"] == "place"


def test_what_is_wrong_is_said_as_of_tables(visits):
    with pytest.raises(ValueError, match="target: 'time' is a column that columns says to ignore"):
        visits(target="time")
    with pytest.raises(ValueError, match="columns: 'h' is made of other columns"):
        visits(columns={"h": {"from": "user", **HISTORY}})


def test_tastes_time_and_the_last_place_tell_the_next_one():
    rows = [line.split(",") for line in Made(60, 40, 4000).files()["visits.csv"].splitlines()[1:]]
    users, places = [row[0] for row in rows], [row[1] for row in rows]
    assert [row[2] for row in rows] == sorted(row[2] for row in rows)

    def best(pairs, k):
        """How often a place is among the k that stand most often beside something."""
        counts = Counter(pairs)
        tops: dict[str, list[str]] = {}
        for (beside, place), _ in counts.most_common():
            tops.setdefault(beside, []).append(place)
        return np.mean([place in tops[beside][:k] for beside, place in pairs])

    last, before = dict[str, str](), []
    for user, place in zip(users, places, strict=True):
        before.append(last.get(user, ""))
        last[user] = place
    months = [row[2][:7] for row in rows]
    alone = best([("", place) for place in places], 3)
    assert best(list(zip(users, places, strict=True)), 3) > alone + 0.15
    assert best(list(zip(before, places, strict=True)), 3) > alone + 0.15
    assert best(list(zip(months, places, strict=True)), 3) > alone + 0.05
