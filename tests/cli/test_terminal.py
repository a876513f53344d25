"""Odd terminals, pipes and names: what a user's shell does to the program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bigmodel_cli.cli.output import label
from bigmodel_cli.errors import ResourceError
from bigmodel_cli.whole_files import write_output

PROGRAM = [sys.executable, "-m", "bigmodel_cli"]


def test_no_colour_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert label("error:", "red") == "\x1b[31m\x1b[1merror:\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert label("error:", "red") == "error:"
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert label("error:", "red") == "error:"


@pytest.mark.slow
def test_who_reads_the_first_lines_only_is_no_error() -> None:
    process = subprocess.Popen(
        [*PROGRAM, "list", "layers"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.read(1)
    process.stdout.close()
    assert process.wait(30) == 0
    assert process.stderr.read() == b""
    process.stderr.close()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("words", [["list", "layers"], ["list", "layers", "--json"]])
def test_a_full_disk_behind_stdout_is_said_in_a_line(words: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*PROGRAM, *words], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (5, "error: the output cannot be written: no space left\n")


@pytest.mark.slow
def test_a_terminal_of_ascii_alone_gets_escapes() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([*PROGRAM, "list", "sources"], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "grey images of 28 \\xd7 28" in done.stdout


def test_an_output_follows_links_and_is_written_through_what_is_no_file(tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    link.symlink_to(real)
    write_output(link, lambda path: path.write_text("a"))
    assert link.is_symlink() and real.read_text() == "a"
    write_output(Path(os.devnull), lambda path: path.write_text("a"))
    assert not Path(os.devnull).is_file()
    with pytest.raises(ResourceError, match="cannot be written"):
        write_output(tmp_path, lambda path: path.write_text("a"))


def test_fail_under_is_for_what_is_better_when_larger(make_run, refuses) -> None:
    says = ("--fail-under loss=0.1: of loss, less is better", 'expect: {test_loss: "<= 0.1"}')
    refuses(2, "evaluate", make_run().path, "--fail-under", "loss=0.1", says=says)


@pytest.mark.tf
@pytest.mark.slow
def test_a_name_in_any_script_trains(bigmodel, tiny: str, tmp_path: Path) -> None:
    done = bigmodel("train", tiny, "name=фото é", "training.epochs=1", "--runs-dir", tmp_path / "runs")
    assert done.code == 0
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["фото é"]
