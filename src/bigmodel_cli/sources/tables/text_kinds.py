"""What columns whose cells are neither all numbers nor all dates are, and why, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bigmodel_cli.cut import cut
from bigmodel_cli.sources.tables.facts import FEW_ROWS, FEW_VALUES, ColumnFacts, ColumnKind, most_frequent
from bigmodel_cli.sources.tables.missing import marks_note
from bigmodel_cli.sources.tables.text_look import MOST_TEXTS, TextLook


def decided_texts(
    name: str, look: TextLook, missing: Mapping[str, int], told: ColumnKind | None = None
) -> ColumnFacts:
    """The kind of a column whose cells are neither all numbers nor all dates.

    Args:
        name: The column's.
        look: What was seen.
        missing: How many cells have which text that means "missing" in a column of words.
        told: The kind that it is said to be.
    """
    categories = most_frequent(look.counter or {}, missing)
    distinct = None if look.counter is None else len(categories)
    values = look.rows - sum(missing.values())
    kind, reason = (told, "as told") if told else _kind_of_texts(look, values, distinct, categories)
    if kind in ("text", "image", "id"):
        missing = {mark: count for mark, count in missing.items() if not mark}
    marks = {mark: count for mark, count in missing.items() if mark}
    return ColumnFacts(
        name=name,
        kind=kind,
        reason=reason,
        rows=look.rows,
        missing=sum(missing.values()),
        marks=dict(missing),
        distinct=distinct,
        categories=categories if kind in ("category", "constant") else (),
        notes=[marks_note(marks)] if marks else [],
    )


def _kind_of_texts(
    look: TextLook, values: int, distinct: int | None, categories: Sequence[tuple[str, int]]
) -> tuple[ColumnKind, str]:
    if values == 0:
        return "constant", "no row has a value"
    if distinct == 1 and values == look.rows:
        return "constant", f"every row has {cut(categories[0][0], 40)!r}"
    written = values if values else 1
    if look.images >= 0.99 * written:
        return "image", "paths of images"
    is_unique = values >= FEW_ROWS and values == look.rows and look.unique.holds()
    if is_unique and look.with_spaces < 0.05 * written and look.letters <= 64 * written:
        return "id", "a text of its own for each row, without spaces"
    many = f"more than {MOST_TEXTS:,}" if distinct is None else f"{distinct:,}"
    if _is_prose(look, written, distinct):
        return "text", f"{many} different texts, {look.words / written:.1f} words each on average"
    if distinct is None:
        return "text", f"{many} different values are too many for categories"
    note = "; most rows have one of their own" if distinct > values / 2 and distinct > FEW_VALUES else ""
    return "category", f"{many} different {'codes with leading zeros' if look.has_padded else 'values'}{note}"


def _is_prose(look: TextLook, values: int, distinct: int | None) -> bool:
    """Whether texts are written for one row each, and not chosen from a list."""
    if distinct is not None and distinct <= FEW_VALUES and look.words < 8 * values:
        return False
    share = 1.0 if distinct is None else distinct / values
    is_wordy = look.words >= 5 * values or look.letters >= 50 * values
    return (is_wordy and share > 0.1) or (share > 0.5 and look.with_spaces > 0.5 * values)
