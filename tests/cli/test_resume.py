"""`train --resume` and `train --from`: what goes on, what is refused, and what is said."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest

from bigmodel_cli.cli.main import run as run_command
from bigmodel_cli.cli.progress import Lines
from bigmodel_cli.metrics_file import TIME_COLUMNS, read_metrics
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.run_lock import is_alive

pytestmark = pytest.mark.tf

FOUR = "training.epochs=4"


def the_run() -> RunFolder:
    (path,) = Path("runs/tiny").iterdir()
    return RunFolder(path)


def numbers(run):
    return {name: values for name, values in read_metrics(run.metrics).items() if name not in TIME_COLUMNS}


@pytest.fixture(autouse=True)
def _runs_here(monkeypatch):
    monkeypatch.delenv("BIGMODEL_RUNS")


@pytest.fixture
def stopping(monkeypatch):
    """Lets a signal come at a step of an epoch, or at an epoch's end (step 0); then lets it come no more."""

    return partial(stop_at, monkeypatch)


def stop_at(patch, epoch, step=0, number=signal.SIGTERM):
    name = "progressed" if step else "epoch_ended"
    as_ever = getattr(Lines, name)

    def told(self, progress, *_):
        if (progress.epoch, progress.step) == (epoch, step or progress.num_steps):
            patch.setattr(Lines, name, as_ever)
            signal.raise_signal(number)

    patch.setattr(Lines, name, told)


@pytest.fixture
def here(tiny, monkeypatch, tmp_path):
    """The tiny config, with the folder that runs go to beside it."""
    monkeypatch.chdir(tmp_path)
    return tiny


@pytest.fixture
def complete(here, trained):
    """The same after a whole run of it."""
    shutil.copytree(trained, "runs")
    return here


@pytest.fixture(scope="module")
def broken_off(trained, tmp_path_factory):
    """Folders of runs of four epochs that were stopped at the end of an epoch, or at a step of the third."""

    @cache
    def at(epoch, step=0):
        runs = tmp_path_factory.mktemp("broken_off")
        words = [FOUR, *(["training.steps_per_execution=2"] if step else []), "--runs-dir", str(runs)]
        with pytest.MonkeyPatch.context() as patch:
            stop_at(patch, epoch, step)
            assert run_command(["train", str(trained.parent / "tiny.yaml"), *words]) == 143
        return runs

    return at


@pytest.fixture(scope="module")
def expected(trained, tmp_path_factory):
    """The numbers of four epochs without a break."""
    runs = tmp_path_factory.mktemp("whole")
    assert run_command(["train", str(trained.parent / "tiny.yaml"), FOUR, "--runs-dir", str(runs)]) == 0
    (path,) = (runs / "tiny").iterdir()
    return numbers(RunFolder(path))


@pytest.mark.parametrize(
    ("epoch", "step", "number", "code"),
    [(2, 0, signal.SIGTERM, 143), (2, 3, signal.SIGINT, 130), (1, 6, signal.SIGTERM, 143)],
)
def test_interrupted_and_resumed(bigmodel, here, stopping, expected, epoch, step, number, code):
    stopping(epoch, step, number)
    stopped = bigmodel("train", here, FOUR, "training.steps_per_execution=3")
    run = the_run()
    assert (stopped.code, stopped.out) == (code, "")
    assert f"error: interrupted; what was reached is kept in {run.title}\n" in stopped.err
    assert f"hint: go on with: bigmodel train --resume {run.title}\n" in stopped.err
    assert run.read_record()["status"] == "interrupted" and not is_alive(run)
    rows = epoch - (step > 0)
    assert read_metrics(run.metrics)["epoch"] == list(range(1, rows + 1))

    resumed = bigmodel("train", "--resume")
    assert resumed.code == 0, resumed.err
    # At once, before any data is read: it may be another run than was thought of.
    first = f"resuming {run.title}, the newest unfinished run (its config was {here})"
    assert resumed.err.splitlines()[0] == first
    place = f"step {step} of epoch {epoch}" if step else f"the end of epoch {epoch}"
    assert f"going on with {run.title} from {place}\n" in resumed.err
    assert numbers(run) == {name: pytest.approx(values, rel=1e-5) for name, values in expected.items()}
    record = run.read_record()
    assert record["status"] == "completed" and record["epochs"] == 4 and record["error"] is None
    assert [session["status"] for session in record["sessions"]] == ["interrupted", "completed"]
    assert record["sessions"][1]["from"] == place
    assert record["seconds"] > resumed_seconds(record["sessions"][1])


