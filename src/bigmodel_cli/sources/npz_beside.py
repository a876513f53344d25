"""Arrays of an `.npz` file beside features and labels: what splits follow, or scores are by."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bigmodel_cli.config.spelling import closest
from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.base import LoadContext, SplitName
from bigmodel_cli.sources.beside import column_of_splits
from bigmodel_cli.sources.npz_arrays import as_written
from bigmodel_cli.sources.stores import ArrayStore, Store

if TYPE_CHECKING:
    import numpy as np

Arrays = Mapping[str, "np.ndarray"]


def columns_beside(
    arrays: Arrays, features: Mapping[SplitName, str], option: str, path: Path, context: LoadContext
) -> dict[SplitName, dict[str, Store]]:
    """The arrays that are asked for, by split; each is called as the features of the split are.

    Args:
        arrays: Of the file.
        features: What the array of features is called in each split: `x_train`.
        option: What the config calls it: `x`.
        path: The file, for errors.
        context: Says what is asked for.

    Raises:
        DataError: If there is no such array, or it has not one number or text for each example.
    """
    found: dict[SplitName, dict[str, Store]] = {split: {} for split in features}
    for name in context.columns_beside:
        of_splits = {split: _array(arrays, name, option, x, path) for split, x in features.items()}
        # Moments have an order, but as groups they are texts.
        kinds = "US" if name == context.order_by else "USM"
        if any(array.dtype.kind in kinds for array in of_splits.values()):
            texts = {split: _texts(array) for split, array in of_splits.items()}
            stores: Mapping[SplitName, Store] = column_of_splits(name, texts, context, str(path))
        else:
            stores = {split: ArrayStore(array, split) for split, array in of_splits.items()}
        for split, store in stores.items():
            found[split][name] = store
    return found


def _array(arrays: Arrays, name: str, option: str, features: str, path: Path) -> np.ndarray:
    written = as_written(arrays)(_called(name, option.casefold(), features.casefold()))
    if written not in arrays:
        near = closest(written, arrays)
        raise DataError(
            f"{path}: no array {written}; it has {', '.join(sorted(arrays))}",
            hint=f"did you mean {near}?" if near else None,
        )
    array, count = arrays[written], len(arrays[features])
    if array.shape not in ((count,), (count, 1)) or array.dtype.kind not in "biufUSM":
        raise DataError(
            f"{path}: expected a number or a text for each of {count:,} examples in {written}, found "
            f"{array.dtype} of shape {array.shape}"
        )
    return array.reshape(-1)


def _called(name: str, option: str, features: str) -> str:
    """What an array is called in the split whose features are called so: `x_train`, `train_x` or `x`."""
    if features.startswith(f"{option}_"):
        return f"{name}{features.removeprefix(option)}"
    return f"{features.removesuffix(option)}{name}"


def _texts(array: np.ndarray) -> list[str]:
    import numpy as np

    if array.dtype.kind == "S":
        return [value.decode("utf-8", "replace") for value in array.tolist()]
    return ["" if text == "NaT" else text for text in array.astype(np.str_).tolist()]
