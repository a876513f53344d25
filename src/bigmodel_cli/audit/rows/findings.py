"""What of a table would spoil training, and what may."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from bigmodel_cli.audit.finding import Finding, are, class_findings, count_of, errors_first, have, some_of
from bigmodel_cli.audit.rows.looked import LookedTable
from bigmodel_cli.audit.rows.spread import FEW_ROWS
from bigmodel_cli.audit.rows.texts.findings import text_findings
from bigmodel_cli.sources.tables.names import shown

# From this share of missing values on, a column is hardly there.
_MOSTLY_MISSING = 0.5
# Rows of a held-out split that are in train too spoil its scores from this share on, where it is no chance.
_LEAK, _MORE_THAN_CHANCE = 0.2, 10
# A category that takes another value in nearly every row is an id.
_NEARLY_ALL, _FEWEST = 0.95, 50
_UNSEEN = 0.01
# So much of a held-out split that users had before may be chance.
_AGAIN = 0.1
_FEW_OUTLIERS = 0.01


def find_all(table: LookedTable) -> list[Finding]:
    """Everything that is to be said of a table, errors first."""
    finders: tuple[Callable[[LookedTable], Iterator[Finding]], ...] = (
        _leaks,
        _again,
        _giveaways,
        _infinite,
        _of_classes,
        _contradictions,
        _constants,
        _missing,
        _marks,
        _twins,
        _drifts,
        _unseen,
        _rare,
        _copies,
        _outliers,
        text_findings,
    )
    return errors_first(finder(table) for finder in finders)


def _again(table: LookedTable) -> Iterator[Finding]:
    """Who has an item again is no copy, and yet may be what nobody is asked about."""
    hint = table.again or ""
    for split, of_split in table.copies.splits.items():
        rows = table.copies.shared(split, "train") if hint and split != "train" else of_split[:0]
        if len(rows) and len(rows) >= _AGAIN * len(of_split):
            message = (
                f"{count_of(len(rows), 'row')} of {split} ({len(rows) / len(of_split):.2%}) {are(rows)} what "
                f"users had in train, the first: {_pair(table, rows, 'train')}"
            )
            yield Finding("warning", "again", message, hint)


def _leaks(table: LookedTable) -> Iterator[Finding]:
    copies = table.copies
    if table.again is not None:
        return
    held_out = [split for split in copies.splits if split != "train"]
    for split in held_out:
        rows = copies.shared(split, "train")
        if not len(rows):
            continue
        share = len(rows) / len(copies.splits[split])
        is_bad = share >= _LEAK and share >= _MORE_THAN_CHANCE * table.by_chance
        message = (
            f"{count_of(len(rows), 'row')} of {split} ({share:.2%}) {are(rows)} in train too, "
            f"the first: {_pair(table, rows, 'train')}"
        )
        hint = (
            "remove the copies; what training sees says nothing about new rows"
            if is_bad
            else "remove them, unless new rows will be like known ones just as often"
        )
        yield Finding("error" if is_bad else "warning", "leak", message, hint)
    if len(held_out) > 1:
        rows = copies.shared("validation", "test")
        if len(rows):
            message = (
                f"{count_of(len(rows), 'row')} of validation {are(rows)} in test too, "
                f"the first: {_pair(table, rows, 'test')}"
            )
            yield Finding("warning", "held_out_copies", message, "remove the copies")


def _pair(table: LookedTable, rows: np.ndarray, split: str) -> str:
    """The first of rows, and its twin in a split."""
    first = int(rows[0])
    twin = table.copies.twin(first, split)
    named = table.names([first, twin])
    return f"{named[first]} and {named[twin]}"


def _giveaways(table: LookedTable) -> Iterator[Finding]:
    for target, facts in table.targets.items():
        for one in sorted(facts.alone.values(), key=lambda one: -one.explained):
            if one.reason:
                yield Finding(
                    "error" if one.explained == 1.0 else "warning",
                    "giveaway",
                    f"the column {shown(one.column)} gives {shown(target)} away: {one.reason}",
                    f"write columns: {{{shown(one.column)}: ignore}}, unless it is known beforehand",
                )


def _infinite(table: LookedTable) -> Iterator[Finding]:
    for name, column in table.columns.items():
        counts = {split: spread.get("infinite", 0) for split, spread in column.spreads.items()}
        if any(counts.values()):
            where = ", ".join(f"{count:,} in {split}" for split, count in counts.items() if count)
            message = f"the column {shown(name)} has infinite numbers: {where}"
            yield Finding("error", "no_number", message, "write what they stand for, or leave them empty")


def _of_classes(table: LookedTable) -> Iterator[Finding]:
    for target, facts in table.targets.items():
        if not facts.labels.wants_each:
            continue
        of_one = f" of {shown(target)}" if len(table.targets) > 1 else ""
        yield from class_findings(facts.classes, list(table.of_all), table.experiment.data, of_one)


def _contradictions(table: LookedTable) -> Iterator[Finding]:
    for target, rows in table.contradicting.items():
        facts = table.targets[target]
        if not len(rows) or facts.labels.contradiction is None:
            continue
        first = int(rows[0])
        same = rows[table.copies.group[rows] == table.copies.group[first]]
        other = int(same[facts.codes[same] != facts.codes[first]][0])
        named = table.names([first, other])
        message = (
            f"{count_of(len(rows), 'row')} {have(rows)} the same inputs as another one with another "
            f"{shown(target)}, the first: {named[first]}: {table.label(target, first)}, "
            f"{named[other]}: {table.label(target, other)}"
        )
        if facts.labels.tell_apart:
            wrong = table.copies.wrong_at_least(facts.codes, "train")
            message += f"; {count_of(wrong, 'row')} of train cannot be learned, whatever the model"
        hint = "a column is missing that tells them apart, or some are mistakes"
        yield Finding("warning", "contradiction", message, hint)


def _constants(table: LookedTable) -> Iterator[Finding]:
    constant, ids, empty = [], [], []
    for name, column in table.columns.items():
        spread, rows = column.spreads["train"], table.splits.sizes["train"]
        there = len(table.copies.splits["train"]) - spread["missing"]
        if not there:
            empty.append(shown(name))
        elif spread.get("distinct") == 1 and not spread["missing"] and not spread.get("infinite"):
            constant.append(shown(name))
        elif _is_id(spread, there, rows):
            ids.append(shown(name))
    if empty:
        message = f"{_columns(empty)} no value in train: {some_of(empty)}"
        yield Finding("warning", "empty", message, "leave them out")
    if constant:
        message = f"{_columns(constant)} one value in all of train: {some_of(constant)}"
        yield Finding("warning", "constant_feature", message, "they say nothing; leave them out")
    if ids:
        message = f"{_columns(ids)} another value in nearly every row: {some_of(ids)}"
        yield Finding("warning", "id", message, "an id tells nothing about new rows; leave them out")


def _is_id(spread: dict[str, Any], there: int, rows: int) -> bool:
    """Whether a column of categories is one; of numbers and texts all may differ."""
    is_category = "most_frequent" in spread and "min" not in spread
    return is_category and rows >= _FEWEST and spread["distinct"] >= _NEARLY_ALL * there


def _missing(table: LookedTable) -> Iterator[Finding]:
    mostly = [
        f"{shown(name)} ({share:.0%})"
        for name, column in table.columns.items()
        if _MOSTLY_MISSING <= (share := column.spreads["train"]["missing_share"]) < 1
    ]
    if mostly:
        message = f"{_columns(mostly)} no value in half of the rows of train or more: {some_of(mostly)}"
        yield Finding(
            "warning", "missing", message, "impute with flag: true tells the model; or leave them out"
        )


def _marks(table: LookedTable) -> Iterator[Finding]:
    for name, column in table.columns.items():
        if column.mark is not None:
            value, count = column.mark
            number = column.profile.shown(value)
            message = (
                f"the column {shown(name)} has {number:,} in {count_of(count, 'row')} of train, far from all "
                "other numbers: it may stand for a missing value, or for all that lies beyond"
            )
            hint = "leave these cells empty if it means that there is none"
            yield Finding("warning", "mark", message, hint)


def _twins(table: LookedTable) -> Iterator[Finding]:
    groups: dict[bytes, list[str]] = {}
    for name, column in table.columns.items():
        groups.setdefault(column.digest, []).append(shown(name))
    for same in groups.values():
        if len(same) > 1:
            message = f"{len(same)} columns have the same values: {some_of(same)}"
            yield Finding("warning", "twin_columns", message, "one of them is enough")


def _drifts(table: LookedTable) -> Iterator[Finding]:
    found: dict[str, list[tuple[float, str]]] = {}
    by = table.experiment.data.split_by
    # What splits were cut by is another in each.
    cut_by = None if isinstance(by, str) else by.time
    for named in (table.columns, table.targets):
        for name, facts in ((name, facts) for name, facts in named.items() if name != cut_by):
            for split, drift in facts.drifts.items():
                if drift.loses_values and abs(drift.missing) >= drift.distance:
                    text = f"{shown(name)} ({abs(drift.missing):.0%} of rows {_more(drift.missing)} missing)"
                    found.setdefault(split, []).append((-abs(drift.missing), text))
                elif drift.matters:
                    found.setdefault(split, []).append(
                        (-drift.distance, f"{shown(name)} ({drift.distance:.2f})")
                    )
    for split, columns in found.items():
        names = [text for _, text in sorted(columns)]
        how = f"other values in {split} than in train (distance from 0 to 1)"
        message = f"{_columns(names)} {how}: {some_of(names)}"
        yield Finding(
            "warning",
            "drift",
            message,
            "scores say how good the model is on such rows; look how the splits were made",
        )


def _more(difference: float) -> str:
    return "more" if difference > 0 else "fewer"


def _unseen(table: LookedTable) -> Iterator[Finding]:
    for split in table.copies.splits:
        names = [
            f"{shown(name)} ({drift.unseen:.1%} of rows)"
            for name, column in table.columns.items()
            if (drift := column.drifts.get(split)) is not None and drift.unseen >= _UNSEEN
        ]
        if names:
            message = f"{_columns(names)} categories in {split} that train has not: {some_of(names)}"
            yield Finding("warning", "unseen", message, "a model knows them only as unknown")


def _rare(table: LookedTable) -> Iterator[Finding]:
    names = []
    for name, column in table.columns.items():
        spread = column.spreads["train"]
        if spread.get("rare") and "min" not in spread:
            names.append(f"{shown(name)} ({spread['rare']:,} of {spread['distinct']:,})")
    if names:
        message = f"{_columns(names)} categories with fewer than {FEW_ROWS} rows of train: {some_of(names)}"
        hint = "hardly anything is learned of them; join them, or let max_tokens of StringLookup do so"
        yield Finding("warning", "rare", message, hint)


def _copies(table: LookedTable) -> Iterator[Finding]:
    if table.again is not None:
        return
    for split in table.copies.splits:
        rows = table.copies.inside(split)
        if len(rows):
            share = len(rows) / len(table.copies.splits[split])
            message = (
                f"{count_of(len(rows), 'row')} of {split} ({share:.2%}) {have(rows)} the same inputs as an "
                f"earlier one, the first: {_pair(table, rows, split)}"
            )
            yield Finding("warning", "copies", message, "remove them, unless they are to count more")


def _outliers(table: LookedTable) -> Iterator[Finding]:
    for target, facts in table.targets.items():
        for split, rows in facts.outliers.items():
            # Where there are many, the spread has long tails, and nothing is a mistake.
            if 0 < len(rows) <= _FEW_OUTLIERS * table.of_all[split]:
                message = (
                    f"{count_of(len(rows), 'row')} of {split} {have(rows)} a {shown(target)} far outside of "
                    "what is usual in train"
                )
                long_tail = f"target: {{{shown(target)}: {{log: true}}}} is for long tails"
                hint = f"look whether they are mistakes; {long_tail}"
                yield Finding("warning", "outlier", message, hint)


def _columns(names: Sequence[str]) -> str:
    return "1 column has" if len(names) == 1 else f"{len(names):,} columns have"
