"""What was found of a table as one JSON document, which the text and the page are made of too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bigmodel_cli.audit.document import VERSION
from bigmodel_cli.audit.features import imbalance
from bigmodel_cli.audit.finding import Finding
from bigmodel_cli.audit.rows.looked import Column, LookedTable, TargetFacts

# Rows that are named of each sort of copies.
_MAX_ROWS = 100


def make_document(table: LookedTable, findings: Sequence[Finding]) -> dict[str, Any]:
    """All that was found; docs/data-audit.md describes it."""
    total = sum(table.of_all.values())
    twins = {
        split: {row: table.copies.twin(row) for row in table.copies.inside(split)[:_MAX_ROWS].tolist()}
        for split in table.copies.splits
    }
    contradicting = {name: rows[:_MAX_ROWS].tolist() for name, rows in table.contradicting.items()}
    named = table.names(
        [row for of_split in twins.values() for pair in of_split.items() for row in pair]
        + [row for rows in contradicting.values() for row in rows]
        + [row for column in table.columns.values() if column.texts for row in column.texts.named_rows()]
    )
    return {
        "version": VERSION,
        "name": table.experiment.name,
        "ok": not any(finding.severity == "error" for finding in findings),
        "findings": [finding.as_json() for finding in findings],
        "data": {
            "source": table.experiment.data.source.name,
            "root": None,
            "targets": list(table.targets),
            "examples": total,
            "examined": table.num_rows,
            "sampled": table.num_rows < total,
            "described": table.num_spread,
        },
        "splits": {name: _split(table, name) for name in table.copies.splits},
        "targets": {name: _target(table, name, facts) for name, facts in table.targets.items()},
        "columns": {name: _column(table, name, column, named) for name, column in table.columns.items()},
        "left_out": dict(table.left_out),
        "duplicates": {
            split: [{"row": named[row], "same_as": named[twin]} for row, twin in of_split.items()]
            for split, of_split in twins.items()
        },
        "contradictions": {
            name: [
                {
                    "row": named[row],
                    "label": table.label(name, row),
                    "group": int(table.copies.group[row]),
                }
                for row in rows
            ]
            for name, rows in contradicting.items()
        },
        "by_chance_in_train": round(table.by_chance, 6),
    }


def _split(table: LookedTable, name: str) -> dict[str, Any]:
    copies = table.copies
    in_train = None if name == "train" else len(copies.shared(name, "train"))
    return {
        "examples": table.of_all[name],
        "examined": len(copies.splits[name]),
        "origin": table.splits.origins[name],  # type: ignore[index]
        "copies": len(copies.inside(name)),
        "in_train": in_train,
    }


def _target(table: LookedTable, name: str, facts: TargetFacts) -> dict[str, Any]:
    return {
        **({"missing": dict(facts.missing)} if facts.missing else {}),
        "classes": facts.classes,
        "imbalance": {split: imbalance(facts.classes, split) for split in table.of_all},  # type: ignore[arg-type]
        "numbers": facts.spreads,
        "outliers": {split: len(rows) for split, rows in facts.outliers.items()},
        "drift": {split: drift.as_json() for split, drift in facts.drifts.items()},
        "contradicting": len(table.contradicting[name]),
    }


def _column(table: LookedTable, name: str, column: Column, named: Mapping[int, str]) -> dict[str, Any]:
    told = {
        target: round(facts.alone[name].explained, 4)
        for target, facts in table.targets.items()
        if name in facts.alone
    }
    return {
        "kind": column.kind.name,
        "described": column.kind.described,
        "counts": column.profile.counts,
        "splits": dict(column.spreads),
        "drift": {split: drift.as_json() for split, drift in column.drifts.items()},
        "tells_alone": told,
        "histogram": {
            "bars": list(column.bars.labels),
            "ordered": column.bars.is_ordered,
            "counts": dict(column.counts),
            "classes": dict(column.by_class),
        },
        **(
            {}
            if column.texts is None
            else {"texts": column.texts.as_json(named), "texts_compared": column.texts.compared}
        ),
    }
