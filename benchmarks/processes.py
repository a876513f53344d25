"""Whole processes, with their time and their peak memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PLAIN = Path(__file__).parent / "plain"


@dataclass(frozen=True)
class Finished:
    """A process that ended well.

    Attributes:
        seconds: Wall time.
        megabytes: Its peak of resident memory.
        output: What it printed.
    """

    seconds: float
    megabytes: float
    output: str

    @property
    def last_line(self) -> Any:
        """The JSON on the last line of what it printed."""
        return json.loads(self.output.splitlines()[-1])


def run(command: Sequence[str | Path], folder: Path) -> Finished:
    """Run a command to its end in a folder.

    Raises:
        SystemExit: If it fails, with what it said.
    """
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "NO_COLOR": "1"}
    # As users have it: a program is compiled when it runs for the first time, not each time.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with (folder / "stdout").open("w+") as output, (folder / "stderr").open("w+") as errors:
        began = time.perf_counter()
        process = subprocess.Popen(
            [str(word) for word in command], cwd=folder, env=environment, stdout=output, stderr=errors
        )
        # The one way to the peak memory of this process alone.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode:
            raise SystemExit(
                f"{' '.join(map(str, command))}: exit code {process.returncode}\n{errors.read()}"
            )
        kilobyte = 1 if sys.platform == "darwin" else 1024
        return Finished(seconds, usage.ru_maxrss * kilobyte / 1e6, output.read())


def plain(script: str, *arguments: str | Path, folder: Path) -> Finished:
    """Run a plain script with the Python that runs this."""
    return run([sys.executable, PLAIN / script, *arguments], folder)


def bigmodel(*arguments: str | Path, folder: Path) -> Finished:
    """Run a command of bigmodel as users do."""
    return run([Path(sys.executable).with_name("bigmodel"), *arguments], folder)
