"""The models that are served, and the requests that wait for them."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from bigmodel_cli.kinds.inputs import Batch
from bigmodel_cli.serving.access_log import AccessLog
from bigmodel_cli.serving.batching import Job, Made
from bigmodel_cli.serving.limits import RETRY, Limits, Refused
from bigmodel_cli.serving.metrics import Metrics
from bigmodel_cli.serving.recommended import Asked as Wanted
from bigmodel_cli.serving.recommended import recommended
from bigmodel_cli.serving.served import Served
from bigmodel_cli.serving.written import Asked, Piece

# Reads a request for a model: its examples, and what its answer needs besides.
Reading = Callable[[Served], tuple[Batch, Any]]


@dataclass(frozen=True, slots=True)
class Answered:
    """What was computed for a request.

    Attributes:
        served: By which version of the model.
        made: What.
        asked: What `Reading` gave besides.
    """

    served: Served
    made: Made
    asked: Any


class Serving:
    """What all requests share; the event loop alone calls it.

    Args:
        models: By name.
        limits: What is taken.
        token: That requests have to show; None: nobody is asked.
        log: Is told of each request.

    Attributes:
        is_draining: Whether the server ends; what has begun is answered.
        waiting: Requests that wait for a model, or are computed.
    """

    def __init__(
        self, models: Mapping[str, Served], limits: Limits, token: bytes | None, log: AccessLog
    ) -> None:
        self.models = dict(models)
        self.limits, self.token, self.log = limits, token, log
        self.metrics = Metrics()
        self.is_draining = False
        self.waiting = 0
        self._used: Counter[Served] = Counter()
        self._readers = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="read")

    def model(self, name: str) -> Served:
        """The model of a name, as it is now.

        Raises:
            Refused: If there is none.
        """
        if name not in self.models:
            raise Refused(404, f"no model is called {name[:60]!r}; there: {', '.join(self.models)}")
        return self.models[name]

    async def answered(self, name: str, read: Reading, *, wants_answers: bool) -> Answered:
        """Read a request and compute it, both in threads.

        Args:
            name: Of the model.
            read: Reads it.
            wants_answers: Whether more than the model's outputs is wanted.

        Raises:
            Refused: If there is no such model, too many wait, or it takes too long.
            DataError: If the examples do not fit the model.
        """
        with self._using(name) as served:
            made, asked = await self._made(served, read, wants_answers)
        self.metrics.computed(name, len(made.errors), made.batch_size)
        return Answered(served, made, asked)

    async def written(self, name: str, asked: Asked) -> AsyncGenerator[Piece]:
        """What a model writes, as `ServedWriter.pieces` gives it.

        Raises:
            Refused: If there is no such model, it does not write, too many wait, or it takes too long.
            DataError: If the prompt has what the model does not know.
        """
        with self._using(name) as served:
            if served.writer is None:
                raise Refused(400, f"{name} does not go on with a text ({served.signature.described})")
            async with aclosing(served.writer.pieces(asked, self.limits.seconds)) as pieces:
                async for piece in pieces:
                    yield piece
        self.metrics.computed(name, asked.wanted.num, 1)

    async def recommended(self, name: str, asked: Wanted) -> tuple[Served, list[dict[str, Any]]]:
        """What a run recommends, found in a thread, and which version of it did.

        Raises:
            Refused: If there is no such model, it recommends nothing, too many wait, or it takes too long.
            UsageError: If a condition is none.
            DataError: If new items are none.
        """
        with self._using(name) as served:
            if served.catalogue is None:
                raise Refused(400, f"{name} recommends no items ({served.signature.described})")
            loop = asyncio.get_running_loop()
            try:
                async with asyncio.timeout(self.limits.seconds):
                    found = await loop.run_in_executor(
                        self._readers, recommended, served.catalogue, asked, served.with_new_rows
                    )
            except TimeoutError:
                raise Refused(504, f"not found within {self.limits.seconds:g} s", RETRY) from None
        self.metrics.computed(name, asked.num_answers, asked.num_answers)
        return served, found

    @contextmanager
    def _using(self, name: str) -> Iterator[Served]:
        """A model that is not closed meanwhile.

        Raises:
            Refused: If there is none of that name, or too many wait.
        """
        served = self.model(name)
        if self.waiting >= self.limits.queue:
            raise Refused(429, f"{self.waiting:,} requests wait already; try again later", RETRY)
        self.waiting += 1
        self._used[served] += 1
        try:
            yield served
        finally:
            self.waiting -= 1
            self._used[served] -= 1

    async def _made(self, served: Served, read: Reading, wants_answers: bool) -> tuple[Made, Any]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[tuple[Made, Any]] = loop.create_future()

        def settle(found: tuple[Made, Any] | BaseException) -> None:
            if future.done():
                return
            if isinstance(found, BaseException):
                future.set_exception(found)
            else:
                future.set_result(found)

        def tell(found: tuple[Made, Any] | BaseException) -> None:
            # The loop is gone where nobody waits any more.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(settle, found)

        def work() -> None:
            try:
                batch, asked = read(served)
            except Exception as error:
                tell(error)
                return

            def take(made: Made | BaseException) -> None:
                tell(made if isinstance(made, BaseException) else (made, asked))

            served.batcher.put(Job(batch, wants_answers, take, lambda: not future.done()))

        self._readers.submit(work)
        try:
            async with asyncio.timeout(self.limits.seconds):
                return await future
        except TimeoutError:
            raise Refused(504, f"not computed within {self.limits.seconds:g} s", RETRY) from None

    async def replace(self, name: str, served: Served) -> None:
        """Serve another version from now on; the one before is closed when its last request is answered."""
        before, self.models[name] = self.models[name], served
        self.metrics.reloads += 1
        while self._used[before]:
            await asyncio.sleep(0.05)
        del self._used[before]
        before.close()

    def close(self) -> None:
        """End all threads, once nothing waits any more."""
        self._readers.shutdown()
        for served in self.models.values():
            served.close()
