"""How results look: tables and numbers on stdout, notes on stderr."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from bigmodel_cli.errors import DataError

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod

    from bigmodel_cli.config.problems import Problem

# More inputs that could not be read are counted, not named.
_MOST_NAMED = 20
# What a table may break: words that are longer than any word of ours.
_WORD = 11
# What parts of texts are marked with, each type of them with another one.
_MARKS = ("bright_blue", "bright_yellow", "bright_green", "bright_magenta", "bright_cyan", "bright_red")


@dataclass
class OutputState:
    """What a command has printed so far.

    Attributes:
        has_json: Whether stdout has its one JSON document, so that an error later adds no second one.
    """

    has_json: bool = False


def echo_json(value: Any) -> None:
    """The one JSON document of a command."""
    click.echo(json_text(value))
    _note_json()


def echo_json_list(value: Mapping[str, Any], key: str, items: Sequence[str]) -> None:
    """The one JSON document of a command, with a long list as its last value.

    Args:
        value: What comes before the list.
        key: Of the list.
        items: Each as `json_text` writes it, which takes far less memory than what it was made of.
    """
    import sys
    from textwrap import indent

    # What breaks off in the midst must not be followed by another document.
    _note_json()
    head, _, tail = json_text({**value, key: []}).rpartition("]")
    sys.stdout.write(head)
    for number, item in enumerate(items):
        sys.stdout.write(f"{',' if number else ''}\n{indent(item, '    ')}")
    sys.stdout.write(("\n  ]" if items else "]") + f"{tail}\n")
    sys.stdout.flush()


def _note_json() -> None:
    state = click.get_current_context().find_object(OutputState)
    if state is not None:
        state.has_json = True


def json_text(value: Any) -> str:
    """JSON that says the same on every terminal: in ASCII, where a character could steer it or is unknown."""
    import json
    import sys

    from bigmodel_cli.whole_files import to_json

    text = to_json(value)
    encoding = sys.stdout.encoding or "utf-8"
    can_be_shown = text.replace("\n", "").isprintable()
    if can_be_shown and text.encode(encoding, "replace").decode(encoding) == text:
        return text
    return json.dumps(json.loads(text), indent=2)


def printable(text: str) -> str:
    """The text without control characters: names of files and classes must not steer the terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else _escaped(c) for c in text)


def one_line(text: str) -> str:
    """A name without control characters and ends of lines: it must not look like lines of ours."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def label(text: str, color: str) -> str:
    """A coloured word on a terminal that wants colours (https://no-color.org)."""
    return click.style(text, fg=color, bold=True) if _wants_colors() else text


def _wants_colors() -> bool:
    return not (os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb")


def shows_colors() -> bool:
    """Whether stdout is a terminal that wants colours."""
    import sys

    return sys.stdout.isatty() and _wants_colors()


def marked(text: str, number: int) -> str:
    """A part of a line of results on a terminal, in one of several colours."""
    return click.style(one_line(text), fg="black", bg=_MARKS[number % len(_MARKS)])


def note(message: str) -> None:
    """A sentence beside the results."""
    click.echo(printable(message), err=True)


def warn(message: str) -> None:
    """Something that may not be meant, or was passed over."""
    click.echo(f"{label('warning:', 'yellow')} {printable(message)}", err=True)


def show_warnings(warnings: Iterable[Problem]) -> None:
    """What may not be meant in a config, each with its place."""
    for warning in warnings:
        warn(warning.render())


def next_command(*commands: str) -> None:
    """What to type next, ready to paste."""
    note("\n".join(["", "next:", *(f"  {one_line(command)}" for command in commands)]))


def require_all_readable(problems: Sequence[str]) -> None:
    """End a command with what is wrong with the inputs that could not be read, a line each.

    Raises:
        DataError: If there is one.
    """
    *others, last = problems[:_MOST_NAMED] or [""]
    for problem in others:
        click.echo(f"{label('error:', 'red')} {one_line(problem)}", err=True)
    if last:
        more = len(problems) - _MOST_NAMED
        raise DataError(
            last, hint=f"{more:,} more could not be read: --json names each" if more > 0 else None
        )


def stdout_console() -> Console:
    """rich's console for results; without a terminal it does not cut lines at 80 columns."""
    import sys

    from rich.console import Console

    class Results(Console):
        def on_broken_pipe(self) -> None:
            # rich would end the program with 1 where somebody reads only the first lines.
            raise BrokenPipeError

    return Results(width=None if sys.stdout.isatty() else 160, highlight=False)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, numeric: Iterable[str] = ()) -> None:
    """Print a table on stdout; on a terminal that is too narrow for it, its rows below one another.

    Args:
        columns: Headings.
        rows: Cells.
        numeric: Columns to align on the right.
    """
    names = list(map(one_line, columns))
    cells = [list(map(one_line, row)) for row in rows]
    console = stdout_console()
    if _needed([names, *cells]) <= console.width:
        _print_table(console, names, cells, {one_line(name) for name in numeric})
    else:
        _print_records(console, names, cells)


def _needed(rows: Sequence[Sequence[str]]) -> int:
    """The width under which words in a table would be broken: in two are only paths and the like."""
    from rich.cells import cell_len

    columns = zip(*rows, strict=True)
    words = [[cell_len(word) for cell in column for word in cell.split()] for column in columns]
    return sum(min(_WORD, max(lengths, default=0)) + 2 for lengths in words) - 2


def _print_table(
    console: Console, names: Sequence[str], rows: Sequence[Sequence[str]], numeric: Collection[str]
) -> None:
    from rich import box
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name, cells in zip(names, zip(*rows, strict=True) if rows else [()] * len(names), strict=True):
        is_short = max(map(cell_len, (name, *cells))) <= _WORD
        justify: JustifyMethod = "right" if name in numeric else "left"
        # As a plain text it could hold markup of rich.
        shown.add_column(Text(name), justify=justify, overflow="fold", no_wrap=is_short)
    for row in rows:
        shown.add_row(*map(Text, row))
    console.print(shown)


def _print_records(console: Console, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Each row as lines of its own: the first cell, and below it the others with their names."""
    from rich.table import Table
    from rich.text import Text

    for row in rows:
        first, *others = row
        console.print(Text(f"\n{first}", "bold"), overflow="fold")
        shown = Table.grid(padding=(0, 2))
        shown.add_column(no_wrap=True)
        shown.add_column(overflow="fold")
        for name, cell in zip(names[1:], others, strict=True):
            if cell:
                shown.add_row(Text(f"  {name}"), Text(cell))
        console.print(shown)


def yaml_line(value: Any) -> str:
    """Plain data as a config would write it, in one line."""
    from bigmodel_cli.config.dump import to_flow

    return printable(to_flow(value))


def metrics_line(metrics: Mapping[str, float]) -> str:
    """`loss 0.0312, val_accuracy 0.9911`: the names are those that a config uses."""
    return ", ".join(f"{one_line(name)} {number(value)}" for name, value in metrics.items())


def number(value: float) -> str:
    """A metric with four significant decimals, however small or large it is."""
    if value != 0 and (abs(value) < 1e-3 or abs(value) >= 1e5):
        return f"{value:.4g}"
    return f"{value:.4f}"


def duration(seconds: float) -> str:
    """`8.4 s`, `3:07` or `2:03:07`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
