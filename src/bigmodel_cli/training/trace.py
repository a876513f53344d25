"""A TensorBoard trace of a part of training."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bigmodel_cli.native_output import silenced

# The first call compiles what is left to compile, and is not typical.
FIRST_CALL = 2
# A trace has every operation of every step: more seconds make it large, not more telling.
MOST_SECONDS = 2.0


class Trace:
    """Traces calls into TensorFlow, from the second one on, for about two seconds.

    Args:
        folder: Where TensorBoard is to find it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._calls = 0
        self._began: float | None = None
        self._is_done = False

    @contextmanager
    def call(self) -> Iterator[None]:
        """Around each call."""
        self._calls += 1
        if self._calls >= FIRST_CALL and self._began is None:
            self._start()
        yield
        if self._began is not None and time.perf_counter() - self._began > MOST_SECONDS:
            self.stop()

    def stop(self) -> bool:
        """End the trace, where there is one.

        Returns:
            Whether there is one.
        """
        if self._began is not None and not self._is_done:
            self._is_done = True
            import tensorflow as tf

            with silenced():
                tf.profiler.experimental.stop()
        return self._is_done

    def _start(self) -> None:
        import tensorflow as tf

        self._began = time.perf_counter()
        with silenced():
            tf.profiler.experimental.start(str(self.folder))
