"""What waits for a model: no more than the queue takes, no longer than the limit, computed together."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bigmodel_cli.inference.batches import Computed
from bigmodel_cli.kinds.inputs import Batch, Input
from bigmodel_cli.serving.access_log import AccessLog
from bigmodel_cli.serving.batching import Batcher
from bigmodel_cli.serving.limits import Limits, Refused
from bigmodel_cli.serving.served import Served
from bigmodel_cli.serving.serving import Answered, Serving

LIMITS = Limits(body_bytes=1000, pixels=100, queue=10, seconds=20)


class Gate:
    """A model that computes once it may: ten times what it is given; and what came together."""

    def __init__(self) -> None:
        self.is_open = threading.Event()
        self.has_begun = threading.Event()
        self.sizes: list[int] = []

    def compute(self, batch: Batch, _: bool) -> tuple[Computed, None]:
        self.has_begun.set()
        assert self.is_open.wait(20)
        self.sizes.append(len(batch.inputs))
        return Computed(batch.features * 10, None, batch.errors), None


@pytest.fixture
def gate() -> Iterator[Gate]:
    found = Gate()
    yield found
    found.is_open.set()


def serving_of(gate: Gate, limits: Limits) -> Serving:
    nothing: Any = None
    batcher = Batcher([gate.compute], most=2)
    slow = Served("slow", nothing, "litert", "", "1", (), (), batcher, {}, ())
    return Serving({"slow": slow}, limits, None, AccessLog(None))


def ask(serving: Serving, number: int) -> Coroutine[Any, Any, Answered]:
    batch = Batch([Input(str(number))], np.array([[float(number)]]), [None], [None])
    return serving.answered("slow", lambda _: (batch, None), wants_answers=False)


def test_more_than_the_queue_takes_may_try_again(gate: Gate) -> None:
    async def story() -> None:
        serving = serving_of(gate, replace(LIMITS, queue=4))
        first = asyncio.create_task(ask(serving, 1))
        while not gate.has_begun.is_set():
            await asyncio.sleep(0.005)
        others = [asyncio.create_task(ask(serving, number)) for number in (2, 3, 4)]
        await asyncio.sleep(0.05)
        with pytest.raises(Refused, match=r"^4 requests wait already; try again later") as refused:
            await ask(serving, 5)
        assert (refused.value.status, refused.value.headers) == (429, {"retry-after": "1"})
        gate.is_open.set()
        answers = await asyncio.gather(first, *others)
        # Those that waited went together, two at most, and each got what is its own.
        assert sorted(gate.sizes) == [1, 1, 2]
        assert [answer.made.outputs.tolist() for answer in answers] == [[[10]], [[20]], [[30]], [[40]]]
        assert serving.waiting == 0
        assert (await ask(serving, 6)).made.outputs.tolist() == [[60]]
        serving.close()

    asyncio.run(story())


def test_what_takes_too_long_is_given_up_and_not_computed(gate: Gate) -> None:
    async def story() -> None:
        serving = serving_of(gate, replace(LIMITS, seconds=0.2))
        computing = asyncio.create_task(ask(serving, 1))
        while not gate.has_begun.is_set():
            await asyncio.sleep(0.005)
        both = await asyncio.gather(computing, ask(serving, 2), return_exceptions=True)
        for given_up in both:
            assert isinstance(given_up, Refused)
            assert (given_up.status, given_up.reason) == (504, "not computed within 0.2 s")
        assert serving.waiting == 0
        gate.is_open.set()
        assert (await ask(serving, 3)).made.outputs.tolist() == [[30]]
        # The one that a thread had begun with was computed, and the other one not: nobody waited for it.
        assert sum(gate.sizes) == 2
        serving.close()

    asyncio.run(story())
