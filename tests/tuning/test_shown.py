"""How a search is shown: lines, the live display, the table at its end; nothing is trained."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console
from searches import made

from bigmodel_cli.cli.tuned import search_as_json, show_search
from bigmodel_cli.cli.tuned_lines import WIDTH, Course, Lines
from bigmodel_cli.cli.tuned_live import Live
from bigmodel_cli.tuning.journal import Journal
from bigmodel_cli.tuning.summary import SearchSummary, short_names, summarise_search
from bigmodel_cli.workers.job import Told

SCORES = {1: (0.5, 0.7, 0.65), 2: (0.4, 0.9, 0.8), 4: (0.3,)}
REASON = "memory ran out\nwhile it looked for 12 GB"


@pytest.fixture
def summary(tmp_path: Path) -> SearchSummary:
    folder = made(tmp_path, "tune.trials=5", scores=SCORES, failed={3: REASON})
    return summarise_search(folder)


@pytest.fixture
def course(summary: SearchSummary) -> Course:
    return Course(summary.keys, summary.length, summary.num_trials)


def test_keys_have_the_shortest_name_that_is_theirs_alone(summary):
    assert [key.short for key in summary.keys] == ["learning_rate", "units", "model.1", "rate"]
    names = ["model.1.Dense.units", "model.3.Dense.units", "model.2", "Dense.units"]
    assert list(short_names(names).values()) == ["1.Dense.units", "3.Dense.units", "model.2", "Dense.units"]


def test_a_search_is_read_from_its_folder_alone(summary):
    assert (summary.num_trials, summary.length.epochs, summary.status) == (5, 3, "completed")
    assert summary.best.number == 2
    assert [trial.number for trial in summary.failed] == [3]
    epochs = summary.epochs
    assert (epochs.trained, epochs.planned, epochs.saved) == (7, 9, 2)


def test_epochs_that_are_searched_are_those_that_a_trial_was_to_have(tmp_path):
    words = ("tune.space={training.epochs: {choice: [2, 5]}}",)
    summary = summarise_search(made(tmp_path, *words, scores=dict.fromkeys(range(1, 9), (0.5,))))
    planned = {trial.number: summary.planned(trial) for trial in summary.journal.trials.values()}
    drawn = {trial.number: trial.point["training.epochs"] for trial in summary.journal.trials.values()}
    assert planned == {number: (2, 5)[option] for number, option in drawn.items()}
    assert set(planned.values()) == {2, 5}
    assert summary.epochs.planned == sum(planned.values())


def test_who_looks_leaves_a_line_that_is_being_written(summary):
    journal = summary.folder.journal
    with journal.open("a") as file:
        file.write('{"event": "beg')
    before = journal.read_bytes()
    assert len(summarise_search(summary.folder).journal.trials) == 4
    assert journal.read_bytes() == before


def test_lines_are_below_one_another_and_fit(summary, course, capsys):
    journal, lines = summary.journal, Lines(course)
    lines.opened(journal)
    for trial in journal.trials.values():
        lines.ended(trial)
    first, head, *rows = capsys.readouterr().err.splitlines()
    assert first.startswith("5 trials of up to 3 epochs, 4 of them done already; searched: learning_rate, ")
    assert all(len(line) <= WIDTH for line in (head, *rows))
    ends = head.index("val_accuracy") + len("val_accuracy")
    assert [row[:ends].split()[0] for row in rows] == ["1/5", "2/5", "3/5", "4/5"]
    assert [row[:ends].split()[1] for row in rows] == ["0.7000", "0.9000*", "failed", "0.3000"]
    assert {len(row[:ends].rstrip(" *")) for row in rows} == {ends - 1}
    assert "memory ran out while it" in rows[2]
    assert "1 of 3" in rows[3]


def test_a_warning_is_said_once_whatever_numbers_are_in_it(summary, course, capsys):
    lines = Lines(course)
    trials = summary.journal.trials
    for number in (1, 2):
        lines.told(trials[number], Told(number, "warned", {"message": f"{number} files were left out"}))
    lines.told(trials[2], Told(2, "warned", {"message": "the loss is nan"}))
    lines.told(trials[2], Told(2, "said", {"message": "data: 600 train"}))
    said = capsys.readouterr().err.splitlines()
    assert said == ["warning: trial 1: 1 files were left out", "warning: trial 2: the loss is nan"]


def test_downloads_are_told_by_tenths(summary, course, capsys):
    lines, trial = Lines(course), summary.journal.trials[1]
    for done in (0, 5, 14, 100):
        lines.told(trial, Told(1, "downloading", {"label": "mnist", "done": done, "total": 100}))
    assert capsys.readouterr().err.splitlines() == ["mnist: 0%", "mnist: 10%", "mnist: 100%"]


def test_the_rest_takes_what_trials_of_this_session_took(course, summary, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("bigmodel_cli.cli.tuned_lines.time.monotonic", lambda: clock[0])
    course.opened(Journal(summary.folder.path / "none"))
    assert course.seconds_left() is None
    clock[0] = 130.0
    course.ended()
    course.ended()
    # Three of five are left, of 15 s each.
    assert course.seconds_left() == 45.0
    course.seconds = 20.0
    assert course.seconds_left() == 20.0


def live(course: Course, width: int, encoding: str) -> Live:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    display = Live(course)
    display.console = Console(file=file, force_terminal=True, width=width, color_system=None)
    return display


@pytest.mark.parametrize("width", [50, 80, 160])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_the_display_has_running_trials_and_the_best(summary, course, width, encoding):
    display = live(course, width, encoding)
    trials = summary.journal.trials
    course.opened(summary.journal)
    for number in (1, 2):
        display.began(trials[number])
    values = {"epoch": 2, "num_epochs": 3, "step": 5, "num_steps": 10}
    display.told(trials[2], Told(2, "progressed", values))
    with display.console.capture() as captured:
        display.console.print(display.shown())
    lines = captured.get().splitlines()
    assert max(map(len, lines)) <= width
    (running,) = [line for line in lines if re.match(r"[ |]*2 ", line)]
    assert ("━━━━━╌╌╌╌╌ 2/3" if encoding == "utf-8" else "#####----- 2/3") in running
    assert ("▁█▇" in running) == (encoding == "utf-8")
    assert "0.8000" in running
    (waiting,) = [line for line in lines if re.match(r"[ |]*1 ", line)]
    assert "starting" in waiting
    assert lines[-2].startswith("best val_accuracy 0.9000 (trial 2)")
    assert lines[-1] == "4 of 5 trials"


def test_the_table_at_the_end(summary, capsys):
    show_search(summary)
    shown, said = capsys.readouterr()
    lines = shown.splitlines()
    assert re.split(r"\s{2,}", lines[1].strip()) == [
        "trial", "val_accuracy", "epochs", "learning_rate", "units", "model.1",
    ], "none of them has Dropout, so its rate has no column"  # fmt: skip
    ranks = [line.split()[0] for line in lines if re.match(r" *\d+ ", line)]
    assert ranks == ["2", "1", "4"]
    assert "epochs    7 trained; early ends saved 2 of 9" in lines
    assert "trials    4 of 5, 1 ended early, 1 failed" in lines
    assert "failed    trial 3: memory ran out while it looked for 12 GB" in lines
    assert "best      trial 2, val_accuracy 0.9000 after epoch 2" in lines
    assert re.search(r"next:\n  bigmodel train \S+tunes/small/best\.yaml\n", said)


def test_a_winner_that_ended_early_is_said_to_have(tmp_path, capsys):
    show_search(summarise_search(made(tmp_path, scores={1: (0.5,), 2: (0.3, 0.4, 0.4)})))
    (best,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("best")]
    assert best.endswith("after epoch 1; ended early: 2 of 4 trials were better after 1 epoch")


def test_the_same_as_json(summary):
    document = search_as_json(summary)
    assert document["metric"] == {"column": "val_accuracy", "better": "max"}
    assert document["epochs"] == {"trained": 7, "planned": 9, "saved": 2}
    assert [trial["status"] for trial in document["trials"]] == [
        "completed", "completed", "failed", "stopped early",
    ]  # fmt: skip
    assert document["best"]["trial"] == 2
    values = document["best"]["values"]
    assert values["model.0.Dense.units"] == summary.journal.trials[2].point["model.0.Dense.units"]
    assert document["trials"][2]["reason"] == REASON
