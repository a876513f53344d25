"""What of a column of texts may spoil training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from bigmodel_cli.audit.finding import Finding, count_of, have
from bigmodel_cli.audit.rows.looked import LookedTable
from bigmodel_cli.audit.rows.texts.look import TextFacts
from bigmodel_cli.audit.rows.texts.near_copies import NEARLY, RUN
from bigmodel_cli.audit.rows.texts.writing import LEFTOVERS
from bigmodel_cli.sources.tables.names import shown

# Shares of rows from which on a script that train hardly has is told.
_HAS, _HAS_NOT = 0.02, 0.002
_HINTS = {
    "markup": "remove the tags, unless they are to be learned from",
    "entities": "replace them by what they stand for",
    "mojibake": "read the file in its own encoding, or write it anew",
    "replaced": "read the file in its own encoding",
    "control": "remove them",
    "direction": "remove them, unless the texts are of a language that needs them",
}


def text_findings(table: LookedTable) -> Iterator[Finding]:
    """What is to be said of all columns of texts."""
    for name, column in table.columns.items():
        if column.texts is not None:
            yield from _near_copies(table, shown(name), column.texts)
            yield from _near_contradictions(table, shown(name), column.texts)
            yield from _leftovers(table, shown(name), column.texts)
            yield from _wordless(table, shown(name), column.texts)
            yield from _scripts(shown(name), column.texts)


def _near_copies(table: LookedTable, column: str, facts: TextFacts) -> Iterator[Finding]:
    for split in facts.rows:
        near = facts.near_inside(split) if split == "train" else facts.near_train(split)
        if near:
            row, other = next(iter(near.items()))
            named = table.names([row, other])
            where = f"an earlier one of {split}" if split == "train" else "one of train"
            message = (
                f"{count_of(len(near), 'row')} of {split} ({len(near) / len(facts.rows[split]):.2%}) "
                f"{have(near)} nearly the same {column} as {where}, the first: "
                f"{named[row]} and {named[other]}"
            )
            hint = (
                f"they share {NEARLY:.0%} of their runs of {RUN} characters; keep one of each, or name their "
                "groups in a column and split_by it"
            )
            yield Finding("warning", "near_copies", message, hint)


def _near_contradictions(table: LookedTable, column: str, facts: TextFacts) -> Iterator[Finding]:
    for target, found in table.targets.items():
        rows = np.concatenate([facts.rows[split] for split in facts.rows])
        groups = np.concatenate([facts.groups(split) for split in facts.rows])
        codes = found.codes[rows]
        first: dict[int, int] = {}
        pairs: dict[int, int] = {}
        for row, group, code in zip(rows.tolist(), groups.tolist(), codes.tolist(), strict=True):
            if group < 0 or code < 0:
                continue
            other = first.setdefault(group, row)
            # Equal rows are another finding.
            if found.codes[other] != code and table.copies.group[other] != table.copies.group[row]:
                pairs[row] = other
        if pairs and found.labels.tell_apart:
            row, other = next(iter(pairs.items()))
            named = table.names([row, other])
            message = (
                f"{count_of(len(pairs), 'row')} {have(pairs)} nearly the same {column} as "
                f"another one with another {shown(target)}, the first: "
                f"{named[row]}: {table.label(target, row)}, {named[other]}: {table.label(target, other)}"
            )
            yield Finding("warning", "near_contradiction", message, "look which of the labels is right")


def _leftovers(table: LookedTable, column: str, facts: TextFacts) -> Iterator[Finding]:
    total = sum(map(len, facts.rows.values()))
    for name, by_split in facts.leftovers.items():
        rows = np.concatenate(list(by_split.values()))
        if len(rows):
            first = int(rows[0])
            message = (
                f"{count_of(len(rows), 'row')} ({len(rows) / total:.2%}) {have(rows)} "
                f"{LEFTOVERS[name]} in {column}, the first: {table.names([first])[first]}"
            )
            yield Finding("warning", "leftovers", message, _HINTS[name])


def _wordless(table: LookedTable, column: str, facts: TextFacts) -> Iterator[Finding]:
    rows = np.concatenate(list(facts.wordless.values()))
    if len(rows):
        first = int(rows[0])
        message = (
            f"{count_of(len(rows), 'row')} {have(rows)} no letter or digit in {column}, "
            f"the first: {table.names([first])[first]}"
        )
        yield Finding("warning", "wordless", message, "a model that looks at words sees nothing there")


def _scripts(column: str, facts: TextFacts) -> Iterator[Finding]:
    train = _shares(facts.scripts["train"])
    for split, counts in facts.scripts.items():
        for name, share in _shares(counts).items():
            if share >= _HAS and train.get(name, 0.0) < _HAS_NOT:
                message = (
                    f"{share:.1%} of the texts of {split} are in {name} letters in {column}, where train has "
                    f"{train.get(name, 0.0):.1%}"
                )
                yield Finding(
                    "warning", "script", message, "nothing is learned of a script that is not in train"
                )


def _shares(counts: Mapping[str, int]) -> dict[str, float]:
    total = sum(counts.values())
    return {name: count / total for name, count in counts.items()}
