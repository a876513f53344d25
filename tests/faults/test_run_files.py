"""Every file of a run damaged in turn: refused or healed with a message that names it, and no other result.

The files are found by walking, so one that a run has tomorrow is damaged too.
"""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bigmodel_cli.cli.main import run as run_bigmodel
from bigmodel_cli.cli.progress import Lines
from bigmodel_cli.metrics_file import TIME_COLUMNS
from bigmodel_cli.run_folder import RunFolder, update_record

pytestmark = [pytest.mark.tf, pytest.mark.slow]

CONFIG = """\
name: tiny
data:
  source: {synthetic: {shape: [6, 6, 1], num_classes: 3, num_examples: 120}}
  batch_size: 16
model:
  - Flatten
  - Dense: {units: 16, activation: relu}
  - Dropout: {rate: 0.2}
  - Dense: {units: num_classes, activation: softmax}
loss: CategoricalCrossentropy
optimizer: {Adam: {learning_rate: 0.01}}
training:
  epochs: EPOCHS
  deterministic: true
  steps_per_execution: 2
  checkpoint: CHECKPOINT
"""
# The loss becomes smaller and smaller, so that the best epoch is the first.
FIRST_IS_BEST = "{monitor: val_loss, mode: max}"
KEEP_TWO = "{monitor: val_loss, keep: 2}"
LONGER = "training.epochs=3"


# Damage.


def cut(path: Path, _chance: random.Random) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(path: Path, _chance: random.Random) -> None:
    path.write_bytes(b"")


def zeroed(path: Path, _chance: random.Random) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def flipped(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    if content:
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def deleted(path: Path, _chance: random.Random) -> None:
    path.unlink()


def a_folder(path: Path, _chance: random.Random) -> None:
    path.unlink()
    path.mkdir()


DAMAGES = [cut, emptied, zeroed, flipped, deleted, a_folder]
# Random places.
AGAIN = [flipped] * 3

Damage = Callable[[Path, random.Random], None]


@dataclass(frozen=True)
class Case:
    """A damaged file: its name in the run, how, whether it says something else now, and what it was."""

    name: str
    how: str
    is_damaged: bool
    whole: bytes

    @property
    def is_folder(self) -> bool:
        return self.how == "a_folder"


@pytest.fixture
def cases(chance: random.Random, how_many: Callable[..., int], tmp_path: Path) -> Callable[..., Any]:
    """Copies a run to the same place again and again, each time with another damage: (case, copy)."""

    def make(whole: Path, *, short: int, sample: int | None = None) -> Iterator[tuple[Case, Path]]:
        names = files_of(whole)
        pairs = [
            (name, damage)
            for name in names
            for damage in (chance.sample(DAMAGES, short) if how_many(short=1, long=0) else DAMAGES + AGAIN)
        ]
        if sample is not None and how_many(short=1, long=0):
            pairs = chance.sample(pairs, sample)
        for name, damage in pairs:
            copy = copied(whole, tmp_path / "copy")
            before = (copy / name).read_bytes()
            damage(copy / name, chance)
            yield Case(name, damage.__name__, says_otherwise(copy / name, before), before), copy

    return make


def files_of(run: Path) -> list[str]:
    return sorted(path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file())


def copied(run: Path, to: Path) -> Path:
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(run, to)
    return to


def says_otherwise(path: Path, before: bytes) -> bool:
    """Whether a file lost something: a lock has nothing to lose, and in JSON `1E-05` is `1e-05`."""
    if path.name == ".lock":
        return False
    if not path.is_file() or path.read_bytes() == before:
        return not path.is_file()
    is_sealed = path.name == "run.json" or (path.parent.name == "checkpoints" and path.suffix == ".json")
    try:
        return not is_sealed or bool(json.loads(path.read_bytes()) != json.loads(before))
    except ValueError:
        return True


def mend(case: Case, run: Path) -> None:
    path = run / case.name
    if path.is_dir():
        path.rmdir()
    path.write_bytes(case.whole)


# Runs.


@pytest.fixture(scope="session")
def completed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two epochs, of which the first is the best."""
    run = trained(tmp_path_factory.mktemp("completed"), 2, FIRST_IS_BEST)
    assert json.loads((run / "run.json").read_text())["best"]["epoch"] == 1
    return run


@pytest.fixture(scope="session")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was stopped in the third of four epochs, with the checkpoints of two epochs before."""
    with stopping_in_epoch(3):
        return trained(tmp_path_factory.mktemp("interrupted"), 4, KEEP_TWO, code=143)


def trained(folder: Path, epochs: int, checkpoint: str, *words: str, code: int = 0) -> Path:
    config = folder / "tiny.yaml"
    config.write_text(CONFIG.replace("EPOCHS", str(epochs)).replace("CHECKPOINT", checkpoint))
    assert run_bigmodel(["train", str(config), *words, "--runs-dir", str(folder), "--plain"]) == code
    (run,) = (path.parent for path in folder.glob("tiny/*/run.json"))
    return run


@contextmanager
def stopping_in_epoch(epoch: int) -> Iterator[None]:
    """Lets a signal come at a step of an epoch."""
    told = Lines.progressed

    def stop(self: Lines, progress: Any) -> None:
        told(self, progress)
        if (progress.epoch, progress.step) == (epoch, 4):
            signal.raise_signal(signal.SIGTERM)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Lines, "progressed", stop)
        yield


