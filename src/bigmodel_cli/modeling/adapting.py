"""Layers that learn from the training split before training, by Keras's `adapt()`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from bigmodel_cli.config.components import Component
from bigmodel_cli.modeling.objects import pointing_at

# Called with no argument, yields batches of raw training features.
AdaptData = Callable[[], Iterable[np.ndarray]]
# The mode in which Keras's layers give places in a vocabulary; in all others they give numbers.
_PLACES = "int"
# Arguments that give what `adapt()` would learn; Keras refuses to adapt such layers.
_GIVEN = ("mean", "variance", "vocabulary", "bin_boundaries")
_SHOWN = 5
# Keras keeps a vocabulary in a file with a word in each line, and reads it by `str.splitlines`: a word with
# such a character in it would come back as two, and all words behind it in other places.
_ENDS_LINE = re.compile("[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
# Layers whose vocabulary is the same however texts are dealt out, and how many texts they get at a time.
_COUNTING = ("TextVectorization",)
# Layers that look up whole texts, so that an end of a line in one makes it unknown.
_OF_WHOLE_TEXTS = ("StringLookup",)
_PART = 512


def adapt(
    layer: Any,
    component: Component,
    before: Any | None,
    adapt_data: AdaptData,
    warn: Callable[[str], None],
) -> None:
    """Let a layer learn from the training split, as the layers before it pass the examples on.

    Args:
        layer: Has `adapt()`.
        component: What it was made of.
        before: The `keras.Model` of the layers before it; None where there are none.
        adapt_data: Raw training features.
        warn: Is told of features that are constant.

    Raises:
        ConfigError: If Keras refuses what the layer gets.
    """
    import tensorflow as tf

    if _is_given(component):
        return
    watch = _watch_for(component)

    def batches() -> Iterator[Any]:
        for features in adapt_data():
            passed_on, _ = _in_one_line(features if before is None else before(features, training=False))
            if watch is not None:
                watch.look_at(np.asarray(passed_on))
            yield passed_on

    first = tf.convert_to_tensor(next(iter(batches())))
    spec = tf.TensorSpec((None, *first.shape[1:]), first.dtype)
    with pointing_at(component, first):
        layer.adapt(tf.data.Dataset.from_generator(batches, output_signature=spec))
    _mind(watch, layer, component, warn)


def adapt_to(layer: Any, component: Component, values: Any, warn: Callable[[str], None]) -> None:
    """The same from values that are there at once.

    Args:
        layer: Has `adapt()`.
        component: What it was made of.
        values: Of the training split, shape (n, …).
        warn: Is told of features that are constant.

    Raises:
        ConfigError: If Keras refuses what the layer gets.
    """
    if _is_given(component):
        return
    watch = _watch_for(component)
    if watch is not None:
        watch.look_at(np.asarray(values))
    values, changed = _in_one_line(values)
    if changed and component.name in _OF_WHOLE_TEXTS:
        warn(
            f"{component.place}: {component.name}: {changed:,} of the values have an end of a line in them, "
            "which no vocabulary can keep; they are unknown to the model"
        )
    with pointing_at(component, values):
        layer.adapt(_a_part_at_a_time(values) if component.name in _COUNTING else values)
    _mind(watch, layer, component, warn)


def _a_part_at_a_time(texts: Any) -> Iterator[Any]:
    """Texts, as layers that count tokens take them: all n-grams of all texts at once may be gigabytes."""
    column = np.asarray(texts).reshape(len(texts), -1)
    for start in range(0, len(column), _PART):
        yield column[start : start + _PART]


def _in_one_line(values: Any) -> tuple[Any, int]:
    """Texts with a space for each end of a line, so that no word that is learned has one.

    Returns:
        The values, numbers among them as they are, and how many of them had one.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "OSU":
        return values, 0
    flat = [
        one.decode("utf-8", "replace") if isinstance(one, bytes) else one for one in array.ravel().tolist()
    ]
    plain = [_ENDS_LINE.sub(" ", one) for one in flat]
    changed = sum(one != other for one, other in zip(flat, plain, strict=True))
    return (np.array(plain, object).reshape(array.shape), changed) if changed else (values, 0)