def resumed_seconds(session):
    from datetime import datetime

    ended, started = (datetime.fromisoformat(session[key][:19]) for key in ("ended", "started"))
    return (ended - started).total_seconds()


def test_a_backup_of_keras_does_not_come_in_between(bigmodel, here, stopping, expected):
    """BackupAndRestore would put back the end of an epoch; the checkpoint is from the middle of the next."""
    backup = "training.callbacks=[{BackupAndRestore: {backup_dir: backup}}]"
    stopping(3, 2)
    assert bigmodel("train", here, FOUR, "training.steps_per_execution=2", backup).code == 143
    assert any((the_run().callbacks / "backup").rglob("*"))
    resumed = bigmodel("train", "--resume")
    assert resumed.code == 0 and "from step 2 of epoch 3\n" in resumed.err
    assert numbers(the_run()) == {name: pytest.approx(v, rel=1e-5) for name, v in expected.items()}


def test_a_complete_run_is_trained_longer(bigmodel, complete, expected):
    refused = bigmodel("train", "--resume", "tiny")
    assert refused.code == 2
    assert "complete after 2 of 2 epochs, nothing left to train" in refused.err
    assert f"bigmodel train --resume {the_run().title} training.epochs=4" in refused.err
    longer = bigmodel("train", "--resume", "tiny", FOUR, "--json")
    assert longer.json["epochs"] == 4
    assert numbers(the_run()) == {name: pytest.approx(v, rel=1e-5) for name, v in expected.items()}
    assert "epochs: 4" in the_run().config.read_text()
    assert bigmodel("runs", "verify").code == 0


@pytest.mark.parametrize(
    ("word", "key", "reason"),
    [
        ("seed=1", "seed", "the order of examples and the splits follow from it"),
        ("data.batch_size=8", "data.batch_size", "what an epoch and a step are follows from it"),
        (
            "optimizer.Adam.learning_rate=1",
            "optimizer.Adam.learning_rate",
            "the saved state is of the optimizer",
        ),
        ("model.1.Dense.units=9", "model", "the saved weights are of the model as it was"),
        ("loss=Poisson", "loss", "the curves so far are of the loss as it was"),
        ("metrics=[accuracy, AUC]", "metrics", "metrics.csv has its columns already"),
        ("training.callbacks=[TerminateOnNaN]", "training.callbacks", "trained without it"),
        ("training.deterministic=true", "training.deterministic", "trained without it"),
        ("name=other", "name", "the run has its name already"),
    ],
)
def test_what_may_not_change(bigmodel, trained, word, key, reason):
    (run,) = trained.glob("tiny/*")
    refused = bigmodel("train", "--resume", run, FOUR, word)
    assert (refused.code, refused.out) == (2, "")
    assert f"error: {key} cannot change in the middle of a run: " in refused.err and reason in refused.err
    assert f"hint: start a new run from its weights: bigmodel train CONFIG --from {run}" in refused.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--resume"], "every run under runs/ is complete: there is nothing to go on with"),
        (["--resume", "nothing"], "nothing: no such run"),
        (["--resume", "tiny.yaml"], "expected a run, found a config; a run has its config with it."),
        (
            ["tiny.yaml", "--resume"],
            "found a config; a run has its config with it. Try: bigmodel train --resume tiny\n",
        ),
        (["tiny.yaml", FOUR, "--resume"], f"Try: bigmodel train --resume tiny {FOUR}\n"),
        (["--resume", "tiny/1", "tiny.yaml", FOUR], f"Try: bigmodel train --resume tiny/1 {FOUR}\n"),
        (["tiny.yaml", "--resume", "tiny", "--runs-dir", "my runs"], "--resume tiny --runs-dir 'my runs'\n"),
        (["gone.yaml", "--resume"], "gone.yaml: expected a run, found a config"),
        (["tiny", "--resume"], "tiny: the run is named behind --resume. Try: bigmodel train --resume tiny\n"),
        (["tiny.yaml", "--resume", "--from", "x"], "--from starts a new one"),
        (["tiny.yaml", "--from", "x"], "x: no such run"),
        (["--resume", "--strict"], "--strict is for a CONFIG; --resume takes the config of the run"),
        (["tiny.yaml", "--trust"], "--trust is for a run that --from or --resume names, or for a teacher"),
        ([], "expected a CONFIG, or --resume"),
    ],
)
def test_wrong_words(bigmodel, here, words, says):
    refused = bigmodel("train", *words)
    assert (refused.code, refused.out) == (2, "") and says in refused.err