@pytest.fixture
def example(tmp_path: Path) -> Path:
    path = tmp_path / "example.npy"
    np.save(path, np.arange(36, dtype=np.uint8).reshape(6, 6, 1))
    return path


def result_of(run: Path) -> tuple[list[list[str]], str, bytes]:
    """metrics.csv without times, the evaluation, the predictions."""
    header, *rows = csv.reader((run / "metrics.csv").open())
    kept = [index for index, name in enumerate(header) if name not in TIME_COLUMNS]
    metrics = [[row[index] for index in kept] for row in (header, *rows)]
    evaluation = run / "evaluation"
    return metrics, (evaluation / "test.json").read_text(), (evaluation / "predictions_test.csv").read_bytes()


# What the commands need.

BEST = {"checkpoints/best.keras", "checkpoints/best.json"}
RECORD = {"run.json", "labels.json"}
NEEDED = {
    "evaluate": {*RECORD, *BEST, "config.yaml"},
    "predict": {*RECORD, "model.tflite", "example_limits.npz"},
    "predict --engine keras": {*RECORD, *BEST, "example_limits.npz"},
}
# Where a folder of the same name would be in the way.
WRITTEN = {
    "evaluate": {
        f"evaluation/{name}"
        for name in ("test.json", "predictions_test.csv", "label_problems_test.json", "samples_test.json")
    }
}


def words_of(command: str, run: Path, example: Path) -> list[str | Path]:
    name, *options = command.split()
    return [name, run, "--json"] if name == "evaluate" else [name, example, "--run", run, "--json", *options]


def test_a_run_in_use(bigmodel, completed, cases, example, tmp_path, chance, how_many):
    """What a command needs is named where it is damaged, and what it does not need does not matter."""
    expected = {}
    copied(completed, tmp_path / "copy")
    for command in (*NEEDED, "predict --engine keras"):
        outcome = bigmodel(*words_of(command, tmp_path / "copy", example))
        assert outcome.code == 0 and "warning" not in outcome.err, outcome
        expected[command] = outcome.json
    assert expected["predict"]["engine"] == "litert"
    for case, run in cases(completed, short=1):
        refused = []
        asked = NEEDED
        if not case.is_folder and not any(case.name in needed for needed in NEEDED.values()):
            # That no command needs it one of them shows, and the long form all.
            asked = dict(chance.sample([*NEEDED.items()], how_many(short=1, long=len(NEEDED))))
        for command, needed in asked.items():
            outcome = bigmodel(*words_of(command, run, example))
            in_the_way = case.is_folder and case.name in WRITTEN.get(command, ())
            if not in_the_way and not (case.is_damaged and case.name in needed):
                assert (outcome.code, outcome.json) == (0, expected[command]), (case, outcome)
                assert "warning" not in outcome.err, (case, outcome)
                continue
            assert case.name in outcome.err, (case, outcome)
            if case.name == "example_limits.npz":
                assert outcome.code == 0 and "warning: " in outcome.err
                alike = [{**item, "unlike": None} for item in expected[command]["predictions"]]
                assert [{**item, "unlike": None} for item in outcome.json["predictions"]] == alike
                continue
            if case.name == "model.tflite":
                assert outcome.code == 0 and "warning: " in outcome.err
                assert outcome.json == expected["predict --engine keras"], (case, outcome)
                continue
            assert outcome.code == 3 and outcome.err.count("error: ") == 1, (case, outcome)
            refused.append(command)
        mend(case, run)
        for command in refused[-1:]:
            again = bigmodel(*words_of(command, run, example))
            assert (again.code, again.json) == (0, expected[command]), (case, again)


