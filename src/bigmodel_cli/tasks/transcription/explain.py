"""A text that was heard is one answer, of which there are no others to be explained."""

from __future__ import annotations

from typing import ClassVar

from bigmodel_cli.tasks.translation.explain import TranslationExplained


class TranscriptionExplained(TranslationExplained):
    """The text."""

    why_not: ClassVar[str | None] = (
        "a text that was heard has no one number that moments could be explained by"
    )
    no_grad_cam: ClassVar[str | None] = "it shows what speaks for a class, and this run hears texts"
