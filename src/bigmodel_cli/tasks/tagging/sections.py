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
        words = (sample.get("words") or "").split(" ")
        both = {key: self._told(sample[key].split(" "), words) for key in ("label", "prediction")}
        return {**sample, **both, "probability": None, "of_label": f"(each word {sample['of_label']:.1%})"}

    def _told(self, tags: Sequence[str], words: Sequence[str]) -> str:
        """`person Ann Ott; place Rome`, as far as the words are shown; the tags where each is of its word."""
        if self.task.scheme == "words":
            return " ".join(tags)
        spans = self.task.spans(tags)
        return "; ".join(" ".join([type_, *words[first:stop]]) for type_, first, stop in spans) or "no span"