def test_verify_and_ls(bigmodel, completed, interrupted, cases):
    for whole in (completed, interrupted):
        for case, run in cases(whole, short=1):
            verified, listed = (
                bigmodel("runs", "verify", run),
                bigmodel("runs", "ls", "--runs-dir", run.parents[1]),
            )
            assert listed.code == 0
            if not case.is_damaged:
                assert verified.code == 0, (case, verified)
                continue
            assert verified.code == 3 and f"{case.name}" in verified.err, (case, verified)
            states = {line.split()[0]: line for line in verified.out.splitlines() if line.strip()}
            if case.name != "run.json":
                word = "missing" if case.how in ("deleted", "a_folder") else "damaged"
                assert word in states[case.name], (case, verified)
            mend(case, run)
            again = bigmodel("runs", "verify", run)
            assert again.code == 0, (case, again)
            assert "missing" not in again.out and "damaged" not in again.out


# Going on.


@pytest.fixture(scope="session")
def expected_longer(tmp_path_factory: pytest.TempPathFactory, completed: Path) -> Any:
    """What the completed run comes to with an epoch more."""
    return gone_on(copied(completed, tmp_path_factory.mktemp("longer") / "run"), LONGER)


@pytest.fixture(scope="session")
def expected_end(tmp_path_factory: pytest.TempPathFactory, interrupted: Path) -> Any:
    """What the interrupted run comes to."""
    return gone_on(copied(interrupted, tmp_path_factory.mktemp("end") / "run"))


def gone_on(run: Path, *words: str) -> Any:
    assert run_bigmodel(["train", "--resume", str(run), *words, "--plain"]) == 0
    return result_of(run)


def check_going_on(bigmodel: Any, case: Case, run: Path, expected: Any, *words: str) -> None:
    outcome = bigmodel("train", "--resume", run, *words)
    if case.is_damaged:
        assert case.name in outcome.err, (case, outcome)
    is_refused = outcome.code == 3
    if is_refused:
        assert case.is_damaged or case.is_folder, (case, outcome)
        assert outcome.err.count("error: ") == 1, (case, outcome)
        mend(case, run)
        outcome = bigmodel("train", "--resume", run, *words)
    assert (outcome.code, result_of(run)) == (0, expected), (case, outcome)
    verified = bigmodel("runs", "verify", run)
    if case.name == "source.yaml" and case.is_damaged and not is_refused:
        # Nothing can make it again, and that it is damaged is not forgotten.
        assert verified.code == 3 and verified.err.count("(") == 1 and "source.yaml (" in verified.err
    else:
        assert verified.code == 0, (case, verified)
        assert case.name not in RECORD | BEST or case.name in files_of(run)


def test_a_complete_run_is_trained_longer(bigmodel, completed, cases, expected_longer):
    for case, run in cases(completed, short=3, sample=4):
        check_going_on(bigmodel, case, run, expected_longer, LONGER)


def test_an_interrupted_run_goes_on(bigmodel, interrupted, cases, expected_end):
    names = [name for name in files_of(interrupted) if name.startswith("checkpoints/")]
    assert len(names) == 2 * len(["best", "last", "epoch-0001", "epoch-0002"])
    for case, run in cases(interrupted, short=3, sample=4):
        check_going_on(bigmodel, case, run, expected_end)


def test_what_was_found_damaged_is_not_forgotten(bigmodel, completed, example, tmp_path):
    """A session that ends before it writes a file anew leaves it on record as damaged, and no old model."""
    run = copied(completed, tmp_path / "copy")
    (run / "plots/curves.png").write_bytes(b"")
    (run / "evaluation/test.json").unlink()
    (run / "model.tflite").write_bytes(b"")
    with stopping_in_epoch(3):
        stopped = bigmodel("train", "--resume", run, LONGER)
    assert stopped.code == 143
    for name in ("plots/curves.png", "evaluation/test.json", "model.tflite"):
        assert f"warning: {run}/{name}: missing, damaged or changed; " in stopped.err
    verified = bigmodel("runs", "verify", run)
    assert verified.code == 3
    assert (
        f"error: {run}: evaluation/test.json (missing), plots/curves.png (damaged or changed)\n"
        in verified.err
    )
    predicted = bigmodel("predict", example, "--run", run, "--json")
    assert (predicted.code, predicted.json["engine"]) == (0, "keras")
    assert bigmodel("train", "--resume", run).code == 0
    assert bigmodel("runs", "verify", run).code == 0
    assert bigmodel("predict", example, "--run", run, "--json").json["engine"] == "litert"


