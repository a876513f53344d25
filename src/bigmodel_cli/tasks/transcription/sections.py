"""What a run's page says of texts that were heard: the worst of them, word by word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from bigmodel_cli.alignment import aligned
from bigmodel_cli.tasks.sections import Section, Sections, template


class TranscriptionSections(Sections):
    """The page's parts for texts that were heard."""

    headline: ClassVar[Sequence[str]] = ("word_error_rate", "loss")
    samples: ClassVar[Mapping[str, tuple[str, str]]] = {
        "mistakes": ("Worst heard", "the texts of which most words were heard wrongly")
    }

    def sections(
        self, evaluation: Mapping[str, Any], samples: Mapping[str, Sequence[Mapping[str, Any]]]
    ) -> Iterator[Section]:
        if tiles := [self.tile(sample) for sample in samples.get("mistakes", ())]:
            menu, heading = self.samples["mistakes"]
            content = {"tiles": tiles, "counts": evaluation}
            title = heading[0].upper() + heading[1:]
            yield Section("mistakes", menu, title, template(__package__, "mistakes"), content)

    def tile(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        steps = aligned(sample["label"].split(), sample["prediction"].split())
        return {
            **sample,
            "steps": [{"how": step.how, "right": step.right, "found": step.found} for step in steps],
        }
