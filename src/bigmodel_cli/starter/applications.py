"""Keras's applications by their weights: which one a file is of, and how it wants pixels."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigmodel_cli.errors import DataError, UsageError

if TYPE_CHECKING:
    import h5py

# What the classifying top of an application may add: a dense layer or two, or convolutions in their place.
_MAX_TOP_ARRAYS = 6
_SCALES: Mapping[str, Sequence[str]] = {
    "as_they_are": (),
    "minus_one_to_one": ("- Rescaling: {scale: 1/127.5, offset: -1}   # what the weights were trained with",),
    # Mean and variance of ImageNet's pixels.
    "standardized": (
        "- Normalization: {mean: [123.68, 116.28, 103.53], variance: [3410, 3263, 3292]}   "
        "# what the weights were trained with",
    ),
}


@dataclass(frozen=True)
class Application:
    """An application, as `scripts/generate_applications.py` found it.

    Attributes:
        name: Keras's.
        arguments: Beyond Keras's defaults.
        pixels: How it wants them.
        multiply_adds: For an image of 224 × 224.
        parameters: Without the classifying top.
        features: Numbers that it gives for an image, once they are pooled.
        arrays: How often each shape of weights is there, without the top: `{"3x3x3x32": 1, …}`.
    """

    name: str
    arguments: Mapping[str, Any]
    pixels: str
    multiply_adds: int
    parameters: int
    features: int
    arrays: Mapping[str, int]

    @property
    def scale(self) -> Sequence[str]:
        """The preprocessing that it was trained with, as YAML; for pixels from 0 to 255."""
        return _SCALES[self.pixels]


@cache
def applications() -> Sequence[Application]:
    """All of them, from small to large."""
    text = (Path(__file__).with_name("applications.json")).read_text("utf-8")
    return [Application(**entry) for entry in json.loads(text)["applications"]]


def application_named(name: str) -> Application:
    """The one of this name with Keras's default arguments."""
    return next(found for found in applications() if found.name == name and not found.arguments)


def application_of(path: Path) -> Application:
    """The application that a file of weights is of.

    Raises:
        UsageError: If there is no such file.
        DataError: If it holds no weights of an application that a config can use.
    """
    if not path.is_file():
        raise UsageError(f"{path}: {'a folder, not a file of weights' if path.is_dir() else 'no such file'}")
    arrays, has_layer_list = _arrays(path)
    fitting = [(found, top) for found in applications() if (top := _top(found, arrays)) is not None]
    if not fitting:
        raise DataError(
            f"{path}: its {arrays.total():,} arrays are the weights of none of Keras's applications",
            hint="expected weights of one that `bigmodel list applications` has, as Keras saves them "
            "(model.save_weights, or what Keras keeps in its cache)",
        )
    found, top = max(fitting, key=lambda pair: pair[0].parameters)
    if found.pixels not in _SCALES:
        usable = ", ".join(dict.fromkeys(each.name for each in applications() if each.pixels in _SCALES))
        raise DataError(
            f"{path}: weights of {found.name}, which wants blue, green and red in this order, and no layer "
            "of Keras turns pixels round",
            hint=f"take weights of another application: {usable}",
        )
    if has_layer_list and top:
        raise DataError(
            f"{path}: weights of {found.name} with its classifying top, in the old format of Keras, which a "
            "model without the top cannot load",
            hint="take the file without the top, whose name ends in no_top.h5 or notop.h5",
        )
    return found


def _top(application: Application, arrays: Counter[str]) -> int | None:
    """How many arrays a file has more than an application without its top; None where it lacks some."""
    left = Counter(arrays)
    left.subtract(application.arrays)
    if min(left.values(), default=0) < 0 or left.total() > _MAX_TOP_ARRAYS:
        return None
    return left.total()


def _arrays(path: Path) -> tuple[Counter[str], bool]:
    """Shapes of a file's weights, and whether it is in the old format, which lists its layers.

    Raises:
        DataError: If it is no HDF5 file.
    """
    import h5py

    found: Counter[str] = Counter()

    def note(name: str, item: Any) -> None:
        # A model that was compiled saves its optimizer too.
        if isinstance(item, h5py.Dataset) and "optimizer" not in name.split("/")[0]:
            found["x".join(map(str, item.shape))] += 1

    try:
        with h5py.File(path) as file:
            file.visititems(note)
            return found, _lists_layers(file)
    except OSError as error:
        raise DataError(
            f"{path}: expected a file of weights in HDF5 (.weights.h5 or .h5), found something else"
        ) from error


def _lists_layers(file: h5py.File) -> bool:
    return "layer_names" in file.attrs or "model_weights" in file
