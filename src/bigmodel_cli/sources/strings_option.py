"""What a config says of examples that are put together to strings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Strings(BaseModel):
    """Rows are parts: an example is several of them, drawn by the seed, one behind the other."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    length: tuple[int, int] = Field(description="Parts of a string, at least and at most: `[3, 7]`.")
    count: int = Field(
        ge=1,
        description="Strings of the training split; other splits have as many for each of their rows.",
    )
    within: str | None = Field(
        default=None, description="A column: parts of a string have the same value in it, such as a speaker."
    )

    @field_validator("length")
    @classmethod
    def _length(cls, length: tuple[int, int]) -> tuple[int, int]:
        if not 1 <= length[0] <= length[1] <= 1000:
            raise ValueError("expected two numbers, from 1 to 1000, the larger one last")
        return length
