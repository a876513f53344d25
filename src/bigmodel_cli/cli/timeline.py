"""What is heard when in recordings: parts with the same answer one after the other as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bigmodel_cli.inference.batches import Prediction


class Timeline:
    """Joins the parts of recordings."""

    def __init__(self) -> None:
        self._spans: dict[Path, list[tuple[float, float, str]]] = {}

    def take(self, prediction: Prediction) -> None:
        """A part in its order; what could not be read is a gap."""
        from bigmodel_cli.kinds.inputs import Part

        part = prediction.input.features
        if not isinstance(part, Part) or prediction.answer is None:
            return
        said = prediction.answer.cells()[0]
        spans = self._spans.setdefault(part.path, [])
        start, end = part.start, part.end
        if spans and spans[-1][2] == said and start <= spans[-1][1]:
            start = spans.pop()[0]
        elif spans and start < spans[-1][1]:
            # Parts that overlap part in the middle.
            before = spans.pop()
            start = (start + before[1]) / 2
            spans.append((before[0], start, before[2]))
        spans.append((start, end, said))

    def lines(self) -> Iterator[str]:
        """A heading for each recording, and a line for each span."""
        for path, spans in self._spans.items():
            yield f"timeline of {path}:"
            yield from _lines(spans)


def _lines(spans: Sequence[tuple[float, float, str]]) -> Iterator[str]:
    from bigmodel_cli.kinds.inputs import clock

    width = max(len(clock(moment)) for start, end, _ in spans for moment in (start, end))
    for start, end, said in spans:
        yield f"  {clock(start):>{width}} to {clock(end):>{width}}  {said}"
