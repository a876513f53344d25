"""Searches and their trials in `runs` and the other commands that take a run; nothing is trained."""

from __future__ import annotations

from pathlib import Path

import filelock
import pytest
from searches import made

from bigmodel_cli.modeling.language import read_searched
from bigmodel_cli.run_folder import CHOSEN, CONCLUDED, WEIGHTS_REMOVED, update_record
from bigmodel_cli.tuning.folder import SearchFolder
from bigmodel_cli.tuning.identity import folder_of

SCORES = {1: (0.5, 0.7, 0.65), 2: (0.4, 0.9, 0.8), 4: (0.3,)}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SearchFolder:
    """A search below ./tunes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BIGMODEL_RUNS")
    monkeypatch.delenv("BIGMODEL_TUNES")
    return made(tmp_path, "tune.trials=5", scores=SCORES, failed={3: "memory ran out"})


def test_trials_are_one_line_under_their_search(bigmodel, folder, make_run):
    make_run("mnist/1")
    shown = bigmodel("runs")
    assert shown.code == 0
    (line,) = [line for line in shown.out.splitlines() if "tunes/small" in line]
    assert line.split()[1] == "completed"
    assert "4 of 5, 1 ended early, 1 failed" in line
    assert line.rstrip().endswith("val_accuracy 0.9000, trial 2")
    assert "trials/" not in shown.out
    assert "runs/mnist/1" in shown.out


def test_they_are_behind_the_runs_in_json(bigmodel, folder, make_run):
    make_run("mnist/1")
    run, search = bigmodel("runs", "--json").json
    assert run["run"] == "runs/mnist/1"
    assert search["search"] == "tunes/small"
    assert (search["num_trials"], search["ended"], search["stopped"], search["failed"]) == (5, 4, 1, 1)
    assert search["best"] == {"trial": 2, "run": "tunes/small/trials/0002", "score": 0.9}
    assert bigmodel("runs", "ls", "mnist", "--json").json == [run]
    assert bigmodel("runs", "ls", "sm*", "--json").json == [search]


def test_a_search_goes_on_until_its_process_is_gone(bigmodel, folder):
    with filelock.FileLock(folder.lock):
        assert bigmodel("runs", "--json").json[0]["status"] == "running"
        refused = bigmodel("runs", "rm", "tunes/small", "--yes")
        assert refused.code == 2
        assert "tunes/small: a process searches here right now" in refused.err
    folder.best.unlink()
    assert bigmodel("runs", "--json").json[0]["status"] == "interrupted"


def test_a_damaged_search_is_said_and_the_others_are_listed(bigmodel, folder, make_run):
    make_run("mnist/1")
    folder.journal.write_text("{}\n" + folder.journal.read_text())
    shown = bigmodel("runs")
    assert shown.code == 0
    assert "warning: tunes/small/journal.jsonl:1: damaged" in shown.err
    assert "runs/mnist/1" in shown.out


def test_show_has_the_table_by_folder_and_by_name(bigmodel, folder, make_run):
    by_folder = bigmodel("runs", "show", "tunes/small")
    assert "failed    trial 3: memory ran out" in by_folder.out
    assert bigmodel("runs", "show", "small").out == by_folder.out
    assert len(bigmodel("runs", "show", "small", "--json").json["trials"]) == 4
    # A run of the name comes first.
    make_run("small/1")
    assert bigmodel("runs", "show", "small").out.startswith("run         runs/small/1\n")


def test_a_search_is_removed_with_all_its_trials(bigmodel, folder, make_run):
    make_run("mnist/1")
    asked = bigmodel("runs", "rm", "tunes/small", "mnist/1")
    assert asked.code == 2
    assert "removing 1 run and 1 search (" in asked.err
    gone = bigmodel("runs", "rm", "small", "--yes", "--json")
    assert gone.code == 0
    (removed,) = gone.json["removed"]
    assert removed["search"] == "tunes/small"
    assert removed["bytes"] > 1000
    assert list(Path("tunes").iterdir()) == []
    assert Path("runs/mnist/1").is_dir()


def test_only_what_is_under_the_folder_of_searches_is_removed(bigmodel, folder):
    folder.path.rename("elsewhere")
    refused = bigmodel("runs", "rm", "elsewhere", "--yes")
    assert refused.code == 2
    assert "elsewhere: not in the folder of searches, tunes/, but in " in refused.err
    Path("tunes/link").symlink_to(Path("elsewhere").absolute())
    refused = bigmodel("runs", "rm", "tunes/link", "--yes")
    assert "tunes/link: a link, not a search" in refused.err
    assert SearchFolder(Path("elsewhere")).record.exists()


def test_a_search_is_no_run(refuses, folder):
    path = folder.path.absolute()
    for command in (["evaluate", path], ["predict", "x.csv", "--run", path]):
        refuses(2, *command, says=("a search, not a run", "bigmodel runs show"))


def test_a_trial_without_weights_says_why_and_how_to_have_them(bigmodel, make_run):
    run = make_run("trials/0001")
    for path in run.checkpoints.iterdir():
        path.unlink()
    run.checkpoints.rmdir()
    why = "it was not among the best trials of its search"
    update_record(run, {"checkpoints": [], WEIGHTS_REMOVED: why, CONCLUDED: False})
    for command in (
        ("evaluate", run.path),
        ("train", "--resume", run.path),
        ("train", "--resume", run.path, "training.epochs=9"),
    ):
        refused = bigmodel(*command)
        assert refused.code == 3, refused
        assert f"runs/trials/0001: its weights were removed: {why}" in refused.err
        assert "bigmodel train runs/trials/0001/config.yaml" in refused.err
    shown = bigmodel("runs", "show", "trials/0001")
    assert f"weights     removed: {why}" in shown.out
    assert "next:\n  bigmodel train runs/trials/0001/config.yaml" in shown.err


def test_the_best_trial_says_that_it_was_chosen(bigmodel, make_run):
    run = make_run("trials/0002")
    update_record(run, {CHOSEN: {"trials": 30, "by": "val_accuracy"}, CONCLUDED: True})
    shown = bigmodel("runs", "show", "trials/0002").out
    assert "search      the best of 30 trials by val_accuracy, which is a little too good therefore" in shown


@pytest.mark.slow
def test_the_same_command_goes_on_with_the_newest_search_that_the_config_fits(folder):
    tunes, config = Path("tunes"), Path("small.yaml")
    assert folder_of(read_searched(config), tunes).path == tunes / "small"
    # More trials are the same search; another model is not.
    assert folder_of(read_searched(config, ["tune.trials=50"]), tunes).path == tunes / "small"
    other = read_searched(config, ["training.epochs=4"])
    with pytest.raises(
        Exception, match=r"tunes/small: not the search that was begun here: training\.epochs changed"
    ) as e:
        folder_of(other, tunes)
    assert "begin another one beside it, tunes/small-2: --new" in e.value.hint
    second = folder_of(other, tunes, is_new=True)
    assert second.path == tunes / "small-2"
    second.path.mkdir()
    made_before = folder.record.read_text()
    from bigmodel_cli.tuning.identity import identity
    from bigmodel_cli.whole_files import write_sealed

    write_sealed(second.record, identity(other))
    assert folder_of(other, tunes).path == tunes / "small-2"
    assert folder_of(read_searched(config), tunes).path == tunes / "small"
    assert folder_of(read_searched(config), tunes, is_new=True).path == tunes / "small-3"
    assert folder.record.read_text() == made_before
