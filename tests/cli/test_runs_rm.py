"""`runs rm`: only what is meant goes, and only where it is meant to be."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bigmodel_cli import run_removal
from bigmodel_cli.errors import ResourceError
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.run_lock import is_alive
from bigmodel_cli.run_removal import remove_leftovers, remove_run
from bigmodel_cli.whole_files import write_sealed

ONE, TWO, THREE = (f"mnist/2026010{day}-000000" for day in (1, 2, 3))


@pytest.fixture
def three(make_run):
    return [make_run(ONE, accuracy=0.9), make_run(TWO, accuracy=0.99), make_run(THREE, accuracy=0.95)]


def there():
    return sorted(str(path.parent.relative_to("runs")) for path in Path("runs").glob("*/*/run.json"))


@pytest.fixture
def terminal(monkeypatch):
    """A terminal on which the user types something."""

    def types(answer):
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
        monkeypatch.setattr("click.termui.visible_prompt_func", lambda _text: answer)

    return types


class TestAsking:
    def test_without_a_terminal_it_shows_what_would_go_and_refuses(self, bigmodel, three):
        refused = bigmodel("runs", "rm", ONE)
        assert refused.code == 2 and there() == [ONE, TWO, THREE]
        assert f"runs/{ONE}" in refused.out and "completed" in refused.out and "kB" in refused.out
        assert "error: removing 1 run (" in refused.err
        assert (
            "needs a yes, and there is no terminal to ask\nhint: if you mean it, add --yes\n" in refused.err
        )
        document = bigmodel("runs", "rm", ONE, "--json")
        assert document.json["error"]["exit_code"] == 2 and there() == [ONE, TWO, THREE]

    @pytest.mark.parametrize(
        ("answer", "left"), [("n", [ONE, TWO, THREE]), ("", [ONE, TWO, THREE]), ("y", [TWO])]
    )
    def test_on_a_terminal_it_asks(self, bigmodel, three, terminal, answer, left):
        terminal(answer)
        asked = bigmodel("runs", "rm", ONE, f"runs/{THREE}")
        assert asked.code == 0 and there() == left
        assert ("nothing was removed" in asked.err) == (answer != "y")

    def test_yes(self, bigmodel, three):
        removed = bigmodel("runs", "rm", ONE, "--yes")
        assert (removed.code, removed.err) == (0, f"removed: runs/{ONE}\n")
        assert there() == [TWO, THREE]
        assert sorted(os.listdir("runs")) == ["mnist"]  # noqa: PTH208

    def test_json(self, bigmodel, three):
        size = sum(path.stat().st_size for path in three[0].path.rglob("*") if path.is_file())
        document = bigmodel("runs", "rm", ONE, f"runs/{ONE}", "--yes", "--json").json
        assert document == {"removed": [{"run": f"runs/{ONE}", "bytes": size}], "bytes": size}

    def test_the_folder_of_a_name_goes_with_its_last_run(self, bigmodel, three):
        assert bigmodel("runs", "rm", ONE, TWO, THREE, "--yes").code == 0
        assert list(Path("runs").iterdir()) == []


class TestKeepBest:
    def test_the_best_stay(self, bigmodel, three, make_run):
        crashed = make_run("mnist/20260104-000000", "running")
        other = make_run("digits/20260101-000000", accuracy=0.1)
        removed = bigmodel("runs", "rm", "mnist", "--keep-best", "2", "--metric", "test_accuracy", "--yes")
        assert removed.code == 0
        assert there() == sorted([TWO, THREE, "mnist/20260104-000000", "digits/20260101-000000"])
        assert removed.err == (
            f"stays: runs/{TWO}, test_accuracy 0.9900\nstays: runs/{THREE}, test_accuracy 0.9500\n"
            f"passed over: {crashed.title} (crashed); they stay too\nremoved: runs/{ONE}\n"
        )
        assert other.record.exists()

    def test_by_another_metric(self, bigmodel, make_run):
        make_run(ONE, accuracy=0.9, rows=[(0.1, 0.5)])
        make_run(TWO, accuracy=0.99, rows=[(0.2, 0.5)])
        assert bigmodel("runs", "rm", "mnist", "--keep-best", "1", "--metric", "val_loss", "--yes").code == 0
        assert there() == [ONE]

    def test_nothing_to_remove(self, bigmodel, three):
        done = bigmodel("runs", "rm", "mnist", "--keep-best", "3")
        assert done.code == 0 and "there is nothing to remove\n" in done.err and len(there()) == 3
        assert bigmodel("runs", "rm", "mnist", "--keep-best", "3", "--json").json == {
            "removed": [],
            "bytes": 0,
        }

    @pytest.mark.parametrize(
        ("words", "says"),
        [
            (["mnist", "digits", "--keep-best", "1"], "digits: no run has this name under runs/"),
            (["mnist", "--keep-best", "0"], "0 is not in the range x>=1"),
            ([ONE, "--metric", "val_loss"], "--metric is for --keep-best"),
            (["nobody", "--keep-best", "1"], "nobody: no run has this name under runs/"),
            (["mnist", "--keep-best", "1", "--metric", "zzz"], "no complete run has a metric 'zzz'"),
            ([], "Missing argument 'RUN...'"),
        ],
    )
    def test_refused(self, bigmodel, three, words, says):
        refused = bigmodel("runs", "rm", *words, "--yes")
        assert refused.code == 2 and says in refused.err and len(there()) == 3


class TestRefused:
    def test_a_name_is_no_run(self, bigmodel, three):
        refused = bigmodel("runs", "rm", "mnist", "--yes")
        assert refused.code == 2 and len(there()) == 3
        assert "error: mnist: the name of 3 runs; expected the folder of one\n" in refused.err
        assert (
            f"hint: bigmodel runs rm runs/{ONE}, or all but the best: bigmodel runs rm mnist" in refused.err
        )

    @pytest.mark.parametrize("word", ["", ".", "..", "runs", "/", "precious", "runs/mnist/..", "nothing"])
    def test_what_is_no_run(self, bigmodel, three, word):
        Path("precious").mkdir()
        Path("precious/thesis.txt").write_text("years of work")
        refused = bigmodel("runs", "rm", word, "--yes")
        assert refused.code == 2 and f"error: {word}: not a run (expected" in refused.err
        assert len(there()) == 3 and Path("precious/thesis.txt").exists()

    def test_one_wrong_word_keeps_all(self, bigmodel, three):
        assert bigmodel("runs", "rm", ONE, "nothing", "--yes").code == 2
        assert len(there()) == 3

    def test_what_is_elsewhere(self, bigmodel, three):
        shutil.copytree("runs", "elsewhere")
        refused = bigmodel("runs", "rm", f"elsewhere/{ONE}", "--yes")
        assert refused.code == 2 and f"elsewhere/{ONE}: not in the folder of runs, runs/" in refused.err
        assert f"--runs-dir {Path('elsewhere').resolve()}\n" in refused.err
        # Deeper or higher than a run is.
        shutil.copytree(f"runs/{ONE}", f"runs/{TWO}/inner")
        assert bigmodel("runs", "rm", f"runs/{TWO}/inner", "--yes").code == 2
        shutil.copytree(f"runs/{ONE}", "runs/high")
        assert bigmodel("runs", "rm", "runs/high", "--yes").code == 2
        there_too = bigmodel("runs", "rm", ONE, "--runs-dir", "elsewhere", "--yes")
        assert there_too.code == 0 and Path(f"runs/{ONE}").exists()
        assert not Path(f"elsewhere/{ONE}").exists()

    def test_links_are_not_followed(self, bigmodel, three, tmp_path):
        outside = tmp_path / "outside"
        shutil.move(f"runs/{ONE}", outside / "mnist" / "1")
        Path("runs/mnist/link").symlink_to(outside / "mnist" / "1")
        refused = bigmodel("runs", "rm", "mnist/link", "--yes")
        assert refused.code == 2 and "mnist/link: a link, not a run" in refused.err
        # The folder of a name may be one too.
        Path("runs/linked").symlink_to(outside / "mnist")
        refused = bigmodel("runs", "rm", "linked/1", "--yes")
        assert refused.code == 2 and "not in the folder of runs, runs/" in refused.err
        assert (outside / "mnist" / "1" / "run.json").exists()

    def test_links_in_a_run_go_and_what_they_point_to_stays(self, bigmodel, three, tmp_path):
        data = tmp_path / "data"
        data.mkdir()
        (data / "image.png").write_text("x")
        (three[0].path / "data").symlink_to(data)
        (three[0].path / "file").symlink_to(data / "image.png")
        assert bigmodel("runs", "rm", ONE, "--yes").code == 0
        assert (data / "image.png").exists() and there() == [TWO, THREE]

    def test_a_folder_of_runs_may_be_a_link(self, bigmodel, three):
        Path("alias").symlink_to("runs")
        assert bigmodel("runs", "rm", ONE, "--runs-dir", "alias", "--yes").code == 0
        assert there() == [TWO, THREE]

    @pytest.mark.slow
    @pytest.mark.parametrize("words", [[ONE], ["mnist", "--keep-best", "1"]])
    def test_a_run_that_is_being_trained(self, bigmodel, three, words):
        program = (
            "import sys, filelock; lock = filelock.FileLock(sys.argv[1]); lock.acquire(); print(); input()"
        )
        holder = subprocess.Popen(
            [sys.executable, "-c", program, str(three[0].lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        try:
            assert holder.stdout.readline()
            refused = bigmodel("runs", "rm", *words, "--yes")
            assert refused.code == 2 and len(there()) == 3
            assert f"error: runs/{ONE}: a process trains this run right now\n" in refused.err
        finally:
            holder.kill()
            holder.communicate()
        assert bigmodel("runs", "rm", *words, "--yes").code == 0


class TestHalfway:
    def test_what_is_left_of_a_removal_that_was_killed_is_no_run(self, bigmodel, three, monkeypatch):
        with monkeypatch.context() as killed:
            killed.setattr(run_removal, "delete_folder", lambda folder: None)
            remove_run(three[0], Path("runs"))
        (left,) = Path("runs").glob(".removing-*")
        assert (left / "run.json").exists()
        assert [row["run"] for row in bigmodel("runs", "--json", "--runs-dir", "runs").json] == [
            f"runs/{THREE}",
            f"runs/{TWO}",
        ]
        # The next removal takes it with it.
        removed = bigmodel("runs", "rm", TWO, "--yes", "--runs-dir", "runs")
        assert f"removed what an earlier removal had left: {left}\n" in removed.err and not left.exists()

    def test_a_link_with_such_a_name_is_left_alone(self, three, tmp_path):
        Path("runs/.removing-x").symlink_to(tmp_path)
        assert remove_leftovers(Path("runs")) == [] and Path("runs/.removing-x").is_symlink()

    def test_a_run_that_cannot_be_moved_stays_whole(self, three):
        in_the_way = Path(f"runs/.removing-{ONE.replace('/', '-')}-{os.getpid()}")
        (in_the_way / "folder").mkdir(parents=True)
        with pytest.raises(ResourceError, match=f"runs/{ONE}: cannot be removed: Directory not empty"):
            remove_run(three[0], Path("runs"))
        assert there() == [ONE, TWO, THREE] and not is_alive(three[0])


class TestParents:
    def test_a_parent_is_warned_about(self, bigmodel, three, make_run):
        three[0].checkpoint_state("best").write_text("")
        write_sealed(three[0].checkpoint_state("best"), {"sha256": "d1"})
        by_path = make_run("tuned/20260101-000000", parent={"run": f"runs/{ONE}", "sha256": "other"})
        by_content = make_run("tuned/20260102-000000", parent={"run": "/moved/since", "sha256": "d1"})
        make_run("tuned/20260103-000000", parent={"run": f"runs/{TWO}", "sha256": "d2"})
        removed = bigmodel("runs", "rm", ONE, "--yes")
        assert removed.code == 0
        assert (
            f"warning: runs/{ONE} is the parent of {by_content.title}, {by_path.title}, "
            "which started from its weights\n" in removed.err
        )

    def test_not_where_the_child_goes_too(self, bigmodel, three, make_run):
        make_run("tuned/1", parent={"run": f"runs/{ONE}", "sha256": "d1"})
        assert "parent" not in bigmodel("runs", "rm", ONE, "tuned/1", "--yes").err


@pytest.mark.parametrize("kind", ["damaged record", "no record"])
def test_a_run_that_has_lost_its_record_can_go(bigmodel, make_run, kind):
    run = make_run(ONE)
    run.record.unlink() if kind == "no record" else run.record.write_text("{}")
    assert bigmodel("runs", "rm", ONE, "--yes").code == 0
    assert not RunFolder(run.path).checkpoints.exists()
