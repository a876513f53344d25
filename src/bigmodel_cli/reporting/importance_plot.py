"""What columns are worth to a model, or add to one prediction, as bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bigmodel_cli.figures import BLUE, ORANGE, new_figure, plain, tidy
from bigmodel_cli.tasks.sections import titled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_BARS = 20
_ROW = 0.28


def draw_importance(found: Mapping[str, Any]) -> Figure:
    """The columns that are worth most, the best at the top, each with its interval.

    Args:
        found: Of a target, as importance.json has it.
    """
    columns = found["columns"][:MOST_BARS]
    figure = new_figure(7, 1 + _ROW * len(columns))
    axes = figure.add_subplot()
    values = [column["importance"] for column in columns]
    spans = [
        [max(0.0, column["importance"] - column["interval"]["low"]) for column in columns],
        [max(0.0, column["interval"]["high"] - column["importance"]) for column in columns],
    ]
    places = range(len(columns))
    axes.barh(places, values, color=BLUE, xerr=spans, error_kw={"ecolor": "black", "elinewidth": 1})
    _name(axes, [column["column"] for column in columns])
    tidy(axes, f"worse {titled(found['measure'])} of {plain(found['target'])} without it")
    return figure


def draw_effects(title: str, methods: Mapping[str, Mapping[str, float]], named: Sequence[str]) -> Figure:
    """What each column adds, by method side by side; to the right is what speaks for it.

    Args:
        title: Of what.
        methods: By their names the effects of columns.
        named: Columns in order, with their values.
    """
    figure = new_figure(5 * len(methods) + 2, 1 + _ROW * min(MOST_BARS, len(named)))
    panels = figure.subplots(1, len(methods), squeeze=False, sharey=True)[0]
    for axes, (method, effects) in zip(panels, methods.items(), strict=True):
        values = list(effects.values())[:MOST_BARS]
        axes.barh(range(len(values)), values, color=[BLUE if value >= 0 else ORANGE for value in values])
        axes.axvline(0, color="black", linewidth=0.8)
        tidy(axes, method)
    _name(panels[0], named[:MOST_BARS])
    figure.suptitle(plain(title, 90))
    return figure


def _name(axes: Any, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), [plain(name, 32) for name in names])
    axes.invert_yaxis()
