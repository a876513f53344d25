"""What a run's page says of tags: a row for each type of span, and the sentences that went worst."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from bigmodel_cli.tasks.classification.sections import class_table, with_means
from bigmodel_cli.tasks.sections import Section, Sections


class TaggingSections(Sections):
    """The page's parts for tags."""

    headline: ClassVar[Sequence[str]] = ("span_f1", "loss")
    samples: ClassVar[Mapping[str, tuple[str, str]]] = {
        "mistakes": ("Worst sentences", "the sentences in which most words went wrong")
    }

    def sections(
        self, evaluation: Mapping[str, Any], samples: Mapping[str, Sequence[Mapping[str, Any]]]
    ) -> Iterator[Section]:
        yield class_table(evaluation, "Types")
        yield from super().sections(evaluation, samples)

    def scores(self, evaluation: Mapping[str, Any]) -> dict[str, float]:
        return with_means(super().scores(evaluation), evaluation)

    def tile(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        return {**sample, "probability": None, "of_label": f"(each word {sample['of_label']:.1%})"}
