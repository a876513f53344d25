"""Recommending from Python."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from catalogues import small_catalogue

from bigmodel_cli.api import Run
from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.recommending.catalogue import write_catalogue
from bigmodel_cli.recommending.recommend import Recommender, Wish
from bigmodel_cli.run_folder import RunFolder

RUN = Path(__file__).resolve().parents[1] / "frozen" / "0.2.0" / "labels"


def test_from_python(tmp_path):
    shutil.copytree(RUN, tmp_path / "run")
    with pytest.raises(UsageError, match="keeps no items to recommend"):
        Run(tmp_path / "run").recommend(["u1"])
    write_catalogue(RunFolder(tmp_path / "run"), small_catalogue())
    run, recommender = Run(tmp_path / "run"), Recommender(small_catalogue(), Wish(3, tells_why=True))
    (expected,) = recommender.users(["u1"])
    assert run.recommend(["u1"], top=3) == run.recommend("u1", top=3) == [expected.as_json()]
    assert run.recommend(similar_to="i2", top=3) == [recommender.similar("i2").as_json()]
    assert run.recommend(new_user=["i2"], top=3) == [recommender.new_user(["i2"]).as_json()]
    (seen,) = run.recommend("u11", include_seen=True, where=["year=2010"])
    assert len(seen["items"]) == 10
    assert run.recommend("u11", include_seen=True, where="year=2010") == run.recommend(
        "u11", include_seen=True, where=["year=2010"]
    )
    for asked, message in (
        ({"users": [3]}, "users: expected texts, found 3"),
        ({"users": 3}, "users: expected a list of texts, found 3"),
        ({"new_user": "i2"}, "new_user: expected a list of texts, found 'i2'"),
        ({"users": "u1", "top": 0}, "top: expected how many items, found 0"),
    ):
        with pytest.raises(UsageError, match=message):
            run.recommend(**asked)
    with pytest.raises(UsageError, match="expected one of users, similar_to and new_user"):
        run.recommend(["u1"], similar_to="i2")


@pytest.mark.tf
def test_items_that_came_later(tmp_path):
    """As a file, as mappings and as a DataFrame."""
    run, rows = Run(RUN.with_name("visits")), [{"place": "x", "kind": "b"}, {"place": "y", "kind": "a"}]
    (tmp_path / "new.csv").write_text("place,kind\nx,b\ny,a\n")
    alike = run.recommend(similar_to="x", items=tmp_path / "new.csv", top=30)
    assert "y" in [item["item"] for item in alike[0]["items"]]
    for items in (rows, pd.DataFrame(rows)):
        assert run.recommend(similar_to="x", items=items, top=30) == alike
    with pytest.raises(DataError, match=r"^items: the model's side of items takes kind"):
        run.recommend(similar_to="x", items={"place": "x", "colour": "red"})
