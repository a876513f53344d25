"""Where the time of a session goes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

DATA: Final = "data"
START: Final = "TensorFlow"
MODEL: Final = "model"
INPUT: Final = "input"
STEPS: Final = "steps"
CALLBACKS: Final = "callbacks"
VALIDATION: Final = "validation"
CHECKPOINTS: Final = "checkpoints"
EVALUATION: Final = "evaluation"
EXPORT: Final = "export"
PLOTS: Final = "plots"
REPORT: Final = "report"
OTHER: Final = "other"
# In the order in which a session meets them, with what they are.
PHASES: Final = {
    DATA: "finding and reading the data",
    START: "importing TensorFlow and Keras",
    MODEL: "building, tracing, trials",
    INPUT: "waiting for examples",
    STEPS: "training steps",
    CALLBACKS: "Keras's callbacks",
    VALIDATION: "after each epoch",
    CHECKPOINTS: "saving states",
    EVALUATION: "of the best checkpoint",
    EXPORT: "the LiteRT model",
    PLOTS: "drawing",
    REPORT: "the page",
    OTHER: "display, records, everything else",
}


@dataclass
class Stopwatch:
    """Adds up seconds by phase; phases do not nest.

    Attributes:
        began: When the session began, by `time.perf_counter`.
        seconds: Of each phase so far.
        now: The phase that goes on, or the last one that did; None before the first.
    """

    began: float = field(default_factory=time.perf_counter)
    seconds: dict[str, float] = field(default_factory=dict)
    now: str | None = None

    @property
    def total(self) -> float:
        """Seconds since the session began."""
        return time.perf_counter() - self.began

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count the block's time under a name of `PHASES`."""
        began, self.now = time.perf_counter(), name
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began

    def as_json(self) -> dict[str, float]:
        """Seconds by phase, `other` being what no phase has; they add up to the session's time."""
        other = self.total - sum(self.seconds.values())
        return {
            name: round(self.seconds.get(name, other if name == OTHER else 0.0), 3)
            for name in PHASES
            if name in self.seconds or name == OTHER
        }

    def describe(self) -> list[str]:
        """The same as lines for people."""
        seconds = self.as_json()
        total = sum(seconds.values())
        lines = [
            f"  {name:<11} {value:8.2f} s  {value / total:4.0%}  {PHASES[name]}"
            for name, value in seconds.items()
        ]
        return [f"where the time went ({total:.1f} s):", *lines]
