"""What a run's page says of items that were found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from bigmodel_cli.tasks.retrieval.task import TOPS
from bigmodel_cli.tasks.sections import Section, Sections, template


class RetrievalSections(Sections):
    """The page's parts for items."""

    headline: ClassVar[Sequence[str]] = (*(f"recall@{top}" for top in TOPS), "loss")
    samples: ClassVar[Mapping[str, tuple[str, str]]] = {
        "mistakes": ("Far behind", "items that users had and that stand furthest behind"),
        "best": ("In front", "rare items that users had and that stand in front"),
    }

    def sections(
        self, evaluation: Mapping[str, Any], samples: Mapping[str, Sequence[Mapping[str, Any]]]
    ) -> Iterator[Section]:
        if "groups" in evaluation:
            yield Section(
                "popularity", "Popularity", "Popular and rare items", template(__package__, "popularity"),
                {"rows": evaluation["groups"], "ks": evaluation["ks"], "apart": evaluation["told_apart"],
                 "users": evaluation["users"], "least": evaluation["least"], "nowhere": evaluation["nowhere"],
                 "of_rows": evaluation["rows"], "had_before": evaluation["had_before"],
                 "again": evaluation.get("again", 0)},
            )  # fmt: skip
        yield from super().sections(evaluation, samples)

    def tile(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        return {**sample, "probability": "", "of_label": f"(place {sample['of_label']:,.0f})"}
