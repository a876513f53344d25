"""A search: as many trials as were asked for, ordinary runs, whatever interrupts it."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from searches import CONFIG, Done, events, search, write_config
from small_configs import begin

from bigmodel_cli.errors import UsageError
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.new_run import NewRun
from bigmodel_cli.run_folder import WEIGHTS_REMOVED, RunFolder
from bigmodel_cli.training.train import train
from bigmodel_cli.tuning.disk import bytes_in
from bigmodel_cli.tuning.folder import SearchFolder
from bigmodel_cli.tuning.journal import FAILED

pytestmark = [pytest.mark.tf, pytest.mark.slow]
IS_LONG = os.environ.get("BIGMODEL_FAULTS") == "long"


def test_trials_are_runs_and_the_best_have_their_weights(done: Done) -> None:
    winner = done.journal.ranked[0].number
    each = [f"{what} {n}" for n in range(1, 5) for what in ("began", "ended")]
    assert done.notes.lines == [*each, f"concluding {winner}"]
    folder = SearchFolder(done.folder)
    best = {trial.number for trial in done.journal.ranked[:2]}
    for number, trial in done.journal.trials.items():
        run = folder.run(number)
        record = run.read_record()
        assert record["status"] == "completed"
        assert record["epochs"] == len(trial.scores)
        assert bool(run.checkpoint_names()) == (number in best)
        assert (WEIGHTS_REMOVED in record) == (number not in best)
        # Of the best alone anything is known of the test split.
        assert (run.path / "evaluation").exists() == (number == winner)
        assert ("test" in record) == (number == winner)
        assert record["concluded"] == (number == winner)
        assert trial.score == max(trial.scores.values())


def test_trials_are_executed_as_the_first_one_was(done: Done) -> None:
    folder = SearchFolder(done.folder)
    asked = [read_config(folder.config(n)).experiment.training for n in done.journal.trials]
    assert [training.precision for training in asked] == ["auto", *["float32"] * (len(asked) - 1)]
    assert [training.jit_compile for training in asked] == ["auto", *[False] * (len(asked) - 1)]


def test_the_best_config_trains_to_the_same(done: Done, tmp_path: Path) -> None:
    best = done.journal.ranked[0]
    config = read_config(SearchFolder(done.folder).best)
    assert config.experiment.tune is None
    train(config, NewRun(tmp_path, "again", "1"))
    record = RunFolder(tmp_path / "again" / "1").read_record()
    assert float(f"{record['best']['value']:.9g}") == best.score
    assert "test" in record


def test_the_same_command_has_nothing_left_to_do(done: Done) -> None:
    before = (done.folder / "journal.jsonl").read_bytes()
    journal, notes = search(done.config, done.folder)
    assert notes.lines == []
    assert journal.trials == done.journal.trials
    assert (done.folder / "journal.jsonl").read_bytes() == before


def test_another_config_is_another_search(done: Done) -> None:
    with pytest.raises(UsageError, match=r"not the search that was begun here: training\.epochs changed"):
        search(done.config, done.folder, "training.epochs=4")
    with pytest.raises(UsageError, match=r"tune\.space changed"):
        search(done.config, done.folder, '~tune.space."model.1"')


def test_more_trials_go_on_with_it(done: Done, tmp_path: Path) -> None:
    shutil.copytree(done.folder, tmp_path / "more")
    journal, notes = search(done.config, tmp_path / "more", "tune.trials=5", "tune.keep=1")
    has_won = journal.ranked[0].number == 5
    assert notes.lines == ["began 5", "ended 5", *(["concluding 5"] if has_won else [])]
    assert {n: journal.trials[n] for n in range(1, 5)} == done.journal.trials
    kept = [n for n in journal.trials if SearchFolder(tmp_path / "more").run(n).checkpoint_names()]
    assert kept == [journal.ranked[0].number]


def test_a_search_that_fails_at_once_stops(tmp_path: Path) -> None:
    # Keras alone knows that this does not fit.
    text = CONFIG.replace(
        "  - Dense: {units: num_classes",
        "  - Reshape: {target_shape: [7, 77]}\n  - Flatten\n  - Dense: {units: num_classes",
    )
    with pytest.raises(UsageError, match=r"the first 3 trials all failed by the same: (.|\n)*Reshape"):
        search(write_config(tmp_path, text), tmp_path / "small")
    kinds = [event["status"] for event in events(tmp_path / "small") if event["event"] == "end"]
    assert kinds == [FAILED] * 3


def test_no_checkpoint_goes_beyond_the_disk(tmp_path: Path) -> None:
    text = CONFIG.replace("{integer: [4, 32], log: true}", "{choice: [8, 4000]}").replace(
        "keep: 2", "keep: 4"
    )
    journal, _ = search(write_config(tmp_path, text), tmp_path / "small", "tune.budget.disk=1 MB")
    assert bytes_in(tmp_path / "small") < 1e6
    failed = [trial for trial in journal.trials.values() if trial.status == FAILED]
    assert failed
    for trial in failed:
        assert trial.point["model.0.Dense.units"] == 1
        assert "of the 1.0 MB of tune.budget.disk" in str(trial.reason)


def test_no_trial_begins_when_the_time_is_over(tmp_path: Path) -> None:
    journal, _ = search(write_config(tmp_path), tmp_path / "small", "tune.budget.time=0.01 seconds")
    assert len(journal.trials) == 0 or all(trial.has_ended for trial in journal.trials.values())
    assert len(journal.trials) < 2


def test_killed_at_any_moment_it_comes_to_the_same(done: Done, tmp_path: Path) -> None:
    chance = random.Random(5)
    kills, deadline = (30 if IS_LONG else 2), 40.0
    while True:
        process = begin("tune", done.config, "--tunes-dir", tmp_path)
        if kills:
            kills -= 1
            moment = time.monotonic() + chance.uniform(1.0, 12.0)
            while process.poll() is None and time.monotonic() < moment:
                time.sleep(0.05)
            if chance.random() < 0.5:
                for worker in _children(process.pid):
                    os.kill(worker, signal.SIGKILL)
                time.sleep(chance.uniform(0.5, 4.0))
            process.kill()
            process.communicate()
            continue
        _, errors = process.communicate(timeout=deadline * 10)
        assert process.returncode == 0, errors
        break
    assert events(tmp_path / "small") == events(done.folder)
    assert (tmp_path / "small" / "best.yaml").read_bytes() == (done.folder / "best.yaml").read_bytes()
    records = [json.loads(path.read_text()) for path in (tmp_path / "small").glob("trials/*/run.json")]
    assert [record["status"] for record in records] == ["completed"] * 4


def _children(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(word) for word in found.stdout.split()]


def test_an_interrupted_search_ends_soon_and_goes_on(done: Done, tmp_path: Path) -> None:
    text = CONFIG.replace("epochs: 3", "epochs: 3000").replace("num_examples: 600", "num_examples: 6000")
    process = begin("tune", write_config(tmp_path, text), "--tunes-dir", tmp_path)
    run = tmp_path / "small" / "trials" / "0001"
    until = time.monotonic() + 120
    while time.monotonic() < until and not (run / "metrics.csv").exists():
        time.sleep(0.1)
    assert (run / "metrics.csv").exists()
    workers = _children(process.pid)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "bigmodel tune" in errors
    assert time.monotonic() - began < 30, "10 s on a machine that does nothing else"
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
    assert json.loads((run / "run.json").read_text())["status"] in ("interrupted", "running")
