"""What a config says of a column of items, of which the next one is to be found among all."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from bigmodel_cli.tasks.retrieval.task import TOPS, Popularity, Retrieval


class PopularityOptions(BaseModel):
    """How popular items are beforehand."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    days: float | None = Field(
        default=7.0,
        gt=0,
        allow_inf_nan=False,
        description="How many days at the end of training count; null: all of it.",
    )
    weight: float = Field(
        default=1.0, ge=0, le=100, description="What the logarithm of an item's share of them counts."
    )
    smoothing: float = Field(
        default=1.0,
        gt=0,
        allow_inf_nan=False,
        description="How many more times each item is taken to have been had.",
    )


class RetrieveOptions(BaseModel):
    """How items are found, and how that is scored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: str = Field(description="The column that says who has the item.")
    time: str | None = Field(
        default=None, description="The column that says when: dates, or numbers of seconds."
    )
    least: int = Field(
        default=5, ge=0, description="Interactions in training that a user has who counts in the scores."
    )
    top: list[int] = Field(
        default=[10, 20, 100],
        min_length=1,
        description=f"How many of the best items scores look at: some of {', '.join(map(str, TOPS))}.",
    )
    seen: Literal["leave_out", "keep"] = Field(
        default="leave_out", description="Whether what a user had in training is recommended again: keep."
    )
    popularity: PopularityOptions | None = Field(
        default=None,
        description="Items that are popular at the end of training score more, whoever asks; vectors learn "
        "what is above popularity then.",
    )

    @field_validator("top")
    @classmethod
    def _known(cls, told: list[int]) -> list[int]:
        if unknown := sorted({*told} - {*TOPS}):
            raise ValueError(f"expected some of {', '.join(map(str, TOPS))}; found {unknown[0]}")
        return sorted({*told})

    @model_validator(mode="after")
    def _has_time(self) -> RetrieveOptions:
        if self.popularity is not None and self.popularity.days is not None and self.time is None:
            raise ValueError(
                "popularity: name the column that says when, as time; days: null counts all of training"
            )
        return self

    @property
    def columns(self) -> list[str]:
        """The columns that say who and when."""
        return [self.user] if self.time is None else [self.user, self.time]

    def task(self) -> Retrieval:
        """What is asked, of data that are not known yet."""
        told = self.popularity
        popularity = None if told is None else Popularity(told.days, told.weight, told.smoothing)
        leaves_out = self.seen == "leave_out"
        return Retrieval(self.user, self.time, self.least, tuple(self.top), leaves_out, popularity)
