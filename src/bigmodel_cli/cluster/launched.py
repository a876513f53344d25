"""What a process knows of the `bigmodel launch` that started it, and how it ends with it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Mapping, MutableMapping
from pathlib import Path

# The launch's name, by which its run is found again; and whether its processes were started before.
LAUNCH, RESTARTED = "BIGMODEL_LAUNCH", "BIGMODEL_RESTARTED"
# How the launch was typed, before the `--`.
LAUNCHED_AS = "BIGMODEL_LAUNCHED_AS"
# `1/4`: the second of four processes on this machine.
SLOT = "BIGMODEL_SLOT"
_VISIBLE = "CUDA_VISIBLE_DEVICES"
_THREADS = "TF_NUM_INTRAOP_THREADS"
NVIDIA_GPUS = Path("/proc/driver/nvidia/gpus")
_GRACE_SECONDS = 20.0


def launch_of(environ: Mapping[str, str]) -> str | None:
    """The name of the launch that this process is a part of."""
    return environ.get(LAUNCH)


def is_restarted(environ: Mapping[str, str]) -> bool:
    """Whether an earlier start of the same launch has failed."""
    return RESTARTED in environ


def launched_as(environ: Mapping[str, str]) -> str:
    """What stands before the words of this process where it is started again: nothing if it was no launch."""
    return f"{environ[LAUNCHED_AS]} -- " if LAUNCHED_AS in environ else ""


def take_share(environ: MutableMapping[str, str]) -> None:
    """Leave the other processes on this machine their part of its GPUs and of its cores."""
    slot, _, slots = environ.get(SLOT, "0/1").partition("/")
    index, count = int(slot), int(slots)
    if count == 1:
        return
    environ.setdefault(_THREADS, str(max(1, (os.cpu_count() or 1) // count)))
    if _VISIBLE in environ:
        gpus = [name for name in environ[_VISIBLE].split(",") if name]
    else:
        gpus = [str(number) for number, _ in enumerate(NVIDIA_GPUS.glob("*"))]
    share = gpus[index * len(gpus) // count : (index + 1) * len(gpus) // count]
    if share:
        environ[_VISIBLE] = ",".join(share)


def end_with_launcher() -> None:
    """End this process once whoever started it is gone: its end of our stdin closes with it.

    Called in the main thread of a process that reads nothing else from stdin. Signals that come from the
    launcher are heeded, also where a program between them blocks them, as Ray does with SIGINT.
    """
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    descriptor = sys.stdin.fileno()

    def watch() -> None:
        # Python's own stdin has a lock, which this thread would hold when the process ends.
        while os.read(descriptor, 4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_GRACE_SECONDS)
        # TensorFlow may wait for peers that are gone too.
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="launcher", daemon=True).start()
