"""Memory that threads have freed goes back to the system, so that their peaks do not add up."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import ctypes, sys, threading
from bigmodel_cli.process_memory import give_large_blocks_back, status_of_process
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
if sys.argv[1] == "given":
    give_large_blocks_back()

def use(go, done):
    for _ in range(2):
        go.wait(); go.clear()
        block = libc.malloc(24 * 2**20)
        ctypes.memset(block, 1, 24 * 2**20)
        libc.free(block)
        done.set()

threads = [(threading.Event(), threading.Event()) for _ in range(6)]
for events in threads:
    threading.Thread(target=use, args=events, daemon=True).start()
before = status_of_process()["VmHWM"]
# One after the other: never are two blocks in use.
for _ in range(2):
    for go, done in threads:
        go.set(); done.wait(); done.clear()
print((status_of_process()["VmHWM"] - before) // 2**20)
"""


def grown(word: str) -> int:
    """MiB by which a process has grown at its peak."""
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, word], capture_output=True, text=True, timeout=60, check=True
    )
    return int(ran.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="the C library is not glibc")
def test_threads_that_take_turns_have_the_memory_of_one() -> None:
    kept = grown("kept")
    if kept < 48:
        pytest.skip("this C library gives blocks back by itself")
    assert grown("given") < 32
