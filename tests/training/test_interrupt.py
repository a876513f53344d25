"""SIGINT and SIGTERM while a process trains: the state is saved, the exit code says which it was."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from bigmodel_cli.errors import Interrupted
from bigmodel_cli.training.signals import stop_on_signal

pytestmark = pytest.mark.tf


def test_while_steps_run_the_first_signal_is_noted_and_the_second_interrupts():
    with stop_on_signal() as stop, pytest.raises(Interrupted) as caught, stop.patiently():
        assert not stop
        signal.raise_signal(signal.SIGTERM)
        assert stop and stop.signal_number == signal.SIGTERM
        signal.raise_signal(signal.SIGINT)
    assert caught.value.exit_code == 130
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_in_other_phases_a_signal_interrupts_at_once():
    with stop_on_signal() as stop:
        with pytest.raises(Interrupted) as caught:
            signal.raise_signal(signal.SIGTERM)
        assert caught.value.exit_code == 143
        assert stop.signal_number == signal.SIGTERM


@pytest.mark.slow
@pytest.mark.parametrize("line", ["data: ", "evaluating the best checkpoint"])
def test_a_signal_before_or_after_the_steps_ends_the_run_too(config, tmp_path, line):
    runs = tmp_path / "runs"
    words = ["train", str(config().path), "--runs-dir", str(runs), "--plain"]
    process = subprocess.Popen(
        [sys.executable, "-m", "bigmodel_cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert any(found.startswith(line) for found in process.stderr)
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - began < 10
    assert (process.returncode, out) == (143, "")
    assert "Traceback" not in err
    statuses = [json.loads(path.read_text())["status"] for path in runs.glob("*/*/run.json")]
    if line.startswith("evaluating"):
        assert statuses == ["interrupted"] and "hint: go on with: bigmodel train --resume " in err
    else:
        assert statuses == [] and err.endswith("error: interrupted\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_training_stops_and_can_be_looked_at(config, tmp_path, number, code):
    path = config().path
    words = ["train", str(path), "--runs-dir", str(tmp_path / "runs"), "training.epochs=100000", "--json"]
    # Its own session, so that no terminal's signal reaches it but ours; under nohup SIGHUP would be ignored.
    process = subprocess.Popen(
        [sys.executable, "-m", "bigmodel_cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    )
    run = _wait_for_an_epoch(process, tmp_path / "runs")
    process.send_signal(number)
    began = time.monotonic()
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - began < 10
    assert process.returncode == code
    assert json.loads(out)["error"]["exit_code"] == code
    assert "error: interrupted; what was reached is kept in" in err and "Traceback" not in err
    assert f"go on with: bigmodel train --resume {run}" in err
    record = json.loads((run / "run.json").read_text())
    assert (record["status"], record["error"]) == ("interrupted", "interrupted")
    _check_last(run)


def _wait_for_an_epoch(process, runs):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        for state in runs.glob("tiny/*/checkpoints/last.json"):
            return state.parents[1]
        time.sleep(0.05)
    raise AssertionError(process.communicate(timeout=1)[1])


def _check_last(run):
    from bigmodel_cli.inference.loading import load_checkpoint
    from bigmodel_cli.run_folder import RunFolder

    assert load_checkpoint(RunFolder(run), "last").count_params() > 0
    rows = (run / "metrics.csv").read_text().splitlines()[1:]
    assert json.loads((run / "checkpoints/last.json").read_text())["epoch"] == len(rows) >= 1


class Freed:
    """Something that a signal comes to while Python frees it."""

    def __del__(self):
        signal.raise_signal(signal.SIGINT)


def test_an_interruption_that_python_loses_is_raised_again_and_not_told(capfd):
    with stop_on_signal() as stop, pytest.raises(Interrupted), stop.unmistaken():
        thing = Freed()
        del thing
    assert "Traceback" not in capfd.readouterr().err


def test_other_errors_that_python_loses_are_told():
    lost = []
    before, sys.unraisablehook = sys.unraisablehook, lambda found: lost.append(found.exc_value)
    try:
        with stop_on_signal():
            sys.unraisablehook(SimpleNamespace(exc_value=ValueError("lost")))
    finally:
        sys.unraisablehook = before
    assert [str(error) for error in lost] == ["lost"]


def test_what_c_code_makes_of_an_interruption_is_not_told_either(capfd):
    made_of_it = SystemError("returned a result with an exception set")
    made_of_it.__cause__ = Interrupted(signal.SIGINT)
    with stop_on_signal():
        # As PyErr_Print does, which TensorFlow calls where it does not ask how its call of Python ended.
        sys.excepthook(SystemError, made_of_it, None)
        sys.unraisablehook(SimpleNamespace(exc_value=made_of_it))
        assert capfd.readouterr().err == ""
        sys.excepthook(SystemError, SystemError("another"), None)
    assert "SystemError: another" in capfd.readouterr().err
