"""Arrays in an `.npz` file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.config.fields import ConfigPath
from bigmodel_cli.config.unsupported import OWN_TARGET
from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.array.kind import ArrayKind
from bigmodel_cli.kinds.image.kind import ImageKind, format_of_pixels
from bigmodel_cli.kinds.image.redrawing.drawings import MADE_LIKE_HELP, MadeLike, drawing_like
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples, LoadContext, Source, SplitName
from bigmodel_cli.sources.label_values import (
    CLASS_NAMES_HELP,
    LABELS_HELP,
    ClassNames,
    LabelKind,
    check_finite,
    label_values,
)
from bigmodel_cli.sources.npz_arrays import as_written, read_npz
from bigmodel_cli.sources.npz_beside import columns_beside
from bigmodel_cli.sources.options import SourceOptions
from bigmodel_cli.sources.split_names import SPLIT_NAMES

if TYPE_CHECKING:
    import numpy as np


class Npz(SourceOptions):
    """Arrays of an .npz file: x and y, or x_train, y_train and the same for val and test."""

    source_name: ClassVar[str] = "npz"
    example: ClassVar[str] = "{npz: {path: data.npz}}"

    path: ConfigPath = Field(description="The .npz file.")
    features_array: str = Field(
        default="x",
        min_length=1,
        description="Name of the features' array; x stands for x, or x_train (or train_x), x_val, x_test.",
    )
    labels_array: str = Field(
        default="y",
        min_length=1,
        validate_default=True,
        description="Name of the labels' array, found like features_array.",
    )
    labels: LabelKind = Field(default="auto", description=LABELS_HELP)
    class_names: ClassNames = Field(default=None, min_length=2, description=CLASS_NAMES_HELP)

    made_like: MadeLike | None = Field(
        default=None, description=MADE_LIKE_HELP.format(files="an image file that `predict` is given is")
    )

    @field_validator("labels_array")
    @classmethod
    def _labels_array(cls, name: str, info: ValidationInfo) -> str:
        if name == info.data.get("features_array"):
            raise ValueError(f"expected another array than the features', found {name}: {OWN_TARGET}")
        return name

    @property
    def examples_array(self) -> str:
        return self.features_array

    def facts(self) -> DataFacts:
        return DataFacts(None if self.labels == "auto" else self.labels, beside=None)

    def load(self, context: LoadContext) -> Source:
        arrays = read_npz(self.path)
        names = self._array_names(arrays, needs_train=not context.for_evaluation)
        features = {split: self._features(arrays, x) for split, (x, _) in names.items()}
        raw_labels = {split: arrays[y] for split, (_, y) in names.items()}
        self._check_shapes(features, raw_labels, names)
        labels, task = label_values(raw_labels, self.labels, self.class_names, self.path, context)
        splits = {split: Examples.of_arrays(features[split], labels[split], split) for split in names}
        of_features = {split: x for split, (x, _) in names.items()}
        beside = columns_beside(arrays, of_features, self.features_array, self.path, context)
        splits = {split: replace(examples, beside=beside[split]) for split, examples in splits.items()}
        first = next(iter(splits.values()))
        shape, dtype = first.store.shape, str(first.store.dtype)
        return Source(splits, Signature.of(self._kind(shape, dtype), task))

    def _kind(self, shape: tuple[int, ...], dtype: str) -> Kind:
        pixels = format_of_pixels(shape, dtype)
        if pixels is not None:
            return ImageKind(replace(pixels, drawing=drawing_like(self.made_like, pixels.image_size)))
        if self.made_like is None:
            return ArrayKind(shape, dtype)
        raise DataError(
            f"{self.path}: made_like is for images (uint8); found {dtype} of shape {shape}",
            hint="leave made_like out",
        )

    def _array_names(
        self, arrays: Mapping[str, np.ndarray], *, needs_train: bool
    ) -> dict[SplitName, tuple[str, str]]:
        """The names of features and labels by split.

        Raises:
            DataError: If they are not there; says which are.
        """
        x, y = self.features_array, self.labels_array
        arrays_named = as_written(arrays)
        found: dict[SplitName, tuple[str, str]] = {}
        for word, split in SPLIT_NAMES.items():
            for pair in ((f"{x}_{word}", f"{y}_{word}"), (f"{word}_{x}", f"{word}_{y}")):
                written = arrays_named(pair[0]), arrays_named(pair[1])
                if not any(name in arrays for name in written):
                    continue
                if split in found:
                    raise DataError(
                        f"{self.path}: both {found[split][0]} and {written[0]} are for {split}",
                        hint="keep one of them",
                    )
                found[split] = written
        if not found or (needs_train and "train" not in found):
            found = (
                {"train": (arrays_named(x), arrays_named(y))}
                if not found
                else {"train": (f"{x}_train", f"{y}_train"), **found}
            )
        missing = [name for pair in found.values() for name in pair if name not in arrays]
        if missing:
            raise DataError(
                f"{self.path}: no array {', '.join(missing)}; it has {', '.join(sorted(arrays)) or 'none'}",
                hint="name the arrays with features_array and labels_array",
            )
        return found

    def _features(self, arrays: Mapping[str, np.ndarray], name: str) -> np.ndarray:
        """Features in the dtype that a model takes: float64 becomes float32, the rest stays compact."""
        import numpy as np

        array = arrays[name]
        if array.dtype.kind not in "biuf":
            raise DataError(f"{self.path}: expected numbers in {name}, found {array.dtype}")
        if array.ndim < 2 or 0 in array.shape:
            raise DataError(
                f"{self.path}: expected {name} of shape (examples, …), found {array.shape}",
                hint="a single number per example has shape (examples, 1)" if array.ndim == 1 else None,
            )
        if array.dtype.kind == "f":
            with np.errstate(over="ignore"):
                array = array.astype(np.float32, copy=False)
            check_finite(array, name, self.path)
        return array.astype(np.uint8) if array.dtype.kind == "b" else array

    def _check_shapes(
        self,
        features: Mapping[SplitName, np.ndarray],
        labels: Mapping[SplitName, np.ndarray],
        names: Mapping[SplitName, tuple[str, str]],
    ) -> None:
        first = next(iter(names))
        expected = features[first]
        for split, (x, y) in names.items():
            found = features[split]
            if labels[split].shape[:1] != found.shape[:1]:
                raise DataError(
                    f"{self.path}: {x} has {len(found):,} examples, but {y} has shape {labels[split].shape}"
                )
            if (found.shape[1:], found.dtype) != (expected.shape[1:], expected.dtype):
                raise DataError(
                    f"{self.path}: examples in {x} are {found.dtype} {found.shape[1:]}, "
                    f"but in {names[first][0]} {expected.dtype} {expected.shape[1:]}"
                )
            if labels[split].shape[1:] != labels[first].shape[1:]:
                raise DataError(
                    f"{self.path}: labels in {y} have shape {labels[split].shape[1:]}, "
                    f"but in {names[first][1]} {labels[first].shape[1:]}"
                )
