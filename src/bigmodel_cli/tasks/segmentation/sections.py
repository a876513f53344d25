"""What a run's page says of masks: pixels taken for others, each class, the images that went worst."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from bigmodel_cli.tasks.classification.sections import class_table, confusion_section, with_means
from bigmodel_cli.tasks.sections import Section, Sections


class SegmentationSections(Sections):
    """The page's parts for masks."""

    headline: ClassVar[Sequence[str]] = ("mean_iou", "loss")
    samples: ClassVar[Mapping[str, tuple[str, str]]] = {
        "mistakes": ("Worst images", "the images in which classes overlap least with what is there")
    }

    def sections(
        self, evaluation: Mapping[str, Any], samples: Mapping[str, Sequence[Mapping[str, Any]]]
    ) -> Iterator[Section]:
        yield confusion_section(evaluation)
        yield from super().sections(evaluation, samples)
        yield class_table(evaluation, "Classes", "pixels")

    def scores(self, evaluation: Mapping[str, Any]) -> dict[str, float]:
        return with_means(super().scores(evaluation), evaluation)

    def tile(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        # Three pictures side by side.
        of_label = f"(IoU {sample['of_label']:.3f})"
        return {**sample, "probability": None, "of_label": of_label, "is_wide": True}
