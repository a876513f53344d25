"""`impute`: a value for what is missing, and whether it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from bigmodel_cli.modeling.encodings.base import Encoding, Learn, as_one_layer, of_columns

if TYPE_CHECKING:
    import numpy as np


class Impute(Encoding):
    """A value for missing numbers (NaN), learnt from the training rows.

    A column without any value gets 0. With `flag`, as many columns of 0 and 1 follow behind all others, which
    say what was missing.
    """

    encoding_name: ClassVar[str] = "impute"
    example: ClassVar[str] = "impute: {with: median, flag: true}"

    instead: Literal["median", "mean", "zero"] | float = Field(
        "median", alias="with", description="What stands in: the column's median or mean, zero, or a number."
    )
    flag: bool = Field(
        False, description="Whether a column beside each says what was missing (1) or not (0)."
    )

    def encode(self, tensor: Any, learn: Learn) -> Any:
        import numpy as np

        num_features = int(tensor.shape[-1])
        stand_ins = np.full(
            num_features, self.instead if isinstance(self.instead, float) else 0.0, np.float32
        )
        if self.instead in ("median", "mean"):
            values = learn(tensor)
            if values is not None:
                stand_ins = _middles(values, self.instead)
        return as_one_layer("impute", tensor, lambda numbers: self._fill(numbers, stand_ins))

    def _fill(self, numbers: Any, stand_ins: np.ndarray) -> Any:
        from keras import ops

        # LiteRT has no operation for isnan; NaN alone is not equal to itself.
        is_missing = ops.not_equal(numbers, numbers)
        missing = ops.cast(is_missing, "float32")
        stand_in = of_columns(numbers, stand_ins[:, None])
        filled = ops.where(is_missing, ops.squeeze(stand_in, -1), numbers)
        return ops.concatenate([filled, missing], axis=-1) if self.flag else filled


def _middles(values: np.ndarray, which: str) -> np.ndarray:
    """The median or mean of each column's values that are there; float32 (features,)."""
    import numpy as np

    middle = np.median if which == "median" else np.mean
    columns = (column[~np.isnan(column)].astype(np.float64) for column in values.T)
    return np.array([middle(column) if len(column) else 0.0 for column in columns], np.float32)