def test_less_epochs_than_are_trained(bigmodel, here, broken_off):
    shutil.copytree(broken_off(3), "runs")
    refused = bigmodel("train", "--resume", "training.epochs=2")
    assert refused.code == 2
    assert "training.epochs=2 is less than what is trained: the end of epoch 3" in refused.err


COSINE = "optimizer={Adam: {learning_rate: {CosineDecay: {initial_learning_rate: 0.01ARGUMENTS}}}}"
RATE = "optimizer={Adam: {learning_rate: 0.01}}"


@pytest.mark.parametrize(
    ("optimizer", "says"),
    [
        (
            COSINE.replace("ARGUMENTS", ""),
            "the schedule of the learning rate covers 3 epochs now; it is 2.50e-03 here",
        ),
        (
            COSINE.replace("ARGUMENTS", ", decay_steps: 24"),
            "the schedule of the learning rate stays as the config has it; it is 5.00e-03 here",
        ),
        (RATE, None),
    ],
)
def test_fewer_epochs_change_a_schedule_and_say_so(bigmodel, here, stopping, optimizer, says):
    stopping(2)
    assert bigmodel("train", here, FOUR, optimizer).code == 143
    resumed = bigmodel("train", "--resume", "training.epochs=3")
    assert resumed.code == 0
    assert (f"{says}\n" in resumed.err) if says else ("schedule" not in resumed.err)
    assert len(read_metrics(the_run().metrics)["learning_rate"]) == 3


def test_best_weights_are_restored_after_a_break_in_the_last_epoch(bigmodel, here, stopping):
    """EarlyStopping keeps its copy of the best weights over the break, and puts it back at the end."""
    words = (
        "training.callbacks=[{EarlyStopping: {monitor: val_loss, patience: 9, restore_best_weights: true}}, "
        "{ModelCheckpoint: {filepath: end.keras, save_best_only: false}}]",
        "optimizer.Adam.learning_rate=0.5",
        "training.epochs=3",
        "training.deterministic=true",
        "training.steps_per_execution=2",
    )
    assert bigmodel("train", here, *words, "name=whole").code == 0
    (path,) = Path("runs/whole").iterdir()
    whole = RunFolder(path)
    stopping(3, 2)
    assert bigmodel("train", here, *words).code == 143
    assert bigmodel("train", "--resume").code == 0
    again = the_run()
    assert numbers(again) == numbers(whole)
    for key in ("best", "test"):
        assert again.read_record()[key] == whole.read_record()[key]


def test_a_damaged_checkpoint_is_passed_over_by_name(bigmodel, here, broken_off, expected):
    shutil.copytree(broken_off(3, 2), "runs")
    run = the_run()
    damage(run.checkpoint("last"))
    best = json.loads(run.checkpoint_state("best").read_text())["epoch"]
    resumed = bigmodel("train", "--resume", run.path)
    assert f"{run.checkpoint('last')}: damaged: its sha256 is not the one recorded" in resumed.err
    assert "going on from best.keras instead\n" in resumed.err
    assert f"from the end of epoch {best}\n" in resumed.err
    assert resumed.code == 0
    assert numbers(run) == {name: pytest.approx(values, rel=1e-5) for name, values in expected.items()}


