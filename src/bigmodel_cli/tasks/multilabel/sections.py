"""What a run's page says of labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from bigmodel_cli.cut import some
from bigmodel_cli.tasks.classification.sections import class_table, with_means
from bigmodel_cli.tasks.sections import Section, Sections, shown


class MultilabelSections(Sections):
    """The page's parts for labels."""

    headline: ClassVar[Sequence[str]] = ("mean_average_precision", "loss")
    samples: ClassVar[Mapping[str, tuple[str, str]]] = {
        "mistakes": ("Mistakes", "the sets of labels that are furthest off"),
        "least_certain": ("Uncertain", "the least certain decisions"),
    }

    def sections(
        self, evaluation: Mapping[str, Any], samples: Mapping[str, Sequence[Mapping[str, Any]]]
    ) -> Iterator[Section]:
        yield from super().sections(evaluation, samples)
        yield class_table(evaluation, "Labels")

    def scores(self, evaluation: Mapping[str, Any]) -> dict[str, float]:
        return with_means(super().scores(evaluation), evaluation)

    def tile(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        named = {key: sample[key] or "none" for key in ("label", "prediction")}
        return {**sample, **named, "probability": None, "of_label": None}

    def decision(self, evaluation: Mapping[str, Any]) -> str:
        decision = evaluation.get("decision")
        if decision is None:
            return ""
        thresholds = (f"{name} from {value:.3g} on" for name, value in decision["thresholds"].items())
        before, now = decision["without"]["macro_f1"], evaluation["metrics"]["macro_f1"]
        change = f"macro F1 {shown('f1', before)} without, {shown('f1', now)} with it"
        return f"Decided for {some(thresholds, 8)}: {change}."
