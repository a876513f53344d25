"""`bigmodel tune` over a complete search: what it prints, its one document, what it leaves for others."""

from __future__ import annotations

import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest
from searches import Done

from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.tuning.folder import SearchFolder
from bigmodel_cli.tuning.summary import summarise_search

pytestmark = [pytest.mark.tf, pytest.mark.slow]


@pytest.fixture
def tunes(done: Done, tmp_path: Path) -> Path:
    """A folder of searches with a copy of that one."""
    shutil.copytree(done.folder, tmp_path / "tunes" / "small")
    return tmp_path / "tunes"


def winner(tunes: Path) -> RunFolder:
    folder = SearchFolder(tunes / "small")
    best = summarise_search(folder).best
    assert best is not None
    return folder.run(best.number)


def test_one_document_with_the_test_score_of_the_best_alone(bigmodel, done, tunes, tmp_path):
    junit = tmp_path / "junit.xml"
    found = bigmodel("tune", done.config, "--tunes-dir", tunes, "--json", "--junit", junit)
    assert found.code == 0, found.err
    document, run = found.json, winner(tunes)
    assert document["status"] == "completed"
    assert document["best"]["run"] == str(run.path)
    assert document["test"] == run.read_record()["test"]
    assert [trial["trial"] for trial in document["trials"]] == [1, 2, 3, 4]
    (suite,) = ElementTree.parse(junit).getroot()
    assert suite.attrib["name"].startswith(run.title)
    page = (tunes / "small" / "search.html").read_text()
    assert "the test split was looked at once" in page
    assert "The best of 4 trials by val_accuracy" in run.report.read_text()


def test_people_get_the_table_the_result_and_what_to_type_next(bigmodel, done, tunes):
    found = bigmodel("tune", done.config, "--tunes-dir", tunes)
    assert found.code == 0, found.err
    assert "trials    4 of 4" in found.out
    assert "\nresult    test_loss " in found.out
    assert "measured once; the validation score, the best of 4, is a little too good" in found.out
    assert f"next:\n  bigmodel train {tunes}/small/best.yaml\n" in found.err
    assert "4 trials of up to 3 epochs, 4 of them done already" in found.err


def test_a_config_that_changed_is_refused_with_what_to_type(refuses, done, tunes):
    words = ("tune", done.config, "training.epochs=4", "--tunes-dir", tunes)
    refused = refuses(
        2, *words, says=(f"{tunes}/small: not the search that was begun here: training.epochs changed",)
    )
    assert f"begin another one beside it, {tunes}/small-2: --new" in refused.err


def test_a_best_trial_that_could_not_be_evaluated_fails_and_is_said(bigmodel, done, tunes):
    run = winner(tunes)
    run.evaluation("test").unlink()
    found = bigmodel("tune", done.config, "--tunes-dir", tunes, "--json")
    assert found.code == 5
    assert "the best trial was not evaluated: its evaluation is missing" in found.err
    assert f"bigmodel evaluate {run.path}" in found.err
    assert found.json["best"]["run"] == str(run.path)
