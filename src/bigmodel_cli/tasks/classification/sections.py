"""What a run's page says of classes: what is taken for what, and a row for each class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from bigmodel_cli.tasks.sections import Section, Sections, shown, template

_PAIRS = 12
_CLASS_COLUMNS = {
    "IoU": "iou",
    "precision": "precision",
    "recall": "recall",
    "F1": "f1",
    "border F1": "boundary_f1",
    "ROC area": "roc_auc",
    "average precision": "average_precision",
}


class ClassificationSections(Sections):
    """The page's parts for classes."""

    headline: ClassVar[Sequence[str]] = ("accuracy", "loss")

    samples: ClassVar[Mapping[str, tuple[str, str]]] = {
        "mistakes": ("Mistakes", "the most confident mistakes"),
        "least_certain": ("Uncertain", "the least certain decisions"),
    }

    def sections(
        self, evaluation: Mapping[str, Any], samples: Mapping[str, Sequence[Mapping[str, Any]]]
    ) -> Iterator[Section]:
        yield confusion_section(evaluation)
        yield from super().sections(evaluation, samples)
        yield class_table(evaluation, "Classes")

    def scores(self, evaluation: Mapping[str, Any]) -> dict[str, float]:
        return with_means(super().scores(evaluation), evaluation)

    def tile(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        shares = {key: f"{sample[key]:.1%}" for key in ("probability", "of_label")}
        return {**sample, **shares}

    def decision(self, evaluation: Mapping[str, Any]) -> str:
        decision = evaluation.get("decision")
        if decision is None:
            return ""
        rule = f"Decided at temperature {decision['temperature']:.3g}"
        if decision["threshold"] is not None:
            rule += f", for {decision['positive']} from a probability of {decision['threshold']:.3g} on"
        before = decision["without"]
        now = {**evaluation["metrics"], **evaluation["scores"]}
        changes = [
            f"{name.replace('_', ' ')} {shown(name, before[name])} without, {shown(name, now[name])} with it"
            for name in ("accuracy", "log_loss", "expected_calibration_error", "balanced_accuracy")
            if name in before and name in now and before[name] != now[name]
        ]
        return f"{rule}: {'; '.join(changes)}." if changes else f"{rule}."


def with_means(scores: Mapping[str, float], evaluation: Mapping[str, Any]) -> dict[str, float]:
    """Scores with the means over the classes behind them."""
    means = {
        f"{mean}.{name}": value
        for mean in ("macro", "weighted")
        for name, value in evaluation.get(mean, {}).items()
    }
    return {**scores, **means}


def confusion_section(evaluation: Mapping[str, Any]) -> Section:
    """What is taken for what."""
    found = confusion(evaluation)
    data = {key: found[key] for key in ("classes", "counts")}
    return Section(
        "confusion", "Confusion", "Confusion matrix", template(__package__, "confusion"), found, data
    )


def class_table(evaluation: Mapping[str, Any], title: str, support: str = "examples") -> Section:
    """A row for each class, or label, with how many there are of it."""
    columns = [*_class_columns(evaluation), support]
    rows = {"classes": _classes(evaluation), "class_columns": columns}
    return Section("classes", title, title, template(__package__, "classes"), rows)


def confusion(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """Classes, counts, and the pairs that are most often confused."""
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


def _class_columns(evaluation: Mapping[str, Any]) -> dict[str, str]:
    """The columns of the table of classes, by their titles."""
    rows = evaluation.get("per_class", [])
    return {title: key for title, key in _CLASS_COLUMNS.items() if rows and key in rows[0]}


def _classes(evaluation: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each class, the weakest first."""
    columns = _class_columns(evaluation).values()
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
