"""What native code prints is silenced, also by several threads at once."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from bigmodel_cli.native_output import heard, silenced


def test_threads_that_overlap_leave_output_as_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    streams, errors = (sys.stdout, sys.stderr), list[BaseException]()
    first_is_out = threading.Event()

    def first() -> None:
        with silenced():
            second_is_in.wait(5)
        first_is_out.set()

    def second() -> None:
        try:
            with silenced():
                second_is_in.set()
                first_is_out.wait(5)
                # The first one has left; this one is still silent.
                os.write(2, b"inside")
        except BaseException as error:
            errors.append(error)

    second_is_in = threading.Event()
    threads = [threading.Thread(target=one) for one in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert (sys.stdout, sys.stderr) == streams
    os.write(2, b"after")
    assert capfd.readouterr().err == "after"


def test_nothing_is_silenced_where_others_speak(capfd: pytest.CaptureFixture[str]) -> None:
    with heard(), silenced():
        os.write(2, b"another thread")
    assert capfd.readouterr().err == "another thread"
