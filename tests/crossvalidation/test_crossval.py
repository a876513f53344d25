"""A cross-validation: each example predicted once, by a run like any other, whatever interrupts it."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from crossvals import CONFIG, Done, crossval, write_config
from small_configs import begin

from bigmodel_cli.cli.main import run
from bigmodel_cli.config.schema import Fold
from bigmodel_cli.crossvalidation.crossval import How
from bigmodel_cli.crossvalidation.folder import CrossvalFolder, read_label_problems_of
from bigmodel_cli.crossvalidation.predictions import out_of_fold
from bigmodel_cli.errors import ConfigError, DataError, GateError, UsageError
from bigmodel_cli.gates import require_gates
from bigmodel_cli.run_folder import WEIGHTS_REMOVED, RunFolder
from bigmodel_cli.scoring.label_problems import class_problems
from bigmodel_cli.scoring.names import measures

pytestmark = [pytest.mark.tf, pytest.mark.slow]


FOLDS = [Fold(number=number, of=3) for number in (1, 2, 3)]


def test_each_example_is_predicted_once_by_a_run_that_held_it_out(done: Done) -> None:
    found = out_of_fold(done.folder.path)
    (one,) = found.values()
    assert one.places.tolist() == list(range(151))
    assert one.names == [f"train[{place}]" for place in range(151)]
    assert (one.labels == done.results.plan.examples.labels).all()
    assert one.values.shape == (151, 3)
    assert one.values.sum(axis=1) == pytest.approx(np.ones(151), abs=1e-5)
    for fold in FOLDS:
        with done.folder.run(fold).predictions("test").open(newline="") as file:
            rows = list(csv.DictReader(file))
        places = done.results.plan.places(fold)
        assert [row["example"] for row in rows] == [f"train[{place}]" for place in places]
        scores = np.array([[row[f"score_class_{n}"] for n in range(3)] for row in rows], np.float32)
        assert (one.values[places] == scores).all()


def test_the_numbers_are_those_of_the_folds(done: Done) -> None:
    results, document = done.results, json.loads(done.folder.results.read_text())
    of_folds = [json.loads(done.folder.run(fold).evaluation("test").read_text()) for fold in FOLDS]
    accuracies = [one["metrics"]["accuracy"] for one in of_folds]
    assert document["over_folds"]["accuracy"]["mean"] == pytest.approx(np.mean(accuracies))
    assert document["over_folds"]["accuracy"]["deviation"] == pytest.approx(np.std(accuracies, ddof=1))
    assert set(document["over_folds"]) == set(measures(of_folds[0])) & set(measures(of_folds[1]))
    together = document["out_of_fold"]
    assert together["examples"] == 151
    right = sum(round(one["metrics"]["accuracy"] * one["examples"]) for one in of_folds)
    assert together["metrics"]["accuracy"] == pytest.approx(right / 151)
    assert np.sum(together["confusion_matrix"]) == 151
    matrices = [one["confusion_matrix"] for one in of_folds]
    assert (np.array(together["confusion_matrix"]) == np.sum(matrices, axis=0)).all()
    interval = together["intervals"]["accuracy"]
    assert interval["low"] < right / 151 < interval["high"]
    assert [gate.met for gate in results.gates] == [True, False]
    assert results.gates[0].value == pytest.approx(np.mean(accuracies))
    with pytest.raises(GateError, match=r"macro\.f1 is 0\.\d+, expected >= 0\.999"):
        require_gates(list(results.gates))


def test_a_fold_is_a_run_without_its_weights(done: Done) -> None:
    assert done.notes.lines == [f"{what} 1-{n}" for n in (1, 2, 3) for what in ("began", "ended")]
    assert done.notes.opening == (3, 0)
    for fold in FOLDS:
        of_fold = done.folder.run(fold)
        record = of_fold.read_record()
        assert record["status"] == "completed"
        assert record["data"]["splits"]["test"]["origin"] == f"fold {fold.number} of 3 of the training part"
        assert not of_fold.checkpoints.exists()
        assert not of_fold.litert_model.exists()
        assert "--keep-weights" in record[WEIGHTS_REMOVED]
        assert f"fold: {{number: {fold.number}, of: 3, repeat: 1}}\n" in of_fold.config.read_text()
        # The fold before it is no run to compare with.
        assert "previous run" not in of_fold.report.read_text()


def test_the_page_has_the_folds_and_the_evaluation(done: Done) -> None:
    page = done.folder.page.read_text()
    found = json.loads(done.folder.results.read_text())
    for text in (
        f"{found['out_of_fold']['metrics']['accuracy']:.2%}",
        f"{found['over_folds']['accuracy']['deviation']:.2%}",
        "on 151 examples each predicted by a model that has not seen it.",
        '<section id="folds">',
        '<section id="confusion">',
        "Nadeau and Bengio",
        "train[",
    ):
        assert text in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_the_same_command_has_nothing_left_to_train(done: Done) -> None:
    before = [path.read_bytes() for path in (done.folder.predictions, done.folder.results)]
    results, notes = crossval(done.config, done.folder.path)
    assert (notes.lines, notes.opening) == ([], (3, 3))
    assert [path.read_bytes() for path in (done.folder.predictions, done.folder.results)] == before
    assert results.document == done.results.document
    _, notes = crossval(done.config, done.folder.path, how=How(keep_weights=True))
    assert "fold 1 of 3: complete already, without weights" in notes.said[0]


def test_another_question_is_refused(done: Done) -> None:
    with pytest.raises(UsageError, match=r"that was begun here: training\.epochs changed"):
        crossval(done.config, done.folder.path, "training.epochs=3")
    with pytest.raises(UsageError, match="--folds changed"):
        crossval(done.config, done.folder.path, folds=4)
    with pytest.raises(UsageError, match=r"data\.fold: the config is that of fold 1 of 2 already"):
        crossval(done.config, done.folder.path, "data.fold={number: 1, of: 2}")
    with pytest.raises(DataError, match="200 folds are too many: there are 151 examples"):
        crossval(done.config, done.folder.path, folds=200)


def test_nothing_is_read_from_what_is_not_complete(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no complete cross-validation"):
        out_of_fold(tmp_path)


def test_a_fold_that_fails_ends_it_with_its_error(tmp_path: Path) -> None:
    # Keras alone knows that this does not fit.
    text = CONFIG.replace("  - Dropout: {rate: 0.1}\n", "  - Reshape: {target_shape: [7, 77]}\n  - Flatten\n")
    with pytest.raises(ConfigError, match=r"fold 1 of 3: (.|\n)*Reshape"):
        crossval(write_config(tmp_path, text), tmp_path / "small")
    # Mended, it is asked for again.
    with pytest.raises(ConfigError, match=r"fold 1 of 3: (.|\n)*Reshape"):
        crossval(write_config(tmp_path, text.replace("7, 77", "7, 78")), tmp_path / "small")


def test_a_fold_with_its_weights_is_evaluated_and_trained_longer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    how = How(keep_weights=True, num_workers=2)
    results, _ = crossval(write_config(tmp_path), tmp_path / "small", folds=2, how=how)
    folder = CrossvalFolder(tmp_path / "small").run(Fold(number=2, of=2))
    assert folder.litert_model.exists()
    # One of the gates is missed.
    assert run(["evaluate", str(folder.path), "--json"]) == 4
    evaluated = json.loads(capsys.readouterr().out)
    assert evaluated["test"]["accuracy"] == results.folds[1].evaluation["metrics"]["accuracy"]
    assert run(["train", "--resume", str(folder.path), "training.epochs=3", "--json"]) == 4
    record = folder.read_record()
    assert (record["status"], record["epochs"]) == ("completed", 3)
    assert "fold 2 of 2" in record["data"]["splits"]["test"]["origin"]


def _wait_for(path: Path) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until and not path.exists():
        time.sleep(0.02)
    assert path.exists()


def test_labels_that_may_be_wrong(done: Done, tmp_path: Path, bigmodel) -> None:
    words = ["crossval", done.config, "--folds", "3", "--crossvals-dir", done.folder.path.parent]
    told = bigmodel(*words, "--suspects", tmp_path / "suspects.csv")
    assert told.code == 4, "its gate is missed"
    (one,) = out_of_fold(done.folder.path).values()
    expected = class_problems(one.labels, one.values)
    document = read_label_problems_of(done.folder.path)
    assert document["examples"] == 151
    assert document["stands_out"] is expected.stands_out
    with (tmp_path / "suspects.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(expected.suspects) > 0
    assert [row["example"] for row in rows] == [one.names[row] for row in expected.suspects.rows]
    names = one.task.label_names
    assert [row["label"] for row in rows] == [names[one.labels[row]] for row in expected.suspects.rows]
    assert [row["suggested"] for row in rows] == [names[place] for place in expected.suspects.suggested]


def test_killed_at_any_moment_it_comes_to_the_same(done: Done, tmp_path: Path) -> None:
    folds = tmp_path / "small" / "folds"
    words = ["crossval", done.config, "--folds", "3", "--crossvals-dir", tmp_path]
    first = begin(*words)
    _wait_for(folds / "1-01" / "metrics.csv")
    first.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, errors = first.communicate(timeout=60)
    assert first.returncode == 130, errors
    assert "go on with: bigmodel crossval" in errors
    assert time.monotonic() - began < 30, "10 s on a machine that does nothing else"
    second = begin(*words)
    _wait_for(folds / "1-02" / "metrics.csv")
    # The worker is killed alone: another one goes on.
    found = subprocess.run(["pgrep", "-P", str(second.pid)], capture_output=True, text=True, check=False)
    for worker in found.stdout.split():
        os.kill(int(worker), signal.SIGKILL)
    _wait_for(folds / "1-03" / "run.json")
    second.kill()
    second.communicate()
    last = begin(*words)
    _, errors = last.communicate(timeout=400)
    assert last.returncode == 4, errors
    assert (tmp_path / "small" / "out_of_fold.csv").read_bytes() == done.folder.predictions.read_bytes()
    again = json.loads((tmp_path / "small" / "results.json").read_text())
    before = json.loads(done.folder.results.read_text())
    assert again["out_of_fold"] == before["out_of_fold"]
    assert again["over_folds"] == before["over_folds"]
    sessions = [len(RunFolder(folds / f"1-0{n}").read_record()["sessions"]) for n in (1, 2)]
    assert min(sessions) >= 2, "both were gone on with"