def as_numbers(tensor: Any, component: Component) -> Any:
    """What a layer that learned before training gives, as float32 where it is no places in a vocabulary."""
    import keras

    gives_places = component.arguments.get("output_mode", _PLACES) == _PLACES
    return tensor if gives_places else keras.ops.cast(tensor, "float32")


def _is_given(component: Component) -> bool:
    return any(component.arguments.get(name) is not None for name in _GIVEN)


def _watch_for(component: Component) -> _ConstantFeatures | None:
    return (
        _ConstantFeatures(component.arguments.get("axis", -1)) if component.name == "Normalization" else None
    )


def _mind(
    watch: _ConstantFeatures | None, layer: Any, component: Component, warn: Callable[[str], None]
) -> None:
    if watch is not None and watch.are_there:
        _keep_in_bounds(layer, watch)
        warn(f"{component.place}: Normalization: {watch.describe()}")


class _ConstantFeatures:
    """Features that have one value in all examples.

    Args:
        axis: As `Normalization` takes it: each index along these axes has a mean and a variance of its own.
    """

    def __init__(self, axis: int | Sequence[int] | None) -> None:
        self._axes = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        self.first: np.ndarray | None = None
        self.mask: np.ndarray | None = None

    def look_at(self, batch: np.ndarray) -> None:
        """Leave those out that differ in a batch of shape (n, …)."""
        if self.mask is not None and not self.mask.any():
            return
        kept = {axis % batch.ndim for axis in self._axes}
        others = tuple(axis for axis in range(batch.ndim) if axis not in kept)
        if self.first is None:
            where = tuple(slice(None) if axis in kept else slice(0, 1) for axis in range(batch.ndim))
            self.first = batch[where].copy()
        same = (batch == self.first).all(axis=others, keepdims=True)
        self.mask = same if self.mask is None else self.mask & same

    @property
    def are_there(self) -> bool:
        return self.mask is not None and bool(self.mask.any())

    def describe(self) -> str:
        """Which ones, and what becomes of them, in a sentence."""
        assert self.mask is not None and self.first is not None, "what is described was looked at"
        places, values = np.argwhere(self.mask), self.first[self.mask]
        shown = ", ".join(
            f"{self._name(place)} is {value:g}"
            for place, value in zip(places[:_SHOWN].tolist(), values[:_SHOWN].tolist(), strict=True)
        )
        more = f", … ({len(places)} of {self.mask.size})" if len(places) > _SHOWN else ""
        return (
            f"features that never change in the training split: {shown}{more}; they are not scaled, and the "
            "model can learn nothing from them"
        )

    def _name(self, place: Sequence[int]) -> str:
        assert self.mask is not None, "what is named was looked at"
        index = [number for number, size in zip(place, self.mask.shape, strict=True) if size > 1]
        return f"feature {','.join(map(str, index or [0]))}"


def _keep_in_bounds(layer: Any, constant: _ConstantFeatures) -> None:
    """A variance of 1 for features without any, as scikit-learn does.

    Keras divides by a ten-millionth there: where such a feature differs in another split, its value would be
    all that counts.
    """
    assert constant.mask is not None and constant.first is not None, "called where there are some"
    # A mean over many examples is not quite the value that all of them have.
    for learned, value in ((layer.adapt_mean, constant.first), (layer.adapt_variance, 1.0)):
        before = np.asarray(learned)
        where = constant.mask.reshape(before.shape)
        instead = np.broadcast_to(value, constant.mask.shape).reshape(before.shape)
        learned.assign(np.where(where, instead, before).astype(before.dtype))
    layer.finalize_state()
