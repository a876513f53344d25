"""What a server has done, as Prometheus reads it."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bigmodel_cli import __version__
from bigmodel_cli.process_memory import status_of_process
from bigmodel_cli.serving.served import Served

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_BATCHES = (1, 2, 4, 8, 16, 32, 64)


@dataclass
class Histogram:
    """How many values are at most each of some bounds.

    Attributes:
        bounds: They, the smallest first.
        counts: Of the values between a bound and the one before; the last ones are larger than all.
        total: The sum of all values.
    """

    bounds: Sequence[float]
    counts: list[int] = field(init=False)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def lines(self, name: str, labels: str) -> Iterator[str]:
        count = 0
        for bound, some in zip((*self.bounds, "+Inf"), self.counts, strict=True):
            count += some
            yield f'{name}_bucket{{{labels},le="{bound}"}} {count}'
        yield f"{name}_sum{{{labels}}} {self.total}"
        yield f"{name}_count{{{labels}}} {count}"


class Metrics:
    """Counts; the event loop alone writes them."""

    def __init__(self) -> None:
        self._began = time.time()
        self._requests: dict[tuple[str, str, int], int] = defaultdict(int)
        self._seconds: dict[tuple[str, str], Histogram] = defaultdict(lambda: Histogram(_SECONDS))
        self._examples: dict[str, int] = defaultdict(int)
        self._batches: dict[str, Histogram] = defaultdict(lambda: Histogram(_BATCHES))
        self.reloads = 0

    def answered(self, model: str, protocol: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self._requests[model, protocol, status] += 1
        self._seconds[model, protocol].add(seconds)

    def computed(self, model: str, examples: int, batch_size: int) -> None:
        """Count the examples of a request that was computed.

        Args:
            model: Its name.
            examples: Of the request.
            batch_size: How many were computed together.
        """
        self._examples[model] += examples
        self._batches[model].add(batch_size)

    def text(self, models: Mapping[str, Served], gauges: Mapping[str, tuple[str, float]]) -> str:
        """All of them.

        Args:
            models: That are served.
            gauges: What is so now, by name: in words, and the number.
        """
        return "".join(f"{line}\n" for line in self._lines(models, gauges))

    def _lines(self, models: Mapping[str, Served], gauges: Mapping[str, tuple[str, float]]) -> Iterator[str]:
        requests = (
            f'bigmodel_requests_total{{{_labels(model, protocol)},status="{status}"}} {count}'
            for (model, protocol, status), count in self._requests.items()
        )
        yield from _family("bigmodel_requests_total", "counter", "Requests that were answered.", requests)
        seconds = (
            line
            for (model, protocol), one in self._seconds.items()
            for line in one.lines("bigmodel_request_seconds", _labels(model, protocol))
        )
        yield from _family(
            "bigmodel_request_seconds",
            "histogram",
            "From the first line of a request to its answer.",
            seconds,
        )
        examples = (
            f'bigmodel_examples_total{{model="{_escaped(model)}"}} {count}'
            for model, count in self._examples.items()
        )
        yield from _family("bigmodel_examples_total", "counter", "Examples that were computed.", examples)
        batches = (
            line
            for model, one in self._batches.items()
            for line in one.lines("bigmodel_batch_size", f'model="{_escaped(model)}"')
        )
        yield from _family(
            "bigmodel_batch_size", "histogram", "Examples that were computed together, by request.", batches
        )
        infos = (
            f'bigmodel_model_info{{model="{_escaped(name)}",version="{one.version}",'
            f'engine="{_escaped(one.engine)}"}} 1'
            for name, one in models.items()
        )
        yield from _family("bigmodel_model_info", "gauge", "What is served.", infos)
        yield from _family(
            "bigmodel_info", "gauge", "The program.", [f'bigmodel_info{{version="{__version__}"}} 1']
        )
        reloads = f"bigmodel_reloads_total {self.reloads}"
        yield from _family("bigmodel_reloads_total", "counter", "New versions that were taken up.", [reloads])
        memory = float(status_of_process().get("VmRSS", 0))
        now = {
            **gauges,
            "process_resident_memory_bytes": ("Memory of the process.", memory),
            "process_start_time_seconds": ("Its start, since 1970.", self._began),
        }
        for name, (help_, value) in now.items():
            yield from _family(name, "gauge", help_, [f"{name} {value}"])


def _family(name: str, kind: str, help_: str, lines: Iterable[str]) -> Iterator[str]:
    yield f"# HELP {name} {help_}"
    yield f"# TYPE {name} {kind}"
    yield from lines


def _labels(model: str, protocol: str) -> str:
    return f'model="{_escaped(model)}",protocol="{protocol}"'


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