def test_a_checkpoint_that_never_had_its_name(bigmodel, here, stopping, expected):
    """The process ended between the first JSON file and the file that it announces: the run begins again."""
    stopping(1, 2)
    assert bigmodel("train", here, FOUR, "training.steps_per_execution=2").code == 143
    run = the_run()
    run.checkpoint("last").unlink()
    resumed = bigmodel("train", "--resume")
    assert resumed.code == 0
    assert f"{run.checkpoint('last')}: not there; the process ended before it was whole\n" in resumed.err
    assert f"going on with {run.title} from the start\n" in resumed.err
    assert numbers(run) == {name: pytest.approx(values, rel=1e-5) for name, values in expected.items()}


def test_no_sound_checkpoint_is_an_error_that_names_all(bigmodel, here, broken_off):
    shutil.copytree(broken_off(2), "runs")
    run = the_run()
    damage(run.checkpoint("last"))
    run.checkpoint("best").unlink()
    refused = bigmodel("train", "--resume")
    assert refused.code == 3
    assert "no checkpoint of the run is sound" in refused.err
    assert "last.keras: damaged" in refused.err and "no checkpoints/best.keras" in refused.err


def damage(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_changed_data_is_refused(bigmodel, here, stopping, tmp_path):
    rng = np.random.default_rng(0)
    arrays = {"x": rng.integers(0, 255, (120, 6, 6, 1), np.uint8), "y": np.arange(120) % 3}
    np.savez("data.npz", **arrays)
    source = "data.source={npz: {path: data.npz}}"
    stopping(2)
    assert bigmodel("train", here, source, FOUR).code == 143
    np.savez("moved.npz", **arrays)
    np.savez("data.npz", x=arrays["x"] + 1, y=arrays["y"])
    refused = bigmodel("train", "--resume")
    assert refused.code == 3
    assert "the train split is not the one that the run began with" in refused.err
    assert bigmodel("train", "--resume", "data.source.npz.path=moved.npz").code == 0


def test_one_process_at_a_time(bigmodel, here, broken_off):
    shutil.copytree(broken_off(2), "runs")
    run = the_run()
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import filelock; lock = filelock.FileLock({str(run.lock)!r}); lock.acquire(); input()",
        ],
        stdin=subprocess.PIPE,
    )
    while not is_alive(run):
        assert holder.poll() is None
        time.sleep(0.2)
    refused = bigmodel("train", "--resume", run.path)
    holder.communicate(b"\n")
    assert refused.code == 2
    process = run.read_record()["sessions"][0]["process"]
    assert f"{run.title}: process {process} on " in refused.err
    assert "trains this run right now" in refused.err
    assert bigmodel("train", "--resume", run.path).code == 0


