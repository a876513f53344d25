"""Several runs side by side as one HTML page that needs nothing else, light or dark as its reader has it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from bigmodel_cli.reporting.comparison_plot import curve_png
from bigmodel_cli.reporting.comparison_style import DARK, INK, LIGHT, Theme, style
from bigmodel_cli.reporting.comparison_table import Comparison, Curve, Row
from bigmodel_cli.reporting.templates import compiled
from bigmodel_cli.whole_files import write_output

# Writes the cell of a row that belongs to a run.
Show = Callable[[Row, int], str]


def write_page(comparison: Comparison, path: Path, show: Show) -> None:
    """Write the page.

    Args:
        comparison: What is on it.
        path: The file.
        show: Writes a cell as the command line does.

    Raises:
        ResourceError: If it cannot be written.
    """
    text = page(comparison, show)
    write_output(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def page(comparison: Comparison, show: Show) -> str:
    """The page as HTML; names are shown to the letter, whatever is in them."""
    from markupsafe import Markup

    here = files(__package__)
    template = compiled(here.joinpath("comparison_page.html.j2").read_text("utf-8"))
    return template.render(
        runs=[_legend(index, run.run.title) for index, run in enumerate(comparison.runs)],
        notes=comparison.notes,
        figures=[_figure(curve) for curve in comparison.curves],
        rows=_table(comparison.rows, show),
        config=_table(comparison.config, show),
        css=Markup(here.joinpath("comparison_page.css").read_text("utf-8")),  # noqa: S704
        colors=Markup(_colors()),  # noqa: S704
    )


def _legend(index: int, title: str) -> dict[str, str]:
    """A run and how its curve looks."""
    look = style(index)
    return {
        "title": _visible(title),
        "color": "var(--ink)" if look.color == INK else look.color,
        "dashes": " ".join(f"{2 * length:g}" for length in look.dashes),
        "letter": look.letter,
    }


def _figure(curve: Curve) -> dict[str, str]:
    return {
        "name": _visible(curve.name.replace("_", " ")),
        "dark": _data_url(curve, DARK),
        "light": _data_url(curve, LIGHT),
    }


def _data_url(curve: Curve, theme: Theme) -> str:
    return f"data:image/png;base64,{base64.b64encode(curve_png(curve, theme)).decode()}"


def _table(rows: Sequence[Row], show: Show) -> list[dict[str, Any]]:
    return [
        {
            "name": _visible(row.name),
            "kind": row.kind,
            "cells": [
                {"text": _visible(show(row, index)), "is_best": index in row.best}
                for index in range(len(row.cells))
            ],
        }
        for row in rows
    ]


def _colors() -> str:
    """The page's own colours, which are those around the curves."""
    light, dark = (
        f":root {{ --paper: {theme.paper}; --ink: {theme.ink}; --grid: {theme.grid}; }}"
        for theme in (LIGHT, DARK)
    )
    return f"{light}\n@media (prefers-color-scheme: dark) {{ {dark} }}"


def _visible(text: str) -> str:
    """A name with what cannot be seen, or turns the line around, as a box."""
    return "".join(c if c.isprintable() else "�" for c in text)
