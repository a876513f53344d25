"""`bigmodel tune CONFIG --learning-rate`: the range test alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from bigmodel_cli.training.learning_rate_test import RateTest

# Of the small plot, in letters.
_WIDTH = 48


def show_rate(
    config: Path, overrides: Sequence[str], plot: Path | None, *, as_json: bool, **how: bool
) -> None:
    """Find the learning rate of a config, and print what was measured.

    Args:
        config: The file.
        overrides: Words of the command line.
        plot: Where a figure is written; None: nowhere.
        as_json: Whether a script reads it.
        how: `offline`, `strict` and `plain`.
    """
    import shlex

    from bigmodel_cli.cli.output import echo_json, next_command, show_warnings
    from bigmodel_cli.cli.progress import listening
    from bigmodel_cli.modeling.language import read_config

    if plot is not None:
        from bigmodel_cli.figures import check_plot

        check_plot(plot)
    loaded = read_config(config, overrides, strict=how["strict"])
    show_warnings(loaded.warnings)
    with listening(plain=how["plain"]) as listener:
        from bigmodel_cli.training.rate_alone import find_rate_alone

        test = find_rate_alone(loaded, listener, offline=how["offline"])
    document = test.as_json()
    if plot is not None:
        from bigmodel_cli.figures import write_figure
        from bigmodel_cli.reporting.rate_curve import draw_rate_test

        write_figure(draw_rate_test(document), plot)
    if as_json:
        echo_json(document)
        return
    for line in lines_of(test):
        click.echo(line)
    next_command(shlex.join(["bigmodel", "train", str(config), *overrides, test.word]))


def lines_of(test: RateTest) -> Iterator[str]:
    """A small plot of the loss over the rate, on average over the sweeps, and what was chosen."""
    from bigmodel_cli.training.rate_rule import GROWTH

    sweeps = test.sweeps
    start = fmean(sweep.start for sweep in sweeps)
    rates = max((sweep.rates for sweep in sweeps), key=len)
    means = [_mean([sweep.losses[n] for sweep in sweeps if n < len(sweep.losses)]) for n in range(len(rates))]
    lowest = min([start, *(loss for loss in means if math.isfinite(loss))])
    # What is far above the first loss stands at the right edge.
    highest = start + max(start - lowest, 0.02 * abs(start), 1e-9)
    yield f"{'rate':<9} {'loss':>9}"
    yield f"{'start':<9} {start:>9.4g}  {_mark(start, lowest, highest)}"
    for rate, loss in zip(rates, means, strict=True):
        is_edge = test.edge is not None and rate / GROWTH < test.edge <= rate
        note = "  the loss falls up to here" if is_edge else ""
        yield f"{rate:<9.2e} {loss:>9.4g}  {_mark(loss, lowest, highest)}{note}".rstrip()
    yield ""
    yield test.describe()


def _mean(losses: Sequence[float]) -> float:
    return fmean(losses) if all(map(math.isfinite, losses)) else math.inf


def _mark(loss: float, lowest: float, highest: float) -> str:
    share = (min(loss, highest) - lowest) / (highest - lowest)
    return f"{' ' * round(share * (_WIDTH - 1))}*".ljust(_WIDTH)
