"""The page's tables: confusion, samples, classes, scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_PAIRS = 12
_SAMPLES = {"mistakes": "The most confident mistakes", "least_certain": "The least certain decisions"}
_WRITTEN = {"roc": "ROC", "auc": "AUC", "f1": "F1", "brier": "Brier", "r2": "R²"}
_CLASS_COLUMNS = {
    "precision": "precision",
    "recall": "recall",
    "F1": "f1",
    "ROC area": "roc_auc",
    "average precision": "average_precision",
}


def confusion(evaluation: Mapping[str, Any]) -> dict[str, Any] | None:
    """Classes, counts, and the pairs that are most often confused; None of numbers."""
    if "confusion_matrix" not in evaluation:
        return None
    counts = evaluation["confusion_matrix"]
    names = [row["class"] for row in evaluation["per_class"]]
    wrong = [
        (count, row, column)
        for row, line in enumerate(counts)
        for column, count in enumerate(line)
        if count and row != column
    ]
    pairs = [
        {
            "label": names[row],
            "prediction": names[column],
            "count": f"{count:,}",
            "share": f"{count / sum(counts[row]):.1%}",
        }
        for count, row, column in sorted(wrong, key=lambda item: (-item[0], item[1], item[2]))[:_PAIRS]
    ]
    return {
        "classes": names,
        "counts": counts,
        "pairs": pairs,
        "num_pairs": len(wrong),
        "is_cut": len(wrong) > len(pairs),
    }


def samples(
    evaluation: Mapping[str, Any], kept: Mapping[str, Sequence[Mapping[str, Any]]]
) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """A section for each kind of samples that there are: its id, its heading, its tiles."""
    sections = []
    for kind, heading in _SAMPLES.items():
        tiles = [
            {
                **sample,
                **{key: _share(sample[key]) for key in ("probability", "of_label")},
                **{key: _named(sample[key]) for key in ("label", "prediction")},
            }
            for sample in kept.get(kind, [])
        ]
        if tiles and evaluation.get("per_class") is None:
            heading = "The largest errors"
        if tiles:
            sections.append((kind, heading, tiles))
    return sections


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value:.1%}"


def _named(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"


def class_columns(evaluation: Mapping[str, Any]) -> dict[str, str]:
    """The columns of the table of classes, by their titles."""
    rows = evaluation.get("per_class", [])
    return {title: key for title, key in _CLASS_COLUMNS.items() if rows and key in rows[0]}


def classes(evaluation: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each class, the weakest first."""
    columns = class_columns(evaluation).values()
    rows = sorted(evaluation.get("per_class", []), key=lambda row: row["f1"])
    return [
        {
            "name": row["class"],
            "cells": [
                *(_cell(row[key]) for key in columns),
                {"text": f"{row['support']:,}", "sort": row["support"], "share": None},
            ],
        }
        for row in rows
    ]


def _cell(value: float | None) -> dict[str, Any]:
    if value is None:
        return {"text": "", "sort": "", "share": None}
    return {"text": f"{value:.4f}", "sort": value, "share": f"{value:.4f}"}


def scores(evaluation: Mapping[str, Any], previous: Mapping[str, float]) -> list[dict[str, str]]:
    """A row for each metric and score, with its interval and what it was in the run before."""
    found = {**evaluation["metrics"], **evaluation["scores"]}
    for mean in ("macro", "weighted"):
        found |= {f"{mean}.{name}": value for name, value in evaluation.get(mean, {}).items()}
    rows = []
    for name, value in found.items():
        interval = evaluation["intervals"].get(name)
        between = f"{shown(name, interval['low'])} to {shown(name, interval['high'])}" if interval else ""
        before = shown(name, previous[name]) if name in previous else ""
        rows.append(
            {"name": titled(name), "value": shown(name, value), "interval": between, "previous": before}
        )
    return rows


def titled(name: str) -> str:
    """`roc_auc` and `macro.f1` as people write them."""
    words = name.replace("_", " ").replace(".", " ").split(" ")
    return " ".join(_WRITTEN.get(word, word) for word in words)


def shown(name: str, value: float) -> str:
    """A metric as people read it: accuracies in percent."""
    if "accuracy" in name:
        return f"{value:.2%}"
    return f"{value:.4g}" if value != 0 and (abs(value) < 1e-3 or abs(value) >= 1e5) else f"{value:.4f}"
