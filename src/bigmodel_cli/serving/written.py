"""Texts that a served model writes: asked for, and told as they come."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from bigmodel_cli.cut import cut
from bigmodel_cli.inference.generating.beams import Beams
from bigmodel_cli.inference.generating.of_run import writer_of
from bigmodel_cli.inference.generating.sampling import Sampling
from bigmodel_cli.inference.generating.writing import Wanted, Written
from bigmodel_cli.inference.opened import OpenRun
from bigmodel_cli.serving.limits import RETRY, Refused
from bigmodel_cli.tasks.translation.task import LENGTH_PENALTY

_MOST_TOKENS, _MOST_TEXTS, _MOST_STOPS = 10_000, 64, 16
# By key of a request, what is taken: types, the least and the most.
_NUMBERS: Mapping[str, tuple[tuple[type, ...], float, float]] = {
    "max_tokens": ((int,), 1, _MOST_TOKENS),
    "num": ((int,), 1, _MOST_TEXTS),
    "seed": ((int,), 0, 2**32 - 1),
    "temperature": ((int, float), 0, 100),
    "top_k": ((int,), 1, 2**31 - 1),
    "top_p": ((int, float), 1e-6, 1),
    "beams": ((int,), 1, 64),
    "length_penalty": ((int, float), 0, 10),
}
_KEYS = ("prompt", *_NUMBERS, "stop", "stream")


@dataclass(frozen=True)
class Asked:
    """A request for texts.

    Attributes:
        prompt: What they go on from.
        wanted: How much, and how.
        streams: Whether pieces are told as they come.
    """

    prompt: str
    wanted: Wanted
    streams: bool


def asked_of(document: dict[str, Any]) -> Asked:
    """A request as JSON has it: the options of `bigmodel generate`, and `stream`.

    Raises:
        Refused: If there is something else, or of another type.
    """
    for key in document:
        if key not in _KEYS:
            raise Refused(400, f"no key {cut(key, 60)!r}; there are {', '.join(_KEYS)}")
    prompt, streams = document.get("prompt", ""), document.get("stream", False)
    if not isinstance(prompt, str):
        raise Refused(400, "prompt: expected a text")
    if not isinstance(streams, bool):
        raise Refused(400, "stream: expected true or false")
    stop = document.get("stop", [])
    stop = [stop] if isinstance(stop, str) else stop
    if (
        not isinstance(stop, list)
        or len(stop) > _MOST_STOPS
        or not all(isinstance(one, str) and one for one in stop)
    ):
        raise Refused(400, f"stop: expected a text, or at most {_MOST_STOPS} of them, none of them empty")
    numbers = {key: _number(key, document[key]) for key in _NUMBERS if document.get(key) is not None}
    of_text = {key: numbers.pop(key) for key in ("max_tokens", "num") if key in numbers}
    beams = _beams(numbers, of_text.get("num", 1))
    return Asked(prompt, Wanted(**of_text, stop=stop, sampling=Sampling(**numbers), beams=beams), streams)


def _beams(numbers: dict[str, Any], num: int) -> Beams | None:
    """How the likeliest text is searched for; takes out of numbers what says so."""
    count, penalty = numbers.pop("beams", None), numbers.pop("length_penalty", None)
    if count is None:
        if penalty is not None:
            raise Refused(400, "length_penalty: is for the likeliest text, which beams ask for")
        return None
    if numbers:
        raise Refused(400, f"beams: draws nothing, and {next(iter(numbers))} says how tokens are drawn")
    if num > count:
        raise Refused(400, f"num: beams keep fewer texts in mind ({count}), found {num}")
    return Beams(count, LENGTH_PENALTY if penalty is None else penalty)


def _number(key: str, value: Any) -> Any:
    types, least, most = _NUMBERS[key]
    is_one = isinstance(value, types) and not isinstance(value, bool)
    if not is_one or not least <= value <= most:
        what = "a whole number" if types == (int,) else "a number"
        raise Refused(400, f"{key}: expected {what} from {least:,} to {most:,}, found {cut(repr(value), 60)}")
    return value


Piece = tuple[int, str] | list[Written]


class _GoneError(Exception):
    """Nobody waits for the rest of a text."""


class _Told:
    """What a thread has written, for an event loop.

    Args:
        loop: It.

    Attributes:
        pieces: What came, in order; at last the texts, or what went wrong.
        is_gone: Whether nobody waits any more.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.pieces: asyncio.Queue[Piece | Exception] = asyncio.Queue()
        self.is_gone = threading.Event()

    def tell(self, one: Piece | Exception) -> None:
        # The loop is gone where nobody waits any more.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.pieces.put_nowait, one)

    def show(self, row: int, piece: str) -> None:
        """A piece of a text, as a `Writer` shows it."""
        if self.is_gone.is_set():
            raise _GoneError
        if piece:
            self.tell((row, piece))


class ServedWriter:
    """Writes the texts of a run, one request after the other, in a thread.

    Args:
        opened: A run that writes.
        trust: Load a model even if it can run code.

    Raises:
        DataError: If it cannot be loaded.
    """

    def __init__(self, opened: OpenRun, *, trust: bool) -> None:
        self._writer = writer_of(opened, trust=trust)
        self._writer.write("", Wanted(max_tokens=1))
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="write")

    async def pieces(self, asked: Asked, seconds: float) -> AsyncGenerator[Piece]:
        """What is written: pieces, each with the number of its text, and at last the texts.

        Args:
            asked: What for.
            seconds: What takes longer is given up.

        Raises:
            Refused: If it takes longer.
            DataError: If the prompt has what the model does not know.
        """
        loop = asyncio.get_running_loop()
        told = _Told(loop)
        self._thread.submit(self._write, asked, told)
        until = loop.time() + seconds
        try:
            while True:
                one = await asyncio.wait_for(told.pieces.get(), until - loop.time())
                if isinstance(one, Exception):
                    raise one
                yield one
                if isinstance(one, list):
                    return
        except TimeoutError:
            raise Refused(504, f"not written within {seconds:g} s; ask for fewer tokens", RETRY) from None
        finally:
            told.is_gone.set()

    def _write(self, asked: Asked, told: _Told) -> None:
        try:
            if not told.is_gone.is_set():
                told.tell(self._writer.write(asked.prompt, asked.wanted, told.show))
        except Exception as error:
            told.tell(error)

    def close(self) -> None:
        """End the thread, once nothing waits any more."""
        self._thread.shutdown(wait=False)
