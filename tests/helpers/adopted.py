"""A model of the gallery and the run that became of it; commands run in this process."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from typing import Any

from gallery import Example

from bigmodel_cli.cli.main import run
from bigmodel_cli.inference.opened import OpenRun


@dataclass(frozen=True)
class Adopted:
    """A model of the gallery and the run that became of it.

    Attributes:
        example: What its script left.
        opened: The run.
        said: On standard error.
        document: What `--json` printed.
    """

    example: Example
    opened: OpenRun
    said: str
    document: dict[str, Any]


def command(*words: object) -> tuple[int, str, str]:
    """Exit code, standard output and error of a command, run in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run([str(word) for word in words])
    return code, out.getvalue(), err.getvalue()
