"""Comparing runs: which is better, how curves are told apart, and a page that hostile names cannot steer."""

from __future__ import annotations

import base64
import io
import re
from collections import Counter
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.reporting.comparison import code_facts, metric_difference
from bigmodel_cli.reporting.comparison_page import page
from bigmodel_cli.reporting.comparison_plot import curve_png, draw_curves, label, write_curves
from bigmodel_cli.reporting.comparison_style import DARK, LIGHT, style
from bigmodel_cli.reporting.comparison_table import best_of, compare
from bigmodel_cli.reporting.run_details import differences_from_defaults
from bigmodel_cli.reporting.run_summary import RunSummary, summarise
from bigmodel_cli.run_folder import RunFolder

HOSTILE = [
    "$x_",
    "a\\b$^{",
    "\x1b[31mred",
    "猫",
    "n" * 100,
    "%s",
    "<script>alert(1)</script>",
    '"><img src=x>',
]


@pytest.fixture
def side_by_side(make_run):
    """Compares runs with so many epochs, in memory: names may be what no folder can be called."""

    def call(names, num_epochs=3):
        random = np.random.default_rng(0)
        made = []
        for number, name in enumerate(names):
            values = random.random((num_epochs, 2)) / np.arange(1, num_epochs + 1)[:, None]
            summary = summarise(make_run(f"mnist/{number:02}", rows=values.tolist(), accuracy=number / 10))
            record = {**summary.record, "started": name, "plan": {"device": {"name": name}}}
            shown = RunSummary(RunFolder(summary.run.path.parent.parent / name / "1"), record, "completed")
            shown.__dict__["columns"] = summary.columns
            made.append(shown)
        return compare(made)

    return call


@pytest.mark.parametrize(
    ("metric", "values", "ends", "better", "overlap"),
    [
        ("test_accuracy", (0.9, 0.95), ((0.89, 0.91), (0.94, 0.96)), "other", False),
        ("test_accuracy", (0.95, 0.9), ((0.94, 0.96), (0.89, 0.94)), "one", True),
        ("test_loss", (0.1, 0.2), (None, None), "one", None),
        ("test_loss", (0.1, 0.1), ((0, 1), None), None, None),
        ("epochs", (1, 2), (None, None), None, None),
    ],
)
def test_a_metric_of_two_runs(metric, values, ends, better, overlap):
    intervals = tuple(end and {"low": end[0], "high": end[1]} for end in ends)
    found = metric_difference(metric, values, intervals)
    assert (found.better, found.intervals_overlap) == (better, overlap)
    assert found.difference == values[1] - values[0]


@pytest.mark.parametrize(
    ("cells", "mode", "best"),
    [
        ([1, 3, 2], "max", (1,)),
        ([1, 3, 2], "min", (0,)),
        ([1, None, 1], "max", ()),
        ([None, 2], "max", ()),
        ([2, 2, 1], "max", (0, 1)),
        ([], "max", ()),
    ],
)
def test_the_best_of_a_row(cells, mode, best):
    assert best_of(cells, mode) == best


def test_no_two_of_eight_runs_share_anything():
    looks = [style(index) for index in range(8)]
    for part in ("color", "dashes", "marker", "letter"):
        assert len({getattr(look, part) for look in looks}) == 8
    assert max(Counter(style(index) for index in range(64)).values()) == 1
    assert LIGHT.color(style(0)) == LIGHT.ink != DARK.color(style(0))


def test_settings_that_are_not_the_defaults():
    settings = {
        "name": "x",
        "seed": 3,
        "data": {"source": "digits", "batch_size": 32, "validation": 0.1},
        "calibrate": {"temperature": True},
        "training": {"epochs": 10, "device": "cpu", "checkpoint": {"keep": 2, "every": "epoch"}},
        "expect": {},
        "of a later version": 1,
    }
    assert list(differences_from_defaults(settings)) == [
        ("seed", 3, 0),
        ("training.checkpoint.keep", 2, 1),
        ("calibrate", {"temperature": True}, None),
    ]


def test_runs_that_are_not_complete_have_their_curves(make_run):
    runs = [make_run("mnist/1", "interrupted"), make_run("mnist/2", "running", rows=[(0.5, 0.75)])]
    found = compare([summarise(run) for run in runs])
    assert [curve.name for curve in found.curves] == ["val_accuracy", "val_loss"]
    assert found.curves[0].series == [([1, 2], [0.8, 0.875]), ([1], [0.75])]
    assert [row.cells for row in found.rows if row.name == "epochs"] == [[2, 1]]
    assert [row.name for row in compare([summarise(run) for run in runs], ["loss"]).rows][:2] == [
        "status",
        "started",
    ]


