"""What a run's folder has for trackers: nothing that a resume could make otherwise."""

from __future__ import annotations

from pathlib import Path

import filelock
import pytest
from tracked_runs import begin_run, complete, row, train

from bigmodel_cli.tracking.contents import read_contents
from bigmodel_cli.tuning.folder import SearchFolder
from bigmodel_cli.whole_files import write_text

STARTED = 1795867200.0


def test_epochs_wait_for_a_checkpoint_that_has_them(tmp_path: Path) -> None:
    run = begin_run(tmp_path / "small" / "one")
    with filelock.FileLock(run.lock, thread_local=False):
        assert read_contents(run, has_ended=False).points == ()
        train(run, range(1, 6), saved=2)
        contents = read_contents(run, has_ended=False)
        assert contents.is_running and set(contents.files) == {"config.yaml", "source.yaml"}
        assert [(point.step, point.time) for point in contents.points] == [(1, STARTED + 2), (2, STARTED + 4)]
        assert contents.points[1].values == {k: v for k, v in row(2).items() if k != "epoch"}
        assert contents.waiting == 3 and contents.results is None
    # The end of the process changes nothing: a resume trains them again.
    crashed = read_contents(run, has_ended=False)
    assert (crashed.status, len(crashed.points)) == ("crashed", 2)


def test_a_complete_run_has_all_epochs_also_without_its_weights(tmp_path: Path) -> None:
    run = begin_run(tmp_path / "small" / "one")
    train(run, range(1, 6), saved=2)
    complete(run)
    contents = read_contents(run, has_ended=True)
    assert [point.step for point in contents.points] == [1, 2, 3, 4, 5] and contents.waiting == 0
    assert contents.results is not None and contents.results.step == 5
    assert contents.results.values == {"test_loss": 0.25, "test_accuracy": 0.875, "best_epoch": 5.0}
    assert contents.facts.parameters["model.0.Dense.units"] == "8"
    assert contents.facts.parameters["data.source.synthetic.shape"] == "[6]"
    assert not [key for key in contents.facts.parameters if key.startswith("track")]
    assert contents.facts.tags["examples.train"] == "480"
    assert "checkpoints/best.keras" not in contents.files
    write_text(run.checkpoint("best"), "weights")
    asked = read_contents(run, has_ended=True, wants_checkpoint=True).files
    assert set(asked) == {*contents.files, "checkpoints/best.keras"}


@pytest.mark.parametrize("content", [b"", b"no zip"])
def test_a_damaged_checkpoint_vouches_for_nothing(tmp_path: Path, content: bytes) -> None:
    run = begin_run(tmp_path / "small" / "one")
    train(run, range(1, 4))
    run.checkpoint("last").write_bytes(content)
    contents = read_contents(run, has_ended=True)
    assert (contents.points, contents.waiting, contents.status) == ((), 3, "crashed")


def test_trials_of_a_search_have_one_parent(tmp_path: Path) -> None:
    search = SearchFolder(tmp_path / "tunes" / "small")
    runs = [begin_run(search.run(number).path, run_id=f"{number:032d}") for number in (1, 2)]
    alone = read_contents(runs[0], has_ended=True).facts
    assert alone.parent is None
    write_text(search.record, "{}")
    first, second = (read_contents(run, has_ended=True).facts.parent for run in runs)
    assert first is not None and first == second and first.name == "small" and len(first.id) == 32
