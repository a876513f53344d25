"""`hide`: words, users or items that are taken for unknown ones now and then."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from bigmodel_cli.modeling.augmentations.base import Augmenting, one_each


class Hide(Augmenting):
    """Some of what a lookup gives becomes the place of unknown words, so that this place is trained.

    Else nothing is ever unknown in training, whose words are all in the vocabulary, and what a model makes of
    a new user or a new item is left to chance. What is missing stays so.
    """

    augmentation_name: ClassVar[str] = "hide"
    example: ClassVar[str] = "hide: {share: 0.1}"

    takes_places: ClassVar[bool] = True

    share: Annotated[float, Field(gt=0, lt=1)] = Field(0.1, description="Which part is hidden.")
    unknown: Annotated[int, Field(ge=0)] = Field(
        1,
        description="The place of unknown words: 1 behind a StringLookup, which keeps 0 for what is missing; "
        "0 where it is told mask_token: null.",
    )

    def change(self, values: Any, generator: Any) -> Any:
        import tensorflow as tf

        hidden = one_each(values, 0.0, 1.0, generator) < self.share
        if self.unknown:
            # What is missing has a place of its own, and so has what fills up a short list.
            hidden &= values != 0
        return tf.where(hidden, tf.cast(self.unknown, values.dtype), values)
