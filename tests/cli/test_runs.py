"""`runs ls` and `runs verify` as a user sees them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bigmodel_cli.run_files import list_files
from bigmodel_cli.run_folder import RunFolder, update_record

STATUSES = ["completed", "interrupted", "failed", "running"]


@pytest.fixture(autouse=True)
def _here(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BIGMODEL_RUNS")


def begun(place="mnist/20260101-000000", status="completed", **changes):
    """A run with a record and a config, as it is after some seconds."""
    run = RunFolder(Path("runs") / place)
    run.checkpoints.mkdir(parents=True)
    run.config.write_text("seed: 0\n")
    record = {"name": run.path.parent.name, "status": status, "started": "2026-01-01T08:09:10+0000"}
    update_record(run, {**record, "files": list_files(run, [run.config]), **changes})
    return run


def cells(outcome):
    """The rows of a table without its heading, by the first cell; of long cells the first line."""
    lines = [line[1:].rstrip() for line in outcome.out.splitlines()[3:]]
    rows = [re.split(r" {2,}", line) for line in lines if line and not line.startswith(" ")]
    return {row[0]: row[1:] for row in rows}


class TestLs:
    @pytest.mark.parametrize("words", [["runs"], ["runs", "ls"]])
    def test_a_table_of_all_newest_first(self, bigmodel, words):
        begun(seconds=75.4, epochs=3, test={"loss": 0.25, "accuracy": 0.9}, sessions=[{}, {}])
        begun("mnist/20260102-000000", "interrupted", error="interrupted")
        begun("digits/20260103-000000", "failed", error="training diverged:\nnan \x1b[2J")
        listed = bigmodel(*words)
        assert listed.code == 0
        assert listed.out.splitlines()[1].split() == ["run", "status", "started", "time", "epochs", "result"]
        started = "2026-01-01 08:09"
        assert list(cells(listed).items()) == [
            ("runs/digits/20260103-000000", ["failed", started, "training diverged: nan \\x1b[2J"]),
            ("runs/mnist/20260102-000000", ["interrupted", started, "interrupted"]),
            (
                "runs/mnist/20260101-000000",
                ["completed", started, "1:15", "3", "test loss 0.2500, accuracy 0.9000"],
            ),
        ]
        assert listed.err == "\nnext:\n  bigmodel train --resume runs/digits/20260103-000000\n"

    def test_json(self, bigmodel):
        begun(epochs=3, test={"loss": 0.25}, sessions=[{}, {}], plan={"device": {"name": "CPU"}})
        listed = bigmodel("runs", "ls", "--json")
        assert (listed.code, listed.err) == (0, "")
        assert listed.json == [
            {
                "run": "runs/mnist/20260101-000000",
                "name": "mnist",
                "status": "completed",
                "device": "CPU",
                "sessions": 2,
                "started": "2026-01-01T08:09:10+0000",
                "epochs": 3,
                "test": {"loss": 0.25},
            }
        ]

    def test_gates_and_device(self, bigmodel):
        met, missed = {"metric": "loss", "met": True}, {"metric": "accuracy", "met": False}
        begun(gates=[met, met], plan={"device": {"name": "gpu:0"}})
        begun("mnist/20260102-000000", gates=[met, missed])
        begun("mnist/20260103-000000", gates=[met], plan={"device": {"name": "cpu"}, "processes": 2})
        assert [row[2:] for row in cells(bigmodel("runs")).values()] == [
            ["1 met", "2 × cpu"],
            ["1 of 2 MISSED"],
            ["2 met", "gpu:0"],
        ]

    def test_only_the_newest(self, bigmodel):
        for day in range(1, 5):
            begun(f"mnist/2026010{day}-000000")
        newest = ["runs/mnist/20260104-000000", "runs/mnist/20260103-000000"]
        assert list(cells(bigmodel("runs", "ls", "--limit", "2"))) == newest
        wrong = bigmodel("runs", "ls", "--limit", "0")
        assert wrong.code == 2 and "0 is not in the range x>=1" in wrong.err

    def test_a_complete_run_that_is_trained_further_is_not_shown_as_complete(self, bigmodel, make_run):
        # What begin_session changes, and what it leaves of the old end.
        old = {"best": {"epoch": 2, "value": 0.9}, "test": {"loss": 0.1, "accuracy": 0.97}, "epochs": 2}
        gates = [{"metric": "test_accuracy", "met": True}]
        run = make_run(status="running", rows=[(0.5, 0.8), (0.25, 0.875), (0.125, 0.75)], gates=gates, **old)
        row = cells(bigmodel("runs"))[run.title]
        so_far = "so far: loss 1.0000, accuracy 1.0000, val_loss 0.1250, val_accuracy 0.7500"
        assert row == ["crashed", "2026-01-01 08:09", "6.0 s", "3", so_far, "cpu"]
        (document,) = bigmodel("runs", "--json").json
        assert not {"best", "test", "gates"} & set(document)
        assert document["epochs"] == 3 and document["seconds"] == 6.0
        assert document["last"] == {"loss": 1, "accuracy": 1, "val_loss": 0.125, "val_accuracy": 0.75}

    def test_of_one_name(self, bigmodel):
        begun()
        begun("digits/20260103-000000")
        assert [row["name"] for row in bigmodel("runs", "ls", "digits", "--json").json] == ["digits"]
        none = bigmodel("runs", "ls", "digit")
        assert (none.code, none.out) == (0, "")
        assert none.err == "no run named digit under runs/\n\nnext:\n  bigmodel train CONFIG\n"

    @pytest.mark.parametrize("folder", ["nothing", "empty", "file"])
    def test_no_runs(self, bigmodel, folder):
        Path("empty/mnist/20260101-000000").mkdir(parents=True)
        Path("file").write_text("")
        listed = bigmodel("runs", "ls", "--runs-dir", folder)
        assert (listed.code, listed.out) == (0, "")
        assert listed.err == f"no run under {folder}/\n\nnext:\n  bigmodel train CONFIG\n"
        assert bigmodel("runs", "ls", "--runs-dir", folder, "--json").json == []

    def test_who_holds_its_lock_is_running_and_who_does_not_has_crashed(self, bigmodel):
        run = begun(status="running")
        assert cells(bigmodel("runs"))[run.title][0] == "crashed"
        program = (
            "import sys, filelock; lock = filelock.FileLock(sys.argv[1]); lock.acquire(); print(); input()"
        )
        holder = subprocess.Popen(
            [sys.executable, "-c", program, str(run.lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert holder.stdout.readline()
        listed = bigmodel("runs")
        assert cells(listed)[run.title][0] == "running" and listed.err == ""
        holder.kill()
        holder.communicate()
        listed = bigmodel("runs")
        assert cells(listed)[run.title][0] == "crashed"
        assert listed.err == f"\nnext:\n  bigmodel train --resume {run.title}\n"
        assert run.read_record()["status"] == "running"

    @pytest.mark.parametrize("kind", ["cut", "missing", "a folder", "edited"])
    def test_a_record_that_is_damaged_does_not_hide_its_run(self, bigmodel, kind):
        whole, run = begun("mnist/20260102-000000"), begun()
        text = run.record.read_text()
        run.record.unlink()
        if kind == "a folder":
            run.record.mkdir()
        elif kind != "missing":
            run.record.write_text(text[:50] if kind == "cut" else text.replace("completed", "Completed"))
        is_file = kind in ("cut", "edited")
        says = f"{run.record}: damaged" if is_file else f"{run.title}: the run has no run.json"
        listed = bigmodel("runs")
        assert listed.code == 0
        assert [row[0] for row in cells(listed).values()] == ["completed", "damaged"]
        assert cells(listed)[run.title][-1].startswith(says)
        documents = bigmodel("runs", "ls", "--json").json
        assert [document["status"] for document in documents] == ["completed", "damaged"]
        assert documents[1]["run"] == run.title and documents[1]["error"].startswith(says)
        assert documents[0]["run"] == whole.title

    def test_a_narrow_terminal_loses_nothing(self, bigmodel, monkeypatch):
        begun(seconds=75.4, epochs=3, test={"loss": 0.25})
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setenv("COLUMNS", "48")
        lines = re.sub(r"\x1b\[\d*m", "", bigmodel("runs").out).splitlines()
        assert max(map(len, lines)) <= 48
        # A run below another instead of columns of a few letters.
        assert [re.sub(r"\d\d:\d\d$", "00:00", line.rstrip()) for line in lines] == [
            "",
            "runs/mnist/20260101-000000",
            "  status   completed",
            "  started  2026-01-01 00:00",
            "  time     1:15",
            "  epochs   3",
            "  result   test loss 0.2500",
        ]

    @pytest.mark.parametrize("width", [24, 30, 40, 60, 80, 100])
    def test_no_word_is_broken(self, bigmodel, monkeypatch, width):
        begun(seconds=75.4, epochs=3, test={"loss": 0.25, "accuracy": 0.5})
        begun("mnist/20260102-000000", "interrupted")
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setenv("COLUMNS", str(width))
        shown = re.sub(r"\x1b\[\d*m", "", bigmodel("runs").out)
        assert max(map(len, shown.splitlines())) <= width
        words = shown.split()
        assert {"status", "epochs", "completed", "interrupted", "accuracy", "0.5000"} <= {
            word.strip(",") for word in words
        }

    def test_the_next_command_can_be_pasted(self, bigmodel):
        begun("a b/20260101-000000", "interrupted")
        assert bigmodel("runs").err == "\nnext:\n  bigmodel train --resume 'runs/a b/20260101-000000'\n"


class TestVerify:
    def test_a_sound_run(self, bigmodel):
        run = begun()
        run.log.write_text("later\n")
        verified = bigmodel("runs", "verify", run.path)
        assert verified.code == 0
        assert cells(verified) == {"config.yaml": ["8 B", "ok"], "train.log": ["6 B", "not listed"]}
        assert verified.err == f"{run.title}: 2 of 2 files are sound\n"
        assert bigmodel("runs", "verify", "mnist", "--json").json == {
            "run": str(run.path),
            "sound": True,
            "files": [
                {"file": "config.yaml", "state": "ok", "bytes": 8},
                {"file": "train.log", "state": "not listed", "bytes": 6},
            ],
        }

    def test_a_changed_file_is_named_until_it_is_accepted(self, bigmodel):
        run = begun()
        run.config.write_text("seed: 1\n")
        verified = bigmodel("runs", "verify", run.path)
        assert verified.code == 3
        assert cells(verified) == {"config.yaml": ["8 B", "damaged or changed"]}
        assert f"{run.title}: 0 of 1 files are sound\n" in verified.err
        assert f"error: {run.title}: config.yaml (damaged or changed)\n" in verified.err
        assert f"bigmodel runs verify {run.title} --accept\n" in verified.err
        document = bigmodel("runs", "verify", run.path, "--json")
        assert (document.code, document.json["sound"]) == (3, False)
        accepted = bigmodel("runs", "verify", run.path, "--accept")
        assert accepted.code == 0
        assert accepted.err == f"taken as it is now: config.yaml\n{run.title}: 1 of 1 files are sound\n"
        assert bigmodel("runs", "verify", run.path).code == 0

    def test_a_missing_file_has_no_size(self, bigmodel):
        run = begun()
        run.config.unlink()
        verified = bigmodel("runs", "verify", run.path, "--json")
        assert verified.code == 3
        assert verified.json["files"] == [{"file": "config.yaml", "state": "missing", "bytes": 0}]

    @pytest.mark.parametrize("words", [[], ["--accept"]])
    def test_a_record_that_is_damaged(self, refuses, words):
        run = begun()
        run.record.write_text("{}")
        says = (f"{run.record}: damaged or changed by hand", "the run is incomplete or was changed by hand")
        refuses(3, "runs", "verify", run.path, *words, says=says)

    def test_no_run(self, refuses):
        refuses(2, "runs", "verify", "--runs-dir", "runs", says=("there is no completed run under runs/",))
        refuses(2, "runs", "verify", "nothing", says=("nothing: no such run",))
        begun().record.unlink()
        says = ("runs/mnist/20260101-000000: not a run any more: it has no run.json",)
        refuses(3, "runs", "verify", "runs/mnist/20260101-000000", says=says)

    @pytest.mark.tf
    @pytest.mark.parametrize(
        ("name", "advice"),
        [
            ("checkpoints/best.keras", "other checkpoints may do: bigmodel train --resume "),
            ("evaluation/test.json", "evaluations are made again by: bigmodel evaluate "),
            ("plots/curves.png", "restore them; if you changed them yourself: bigmodel runs verify "),
        ],
    )
    def test_what_to_do_about_a_damaged_file(self, bigmodel, trained, name, advice):
        shutil.copytree(trained, "runs")
        (run,) = Path("runs/tiny").iterdir()
        (run / name).write_bytes((run / name).read_bytes()[:-1])
        verified = bigmodel("runs", "verify", "tiny")
        assert verified.code == 3
        assert f"error: {run}: {name} (damaged or changed)\n" in verified.err
        assert f"hint: {advice}{run}" in verified.err


@pytest.mark.slow
def test_options_of_the_list_need_no_subcommand(bigmodel, trained):
    short = bigmodel("runs", "--json", "--runs-dir", trained)
    assert short.json == bigmodel("runs", "ls", "--json", "--runs-dir", trained).json
    assert [row["status"] for row in short.json] == ["completed"]
    wrong = bigmodel("runs", "--json", "ls")
    assert wrong.code == 2 and "write options after ls: bigmodel runs ls --…" in wrong.err


def test_a_misspelt_subcommand(bigmodel):
    wrong = bigmodel("runs", "comparee")
    assert wrong.code == 2 and "there is no command 'comparee'; did you mean compare?" in wrong.err
    wrong = bigmodel("runs", "mnist")
    assert "commands: best, compare, diff, ls, rm, show, verify" in wrong.err


@pytest.mark.slow
def test_nothing_heavy_is_imported(make_run):
    one, other = make_run(), make_run("digits/20260102-000000")
    commands = [
        ["ls"],
        ["show"],
        ["diff", "mnist", "digits"],
        ["compare", "mnist", "digits"],
        ["best"],
        ["rm", "mnist", "--keep-best", "1"],
        ["rm", f"{other.path.parent.name}/{other.path.name}", "--yes"],
    ]
    program = (
        "import sys; from bigmodel_cli.cli.main import run\n"
        f"codes = [run(['runs', *words]) for words in {commands!r}]\n"
        "heavy = {'tensorflow', 'keras', 'numpy', 'matplotlib', 'sklearn', 'scipy', 'PIL'}\n"
        "print(codes, sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "[0, 0, 0, 0, 0, 0, 0] []", done.stderr
    assert one.record.exists() and not other.record.exists()
