"""Runs that earlier versions made open, evaluate, predict and go on; `freeze.py` made them.

Figures are those of the version that trained them, but for the last digits, which depend on the processor.
"""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from bigmodel_cli.metrics_file import TIME_COLUMNS, read_metrics
from bigmodel_cli.modeling.devices import processor_flags

pytestmark = pytest.mark.tf

HERE = Path(__file__).resolve().parent
# Where freeze.py made them.
PLACE = "/tmp/frozen"
VERSIONS = sorted(path.parent.parent.name for path in HERE.glob("*/arrays/run.json"))
# Enough for another processor's order of additions, and less than another example or another weight. The runs
# are from one with AVX-512; without, a few epochs make more of it.
CLOSE = 2e-4 if "avx512f" in processor_flags() else 2e-3
COMPLETE = ("arrays", "binary", "numbers", "files", "packed")


@pytest.fixture(params=VERSIONS)
def thaw(request, tmp_path, monkeypatch, bigmodel):
    """Copies a frozen run, whose data are then there: `thaw("files")` is the run's folder."""
    shutil.copytree(HERE / "data", tmp_path / "data")
    (tmp_path / "configs").mkdir()

    def call(name: str, *, moved: bool = True) -> Path:
        run = tmp_path / "runs" / name / "frozen"
        shutil.copytree(HERE / request.param / name, run)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("BIGMODEL_RUNS", str(tmp_path / "runs"))
        config = run / "config.yaml"
        if moved:
            config.write_text(config.read_text().replace(PLACE, str(tmp_path)))
            assert bigmodel("runs", "verify", run, "--accept").code == 0
        return run

    return call


def numbers(value: object) -> object:
    """A document with its numbers as what they should be close to."""
    if isinstance(value, dict):
        return {key: numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [numbers(item) for item in value]
    return pytest.approx(value, rel=CLOSE, abs=CLOSE) if isinstance(value, float) else value


@pytest.mark.parametrize("name", COMPLETE)
def test_evaluated_as_it_was(thaw, bigmodel, name):
    run = thaw(name)
    then = json.loads((run / "evaluation/test.json").read_text())
    ended = bigmodel("evaluate", run)
    assert ended.code == 0, ended.err
    now = json.loads((run / "evaluation/test.json").read_text())
    for key in ("examples", "metrics", "scores", "per_class", "confusion_matrix"):
        assert now.get(key) == numbers(then.get(key)), key


@pytest.mark.parametrize("name", ["files", "packed"])
def test_predicted_as_it_was(thaw, bigmodel, name):
    run = thaw(name)
    rows = list(csv.DictReader((run / "evaluation/predictions_test.csv").open()))
    images = [Path("data/images") / Path(row["example"].partition("data/images/")[2]) for row in rows]
    found = bigmodel("predict", *images, "--run", run, "--json").json
    assert [each["prediction"] for each in found["predictions"]] == [row["prediction"] for row in rows]


def test_going_on_leads_to_what_an_unbroken_run_led_to(thaw, bigmodel):
    """Random state, order, optimizer and metrics of a run that was interrupted inside an epoch."""
    whole = read_metrics(thaw("files") / "metrics.csv")
    run = thaw("interrupted", moved=False)
    assert json.loads((run / "run.json").read_text())["status"] == "interrupted"
    ended = bigmodel("train", "--resume", run, "--plain", "data.source.image_folder.path=data/images")
    assert ended.code == 0, ended.err
    metrics = read_metrics(run / "metrics.csv")
    for column in set(whole) - set(TIME_COLUMNS):
        assert metrics[column] == numbers(whole[column]), column


@pytest.mark.parametrize("name", ["arrays", "binary", "numbers"])
def test_its_config_trains_to_the_same_numbers(thaw, bigmodel, name):
    run = thaw(name)
    ended = bigmodel("train", run / "config.yaml", "--runs-dir", "again", "--plain")
    assert ended.code == 0, ended.err
    (again,) = Path("again").glob("*/*/metrics.csv")
    whole, metrics = read_metrics(run / "metrics.csv"), read_metrics(again)
    for column in set(whole) - set(TIME_COLUMNS):
        assert metrics[column] == numbers(whole[column]), column


SEARCHES = sorted(path.parents[1].name for path in HERE.glob("*/search/search.json"))
IN_TUNES = ("--tunes-dir", "tunes", "--plain")


@pytest.fixture(params=SEARCHES)
def version(request, tmp_path, monkeypatch):
    """A version whose search, cut off inside of a trial, is in `tunes/search`, with its config beside it."""
    shutil.copytree(HERE / request.param / "search", tmp_path / "tunes" / "search")
    shutil.copy(HERE / "configs" / "search.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return request.param


def events(journal: Path) -> list[dict[str, object]]:
    """A journal without what a clock says."""
    found = [json.loads(line) for line in journal.read_text().splitlines()]
    return [
        {key: value for key, value in event.items() if key not in ("elapsed", "seconds")} for event in found
    ]


def test_a_search_is_found_and_shown(version, bigmodel):
    shown = bigmodel("runs", "show", "tunes/search")
    assert shown.code == 0, shown.err
    assert "trials    3 of 5" in shown.out
    refused = bigmodel("tune", "search.yaml", "optimizer.Adam.beta_2=0.9", *IN_TUNES)
    assert refused.code == 2
    assert "not the search that was begun here: optimizer.Adam.beta_2 changed" in refused.err


@pytest.mark.slow
def test_a_search_goes_on_to_what_it_led_to(version, bigmodel):
    ended = bigmodel("tune", "search.yaml", *IN_TUNES, "expect.val_accuracy='>= 0.1'")
    assert ended.code == 0, ended.err
    for now, then in zip(
        events(Path("tunes/search/journal.jsonl")),
        events(HERE / version / "search_whole.jsonl"),
        strict=True,
    ):
        assert now == numbers(then)
    best = Path("tunes/search/best.yaml").read_text().splitlines()
    whole = (HERE / version / "search_best.yaml").read_text().splitlines()
    assert best[0] == whole[0]
    assert best[-1] == "expect: {val_accuracy: '>= 0.1'}"
    # Other gates are other questions to the same trial, which is trained no further.
    journal = Path("tunes/search/journal.jsonl").read_text()
    missed = bigmodel("tune", "search.yaml", *IN_TUNES, "expect.val_accuracy='> 0.99'")
    assert missed.code == 4
    assert "quality gate missed: val_accuracy is 0.966667, expected > 0.99" in missed.err
    assert Path("tunes/search/journal.jsonl").read_text() == journal
