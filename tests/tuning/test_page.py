"""search.html: one file that says all of it, whatever names are in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from searches import CONFIG, made

from bigmodel_cli.tuning.page.figures import draw_history, draw_parallel, draw_slices
from bigmodel_cli.tuning.page.page import write_search_page
from bigmodel_cli.tuning.summary import SearchSummary, summarise_search

pytestmark = pytest.mark.slow


SCORES = {1: (0.5, 0.7, 0.65), 2: (0.4, 0.9, 0.8), 4: (0.3,), 5: (0.1, 0.2, 0.6)}
EVIL = "<script>alert(1)</script> & memory ran out"


@pytest.fixture
def summary(tmp_path: Path) -> SearchSummary:
    return summarise_search(made(tmp_path, "tune.trials=6", scores=SCORES, failed={3: EVIL}))


def test_it_is_one_file_without_requests_and_scripts(summary):
    write_search_page(summary)
    page = summary.folder.page.read_text()
    assert not re.search(r"<script|<link|@import|url\((?!#)", page)
    # Namespaces of SVG are no requests.
    assert not re.search(r"""(src|href)=["'](https?:)?//""", page)
    assert page.count("<svg ") == 4
    assert "&lt;script&gt;alert(1)" in page
    assert "1 trials were ended early" not in page
    assert "1 trial was ended early, which saved 2 of 12 epochs." in page
    assert '<h1><span class="big">90.00%</span> val accuracy of the best trial' in page
    sections = re.findall(r'<section id="(\w+)">', page)
    assert sections == ["history", "slices", "parallel", "early", "trials", "failed", "config"]
    assert re.findall(r'<a href="#(\w+)"', page) == sections


def test_importance_is_there_where_it_is_known(tmp_path):
    scores = {n: (0.04 * n, 0.05 * n, 0.045 * n) for n in range(1, 16)}
    summary = summarise_search(made(tmp_path, scores=scores))
    assert sum(summary.worth.values()) == pytest.approx(1.0)
    write_search_page(summary)
    page = summary.folder.page.read_text()
    assert "importance over 15 trials" in page
    assert '<section id="worth">' in page
    assert '<a href="#worth">' in page


def test_the_history_has_each_trial_and_the_best_so_far(summary):
    (axes,) = draw_history(summary, summary.journal.metric).axes
    (line,) = axes.lines
    assert list(line.get_xdata()) == [1, 2, 4, 5]
    assert list(line.get_ydata()) == [0.7, 0.9, 0.9, 0.9]
    hollow, full = axes.collections
    assert hollow.get_offsets().tolist() == [[4.0, 0.3]]
    assert full.get_offsets().tolist() == [[1.0, 0.7], [2.0, 0.9], [5.0, 0.6]]


def test_a_slice_has_the_trials_that_the_key_counts_for(summary):
    keys = summary.keys
    panels = draw_slices(summary, summary.journal.metric, keys).axes
    rate = keys[0]
    drawn = {trial.point[rate.name] for trial in summary.journal.trials.values() if trial.score is not None}
    assert panels[0].get_xscale() == "log"
    found = {x for collection in panels[0].collections for x, _ in collection.get_offsets().tolist()}
    assert found == drawn
    assert [text.get_text() for text in panels[2].get_xticklabels()] == ["Dropout", "none"]


def test_lines_pass_axes_that_do_not_count(tmp_path):
    summary = summarise_search(made(tmp_path, scores={n: (0.1 * n,) * 3 for n in range(1, 8)}))
    keys = summary.keys
    (axes,) = draw_parallel(summary, summary.journal.metric, keys).axes
    lines = [line for line in axes.lines if len(line.get_xdata()) > 2]
    assert len(lines) == 7
    # The best is drawn last, and its score is at the top.
    assert lines[-1].get_ydata()[-1] == 1.0
    has_rate = {"model.1[0].Dropout.rate" in trial.point for trial in summary.journal.ranked}
    assert has_rate == {True, False}
    for line, trial in zip(reversed(lines), summary.journal.ranked, strict=True):
        counts = [n for n, key in enumerate(keys) if key.name in trial.point]
        assert list(line.get_xdata()) == [*counts, len(keys)]


def test_losses_that_differ_by_orders_of_magnitude_have_a_logarithmic_scale(summary):
    from bigmodel_cli.tuning.journal import Metric

    summary.journal.trials[4].score = 4000.0
    (axes,) = draw_history(summary, Metric("val_loss", is_max=False)).axes
    assert axes.get_yscale() == "log"


def test_report_writes_it_anew(bigmodel, summary):
    done = bigmodel("report", summary.folder.path)
    assert (done.code, done.out.strip()) == (0, str(summary.folder.page))
    assert summary.folder.page.exists()


def test_without_a_score_there_is_none(bigmodel, tmp_path):
    assert "trials: 4" in CONFIG
    folder = made(tmp_path, scores={}, failed={1: "memory ran out"})
    refused = bigmodel("report", folder.path)
    assert refused.code == 2
    assert "no trial has a score yet" in refused.err
