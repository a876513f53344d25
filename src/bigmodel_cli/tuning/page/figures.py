"""The figures of a search: scores over time and over epochs, and how they go with what was drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bigmodel_cli.config.space import Choice, Range, Value
from bigmodel_cli.figures import ORANGE, new_figure, plain, tidy
from bigmodel_cli.tuning.journal import STOPPED, Metric, Trial
from bigmodel_cli.tuning.summary import Key, SearchSummary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Seen on white and on black.
_GREY, _SKY = "#8a939c", "#3a9bd9"
_ACROSS = 3
# Axes of parallel coordinates; of more keys, the first ones.
MOST_AXES = 8
# From here on a linear scale shows nothing but the worst trials.
_LARGE_RATIO = 20
_BAR = 0.3


def scored(summary: SearchSummary) -> list[Trial]:
    """Trials that have ended with a number, in their order."""
    trials = summary.journal.trials.values()
    return [trial for trial in trials if trial.score is not None and math.isfinite(trial.score)]


def draw_history(summary: SearchSummary, metric: Metric) -> Figure:
    """The score of each trial, and the best so far."""
    trials = scored(summary)
    figure = new_figure(8, 3.4)
    axes = figure.add_subplot()
    best: list[float] = []
    for trial in trials:
        assert trial.score is not None
        best.append(metric.best([*best[-1:], trial.score]))
    numbers = [trial.number for trial in trials]
    axes.step(numbers, best, where="post", color=ORANGE, linewidth=1.6, label="best so far")
    _scatter(axes, numbers, trials)
    _scaled(axes, metric, trials)
    _whole(axes)
    axes.set_xlabel("trial")
    axes.legend(frameon=False, fontsize=9)
    tidy(axes, plain(metric.column, 60))
    return figure


def draw_epochs(summary: SearchSummary, metric: Metric) -> Figure:
    """The metric of each trial over its epochs: where the early ends are, and what goes on."""
    figure = new_figure(8, 3.4)
    axes = figure.add_subplot()
    best = summary.best
    for trial in scored(summary):
        epochs, values = list(trial.scores), list(trial.scores.values())
        is_best, is_early = best is not None and trial.number == best.number, trial.status == STOPPED
        color = ORANGE if is_best else _GREY if is_early else _SKY
        width, order = (2.2, 4) if is_best else (0.9, 2)
        axes.plot(epochs, values, color=color, linewidth=width, zorder=order)
        if is_early:
            axes.plot(epochs[-1:], values[-1:], marker="x", color=_GREY, markersize=5)
    _labelled(axes, {"best": ORANGE, "to the end": _SKY, "ended early": _GREY})
    _scaled(axes, metric, scored(summary))
    _whole(axes)
    axes.set_xlabel("epoch")
    tidy(axes, plain(metric.column, 60))
    return figure


def draw_parallel(summary: SearchSummary, metric: Metric, keys: Sequence[Key]) -> Figure:
    """A line for each trial through what was drawn for each key to its score, the best ones on top."""
    trials = [trial for trial in summary.journal.ranked if trial in scored(summary)]
    figure = new_figure(max(6.0, 1.5 * (len(keys) + 1)), 3.8)
    axes = figure.add_subplot()
    low, high = _ends([trial.score or 0.0 for trial in trials])
    for place, trial in reversed(list(enumerate(trials))):
        # The line passes by axes of keys that did not count.
        at = [n for n, key in enumerate(keys) if key.name in trial.point]
        drawn = [_share(keys[n], trial.point[keys[n].name]) for n in at]
        rank, is_best = place / max(1, len(trials) - 1), place == 0
        axes.plot(
            [*at, len(keys)],
            [*drawn, ((trial.score or 0.0) - low) / (high - low)],
            color=ORANGE if is_best else _GREY if trial.status == STOPPED else _SKY,
            linewidth=2.4 if is_best else 1.1,
            alpha=1.0 if is_best else 0.9 - 0.6 * rank,
            marker="o",
            markersize=3,
        )
    _frame(axes, keys, metric, low, high)
    return figure


def _frame(axes: Any, keys: Sequence[Key], metric: Metric, low: float, high: float) -> None:
    """The axes of parallel coordinates with what is at their ends."""
    names = [*(plain(key.short, 16, front=False) for key in keys), plain(metric.column, 16)]
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks([])
    axes.set_ylim(-0.1, 1.1)
    axes.spines[["top", "right", "bottom", "left"]].set_visible(False)
    for x, key in enumerate(keys):
        axes.axvline(x, color=_GREY, linewidth=0.8, zorder=0)
        for share, text in _ticks(key):
            axes.annotate(plain(text, 14), (x, share), (3, 2), textcoords="offset points", fontsize=7)
    axes.axvline(len(keys), color=_GREY, linewidth=0.8, zorder=0)
    for share, value in ((0.0, low), (1.0, high)):
        axes.annotate(f"{value:.4g}", (len(keys), share), (3, 2), textcoords="offset points", fontsize=7)


def draw_slices(summary: SearchSummary, metric: Metric, keys: Sequence[Key]) -> Figure:
    """A panel for each key: what was drawn, and the score."""
    rows = -(-len(keys) // _ACROSS)
    figure = new_figure(9, 2.7 * rows)
    panels = figure.subplots(rows, _ACROSS, squeeze=False, sharey=True).flatten()
    for axes, key in zip(panels, keys, strict=False):
        trials = [trial for trial in scored(summary) if key.name in trial.point]
        _scatter(axes, [trial.point[key.name] for trial in trials], trials)
        of = key.dimension.of
        if isinstance(of, Choice):
            options = range(len(of.options))
            axes.set_xticks(options, [plain(key.text(option), 12) for option in options])
            axes.set_xlim(-0.5, len(of.options) - 0.5)
        elif of.is_log:
            axes.set_xscale("log")
        _scaled(axes, metric, scored(summary))
        tidy(axes, plain(key.short, 30, front=False))
    for axes in panels[len(keys) :]:
        axes.set_visible(False)
    panels[0].set_ylabel(plain(metric.column, 40))
    return figure


def draw_worth(shares: Mapping[str, float]) -> Figure:
    """How much each key has decided, the most at the top."""
    names = sorted(shares, key=lambda name: -shares[name])
    figure = new_figure(7, 0.9 + _BAR * len(names))
    axes = figure.add_subplot()
    axes.barh(range(len(names)), [shares[name] for name in names], color=_SKY)
    axes.set_yticks(range(len(names)), [plain(name, 40, front=False) for name in names])
    axes.invert_yaxis()
    tidy(axes, "share in what decided")
    return figure


def _scatter(axes: Any, places: Sequence[Value], trials: Sequence[Trial]) -> None:
    """A dot for each trial; those that ended early are hollow."""
    for is_early, face in ((True, "none"), (False, _SKY)):
        shown = [
            (x, t.score) for x, t in zip(places, trials, strict=True) if (t.status == STOPPED) == is_early
        ]
        if shown:
            label = "ended early" if is_early else "to the end"
            color = _GREY if is_early else _SKY
            xs, ys = zip(*shown, strict=True)
            axes.scatter(
                xs, ys, s=22, facecolors=face, edgecolors=color, linewidths=1.1, zorder=3, label=label
            )


def _scaled(axes: Any, metric: Metric, trials: Sequence[Trial]) -> None:
    """Factors count the same where the loss of some trials is larger by orders of magnitude."""
    values = [trial.score for trial in trials if trial.score is not None]
    if values and not metric.is_max and min(values) > 0 and max(values) / min(values) > _LARGE_RATIO:
        axes.set_yscale("log")


def _whole(axes: Any) -> None:
    """Trials and epochs are counted."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _labelled(axes: Any, colors: Mapping[str, str]) -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=color, linewidth=1.6) for color in colors.values()]
    axes.legend(handles, list(colors), frameon=False, fontsize=9)


def _ends(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _share(key: Key, value: Value) -> float:
    """How far up an axis a value stands, 0 to 1."""
    of = key.dimension.of
    if isinstance(of, Choice):
        return value / max(1, len(of.options) - 1)
    low, high, at = (math.log(end) if of.is_log else end for end in (of.low, of.high, value))
    return (at - low) / (high - low)


def _ticks(key: Key) -> list[tuple[float, str]]:
    """What stands beside an axis, from below."""
    of = key.dimension.of
    values: Sequence[Value] = [of.low, of.high] if isinstance(of, Range) else range(len(of.options))
    return [(_share(key, value), key.text(value)) for value in values]
