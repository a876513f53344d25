"""A run's folder: files that are whole or absent, runs that are found, and damage that is noticed."""

from __future__ import annotations

import hashlib
import json
import math
import os
import threading
from pathlib import Path

import pytest

from bigmodel_cli.errors import DataError, ResourceError, UsageError
from bigmodel_cli.new_run import NewRun
from bigmodel_cli.run_files import all_files, list_files, remove_half_written
from bigmodel_cli.run_folder import FILES, ReadRun, RunFolder, labels_hash, update_record
from bigmodel_cli.run_lock import record_files
from bigmodel_cli.run_search import all_runs, find_run
from bigmodel_cli.whole_files import (
    read_sealed,
    sha256_of,
    to_json,
    write_json,
    write_sealed,
    write_text,
    write_whole,
)


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Writes records of runs: `runs("a/1", "completed")`; the folder is ./runs."""
    monkeypatch.chdir(tmp_path)

    def write(place, status):
        run = RunFolder(Path("runs") / place)
        update_record(run, {"status": status, "labels_sha256": labels_hash(["a", "b"])})
        return run

    return write


class TestWriting:
    def test_a_file_is_replaced_in_one_step(self, tmp_path):
        path = tmp_path / "deep" / "a.txt"
        write_text(path, "one")
        write_text(path, "two")
        assert path.read_text() == "two"
        assert list(path.parent.iterdir()) == [path]

    def test_a_failure_leaves_the_old_file_and_nothing_else(self, tmp_path):
        path = tmp_path / "a.txt"
        write_text(path, "old")

        def fails(temporary):
            assert temporary.suffix == path.suffix
            temporary.write_text("half")
            raise ValueError("in the middle")

        with pytest.raises(ValueError, match="in the middle"):
            write_whole(path, fails)
        assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full, which is always full")
    def test_a_full_disk(self, tmp_path):
        def fills(temporary):
            temporary.write_bytes(b"")
            with Path("/dev/full").open("wb", buffering=0) as file:
                file.write(b"x")

        with pytest.raises(ResourceError, match=r"a\.txt: cannot be written: No space left on device"):
            write_whole(tmp_path / "a.txt", fills)
        assert not list(tmp_path.iterdir())

    def test_a_file_where_a_folder_should_be(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(ResourceError, match=r"file/a\.txt: cannot be written"):
            write_text(tmp_path / "file" / "a.txt", "x")

    def test_numbers_that_json_cannot_say_are_null(self, tmp_path):
        value = {"a": [math.nan, 1.5, (math.inf,)], "b": {"c": -math.inf, "d": "NaN"}}
        write_json(tmp_path / "a.json", value)
        found = json.loads((tmp_path / "a.json").read_text())
        assert found == {"a": [None, 1.5, [None]], "b": {"c": None, "d": "NaN"}}
        assert to_json({"猫": 1}) == '{\n  "猫": 1\n}'

    def test_bytes_of_names_that_are_no_text(self, tmp_path):
        value = {os.fsdecode(b"caf\xe9"): [os.fsdecode(b"\xff\xfe")]}
        assert to_json(value) == '{\n  "caf\\udce9": [\n    "\\udcff\\udcfe"\n  ]\n}'
        write_sealed(tmp_path / "a.json", value)
        assert read_sealed(tmp_path / "a.json") == value


class TestMaking:
    def test_two_runs_in_one_second(self, tmp_path):
        made = [NewRun(tmp_path, "m").create().path.name for _ in range(3)]
        assert made[1:] == [f"{made[0]}-2", f"{made[0]}-3"] or len(set(made)) == 3

    def test_many_at_once(self, tmp_path):
        made = []
        threads = [
            threading.Thread(target=lambda: made.append(NewRun(tmp_path, "m").create().path))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(made)) == 8 == len(list((tmp_path / "m").iterdir()))

    def test_a_file_in_the_way(self, tmp_path):
        (tmp_path / "m").write_text("")
        with pytest.raises(ResourceError, match="cannot be written: Not a directory"):
            NewRun(tmp_path, "m").create()
        with pytest.raises(ResourceError, match="expected a folder for runs, found a file"):
            NewRun(tmp_path / "m" / "deeper", "m").require_writable()
        NewRun(tmp_path / "new" / "deeper", "m").require_writable()
        assert not (tmp_path / "new").exists()

    def test_a_folder_with_a_name_of_its_own(self, tmp_path):
        new = NewRun(tmp_path, "search", "trial-7")
        assert new.create().path == tmp_path / "search" / "trial-7"
        # A process that was killed before it began has left it.
        run = new.create()
        write_sealed(run.record, {"schema_version": 2})
        with pytest.raises(UsageError, match="trial-7: there is a run already") as caught:
            new.create()
        assert "train --resume" in (caught.value.hint or "")
        (tmp_path / "search" / "trial-8").write_text("")
        with pytest.raises(ResourceError, match="expected a folder, found a file"):
            NewRun(tmp_path, "search", "trial-8").create()


class TestFinding:
    def test_the_newest_completed_run_of_all(self, runs):
        runs("a/20240101-000000", "completed")
        newest = runs("b/20240103-000000", "completed")
        runs("b/20240104-000000", "failed")
        assert find_run(None, Path("runs")).path == newest.path

    def test_by_name_place_and_folder(self, runs):
        old, new = runs("a/20240101-000000", "completed"), runs("a/20240102-000000", "completed")
        failed = runs("a/20240103-000000", "interrupted")
        assert find_run("a", Path("runs")).path == new.path
        assert find_run("a/20240101-000000", Path("runs")).path == old.path
        # A folder that is named is meant, however it ended.
        assert find_run(str(failed.path), Path("elsewhere")).path == failed.path

    def test_none(self, runs):
        with pytest.raises(UsageError, match="there is no completed run under runs/"):
            find_run(None, Path("runs"))
        runs("alpha/1", "completed")
        with pytest.raises(UsageError, match="beta: no such run") as caught:
            find_run("beta", Path("runs"))
        assert caught.value.hint == "names there: alpha"

    def test_a_damaged_record_is_passed_over(self, runs):
        good = runs("a/1", "completed")
        damaged = runs("a/2", "completed")
        damaged.record.write_bytes(b"\xff{")
        assert find_run(None, Path("runs")).path == good.path
        assert [run.path for run in all_runs(Path("runs"))] == [damaged.path, good.path]

    def test_the_title_is_short_where_it_can_be(self, runs, tmp_path):
        run = runs("a/1", "completed")
        assert RunFolder(run.path.resolve()).title == "runs/a/1"
        assert RunFolder(Path("/elsewhere/a/1")).title == "/elsewhere/a/1"


class TestReading:
    def test_labels(self, runs):
        run = runs("a/1", "completed")
        write_json(run.labels, ["a", "b"])
        assert run.read_labels() == ("a", "b")
        for names in (["b", "a"], ["a"], None):
            write_json(run.labels, names)
            with pytest.raises(DataError, match=r"labels\.json: these are not the class names"):
                run.read_labels()
        write_json(run.labels, {"a": 1})
        with pytest.raises(DataError, match=r"labels\.json: expected a list of class names"):
            run.read_labels()

    @pytest.mark.parametrize(
        "text", ["", "[]", "{}", '{"schema_version": 1}', "null", "{", "\x00" * 200, "[" * 100_000]
    )
    def test_a_record_that_is_damaged(self, runs, text):
        run = runs("a/1", "completed")
        run.record.write_text(text)
        with pytest.raises(DataError, match=r"run\.json: damaged") as caught:
            run.read_record()
        assert "train again" in caught.value.hint

    def test_a_record_of_another_version(self, runs):
        run = runs("a/1", "completed")
        update_record(run, {"schema_version": 3})
        with pytest.raises(
            DataError, match=r"run\.json: its schema_version is 3; this bigmodel knows up to 2"
        ):
            run.read_record()

    @pytest.mark.parametrize(("old", "new"), [("completed", "Completed"), ("1", "2"), ("{", "{ ")])
    def test_a_changed_record_breaks_its_seal(self, runs, old, new):
        run = runs("a/1", "completed")
        text = run.record.read_text()
        run.record.write_text(text.replace(old, new, 1))
        if new == "{ ":
            assert run.read_record()["status"] == "completed"
            return
        with pytest.raises(DataError, match="damaged or changed by hand: its content does not fit its seal"):
            run.read_record()

    def test_a_file_that_was_changed(self, runs):
        run = runs("a/1", "completed")
        write_text(run.config, "seed: 0")
        update_record(run, {"files": list_files(run, [run.config])})
        assert run.intact(run.config) == run.config
        write_text(run.config, "seed: 1")
        with pytest.raises(
            DataError, match=r"config\.yaml: damaged or changed: its sha256 is not the one in"
        ):
            run.intact(run.config)
        run.config.unlink()
        with pytest.raises(DataError, match=r"runs/a/1: the run has no config\.yaml"):
            run.intact(run.config)
        assert run.expects(run.config) and not run.expects(run.metrics)

    def test_what_is_listed(self, runs):
        run = runs("a/1", "completed")
        for path in (run.config, run.lock, run.plot("curves"), run.checkpoint("best"), run.path / ".tmp-1-x"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"abc")
        digest = hashlib.sha256(b"abc").hexdigest()
        entry = {"bytes": 3, "sha256": digest}
        assert list_files(run, all_files(run)) == {"config.yaml": entry, "plots/curves.png": entry}
        remove_half_written(run)
        assert not (run.path / ".tmp-1-x").exists() and run.config.exists()

    def test_the_record_is_added_to(self, runs):
        run = runs("a/1", "running")
        assert update_record(run, {"status": "completed", "epochs": 3})["epochs"] == 3
        assert run.read_record() == {
            **run.read_record(),
            "schema_version": 2,
            "status": "completed",
            "epochs": 3,
        }

    def test_a_missing_piece_is_named(self, runs):
        with pytest.raises(DataError, match=r"runs/a/1: the run has no checkpoints/best\.keras") as caught:
            run = runs("a/1", "completed")
            run.require(run.checkpoint("best"))
        assert "train again" in caught.value.hint

    def test_another_checkpoint_has_files_of_its_own(self):
        run = RunFolder(Path("r"))
        assert run.evaluation("test") == Path("r/evaluation/test.json")
        assert run.evaluation("test", "last") == Path("r/evaluation/test_last.json")
        assert run.predictions("test", "epoch-0003") == Path("r/evaluation/predictions_test_epoch-0003.csv")

    def test_sha256(self, tmp_path):
        (tmp_path / "a").write_bytes(b"abc")
        assert sha256_of(tmp_path / "a").startswith("ba7816bf8f01cfea414140de5dae2223")
        assert os.listdir(tmp_path) == ["a"]  # noqa: PTH208


def test_an_opened_run_reads_its_record_once(monkeypatch):
    from bigmodel_cli import run_folder
    from bigmodel_cli.inference.engines import open_engine
    from bigmodel_cli.inference.familiar import read_familiar
    from bigmodel_cli.inference.opened import open_folder
    from bigmodel_cli.inference.run_config import read_experiment

    read, read_sealed = [], run_folder.read_sealed
    monkeypatch.setattr(run_folder, "read_sealed", lambda path: read.append(path.name) or read_sealed(path))
    frozen = Path(__file__).parent / "frozen" / "0.1.0" / "files"
    opened = open_folder(RunFolder(frozen))
    open_engine(opened.folder, "auto", warn=print)
    read_familiar(opened.folder, opened.signature, print)
    read_experiment(opened.folder)
    assert read == ["run.json"]


def test_files_that_others_wrote_since_a_run_was_opened_stay_listed(tmp_path):
    run = NewRun(tmp_path, "x").create()
    (run.path / "a.txt").write_text("a")
    (run.path / "b.txt").write_text("b")
    update_record(run, {FILES: {}})
    opened = ReadRun(run.path, run.read_record())
    record_files(run, [run.path / "a.txt"])
    record_files(opened, [run.path / "b.txt"])
    assert set(run.read_record()[FILES]) == {"a.txt", "b.txt"}
