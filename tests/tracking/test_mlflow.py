"""A real MLflow store in an SQLite file: all arrives, and nothing twice."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from mlflow_store import all_runs, assert_all_arrived, history
from tracked_runs import begin_run, complete, row, train

from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.tracking.sending import Sending, note_of
from bigmodel_cli.tracking.trackers.mlflow import Mlflow
from bigmodel_cli.tuning.folder import SearchFolder
from bigmodel_cli.whole_files import write_text

pytestmark = [
    pytest.mark.slow,
    # Libraries of MLflow's own.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"),
]


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store that is made once, since that takes seconds."""
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow') / 'mlflow.db'}"


@pytest.fixture
def options(store: str, tmp_path: Path) -> Mlflow:
    """An experiment of the test's own."""
    return Mlflow(uri=store, experiment=tmp_path.name)


def send_all(run: RunFolder, options: Mlflow) -> None:
    sending = Sending(run, options)
    sending.send(has_ended=True)
    sending.end()


def test_all_of_a_run_arrives(options: Mlflow, finished: RunFolder) -> None:
    send_all(finished, options)
    found = assert_all_arrived(options, finished)
    assert found.data.params["optimizer.Adam.learning_rate"] == "0.01"
    assert found.data.params["model.1.Dense.activation"] == "softmax"
    assert found.data.tags["version.keras"] == "3.15.1" and found.info.run_name == "small/one"
    assert found.info.start_time == 1795867200000


def test_killed_while_the_store_is_made(finished: RunFolder, tmp_path: Path) -> None:
    """Its tables are made one by one: the next process finds all of them, or none."""
    options = Mlflow(uri=f"sqlite:///{tmp_path / 'mlflow.db'}", experiment="killed")
    code = f"from bigmodel_cli.tracking.trackers.mlflow import _make_store; _make_store({options.uri!r})"
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    while not any(path.stat().st_size for path in tmp_path.glob("*mlflow.db")):
        assert process.poll() is None, "it is not done yet"
        time.sleep(0.005)
    process.kill()
    process.wait()
    assert not (tmp_path / "mlflow.db").exists()
    send_all(finished, options)
    assert_all_arrived(options, finished)


def test_what_has_arrived_is_not_sent_again_whatever_was_noted(options: Mlflow, finished: RunFolder) -> None:
    send_all(finished, options)
    send_all(finished, options)
    note_of(finished, "mlflow").unlink()
    send_all(finished, options)
    assert_all_arrived(options, finished)


def test_gaps_are_filled(options: Mlflow, finished: RunFolder) -> None:
    """Half of an epoch, and the second after the fourth: what a killed process may have left."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=options.uri, registry_uri=options.uri)
    experiment = client.create_experiment(options.experiment, (finished.path / "store").as_uri())
    begun = client.create_run(experiment, tags={"bigmodel.run": "a" * 32}).info.run_id
    client.log_metric(begun, "loss", row(1)["loss"], step=1)
    client.log_metric(begun, "seconds", 2.0, step=4)
    send_all(finished, options)
    assert assert_all_arrived(options, finished).info.run_id == begun


def test_a_run_that_goes_on_goes_on_there(options: Mlflow, tmp_path: Path) -> None:
    run = begin_run(tmp_path / "small" / "one")
    train(run, range(1, 5), saved=3)
    complete(run, "interrupted")
    send_all(run, options)
    (found,) = all_runs(options)
    assert found.info.status == "KILLED"
    assert [step for step, _ in history(options, found.info.run_id)["loss"]] == [1, 2, 3]
    write_text(run.config, run.config.read_text().replace("epochs: 5", "epochs: 6"))
    train(run, range(5, 6))
    complete(run)
    send_all(run, options)
    found = assert_all_arrived(options, run)
    # A parameter stays what it was.
    assert (found.data.params["training.epochs"], found.data.tags["training.epochs"]) == ("5", "6")


def test_trials_are_children_of_one_run(options: Mlflow, tmp_path: Path) -> None:
    search = SearchFolder(tmp_path / "tunes" / "small")
    for number in (1, 2):
        run = begin_run(search.run(number).path, run_id=f"{number:032d}")
        write_text(search.record, "{}")
        train(run, range(1, 2))
        complete(run)
        send_all(run, options)
    found = {run.info.run_name: run for run in all_runs(options)}
    parent = found.pop("small")
    assert set(found) == {"trials/0001", "trials/0002"}
    assert {run.data.tags["mlflow.parentRunId"] for run in found.values()} == {parent.info.run_id}


def test_a_run_that_was_deleted_there_is_sent_anew(options: Mlflow, finished: RunFolder) -> None:
    from mlflow import MlflowClient

    send_all(finished, options)
    (first,) = all_runs(options)
    MlflowClient(tracking_uri=options.uri, registry_uri=options.uri).delete_run(first.info.run_id)
    send_all(finished, options)
    assert assert_all_arrived(options, finished).info.run_id != first.info.run_id
