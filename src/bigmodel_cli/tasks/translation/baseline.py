"""Why no simple models are fitted to texts that are to be written."""

from __future__ import annotations

from typing import ClassVar

from bigmodel_cli.tasks.generation.baseline import GenerationBaselines


class TranslationBaselines(GenerationBaselines):
    """What adds numbers writes no text."""

    why_not: ClassVar[str | None] = "simple models write no texts: compare runs by BLEU and chrF instead"
