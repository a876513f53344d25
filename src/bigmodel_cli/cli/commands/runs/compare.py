"""`bigmodel runs compare`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bigmodel_cli.cli import complete
from bigmodel_cli.cli.options import example, json_option, runs_dir_option, runs_dir_words

if TYPE_CHECKING:
    from bigmodel_cli.reporting.comparison_table import Comparison, Row

# So many runs stand beside each other; more go on in a table below.
_COLUMNS = 8
_SHOWN_KEYS = 20


@click.command(
    epilog=example(
        "bigmodel runs compare mnist",
        "bigmodel runs compare mnist mnist_mlp digits --plot curves.png",
        "bigmodel runs compare 'rate-*'",
        "bigmodel runs compare mnist --metric macro.f1 --html page.html",
    )
)
@click.argument("runs", nargs=-1, required=True, metavar="RUN...", shell_complete=complete.runs)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME",
    help="Compare this number, as `expect` calls it, and its curve; may be repeated.",
)
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw the validation curves over each other: a .png, .pdf or .svg file.",
)
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write tables and curves as one page that needs no network.",
)
@runs_dir_option
@json_option
def command(
    runs: tuple[str, ...],
    metrics: tuple[str, ...],
    plot: Path | None,
    html: Path | None,
    runs_dir: Path,
    as_json: bool,
) -> None:
    """Put runs side by side: results, costs, configs and curves.

    RUN is a run's folder, or a name for its newest completed run; one name alone means all its completed
    runs, and so does a pattern in quotes ('rate-*'). The best of each row is marked, of the test split only
    where --metric asks for it: who chooses by the test split has fitted to it.
    """
    from bigmodel_cli.cli.output import echo_json, note
    from bigmodel_cli.reporting.comparison_table import compare, runs_to_compare

    if plot is not None:
        from bigmodel_cli.figures import check_plot

        check_plot(plot)
    comparison = compare(runs_to_compare(runs, runs_dir), metrics)
    if plot is not None:
        from bigmodel_cli.reporting.comparison_plot import write_curves

        write_curves(comparison, plot)
    if html is not None:
        from bigmodel_cli.reporting.comparison_page import write_page

        write_page(comparison, html, cell_text)
    if as_json:
        written = {"plot": plot, "html": html}
        echo_json(comparison.as_json() | {key: str(path) for key, path in written.items() if path})
    else:
        _show(comparison)
    for path in filter(None, (plot, html)):
        note(f"written: {path}")
    if not (as_json or plot or html):
        _say_next(runs, runs_dir)


def cell_text(row: Row, index: int) -> str:
    """A cell as people read it."""
    from bigmodel_cli.cli.output import duration, number, yaml_line

    value = row.cells[index]
    if value is None:
        return ""
    if row.kind == "metric":
        return number(value)
    if row.kind == "seconds":
        return duration(value)
    return f"{value:,}" if row.kind == "count" else yaml_line(value)


def _show(comparison: Comparison) -> None:
    from bigmodel_cli.cli.output import note, one_line

    for index, summary in enumerate(comparison.runs):
        click.echo(f"{index + 1:>3}  {one_line(summary.run.title)}")
    _tables("", comparison.rows, len(comparison.runs))
    if comparison.config:
        _tables("config", comparison.config[:_SHOWN_KEYS], len(comparison.runs))
    more = len(comparison.config) - _SHOWN_KEYS
    if more > 0:
        note(f"{more} more keys differ: --json and --html have all of them")
    for text in comparison.notes:
        note(f"note: {text}")


def _tables(heading: str, rows: Sequence[Row], count: int) -> None:
    from bigmodel_cli.cli.output import table

    for first in range(0, count, _COLUMNS):
        indices = range(first, min(count, first + _COLUMNS))
        cells = [
            [row.name, *(cell_text(row, i) + (" *" if i in row.best else "") for i in indices)]
            for row in rows
        ]
        numbers = [str(index + 1) for index in indices]
        table([heading, *numbers], cells, numeric=[] if heading else numbers)


def _say_next(runs: Sequence[str], runs_dir: Path) -> None:
    from bigmodel_cli.cli.output import next_command

    words = f"{shlex.join(runs)}{runs_dir_words(runs_dir)}"
    next_command(f"bigmodel runs compare {words} --plot curves.png --html comparison.html")
