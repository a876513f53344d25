"""HTML of one self-contained page: no network, no scripts, light and dark, for phones too."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from typing import Any

_STYLE = """\
:root { color-scheme: light dark; --text: #1a1a1a; --back: #fff; --card: #f5f5f4; --line: #d6d3d1;
  --quiet: #57534e; --bar: #0072b2; --bad: #b42318; --maybe: #9a6700; --good: #067647; }
@media (prefers-color-scheme: dark) { :root { --text: #e7e5e4; --back: #161514; --card: #232120;
  --line: #44403c; --quiet: #a8a29e; --bar: #56b4e9; --bad: #ff8a80; --maybe: #f0c04a; --good: #6ddb9c; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 1rem; color: var(--text); background: var(--back);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: .5rem 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
.quiet { color: var(--quiet); } .good { color: var(--good); }
.error, .warning { border-left: 4px solid var(--bad); background: var(--card); padding: .5rem .75rem;
  margin: .5rem 0; } .warning { border-color: var(--maybe); }
.error b { color: var(--bad); } .warning b { color: var(--maybe); }
.scroll { overflow: auto; max-height: 32rem; border: 1px solid var(--line); }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { position: sticky; top: 0; background: var(--card); }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.name { min-width: 7rem; max-width: 28rem; }
.bar { display: block; height: .5rem; margin-top: .45rem; min-width: 1px; background: var(--bar); }
.sheet { overflow: auto; } .sheet img { min-width: 44rem; max-width: 100%; background: #fff; }
.pairs { display: grid; gap: .75rem;
  grid-template-columns: repeat(auto-fill, minmax(min(19rem, 100%), 1fr)); }
.pair { background: var(--card); border: 1px solid var(--line); padding: .5rem; margin: 0; }
.columns { display: grid; gap: .75rem;
  grid-template-columns: repeat(auto-fill, minmax(min(16rem, 100%), 1fr)); }
.column { background: var(--card); border: 1px solid var(--line); padding: .5rem; font-size: .85rem; }
.column > span { display: block; } .ends { font-size: .75rem; color: var(--quiet); }
.column > .ends { display: flex; justify-content: space-between; gap: .5rem; }
.histogram { display: block; width: 100%; border-bottom: 1px solid var(--line); margin-top: .3rem; }
.two { display: grid; grid-template-columns: 1fr 1fr; gap: .5rem; font-size: .8rem; }
.two img { width: 100%; max-width: 8rem; image-rendering: pixelated; display: block; }
"""


def page(title: str, parts: Sequence[str]) -> str:
    """A whole page; `title` is HTML text already."""
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body>\n</html>\n"
    )


def visible(text: Any) -> str:
    """Anything as HTML text: names of files and classes may hold markup, or signs that turn text around."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in str(text))
    return escape(shown)


def name(text: Any) -> str:
    """A name as HTML, whichever way its letters run."""
    return f"<bdi>{visible(text)}</bdi>"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[str] = ()) -> str:
    """A table of cells that are HTML already.

    Args:
        columns: Headings.
        rows: Cells.
        numeric: Columns to align on the right.
    """
    kinds = [" class=number" if column in numeric else " class=name" for column in columns]
    head = "".join(f"<th{kind}>{visible(column)}</th>" for column, kind in zip(columns, kinds, strict=True))
    body = "".join(
        f"<tr>{''.join(f'<td{kind}>{cell}</td>' for cell, kind in zip(row, kinds, strict=True))}</tr>\n"
        for row in rows
    )
    return f"<div class=scroll><table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></div>"


def data_uri(content: bytes, kind: str) -> str:
    """An image inside the page; `kind` is png or jpeg."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
