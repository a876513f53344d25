"""What a config says of how a text that is heard is searched for."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, Field

from bigmodel_cli.config.fields import ConfigPath


class HeardOptions(BaseModel):
    """How the likeliest text is found."""

    search_options: ClassVar[tuple[str, ...]] = (
        "beams", "words", "ngram", "ngram_weight", "word_ngram", "word_ngram_weight", "texts"
    )  # fmt: skip

    beams: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="Of a text that is written or heard: how many texts the search for the likeliest one "
        "keeps in mind (4, of texts that are heard 8); 1 takes the likeliest token each time.",
    )
    words: ConfigPath | None = Field(
        default=None,
        description="Of a text that is heard: a file of the words that there are, one a line; others are "
        "never heard.",
    )
    ngram: int | None = Field(
        default=None,
        ge=2,
        le=12,
        description="Of such a text: which character follows which is learnt from runs of so many in the "
        "training texts, and counts in the search.",
    )
    ngram_weight: float | None = Field(
        default=None, ge=0, le=10, description="What the logarithm of that counts beside the sound (0.3)."
    )
    word_ngram: int | None = Field(
        default=None,
        ge=1,
        le=5,
        description="The same of words: which follows which, from runs of so many.",
    )
    word_ngram_weight: float | None = Field(
        default=None, ge=0, le=10, description="What the logarithm of that counts beside the sound (0.3)."
    )
    texts: ConfigPath | None = Field(
        default=None,
        description="A file of texts, one a line, that runs of characters and of words are learnt from "
        "beside those of training.",
    )

    @property
    def searched_with(self) -> dict[str, Any]:
        """What is said of how a text is searched for."""
        told = {name: getattr(self, name) for name in self.search_options}
        return {name: value for name, value in told.items() if value is not None}
