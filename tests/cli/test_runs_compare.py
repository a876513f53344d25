"""`runs compare`: several runs side by side."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

ONE, TWO, THREE = (f"mnist/2026010{day}-000000" for day in (1, 2, 3))


@pytest.fixture
def three(make_run):
    make_run(ONE, accuracy=0.9)
    one = make_run(TWO, accuracy=0.99, seconds=10, rows=[(0.4, 0.7)])
    text = one.config.read_text().replace("learning_rate: 0.001", "learning_rate: 0.01")
    make_run(THREE, accuracy=0.95, config=text, parameters=99)


def rows(outcome):
    lines = (re.split(r" {2,}", line.strip()) for line in outcome.out.splitlines() if line.strip())
    return {line[0]: line[1:] for line in lines}


def test_a_name_alone_means_all_its_runs_from_old_to_new(bigmodel, three, make_run):
    make_run("mnist/20260104-000000", "interrupted")
    make_run("digits/20260101-000000")
    shown = bigmodel("runs", "compare", "mnist")
    assert shown.code == 0
    found = rows(shown)
    runs = [line.split() for line in shown.out.splitlines()[:3]]
    assert runs == [["1", f"runs/{ONE}"], ["2", f"runs/{TWO}"], ["3", f"runs/{THREE}"]]
    assert found["val_accuracy"] == ["0.8750 *", "0.7000", "0.8750 *"]
    # Who chooses by the test split has fitted to it.
    assert found["test_accuracy"] == ["0.9000", "0.9900", "0.9500"]
    assert list(found).index("val_accuracy") < list(found).index("test_accuracy")
    assert found["test_loss"] == ["0.2500", "0.2500", "0.2500"]
    assert found["epochs"] == ["2", "1", "2"]
    assert found["time"] == ["1:16", "10.0 s *", "1:16"]
    assert found["parameters"] == ["1,234", "1,234", "99 *"]
    assert found["device"] == ["cpu", "cpu", "cpu"]
    assert found["optimizer.Adam.learning_rate"] == ["0.001", "0.001", "0.01"]
    words = "bigmodel runs compare mnist --plot curves.png --html comparison.html"
    assert shown.err == f"\nnext:\n  {words}\n"


@pytest.mark.parametrize("width", [40, 24])
def test_a_narrow_terminal_has_each_fact_below_the_other(bigmodel, three, monkeypatch, width):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(width))
    shown = re.sub(r"\x1b\[\d*m", "", bigmodel("runs", "compare", "mnist").out)
    lines = [line.rstrip() for line in shown.splitlines()]
    start = lines.index("val_accuracy")
    assert lines[start + 1 : start + 4] == ["  1  0.8750 *", "  2  0.7000", "  3  0.8750 *"]
    assert max(map(len, lines[3:])) <= width


def test_named_ones_of_any_status_each_once(bigmodel, three, make_run):
    make_run("digits/20260101-000000", "interrupted", accuracy=1.0)
    shown = bigmodel("runs", "compare", "mnist", "digits/20260101-000000", f"runs/{THREE}")
    found = rows(shown)
    assert found["status"] == ["completed", "interrupted"]
    assert found["test_accuracy"] == ["0.9500"] and found["epochs"] == ["2", "2"]


@pytest.mark.parametrize(
    "words", [["rate-*"], ["rate-1", "rate-2"], ["runs/rate-1", "rate-2"], ["*1/2*", "*-2"]]
)
def test_a_sweep_of_several_names(bigmodel, make_run, words):
    make_run("rate-1/20260101-000000", rows=[(0.5, 0.7)])
    make_run("rate-2/20260102-000000", rows=[(0.4, 0.8)])
    make_run("rate-2/20260103-000000", "failed")
    make_run("other/20260104-000000")
    shown = bigmodel("runs", "compare", *words)
    runs = [line.split()[1] for line in shown.out.splitlines()[:2]]
    assert shown.code == 0 and runs[0].startswith("runs/rate-1/") and runs[1] == "runs/rate-2/20260102-000000"
    assert rows(shown)["val_accuracy"] == ["0.7000", "0.8000 *"]
    best = bigmodel("runs", "best", *words)
    assert best.out == "runs/rate-2/20260102-000000\n"
    assert best.err.startswith("val_accuracy 0.8000, the best of 2")
    listed = bigmodel("runs", "ls", *words, "--json").json
    assert [run["run"][5:11] for run in listed] == ["rate-2", "rate-2", "rate-1"]
    kept = bigmodel("runs", "rm", *words, "--keep-best", "1", "--yes", "--json").json
    assert [run["run"] for run in kept["removed"]] == ["runs/rate-1/20260101-000000"]


def test_without_validation_the_best_of_the_test_split_is_marked(bigmodel, make_run):
    make_run(ONE, accuracy=0.9, rows=[])
    make_run(TWO, accuracy=0.8, rows=[])
    assert rows(bigmodel("runs", "compare", "mnist"))["test_accuracy"] == ["0.9000 *", "0.8000"]


def test_a_metric(bigmodel, three):
    found = rows(bigmodel("runs", "compare", "mnist", "--metric", "macro.f1", "--metric", "val_loss"))
    assert found["macro.f1"] == ["0.4500", "0.4950 *", "0.4750"]
    assert found["val_loss"] == ["0.2500 *", "0.4000", "0.2500 *"]
    assert "test_accuracy" not in found


def test_json(bigmodel, three):
    document = bigmodel("runs", "compare", "mnist", "--json").json
    assert [run["run"] for run in document["runs"]] == [f"runs/{ONE}", f"runs/{TWO}", f"runs/{THREE}"]
    (accuracy,) = [row for row in document["rows"] if row["name"] == "test_accuracy"]
    assert accuracy == {"name": "test_accuracy", "values": [0.9, 0.99, 0.95], "best": []}
    (accuracy,) = [row for row in document["rows"] if row["name"] == "val_accuracy"]
    assert accuracy == {"name": "val_accuracy", "values": [0.875, 0.7, 0.875], "best": [0, 2]}
    assert document["config"] == [{"key": "optimizer.Adam.learning_rate", "values": [0.001, 0.001, 0.01]}]
    assert document["notes"] == []


EXECUTED = """
training: {epochs: 2, steps_per_execution: STEPS, precision: PRECISION}
data: {batch_size: SIZE, cache: CACHE}
"""
KEYS = ["training.steps_per_execution", "training.precision", "data.cache", "data.batch_size"]


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        (KEYS, KEYS, {"data.batch_size"}),
        (KEYS[:2], KEYS, {"data.cache", "data.batch_size"}),
        (KEYS[1:], KEYS, {"training.steps_per_execution", "data.batch_size"}),
        (None, KEYS, {*KEYS}),
    ],
)
def test_what_auto_decided_of_the_execution_is_no_difference(bigmodel, make_run, one, other, differ):
    for place, auto, values in (
        ("a/1", one, "4 float32 64 memory"),
        ("a/2", other, "7 mixed_bfloat16 32 none"),
    ):
        config = EXECUTED
        for word, value in zip(("STEPS", "PRECISION", "SIZE", "CACHE"), values.split(), strict=True):
            config = config.replace(word, value)
        make_run(place, config=config, **({} if auto is None else {"auto": auto}))
    compared = bigmodel("runs", "compare", "a/1", "a/2", "--json").json
    assert {row["key"] for row in compared["config"]} == differ
    diff = bigmodel("runs", "diff", "a/1", "a/2", "--json").json
    assert {row["key"] for row in diff["config"]} == differ


@pytest.mark.slow
def test_many_go_on_below(bigmodel, make_run):
    for number in range(1, 12):
        make_run(f"mnist/{number:02}", accuracy=number / 100)
    shown = bigmodel("runs", "compare", "mnist", "--metric", "test_accuracy")
    accuracies = [line.split() for line in shown.out.splitlines() if "test_accuracy" in line]
    assert [len(line) - 1 for line in accuracies] == [8, 4]
    assert accuracies[1][-2:] == ["0.1100", "*"]


def test_what_speaks_against_comparing(bigmodel, make_run):
    make_run(ONE)
    splits = {"test": {"examples": 9, "origin": "its own", "sha256": "cd" * 32}}
    make_run(TWO, data={"splits": splits}, plan={"device": {"name": "gpu:0"}})
    notes = bigmodel("runs", "compare", "mnist", "--json").json["notes"]
    assert notes == [
        "the test split is not the same in all runs: their numbers are of different examples",
        "the runs were trained on different devices: compare their times with care",
    ]
    assert f"note: {notes[0]}\n" in bigmodel("runs", "compare", "mnist").err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["digits"], "runs/digits/20260101-000000: one run alone cannot be compared"),
        ([ONE, f"runs/{ONE}"], f"runs/{ONE}: one run alone cannot be compared"),
        (["nothing"], "nothing: no run has this name under runs/"),
        (["nothing", "mnist"], "nothing: no such run"),
        (["mnist", "rate-*"], "rate-*: fits no run under runs/"),
        (["mnist", "--metric", "acuracy"], "no complete run has a metric 'acuracy'"),
        (["mnist", "--plot", "curves.gif"], "--plot curves.gif: expected a file that ends in .png, .pdf or"),
        ([], "Missing argument 'RUN...'"),
    ],
)
def test_refused(bigmodel, three, make_run, words, says):
    make_run("digits/20260101-000000")
    refused = bigmodel("runs", "compare", *words)
    assert (refused.code, refused.out) == (2, "") and says in refused.err


@pytest.mark.slow
class TestFiles:
    @pytest.mark.parametrize("kind", ["png", "pdf", "svg"])
    def test_a_plot(self, bigmodel, three, kind):
        done = bigmodel("runs", "compare", "mnist", "--plot", f"curves.{kind}")
        assert done.code == 0 and done.err == f"written: curves.{kind}\n"
        start = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}[kind]
        assert Path(f"curves.{kind}").read_bytes().startswith(start)
        if kind == "png":
            with Image.open("curves.png") as image:
                image.load()

    def test_no_curve_to_draw(self, bigmodel, three):
        words = ("runs", "compare", "mnist", "--metric", "macro.f1")
        refused = bigmodel(*words, "--plot", "curves.png")
        assert refused.code == 2 and not Path("curves.png").exists()
        assert "error: --plot: metrics.csv of these runs has no such curve\n" in refused.err
        assert "hint: its columns: epoch, " in refused.err
        assert bigmodel(*words, "--html", "page.html").code == 0

    def test_a_page(self, bigmodel, three):
        done = bigmodel("runs", "compare", "mnist", "--html", "page.html", "--json")
        assert done.json["html"] == "page.html" and done.err == "written: page.html\n"
        text = Path("page.html").read_text("utf-8")
        HTMLParser().feed(text)
        assert "0.8750 ★" in text and f"runs/{TWO}" in text and "data:image/png;base64," in text

    def test_where_nothing_can_be_written(self, bigmodel, three):
        Path("file").write_text("")
        refused = bigmodel("runs", "compare", "mnist", "--html", "file/page.html")
        assert refused.code == 5 and "file/page.html: cannot be written" in refused.err
