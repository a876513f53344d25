"""What `bigmodel explain` says of translations: which tokens of the given text each token looks at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from bigmodel_cli.cli.output import echo_json, note, one_line, require_all_readable, table, warn
from bigmodel_cli.errors import UsageError
from bigmodel_cli.explaining.attention import AttentionExplainer, Looks
from bigmodel_cli.explaining.attention_page import make_page
from bigmodel_cli.explaining.rows.given import given_rows
from bigmodel_cli.inference.opened import OpenRun
from bigmodel_cli.whole_files import write_output

# What other models alone can be asked.
_OF_OTHERS = {
    "row": "--row", "split": "--split", "target": "--target", "repeats": "--repeats", "top": "--top",
    "class_names": "--class",
}  # fmt: skip
_PAGE = ".html"
_MOST_NAMED = 3
# From nothing to all.
_SHADES = " ░▒▓█"


def explain_attention(
    opened: OpenRun,
    words: Sequence[str],
    settings: Sequence[str],
    how: Mapping[str, Any],
    out: Path | None,
    *,
    as_json: bool,
) -> None:
    """Show where the tokens of texts look.

    Args:
        opened: A run that translates.
        words: Tables, or files with a text in each line.
        settings: `COLUMN=VALUE`.
        how: The options of the command.
        out: A page; None: none.
        as_json: Print one JSON document.

    Raises:
        UsageError: If an option does not fit, or no text is given.
        DataError: If something cannot be read.
    """
    _check(opened, words, settings, how, out)
    explainer = AttentionExplainer(opened, trust=how["trust"])
    found, unreadable, documents = [], [], []
    for name, row in given_rows(opened, words, settings, note, warn):
        if isinstance(row, str):
            unreadable.append(row)
            documents.append({"row": name, "error": row})
            continue
        looks = explainer.explain(name, row)
        found.append(looks)
        documents.append(looks.as_json())
        if not as_json:
            _show(looks)
    if as_json:
        echo_json({"run": str(opened.folder.path), "rows": documents})
    if out is not None and found:
        content = make_page(str(opened.folder.path), found)
        write_output(out, lambda path: path.write_text(content, "utf-8"))
        note(f"written: {one_line(str(out))}")
    require_all_readable(unreadable)


def _check(
    opened: OpenRun, words: Sequence[str], settings: Sequence[str], how: Mapping[str, Any], out: Path | None
) -> None:
    for name, option in _OF_OTHERS.items():
        if how[name] not in (None, ()):
            raise UsageError(f"{option}: of this run it is shown where the texts look that it writes")
    if how["method"] != "all":
        raise UsageError(f"--method {how['method']}: of this run attention alone is shown")
    if not words and not settings:
        (column, *_) = opened.signature.given
        raise UsageError("no text to explain", hint=f"give a table, a file of lines, or --set {column}=…")
    if out is not None and out.suffix.lower() != _PAGE:
        raise UsageError(f"--out {out}: expected a file that ends in {_PAGE}")


def _show(looks: Looks) -> None:
    click.echo(one_line(f"{looks.name}: {looks.text}"))
    rows = [
        [token, "".join(map(_shade, shares)), _named(looks.most(place, _MOST_NAMED))]
        for place, (token, shares) in enumerate(zip(looks.found, looks.shares.tolist(), strict=True))
    ]
    table([looks.target, looks.column, "looks at"], rows)
    note(f"a sign for each of {len(looks.given)} tokens of {looks.column}, on average over heads and layers")


def _shade(share: float) -> str:
    return _SHADES[min(round(share * (len(_SHADES) - 1)), len(_SHADES) - 1)]


def _named(most: Iterator[tuple[str, float]] | Sequence[tuple[str, float]]) -> str:
    return ", ".join(f"{token} {share:.0%}" for token, share in most)
