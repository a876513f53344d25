"""The process that feeds one tracker: `python -m bigmodel_cli.tracking.sender TRACKER`.

It takes `begin` with a run, `look` and `end` in lines from stdin, and answers the last two with a JSON object
in a line on stdout; stderr is the run's log. After `end` it waits for the next run, or for the end of stdin.
Where that comes without `end`, whoever trained is gone, and so is this process, at once: somebody may go on
with the run, and two that send would send twice.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from bigmodel_cli.errors import DataError
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.tracking import tracker_options
from bigmodel_cli.tracking.reachable import Unreachable
from bigmodel_cli.tracking.sending import Sending, log_of

BEGIN, LOOK, END = "begin", "look", "end"
# In place of a command: there are no more.
_GONE = ""
# After a failure nothing is tried again for so long, unless the run ends.
PAUSE_SECONDS = 30.0
# How often is looked again where epochs wait for their checkpoint, or a file is half written.
_SOON_SECONDS = 1.0
# How often is tried at the end, and how long after a failure; not where nobody answers.
_LAST_TRIES = 3
# Trackers are not worth a processor that training could have.
_NICENESS = 10


class Sender:
    """Sends what a run's folder has each time that it is told to look.

    Args:
        sending: Knows what lacks.
        tell: Takes an answer.
    """

    def __init__(self, sending: Sending) -> None:
        self._sending = sending
        self._waits_until = 0.0
        self.looks_soon = False

    def look(self) -> dict[str, Any]:
        """Send what is there, unless it failed a moment ago."""
        if time.monotonic() < self._waits_until:
            return {"what": "waits"}
        try:
            self.looks_soon = self._sending.send(has_ended=False) > 0
        except DataError:
            # Something is half written.
            self.looks_soon = True
        except Exception as error:
            self.looks_soon = False
            self._waits_until = time.monotonic() + PAUSE_SECONDS
            return failed(error)
        return {"what": "sent"}

    def end(self) -> dict[str, Any]:
        """Send all the rest, and how the run has ended."""
        for left in reversed(range(_LAST_TRIES)):
            try:
                self._sending.send(has_ended=True)
                return {"what": "ended", "message": self._sending.end()}
            except Exception as error:
                answer = failed(error)
                if isinstance(error, Unreachable):
                    break
                time.sleep(_SOON_SECONDS if left else 0.0)
        return answer


def failed(error: Exception) -> dict[str, Any]:
    """What a tracker's error comes to, in a line."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return {"what": "failed", "message": lines[0], "error": repr(error)}


@dataclass(frozen=True)
class Begin:
    """A run that is sent from now on.

    Attributes:
        run: Its folder.
        options: Of the tracker, as plain data.
    """

    run: str
    options: dict[str, Any]

    def as_json(self) -> str:
        return json.dumps(asdict(self))


def main() -> None:
    """Send one run after another, until whoever trains them is gone."""
    name = sys.argv[1]
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    with suppress(OSError, AttributeError):
        os.nice(_NICENESS)
    commands: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(commands,), daemon=True).start()
    while (line := commands.get()) != _GONE:
        _send(name, Begin(**json.loads(line.removeprefix(BEGIN))), commands, answers)
    # Libraries wait for threads that have nothing left to do.
    os._exit(0)


def _send(name: str, begin: Begin, commands: queue.SimpleQueue[str], answers: IO[str]) -> None:
    """Send a run to its end."""
    run = RunFolder(Path(begin.run))
    log = os.open(log_of(run, name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    # Libraries print.
    for stream in (sys.stdout, sys.stderr):
        os.dup2(log, stream.fileno())
    os.close(log)
    import filelock

    # An earlier one may be on its way out.
    with filelock.FileLock(run.tracking / f".{name}.lock"):
        sender = Sender(Sending(run, tracker_options()[name].model_validate(begin.options)))
        while True:
            try:
                command = commands.get(timeout=_SOON_SECONDS if sender.looks_soon else None)
            except queue.Empty:
                sender.look()
                continue
            answer = sender.end() if command == END else sender.look()
            answers.write(json.dumps(answer) + "\n")
            answers.flush()
            if command == END:
                return


def _listen(commands: queue.SimpleQueue[str]) -> None:
    command = END
    for line in sys.stdin:
        command = line.strip()
        commands.put(command)
    if command != END:
        os._exit(1)
    commands.put(_GONE)


if __name__ == "__main__":
    main()