class TestFrom:
    def test_all_layers(self, bigmodel, complete):
        parent = the_run()
        tuned = bigmodel("train", complete, "training.epochs=1", "name=tuned", "--from", "tiny")
        assert tuned.code == 0
        sentence = f"weights of 2 layers (643 parameters) are from {parent.title}\n"
        assert sentence in tuned.err
        (path,) = Path("runs/tuned").iterdir()
        record = RunFolder(path).read_record()
        assert record["parent"]["run"] == str(parent.path) and record["parent"]["new"] == []
        losses = [read_metrics(run.metrics)["loss"][0] for run in (parent, RunFolder(path))]
        assert losses[1] < losses[0]

    def test_another_head(self, bigmodel, complete):
        more = "data.source.synthetic.num_classes=5"
        tuned = bigmodel("train", complete, more, "name=tuned", "--from", the_run().path)
        assert tuned.code == 0
        assert "weights of 1 layers (592 parameters)" in tuned.err
        assert "; new: dense_1; not used of it: dense_1\n" in tuned.err

    def test_nothing_fits(self, bigmodel, complete):
        model = "model=[Flatten, {Dense: {units: num_classes, activation: softmax}}]"
        refused = bigmodel("train", complete, model, "--from", "tiny")
        assert refused.code == 2
        assert "no layer of the model has the class and the shapes of one of that run's" in refused.err

    def test_a_start_that_cannot_be_made_again_is_kept(self, bigmodel, complete, stopping):
        """Killed in its first epoch, a run goes on from the parent's weights, though the parent is gone."""
        parent = the_run()
        stopping(1, 2)
        words = ("training.epochs=1", "training.steps_per_execution=2", "name=tuned", "--from", parent.path)
        assert bigmodel("train", complete, *words).code == 143
        whole = bigmodel("train", complete, *words[:2], "name=whole", *words[3:])
        assert whole.code == 0
        (tuned,), (whole,) = Path("runs/tuned").iterdir(), Path("runs/whole").iterdir()
        shutil.copytree(tuned, "runs/again/1")
        for path in Path("runs/again/1/checkpoints").iterdir():
            path.unlink()
        # With the parent, the run can begin again.
        assert bigmodel("train", "--resume", "runs/again/1").code == 0
        first, second = (numbers(RunFolder(Path(path))) for path in ("runs/again/1", whole))
        assert first == {name: pytest.approx(values, rel=1e-5) for name, values in second.items()}
        # Without it, only from its own checkpoint.
        shutil.copytree(tuned, "runs/gone/1")
        for path in Path("runs/gone/1/checkpoints").iterdir():
            path.unlink()
        parent.checkpoint("best").unlink()
        refused = bigmodel("train", "--resume", "runs/gone/1")
        assert refused.code == 3
        assert "the weights that the run began with are gone: " in refused.err
        assert bigmodel("train", "--resume", tuned).code == 0
        assert numbers(RunFolder(tuned)) == {n: pytest.approx(v, rel=1e-5) for n, v in second.items()}


def test_a_listener_that_is_gone_does_not_end_the_run(bigmodel, here, monkeypatch):
    def broken(self, *_):
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(Lines, "epoch_ended", broken)
    assert bigmodel("train", here).code == 0
    assert "nobody listens any more: [Errno 32] Broken pipe" in the_run().log.read_text()


class TestRollback:
    WORDS = ("optimizer.Adam.learning_rate=1e30", "training.on_divergence=rollback")

    def test_back_with_a_lower_rate_until_it_works(self, bigmodel, here):
        done = bigmodel("train", here, *self.WORDS, "training.rollback={factor: 1e-32, times: 2}")
        assert done.code == 0, done.err
        assert "going back to the start with 1e-32 × the learning rate (1 of 2)" in done.err
        assert read_metrics(the_run().metrics)["learning_rate"] == pytest.approx([0.01, 0.01])
        record = the_run().read_record()
        assert (record["rollbacks"], record["learning_rate_factor"]) == (1, 1e-32)

    def test_at_most_so_often(self, bigmodel, here):
        failed = bigmodel("train", here, *self.WORDS, "training.rollback={times: 2}")
        assert failed.code == 5
        assert failed.err.count("going back to the start") == 2
        assert ", after going back 2 times" in failed.err

    def test_a_schedule_is_multiplied_too(self, bigmodel, here):
        schedule = "optimizer={Adam: {learning_rate: {CosineDecay: {initial_learning_rate: 1e30}}}}"
        words = (schedule, *self.WORDS[1:], "training.rollback={factor: 1e-32}")
        done = bigmodel("train", here, *words)
        assert done.code == 0, done.err
        rates = read_metrics(the_run().metrics)["learning_rate"]
        assert rates[0] == pytest.approx(0.005, rel=0.1) and rates[1] == pytest.approx(0, abs=1e-9)
        longer = bigmodel("train", "--resume", "tiny", FOUR)
        assert longer.code == 0
        assert "the schedule of the learning rate covers 4 epochs now; it is 5.00e-03 here\n" in longer.err
        assert read_metrics(the_run().metrics)["learning_rate"][3] == pytest.approx(0, abs=1e-9)