def test_the_best_is_given_up_only_with_consent(bigmodel, completed, tmp_path):
    run = copied(completed, tmp_path / "copy")
    (run / "checkpoints/best.keras").unlink()
    refused = bigmodel("train", "--resume", run, LONGER)
    assert (refused.code, refused.out) == (3, "")
    assert "error: the best checkpoint of the run is lost: " in refused.err
    assert f"remove {run}/checkpoints/best.keras and best.json\n" in refused.err
    (run / "checkpoints/best.json").unlink()
    resumed = bigmodel("train", "--resume", run, LONGER)
    assert resumed.code == 0
    assert "best.keras is missing or damaged; the best of what follows takes its place" in resumed.err
    assert json.loads((run / "run.json").read_text())["best"]["epoch"] == 3


# Files in each other's place.


@pytest.fixture(scope="session")
def another(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the same config but for its seed."""
    return trained(tmp_path_factory.mktemp("another"), 2, FIRST_IS_BEST, "seed=1")


def put_in_place(one: Path, other: Path) -> None:
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)


# Here what was the last checkpoint before is the best one: while a run trains, that could be in its place.
@pytest.mark.parametrize("ends", [["keras"], ["json"], ["keras", "json"]])
def test_best_and_last_in_each_others_place(bigmodel, completed, tmp_path, ends):
    run = copied(completed, tmp_path / "copy")
    for end in ends:
        put_in_place(run / f"checkpoints/best.{end}", run / f"checkpoints/last.{end}")
    for name in ("best", "last"):
        refused = bigmodel("evaluate", run, "--checkpoint", name)
        assert (refused.code, refused.out) == (3, ""), refused
        assert f"error: {run}/checkpoints/{name}.keras: " in refused.err
    for words in (["runs", "verify", run], ["train", "--resume", run, LONGER]):
        refused = bigmodel(*words)
        assert refused.code == 3
        assert "best.keras" in refused.err and "last.keras" in refused.err


def test_the_checkpoints_of_another_run(bigmodel, completed, another, tmp_path):
    run = copied(completed, tmp_path / "copy")
    shutil.rmtree(run / "checkpoints")
    shutil.copytree(another / "checkpoints", run / "checkpoints")
    says = f"{run}/checkpoints/best.keras: not this run's best checkpoint: its JSON file is of another one"
    for words in (["evaluate", run], ["train", "--resume", run, LONGER]):
        refused = bigmodel(*words)
        assert (refused.code, refused.out) == (3, "")
        assert says in refused.err


def test_the_litert_model_of_another_run(bigmodel, completed, another, example, tmp_path):
    run = copied(completed, tmp_path / "copy")
    expected = bigmodel("predict", example, "--run", run, "--engine", "keras", "--json").json
    shutil.copy(another / "model.tflite", run / "model.tflite")
    predicted = bigmodel("predict", example, "--run", run, "--json")
    assert (predicted.code, predicted.json) == (0, expected)
    says = f"{run}/model.tflite: damaged or changed: its sha256 is not the one in run.json"
    assert f"warning: {says}; predicting with Keras instead\n" in predicted.err
    refused = bigmodel("predict", example, "--run", run, "--engine", "litert")
    assert (refused.code, refused.out) == (3, "")
    assert f"error: {says}\n" in refused.err and "hint: use --engine keras\n" in refused.err


# Folders elsewhere, changed by hand, or closed.


def test_a_run_that_was_moved_and_one_behind_a_link(bigmodel, completed, expected_longer, example, tmp_path):
    unmoved = copied(completed, tmp_path / "unmoved")
    outcomes = [bigmodel("evaluate", unmoved, "--json").json]
    outcomes.append(bigmodel("predict", example, "--run", unmoved, "--json").json)
    moved = copied(completed, tmp_path / "some where")
    link = tmp_path / "link"
    link.symlink_to(copied(completed, tmp_path / "behind"))
    for run in (moved, link):
        here = {"run": str(run)}
        assert bigmodel("evaluate", run, "--json").json == outcomes[0] | here
        assert bigmodel("predict", example, "--run", run, "--json").json == outcomes[1] | here
        assert bigmodel("runs", "verify", run).code == 0
        assert gone_on(run, LONGER) == expected_longer
        assert bigmodel("runs", "verify", run).code == 0
    assert link.is_symlink()


def edited(run: Path, old: str, new: str) -> None:
    text = (run / "config.yaml").read_text()
    assert text.count(old) == 1
    (run / "config.yaml").write_text(text.replace(old, new))


def test_a_config_that_was_changed_on_purpose(bigmodel, completed, tmp_path):
    run = copied(completed, tmp_path / "copy")
    before = bigmodel("evaluate", run, "--json").json["test"]
    edited(run, "batch_size: 16", "batch_size: 5")
    accept = f"bigmodel runs verify {run} --accept"
    for words in (["evaluate", run], ["train", "--resume", run, LONGER]):
        refused = bigmodel(*words)
        assert refused.code == 3
        assert f"error: {run}/config.yaml: damaged or changed: its sha256 is not the one in" in refused.err
        assert f"hint: restore it; if you changed it yourself: {accept}\n" in refused.err
    accepted = bigmodel("runs", "verify", run, "--accept")
    assert accepted.code == 0 and "taken as it is now: config.yaml\n" in accepted.err
    after = bigmodel("evaluate", run, "--json")
    assert after.code == 0 and after.json["test"] == pytest.approx(before, rel=1e-5)
    refused = bigmodel("train", "--resume", run, LONGER)
    assert refused.code == 3
    assert f"error: {run}/config.yaml: changed since the run was trained under it" in refused.err
    assert f"hint: bring it back, or start a new run: bigmodel train {run}/config.yaml --from " in refused.err
    edited(run, "batch_size: 5", "batch_size: 16")
    assert bigmodel("runs", "verify", run, "--accept").code == 0
    assert bigmodel("train", "--resume", run, LONGER).code == 0


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("units: 16", "units: 15", "its weights are not those of the model in the run's config: "),
        ("- Dropout: {rate: 0.2}\n", "", "its training state is not that of the run's config"),
    ],
)
def test_a_config_that_the_checkpoints_do_not_fit(bigmodel, completed, tmp_path, old, new, says):
    """As if the process had ended between the config and the record of it, or Keras were another."""
    run = copied(completed, tmp_path / "copy")
    edited(run, old, new)
    update_record(RunFolder(run), {"files": {}, "config_sha256": None})
    refused = bigmodel("train", "--resume", run, LONGER)
    assert (refused.code, refused.out) == (3, ""), refused
    assert f"error: {run}/checkpoints/last.keras: {says}" in refused.err


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere")
def test_a_run_that_may_only_be_read(bigmodel, completed, example, tmp_path):
    run = copied(completed, tmp_path / "copy")
    expected = bigmodel("evaluate", run, "--json").json
    before = {name: (run / name).read_bytes() for name in files_of(run)}
    folders = [run, *(path for path in run.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        evaluated = bigmodel("evaluate", run, "--json")
        assert (evaluated.code, evaluated.json) == (0, expected)
        assert f"warning: {run}: may only be read, so the evaluation is not kept there\n" in evaluated.err
        assert bigmodel("predict", example, "--run", run, "--engine", "keras").code == 0
        assert bigmodel("runs", "verify", run).code == 0
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert {name: (run / name).read_bytes() for name in files_of(run)} == before


def test_metrics_that_are_gone_are_made_again_from_the_checkpoint(
    bigmodel, interrupted, expected_end, tmp_path
):
    run = copied(interrupted, tmp_path / "copy")
    (run / "metrics.csv").unlink()
    resumed = bigmodel("train", "--resume", run)
    assert resumed.code == 0
    says = "metrics.csv: missing, damaged or changed; made again from the checkpoint"
    assert f"warning: {run}/{says}\n" in resumed.err
    assert result_of(run) == expected_end and len(expected_end[0]) == 1 + 4
