"""The program itself: help, version, examples that hold, and failures of our own."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from bigmodel_cli import __version__
from bigmodel_cli.cli import main as program
from bigmodel_cli.cli.main import bigmodel as group
from bigmodel_cli.errors import BigmodelError, ConfigError

ROOT = Path(__file__).resolve().parents[2]
CONTEXT = click.Context(group)
COMMANDS = group.list_commands(CONTEXT)


def help_of(command):
    found = group.get_command(CONTEXT, command)
    return found, found.get_help(click.Context(found, info_name=f"bigmodel {command}"))


def examples():
    """Every line of an example in a command's help."""
    for command in COMMANDS:
        for line in help_of(command)[1].split("Example:")[1].splitlines():
            if line.strip():
                yield pytest.param(command, line.strip(), id=line.strip())


def test_help(bigmodel):
    for words in ([], ["--help"], ["-h"]):
        outcome = bigmodel(*words)
        shown = outcome.out + outcome.err
        assert all(f"\n  {command} " in shown for command in COMMANDS)
    assert bigmodel("--help").code == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command(bigmodel, command):
    outcome = bigmodel(command, "--help")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith(f"Usage: bigmodel {command} ")
    found, _ = help_of(command)
    assert found.help.splitlines()[0].endswith((".", ":", ","))
    for parameter in found.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{command} {parameter.name} has no help"
    # The script for a shell has no other form; what is launched has a `--json` of its own.
    assert "--json" in outcome.out or command in ("completion", "launch")


@pytest.mark.parametrize(("command", "line"), list(examples()))
def test_examples_of_the_help_parse(command, line):
    inner = re.search(r"bigmodel [^>)]+", line)
    assert inner
    _, name, *words = shlex.split(inner.group())
    assert name == command
    found, _ = help_of(command)
    with found.make_context(name, list(words)) as context:
        if isinstance(found, click.Group) and words:
            _, found, rest = found.resolve_command(context, list(words))
            context = found.make_context(words[0], rest, parent=context)
        assert context.params or not words
    for word in words:
        if word.startswith("configs/"):
            overrides = [other for other in words if re.match(r"~|[\w.]+=", other)]
            assert program.run(["check", str(ROOT / word), *overrides]) == 0


def test_version(bigmodel):
    for option in ("--version", "-V"):
        assert bigmodel(option).out == f"bigmodel, version {__version__}\n"


@pytest.mark.slow
def test_python_m_is_the_program():
    done = subprocess.run(
        [sys.executable, "-m", "bigmodel_cli", "-V"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"bigmodel, version {__version__}\n"


@pytest.mark.slow
def test_a_reader_that_goes_away_is_no_error():
    command = f"{shlex.quote(sys.executable)} -m bigmodel_cli list layers | head -n 1"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


class TestFailures:
    """Errors that no input should raise, raised by a command that is put in the place of `doctor`'s."""

    @pytest.fixture
    def raising(self, bigmodel, monkeypatch):
        def call(error, *words):
            def fail(**_):
                raise error

            monkeypatch.setattr("bigmodel_cli.doctor.examine.examine", fail)
            return bigmodel("doctor", *words)

        return call

    def test_a_bug_says_where_its_traceback_is(self, raising, monkeypatch, tmp_path):
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        outcome = raising(ZeroDivisionError("oh\x1b[31m"))
        assert (outcome.code, outcome.out) == (1, "")
        assert outcome.err.startswith("error: a failure inside bigmodel: ZeroDivisionError: oh\\x1b[31m\n")
        (log,) = tmp_path.glob("bigmodel-*.log")
        assert f"the full traceback is in {log}; please report it" in outcome.err
        assert "Traceback" in log.read_text() and "ZeroDivisionError: oh" in log.read_text()

    @pytest.mark.parametrize(
        ("error", "code", "message"),
        [
            (MemoryError(), 5, "memory ran out"),
            (KeyboardInterrupt(), 130, "interrupted"),
            (click.Abort(), 130, "interrupted"),
            (BigmodelError("of its own"), 1, "of its own"),
            (RuntimeError("x"), 1, "a failure inside bigmodel: RuntimeError: x"),
        ],
    )
    def test_each_has_its_code_and_one_document(self, raising, monkeypatch, tmp_path, error, code, message):
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        outcome = raising(error, "--json")
        assert outcome.code == code
        assert outcome.json["error"] == {**outcome.json["error"], "exit_code": code, "message": message}
        assert f"error: {message}" in outcome.err

    def test_names_in_messages_forge_no_lines(self, raising):
        error = BigmodelError("a\nerror: b\x1b[1m\udce9.png", hint="c\nd\U000e0001")
        outcome = raising(error, "--json")
        assert outcome.err == "error: a\\x0aerror: b\\x1b[1m\\udce9.png\nhint: c\\x0ad\\U000e0001\n"
        assert outcome.out.isascii() and "\x1b" not in outcome.out
        assert outcome.json["error"]["message"] == error.message

    def test_each_problem_of_a_config_has_its_line(self, raising):
        assert raising(ConfigError("a\nb")).err == "error: a\nb\n"

    @pytest.mark.tf
    def test_memory_of_a_device(self, raising):
        from bigmodel_cli.modeling.backend import start

        # TensorFlow that somebody else starts is not as quiet, and stays so for the tests to come.
        start(seed=0)
        import tensorflow as tf

        outcome = raising(tf.errors.ResourceExhaustedError(None, None, "OOM when allocating"), "--json")
        assert (outcome.code, outcome.json["error"]["message"]) == (5, "memory ran out")
