"""The `bigmodel` program: finds commands by their files, and turns errors into messages and exit codes."""

from __future__ import annotations

import atexit
import errno
import io
import os
import signal
import sys
import tempfile
import traceback
from contextlib import suppress
from typing import Any, NoReturn

import click

from bigmodel_cli import __version__
from bigmodel_cli.cli import commands
from bigmodel_cli.cli.groups import CommandFiles
from bigmodel_cli.cli.output import OutputState, json_text, label, one_line, printable
from bigmodel_cli.errors import BigmodelError, ConfigError, Interrupted, ResourceError, UsageError
from bigmodel_cli.training.signals import stop_on_signal

# What only looking whether there is a file may come to.
_OF_PATHS = (errno.ENAMETOOLONG, errno.EACCES)


@click.group(
    cls=CommandFiles,
    package=commands.__name__,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with: bigmodel init > config.yaml, then bigmodel train config.yaml",
)
@click.version_option(__version__, "-V", "--version", prog_name="bigmodel")
def bigmodel() -> None:
    """Train, evaluate and use Keras models from one YAML file."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that knows only ASCII gets escapes instead of nothing at all.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    _exit(run(sys.argv[1:] if arguments is None else arguments))


def _exit(code: int) -> NoReturn:
    """End the process: TensorFlow takes a second to be taken apart, for nobody's good."""
    if "tensorflow" in sys.modules:
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run the command line.

    Returns:
        The exit code, as `errors.py` lists them.
    """
    state = OutputState()
    try:
        with stop_on_signal() as stop, stop.unmistaken():
            code = bigmodel.main(args=arguments, prog_name="bigmodel", standalone_mode=False, obj=state)
        sys.stdout.flush()
        # What `context.exit` was given.
        return code if isinstance(code, int) else 0
    except (BigmodelError, Interrupted) as error:
        return _show(error, as_json=_lacks_json(arguments, state))
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.ClickException as error:
        return _show_usage(error, as_json=_lacks_json(arguments, state))
    except (KeyboardInterrupt, click.Abort):
        return _show(Interrupted(signal.SIGINT), as_json=_lacks_json(arguments, state))
    except BrokenPipeError:
        # Who read our output has seen enough; Python would complain once more while it exits.
        _close_stdout()
        return 0
    except OSError as error:
        return _show_os_error(error, as_json=_lacks_json(arguments, state))
    except Exception as error:
        from bigmodel_cli.modeling.backend import is_out_of_memory
        from bigmodel_cli.modeling.own_code import own_error

        if (own := own_error(error)) is not None:
            return _show(own, as_json=_lacks_json(arguments, state))
        if is_out_of_memory(error):
            return _show(ResourceError("memory ran out"), as_json=_lacks_json(arguments, state))
        return _show_failure(error, as_json=_lacks_json(arguments, state))


def _close_stdout() -> None:
    """Python would complain once more about what it could not write, while it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _lacks_json(arguments: list[str], state: OutputState) -> bool:
    return "--json" in arguments and not state.has_json


def _show(error: BigmodelError | Interrupted, *, as_json: bool) -> int:
    if as_json:
        problems = error.problems if isinstance(error, ConfigError) else []
        _echo_json_error(error.exit_code, error.message, hint=error.hint, problems=problems)
    # The problems of a config are a line each; no other message has lines, but names in it may.
    shown = printable if isinstance(error, ConfigError) else one_line
    click.echo(f"{label('error:', 'red')} {shown(error.message)}", err=True)
    if isinstance(error, ConfigError) and error.__cause__ is not None:
        click.echo(f"Keras's full text: {_keep_traceback()}", err=True)
    if error.hint:
        click.echo(f"{label('hint:', 'cyan')} {one_line(error.hint)}", err=True)
    return error.exit_code


def _show_os_error(error: OSError, *, as_json: bool) -> int:
    if error.filename is not None:
        if error.errno in _OF_PATHS:
            return _show(UsageError(f"{error.filename}: {error.strerror}"), as_json=as_json)
    elif error.errno == errno.ENOSPC:
        _close_stdout()
        return _show(ResourceError("the output cannot be written: no space left"), as_json=False)
    return _show_failure(error, as_json=as_json)


def _show_usage(error: click.ClickException, *, as_json: bool) -> int:
    if as_json:
        _echo_json_error(error.exit_code, error.format_message())
    error.show()
    return error.exit_code


def _show_failure(error: Exception, *, as_json: bool) -> int:
    path = _keep_traceback()
    message = f"a failure inside bigmodel: {type(error).__name__}: {error}"
    if as_json:
        _echo_json_error(1, message)
    click.echo(f"{label('error:', 'red')} {printable(message)}", err=True)
    click.echo(f"the full traceback is in {path}; please report it", err=True)
    return 1


def _keep_traceback() -> str:
    """Write the error that is being handled where it can be read, and say where that is."""
    descriptor, path = tempfile.mkstemp(prefix="bigmodel-", suffix=".log", text=True)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(traceback.format_exc())
    return path


def _echo_json_error(exit_code: int, message: str, **more: Any) -> None:
    click.echo(json_text({"error": {"exit_code": exit_code, "message": message, **more}}))
