"""The page's tables: samples and scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bigmodel_cli.parts import part_of
from bigmodel_cli.tasks.figures import Figures
from bigmodel_cli.tasks.sections import Sections, shown, titled
from bigmodel_cli.tasks.task import Task


class Samples(NamedTuple):
    """Samples of one kind.

    Attributes:
        id: By which they are led to.
        menu: What the page's own menu calls them.
        title: Above them.
        tiles: What is shown of each.
    """

    id: str
    menu: str
    title: str
    tiles: list[dict[str, Any]]


def samples(kept: Mapping[str, Sequence[Mapping[str, Any]]], task: Task) -> list[Samples]:
    """The kinds of samples that there are.

    Args:
        kept: As evaluation/samples_<split>.json has them.
        task: What was evaluated.
    """
    written, headings = part_of(task, Sections), part_of(task, Figures).samples
    return [
        Samples(name, menu, text[0].upper() + text[1:], [written.tile(sample) for sample in kept[name]])
        for name, (menu, text) in headings.items()
        if kept.get(name)
    ]


def scores(
    found: Mapping[str, float],
    intervals: Mapping[str, Mapping[str, float]],
    previous: Mapping[str, float],
) -> list[dict[str, str]]:
    """A row for each metric and score, with its interval and what it was in the run before."""
    rows = []
    for name, value in found.items():
        interval = intervals.get(name)
        between = f"{shown(name, interval['low'])} to {shown(name, interval['high'])}" if interval else ""
        before = shown(name, previous[name]) if name in previous else ""
        rows.append(
            {"name": titled(name), "value": shown(name, value), "interval": between, "previous": before}
        )
    return rows
