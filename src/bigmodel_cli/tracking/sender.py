"""The process that feeds one tracker: `python -m bigmodel_cli.tracking.sender RUN TRACKER OPTIONS`.

It takes `look` and `end` in lines from stdin and answers each with a JSON object in a line on stdout; stderr
is the log. Where stdin ends without `end`, whoever trained is gone, and so is this process, at once: somebody
may go on with the run, and two that send would send twice.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from bigmodel_cli.errors import DataError
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.tracking import tracker_options
from bigmodel_cli.tracking.reachable import Unreachable
from bigmodel_cli.tracking.sending import Sending

LOOK, END = "look", "end"
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


def main() -> None:
    """Send until the end."""
    run, name, options = RunFolder(Path(sys.argv[1])), *sys.argv[2:4]
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    # Libraries print.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with suppress(OSError, AttributeError):
        os.nice(_NICENESS)
    commands: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(commands,), daemon=True).start()
    import filelock

    # An earlier one may be on its way out.
    with filelock.FileLock(run.tracking / f".{name}.lock"):
        sender = Sender(Sending(run, tracker_options()[name].model_validate_json(options)))
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
                break
    # Libraries wait for threads that have nothing left to do.
    os._exit(0)


def _listen(commands: queue.SimpleQueue[str]) -> None:
    command = ""
    for line in sys.stdin:
        command = line.strip()
        commands.put(command)
    if command != END:
        os._exit(1)


if __name__ == "__main__":
    main()
