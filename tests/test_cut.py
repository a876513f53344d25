"""What is cut says so, wherever it is shown."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.cut import cut, cut_front, some


@pytest.mark.parametrize(
    ("names", "limit", "count", "shown"),
    [
        ("abc", 3, None, "a, b, c"),
        ("abcd", 3, None, "a, b, c, … (4 in all)"),
        ("ab", 3, None, "a, b"),
        ("", 3, None, ""),
        ("abc", 3, 1200, "a, b, c, … (1,200 in all)"),
        (iter("abcd"), 1, None, "a, … (4 in all)"),
    ],
)
def test_lists(names, limit, count, shown):
    assert some(names, limit, count=count) == shown


@pytest.mark.parametrize(
    ("text", "limit", "front", "end"),
    [
        ("abcdef", 6, "abcdef", "abcdef"),
        ("abcdef", 5, "abcd…", "…cdef"),
        ("abcdef", 1, "…", "…"),
        ("", 3, "", ""),
    ],
)
def test_texts(text, limit, front, end):
    assert (cut(text, limit), cut_front(text, limit)) == (front, end)


NAMES = [f"class_{number:02}" for number in range(30)]


def where_lists_are_cut(tmp_path):
    """A message or label of each place that cuts a list of 30 names."""
    from bigmodel_cli.audit.finding import some_of
    from bigmodel_cli.reporting.chosen_runs import _nothing
    from bigmodel_cli.reporting.ranking import Ranking
    from bigmodel_cli.reporting.run_summary import RunSummary
    from bigmodel_cli.run_folder import RunFolder
    from bigmodel_cli.run_search import find_run
    from bigmodel_cli.tasks.classification.task import Classification
    from bigmodel_cli.tasks.regression.figures import RegressionFigures
    from bigmodel_cli.tasks.regression.task import Regression
    from bigmodel_cli.tasks.target import ClassWeights

    runs = [RunFolder(tmp_path / name / "1") for name in NAMES]
    for run in runs:
        run.checkpoints.mkdir(parents=True)
        run.record.write_text("{}")
    try:
        find_run("nothing", tmp_path)
    except Exception as error:
        yield error.hint
    yield _nothing("x", runs).hint
    yield Ranking(
        "loss", "min", [], [(RunSummary(run, {}, "failed"), "failed") for run in runs]
    ).describe_passed_over()
    yield Classification(tuple(NAMES)).listed
    yield some_of(NAMES)
    yield ClassWeights(NAMES, np.ones(30)).describe()
    yield RegressionFigures(Regression()).caption(np.arange(30), None).title


def test_no_list_of_the_house_is_cut_in_silence(tmp_path):
    texts = [*where_lists_are_cut(tmp_path)]
    assert len(texts) == 7
    for text in texts:
        assert text.endswith(", … (30 in all)"), text


def test_a_plot_shows_the_end_of_a_path_and_the_beginning_of_a_class():
    from bigmodel_cli.figures import plain

    path = "a/long/way/of/folders/to/photo_0001.jpg"
    assert plain(path, 16, front=False) == "…/photo_0001.jpg"
    assert plain(path, 16) == "a/long/way/of/f…"
    assert plain("$1$", 2, front=False) == r"…\$"
