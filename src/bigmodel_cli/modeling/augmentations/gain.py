"""`gain`: sounds louder or softer."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from bigmodel_cli.modeling.augmentations.base import (
    Augmenting,
    Probability,
    Range,
    are_waves,
    one_each,
    some,
)


class Gain(Augmenting):
    """Each wave louder or softer, by a factor of its own."""

    augmentation_name: ClassVar[str] = "gain"
    example: ClassVar[str] = "gain: {db: [-12, 6]}"

    db: Range = Field((-12.0, 6.0), description="From how many decibels to how many.")
    probability: Probability = Field(1.0, description="Which part of the sounds is changed.")

    def unfit(self, shape: tuple[int | None, ...]) -> str | None:
        return None if are_waves(shape) else "gain changes waves, and spectrograms arrive; move them to model"

    def change(self, values: Any, generator: Any) -> Any:
        decibels = one_each(values, *self.db, generator)
        return some(values, values * 10 ** (decibels / 20), self.probability, generator)