def test_where_no_run_has_validation_the_curves_are_of_training(make_run):
    runs = [make_run("mnist/1"), make_run("mnist/2")]
    for run in runs:
        rows = run.metrics.read_text().replace("val_", "other_")
        run.metrics.write_text(rows)
    assert [curve.name for curve in compare([summarise(run) for run in runs]).curves] == ["accuracy", "loss"]


@pytest.mark.slow
class TestPlot:
    @pytest.mark.parametrize("num_epochs", [1, 2, 50])
    @pytest.mark.parametrize("names", [["a", "b"], HOSTILE])
    def test_each_run_has_its_line(self, side_by_side, tmp_path, names, num_epochs):
        comparison = side_by_side(names, num_epochs)
        assert [curve.name for curve in comparison.curves] == ["val_accuracy", "val_loss"]
        figure = draw_curves(comparison)
        for axes, curve in zip(figure.axes, comparison.curves, strict=True):
            for index, line in enumerate(axes.get_lines()):
                np.testing.assert_array_equal(line.get_ydata(), curve.series[index][1])
                assert line.get_color() == LIGHT.color(style(index))
                assert line.get_marker() == style(index).marker
            assert len(axes.get_lines()) == len(names)
        (legend,) = figure.legends
        assert len(legend.get_texts()) == len(names)
        write_curves(comparison, tmp_path / "curves.png")
        with Image.open(tmp_path / "curves.png") as image:
            pixels = np.asarray(image.convert("RGB"))
        assert pixels.min() < 50 and pixels.max() == 255

    def test_labels(self, side_by_side):
        comparison = side_by_side(HOSTILE)
        labels = [label(comparison, index) for index in range(8)]
        assert labels[0] == "1  \\$x_/1" and labels[2] == "3  \\x1b[31mred/1" and labels[5] == "6  %s/1"
        assert max(map(len, labels)) < 60

    def test_a_loss_over_decades_is_logarithmic(self, side_by_side):
        comparison = side_by_side(["a", "b"])
        comparison.curves[1].series[0] = ([1, 2, 3], [100.0, 1.0, float("inf")])
        scales = [axes.get_yscale() for axes in draw_curves(comparison).axes]
        assert scales[1] == "log"

    def test_values_that_are_no_numbers(self, side_by_side):
        comparison = side_by_side(["a", "b"])
        comparison.curves[0].series[0] = ([1, 2], [float("nan"), float("inf")])
        comparison.curves[0].series[1] = None
        assert curve_png(comparison.curves[0], DARK).startswith(b"\x89PNG")


def shown(row, index):
    return "" if row.cells[index] is None else str(row.cells[index])


@pytest.mark.slow
class TestPage:
    def test_hostile_names_are_text(self, side_by_side):
        comparison = side_by_side(HOSTILE)
        seen, text = [], page(comparison, shown)

        class Reader(HTMLParser):
            def handle_starttag(self, tag, attributes):
                seen.append(tag)
                assert not any(name.startswith("on") for name, _ in attributes)

        Reader().feed(text)
        assert "script" not in seen and seen.count("img") == 2
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
        assert "\x1b" not in text and "�[31mred" in text
        assert "猫" in text and "n" * 100 in text

    def test_it_needs_nothing_else(self, side_by_side):
        text = page(side_by_side(["a", "b"]), shown)
        for address in re.findall(r'(?:src|srcset|href)="([^"]*)"', text):
            assert address.startswith("data:image/png;base64,")
        words = re.sub(r"base64,[^\"]*|http-equiv", "", text)
        assert not any(word in words for word in ("@import", "url(", "http", "<script", "<link"))
        assert "default-src 'none'" in text

    def test_light_and_dark_and_narrow(self, side_by_side):
        text = page(side_by_side(["a", "b"]), shown)
        assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in text
        assert "prefers-color-scheme: dark" in text
        papers = [
            Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB").getpixel((0, 0))
            for data in re.findall(r"base64,([^\"]*)", text)
        ]
        assert papers[:2] == [(0x15, 0x18, 0x1D), (255, 255, 255)]

    def test_the_best_is_marked_with_more_than_a_colour(self, side_by_side):
        table = side_by_side(["a", "b", "c"])
        text = page(table, shown)
        best = [shown(row, index) for row in table.rows if row.kind == "metric" for index in row.best]
        assert best
        assert re.findall(r'<td class="metric best">([^<]*)</td>', text) == [f"{cell} ★" for cell in best]
        # The held-out split is not what runs are chosen by.
        assert '<td class="metric">0.2</td>' in text


def test_code_that_differs_is_told_by_its_hash():
    files = {"config.yaml": {"sha256": "a" * 64}, "code/my_layers.py": {"sha256": "b" * 64}}
    (name,) = facts = code_facts({"files": files})
    assert name == "code/my_layers.py sha256" and facts[name] and facts[name] != "b" * 64
    other = {**files, "code/my_layers.py": {"sha256": "c" * 64}}
    assert code_facts({"files": other}) != facts and code_facts({}) == {}
