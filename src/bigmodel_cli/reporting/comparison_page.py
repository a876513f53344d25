"""Several runs side by side as one HTML page that needs nothing else, light or dark as its reader has it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path

from bigmodel_cli.reporting.comparison_plot import curve_png
from bigmodel_cli.reporting.comparison_style import DARK, LIGHT, Theme, style
from bigmodel_cli.reporting.comparison_table import Comparison, Curve, Row
from bigmodel_cli.whole_files import write_output

# Writes the cell of a row that belongs to a run.
Show = Callable[[Row, int], str]

_STYLE = """\
:root { color-scheme: light dark; --paper: %(light_paper)s; --ink: %(light_ink)s; --grid: %(light_grid)s; \
--best: #e3f4ec; }
@media (prefers-color-scheme: dark) {
  :root { --paper: %(dark_paper)s; --ink: %(dark_ink)s; --grid: %(dark_grid)s; --best: #16392c; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 80rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 0 0 .5rem; } h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem; }
.legend { list-style: none; margin: 0; padding: 0; }
.legend li { display: flex; align-items: center; gap: .6rem; overflow-wrap: anywhere; }
.legend svg { flex: none; }
.key { white-space: nowrap; }
.plots { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%%, 22rem), 1fr)); }
figure { margin: 0; } figcaption { font-weight: 600; overflow-wrap: anywhere; }
img { width: 100%%; max-width: 46rem; height: auto; display: block; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--grid); text-align: right; vertical-align: top;
  white-space: nowrap; }
.words th, td.text { text-align: left; }
td.text { min-width: 8rem; white-space: normal; overflow-wrap: anywhere; }
th[scope=row] { text-align: left; font-weight: 400; position: sticky; left: 0; background: var(--paper);
  min-width: 9rem; max-width: 45vw; white-space: normal; overflow-wrap: anywhere; }
td.best { background: var(--best); font-weight: 700; }
"""
_COLORS = {
    f"{name}_{part}": getattr(theme, part)
    for name, theme in (("light", LIGHT), ("dark", DARK))
    for part in ("paper", "ink", "grid")
}


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
    return "\n".join(_lines(comparison, show)) + "\n"


def _lines(comparison: Comparison, show: Show) -> Iterator[str]:
    title = f"{len(comparison.runs)} runs side by side"
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    # Should anything slip through, it can neither run nor load.
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield f"<title>{title}</title><style>\n{_STYLE % _COLORS}</style></head><body>"
    yield f"<h1>{title}</h1>"
    yield '<ol class="legend">'
    for index, summary in enumerate(comparison.runs):
        key = f'<span class="key">{_swatch(index)} {index + 1}</span>'
        yield f"<li>{key}<span>{_text(summary.run.title)}</span></li>"
    yield "</ol>"
    for note in comparison.notes:
        yield f"<p>Note: {_text(note)}.</p>"
    if comparison.curves:
        yield '<h2>Curves</h2><div class="plots">'
        yield from (_figure(curve) for curve in comparison.curves)
        yield "</div>"
    yield "<h2>Results</h2>"
    yield from _table(comparison, comparison.rows, show)
    yield "<p>★ the best of a row</p>"
    if comparison.config:
        yield "<h2>What differs in the configs</h2>"
        yield from _table(comparison, comparison.config, show)
    yield "</body></html>"


def _figure(curve: Curve) -> str:
    dark, light = (_data_url(curve, theme) for theme in (DARK, LIGHT))
    name = _text(curve.name.replace("_", " "))
    return (
        f"<figure><figcaption>{name}</figcaption><picture>"
        f'<source media="(prefers-color-scheme: dark)" srcset="{dark}">'
        f'<img src="{light}" alt="{name} of each run over the epochs"></picture></figure>'
    )


def _data_url(curve: Curve, theme: Theme) -> str:
    return f"data:image/png;base64,{base64.b64encode(curve_png(curve, theme)).decode()}"


def _swatch(index: int) -> str:
    """How the curve of a run looks."""
    look = style(index)
    dark, light = (theme.color(look) for theme in (DARK, LIGHT))
    color = "var(--ink)" if dark != light else light
    dashes = " ".join(f"{2 * length:g}" for length in look.dashes)
    return (
        f'<svg width="48" height="14" aria-hidden="true"><line x1="0" y1="7" x2="48" y2="7" '
        f'style="stroke:{color};stroke-width:2" stroke-dasharray="{dashes}"/></svg>'
        f' <span style="color:{color}">{look.letter}</span>'
    )


def _table(comparison: Comparison, rows: list[Row], show: Show) -> Iterator[str]:
    numbers = "".join(f'<th scope="col">{index + 1}</th>' for index in range(len(comparison.runs)))
    words = ' class="words"' if all(row.kind == "text" for row in rows) else ""
    yield f'<div class="wide"><table{words}><thead><tr><th scope="row"></th>{numbers}</tr></thead><tbody>'
    for row in rows:
        cells = "".join(_cell(row, index, show) for index in range(len(row.cells)))
        yield f'<tr><th scope="row">{_text(row.name)}</th>{cells}</tr>'
    yield "</tbody></table></div>"


def _cell(row: Row, index: int, show: Show) -> str:
    names = [*(["best"] if index in row.best else []), *(["text"] if row.kind == "text" else [])]
    attribute = f' class="{" ".join(names)}"' if names else ""
    star = " ★" if index in row.best else ""
    return f"<td{attribute}>{_text(show(row, index))}{star}</td>"


def _text(text: str) -> str:
    """A name as HTML shows it to the letter; what cannot be seen, or turns the line around, as a box."""
    return escape("".join(c if c.isprintable() else "�" for c in text))
