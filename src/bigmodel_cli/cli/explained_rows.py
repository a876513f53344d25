"""What `bigmodel explain` says of tables: bars of text, JSON, and pictures where they are asked for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from bigmodel_cli.cli.explained_attention import explain_attention
from bigmodel_cli.cli.output import echo_json, note, number, one_line, require_all_readable, table, warn
from bigmodel_cli.cli.progress import listening
from bigmodel_cli.cut import cut
from bigmodel_cli.errors import UsageError
from bigmodel_cli.explaining.attention import is_explained_by_attention
from bigmodel_cli.explaining.rows.effects import GRADIENTS
from bigmodel_cli.explaining.rows.explain import RowExplainer, RowRequest
from bigmodel_cli.explaining.rows.given import given_rows
from bigmodel_cli.explaining.rows.keeping import keep_importances
from bigmodel_cli.explaining.rows.pictures import RowPictures
from bigmodel_cli.explaining.rows.results import ColumnImportances, RowExplanation, RowFinding, in_order
from bigmodel_cli.explaining.rows.words import MOST_WORDS, WordEffect
from bigmodel_cli.inference.opened import OpenRun

# What images alone can be asked, by the names of their options.
_OF_IMAGES = {
    "layer": "--layer",
    "region": "--region",
    "invert": "--invert",
    "as_is": "--as-is",
    "maps": "--maps",
}
# Columns that are printed, and the longest bar.
_MOST, _WIDTH, _LETTERS = 20, 24, 28


def explain_rows(
    opened: OpenRun, words: Sequence[str], how: dict[str, Any], out: Path | None, *, as_json: bool
) -> None:
    """What columns are worth, or what moves predictions for rows.

    Args:
        opened: A run whose model takes rows.
        words: Tables.
        how: The options of the command.
        out: Where pictures are written; None: nowhere.
        as_json: Print one JSON document.

    Raises:
        UsageError: If an option does not fit.
        DataError: If something cannot be read.
    """
    settings, row = how.pop("settings"), how.pop("row")
    _check_not_of_images(how)
    if is_explained_by_attention(opened):
        explain_attention(opened, words, settings, {**how, "row": row}, out, as_json=as_json)
        return
    _check(words, settings, row, how)
    request = _request(how)
    pictures = None if out is None else RowPictures(out)
    with listening(plain=False) as listener:
        explainer = RowExplainer(opened, request, listener)
        if not words and not settings and row is None:
            found = explainer.importances()
            keep_importances(opened, found, listener)
        else:
            _show_rows(explainer, _rows(explainer, opened, words, settings, row), pictures, as_json=as_json)
            return
    if as_json:
        echo_json({"run": str(opened.folder.path), "targets": [one.as_json() for one in found]})
    for one in found:
        if not as_json:
            _show_importances(one)
        if pictures is not None:
            note(f"written: {one_line(str(pictures.of_importances(one)))}")


def _check_not_of_images(how: Mapping[str, Any]) -> None:
    for name, option in _OF_IMAGES.items():
        if how[name]:
            raise UsageError(f"{option} is for models of images; this one takes rows of a table")


def _check(words: Sequence[str], settings: Sequence[str], row: int | None, how: Mapping[str, Any]) -> None:
    if how["method"] == "grad-cam":
        raise UsageError(
            "--method grad-cam: shows places in an image; this model takes rows of a table",
            hint="use --method occlusion or --method integrated-gradients",
        )
    given = [name for name, value in (("ROWS", words), ("--set", settings)) if value]
    given += [] if row is None else ["--row"]
    if len(given) > 1:
        raise UsageError(f"{given[0]} and {given[1]}: each asks about other rows", hint="give one of them")


def _request(how: Mapping[str, Any]) -> RowRequest:
    return RowRequest(
        target=how["target"],
        split=how["split"],
        class_names=how["class_names"],
        top=how["top"] or RowRequest.top,
        method=how["method"],
        repeats=how["repeats"] or RowRequest.repeats,
        trust=how["trust"],
    )


def _rows(
    explainer: RowExplainer, opened: OpenRun, words: Sequence[str], settings: Sequence[str], row: int | None
) -> Iterator[tuple[str, Any]]:
    """Each row with its name, or what is wrong with it."""
    if row is not None:
        return iter([explainer.row_of_split(row)])
    return given_rows(opened, words, settings, note, warn)


def _show_rows(
    explainer: RowExplainer, rows: Iterator[tuple[str, Any]], pictures: RowPictures | None, *, as_json: bool
) -> None:
    documents, unreadable = [], []
    for name, row in rows:
        if isinstance(row, str):
            unreadable.append(row)
            documents.append({"row": name, "error": row})
            continue
        for explanation in explainer.explain(name, row):
            document = explanation.as_json()
            if pictures is not None and (path := pictures.of_row(explanation)):
                document["picture"] = str(path)
                note(f"written: {one_line(str(path))}")
            documents.append(document)
            if not as_json:
                _show_explanation(explanation)
    if pictures is not None and (written := pictures.write_page(explainer.run)):
        note(f"written: {one_line(str(written))}")
    for sentence in explainer.notes:
        note(sentence)
    if as_json:
        echo_json({"run": explainer.run, "rows": documents})
    require_all_readable(unreadable)


def _show_importances(found: ColumnImportances) -> None:
    of = f" of {found.of:,}" if found.num_examples < found.of else ""
    measures = ", ".join(f"{name} {number(value)}" for name, value in found.measures.items())
    click.echo(
        one_line(f"{found.target}: {measures} on {found.num_examples:,}{of} examples of {found.split}")
    )
    shown = found.columns[:_MOST]
    largest = max((abs(column.means[found.headline]) for column in shown), default=0.0)
    rows = []
    for column in shown:
        mean, (low, high) = column.means[found.headline], column.intervals[found.headline]
        rows.append(
            [
                column.column,
                _signed(mean, largest),
                f"{_signed(low, largest)} to {_signed(high, largest)}",
                bar(mean, largest),
            ]
        )
    table(["column", f"worse {found.headline}", "95 % interval", ""], rows, numeric=["95 % interval"])
    if len(shown) < len(found.columns):
        note(f"the {_MOST} that are worth most of {len(found.columns):,} columns; --json has all")
    note(f"how much worse it gets when a column is shuffled, {found.repeats} times")


def _show_explanation(explanation: RowExplanation) -> None:
    for finding in explanation.findings:
        label = "" if finding.label is None else f"{finding.label} "
        click.echo(
            one_line(
                f"{explanation.name}: {explanation.target}: {label}{explanation.shown(finding.value)} "
                f"({explanation.score_name} {number(finding.score)}; {number(finding.usual)} on average)"
            )
        )
        _show_finding(explanation, finding)


def _show_finding(explanation: RowExplanation, finding: RowFinding) -> None:
    names = in_order(finding)
    shown = names[:_MOST]
    rows = []
    largest = {
        method: max((abs(effect) for effect in found.by_column.values()), default=0.0)
        for method, found in finding.effects.items()
    }
    for name in shown:
        value = explanation.values[name]
        cells = [name, "missing" if value is None else cut(str(value), _LETTERS)]
        for method, found in finding.effects.items():
            effect = found.by_column[name]
            cells += [_signed(effect, largest[method]), bar(effect, largest[method])]
        rows.append(cells)
    columns = ["column", "value", *(name for method in finding.effects for name in (method, ""))]
    table(columns, rows)
    if len(shown) < len(names):
        note(f"the {_MOST} of {len(names):,} columns that move it most; --json has all")
    for column, words in finding.words.items():
        _show_words(column, words)


def _show_words(column: str, words: Sequence[WordEffect]) -> None:
    """The words that move a score most when they are left out."""
    moving = sorted((word for word in words if word.effect or word.gradient), key=_moves, reverse=True)
    if not moving:
        note(f"{column}: no single word moves it")
        return
    effects = {"effect": [word.effect for word in moving]}
    if moving[0].gradient is not None:
        effects[GRADIENTS] = [word.gradient or 0.0 for word in moving]
    rows = [[cut(word.word, _LETTERS)] for word in moving[:_MOST]]
    for of_method in effects.values():
        largest = max(map(abs, of_method))
        for row, effect in zip(rows, of_method, strict=False):
            row += [_signed(effect, largest), bar(effect, largest)]
    table([f"word of {column}", *(name for method in effects for name in (method, ""))], rows)
    if len(moving) > _MOST:
        note(f"the {_MOST} of {len(moving):,} words that move it most; --json has all")
    if len(words) == MOST_WORDS:
        note(f"{column}: words behind the first {MOST_WORDS} were not looked at")


def _moves(word: WordEffect) -> tuple[float, float]:
    """How far a word moves a score, to compare it with others."""
    return abs(word.effect), abs(word.gradient or 0.0)


def bar(value: float, largest: float) -> str:
    """A bar of text: full where a value is above 0, light where it is below."""
    length = round(_WIDTH * abs(value) / largest) if largest else 0
    return ("█" if value >= 0 else "░") * length


def _signed(value: float, largest: float) -> str:
    """A number with its sign, as precise as the largest one beside it deserves."""
    digits = max(0, 3 - math.floor(math.log10(largest))) if largest else 0
    return f"{value:+.{min(digits, 9)}f}"
