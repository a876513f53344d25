"""Why no simple models are fitted to texts that are to be heard."""

from __future__ import annotations

from typing import ClassVar

from bigmodel_cli.tasks.generation.baseline import GenerationBaselines


class TranscriptionBaselines(GenerationBaselines):
    """What adds numbers hears no text."""

    why_not: ClassVar[str | None] = "simple models hear no texts: compare runs by word error rate instead"
