"""Whether texts of about equal length stand in one batch, which has no more places: `data.length_buckets`.

Which columns can be cut nobody has to say: those of tokens, if the model gives the same without the padding
behind them. That is tried out, with weights that hide nothing: many a layer looks as if it left padding out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bigmodel_cli.errors import UsageError
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.modeling.build import BuiltModel
from bigmodel_cli.modeling.cut import leaves, traced
from bigmodel_cli.modeling.masks import without_mask_warnings
from bigmodel_cli.pipeline.by_length import (
    NUM_LENGTHS,
    TOKENS,
    Alike,
    Cutting,
    is_of_tokens,
    lengths_of,
    of_any_length,
)
from bigmodel_cli.sources.base import Examples, bare
from bigmodel_cli.training.work import Work

# So many examples tell how long texts are.
SAMPLE = 500
# What saves less is not worth that texts meet others of their length alone.
MIN_SAVED = 0.2
TRIED = 16
_NOISE = 0.1
# How far sums of other lengths are apart; of types with a few digits, further.
_NEAR, _NEAR_ENOUGH = 1e-4, 3e-2


Columns = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Trained:
    """What is trained.

    Attributes:
        built: The model.
        network: The part of it that training computes.
        kinds: What that takes of an example, by the names that the feed has.
        front: Computes that for examples; None: they are it.
    """

    built: BuiltModel
    network: Any
    kinds: Mapping[str, Kind]
    front: Callable[[Any], Columns] | None = None


class _NotTheSame(Exception):
    """The model gives something else without padding."""


@dataclass(frozen=True)
class Lengths:
    """What was decided.

    Attributes:
        cutting: Which columns of batches are cut; None: none.
        said: It in words; empty where there is nothing to say.
    """

    cutting: Cutting | None = None
    said: str = ""

    @property
    def num_lengths(self) -> int:
        """How many lengths batches have at most, as the config has it."""
        return 1 if self.cutting is None else self.cutting.num_lengths


def decide_lengths(work: Work, examples: Examples, trained: Trained) -> Lengths:
    """Decide which columns of batches are cut.

    Args:
        work: Says what is asked for.
        examples: Of the training split.
        trained: What is trained on them.

    Raises:
        UsageError: If it is asked for and would not be the same.
    """
    asked = work.experiment.data.length_buckets
    if work.splits.signature.has_any_length:
        whole = of_any_length(examples)
        return Lengths(whole if asked == "auto" else replace(whole, num_lengths=asked))
    if asked == 1:
        return Lengths()
    saved = 0.0
    try:
        _require_tokens(work, examples, trained)
        inputs, targets = _some(examples, trained)
        whole = Cutting(list(_groups(inputs)), NUM_LENGTHS if asked == "auto" else asked)
        saved = _saved(whole, inputs)
        if asked == "auto" and saved < MIN_SAVED:
            return Lengths()
        _require_no_padding_seen(trained.network, whole.groups)
        cutting = replace(whole, groups=_compared(trained, inputs, targets, whole))
    except _NotTheSame as error:
        if asked != "auto":
            raise UsageError(
                f"data.length_buckets={asked}: {error}",
                hint="write data.length_buckets=auto, or 1: every batch has room for the longest text",
            ) from error
        said = f"batches have room for the longest text, though {saved:.0%} of that is padding: {error}"
        return Lengths(said=said if saved else "")
    return Lengths(
        cutting,
        f"batches: texts of about equal length together, {cutting.num_lengths} lengths at most, which "
        f"saves {saved:.0%} of their places",
    )


def _require_tokens(work: Work, examples: Examples, trained: Trained) -> None:
    """Raises:
    _NotTheSame: If no column has texts of tokens, or these are not all that is seen of them.
    """
    stores, compress = examples.inputs.values(), work.experiment.compress
    has_some = any(kind.shape and kind.dtype in TOKENS for kind in trained.kinds.values())
    if examples.series is not None or not has_some or not all(store.gathers for store in stores):
        raise _NotTheSame("no column has texts of tokens")
    if trained.built.augmentation or (trained.front is None and trained.built.preprocess is not None):
        raise _NotTheSame("what stands before the network takes texts of one length")
    if work.teaching is not None or (compress is not None and compress.quantize is not None):
        raise _NotTheSame("a model that is taught, or rounded, has batches of one length")


def _some(examples: Examples, trained: Trained) -> tuple[Columns, Columns]:
    """What the network takes of some examples, and their targets."""
    rows = np.linspace(0, len(examples) - 1, min(len(examples), SAMPLE)).astype(np.int64)
    columns: Columns = {name: store.values_of(store.gather(rows)) for name, store in examples.inputs.items()}
    if trained.front is not None:
        columns = trained.front(bare(columns))
    return columns, {name: labels[rows] for name, labels in examples.targets.items()}


def _groups(inputs: Columns) -> Iterator[Alike]:
    """Columns of tokens, and what was computed of them place by place, by how many places they have."""
    tokens = [column for column in inputs.values() if is_of_tokens(column)]
    for size in sorted({column.shape[1] for column in tokens}):
        yield Alike(size, tuple(name for name, column in inputs.items() if size in column.shape[1:]))


def _saved(cutting: Cutting, inputs: Columns) -> float:
    """The share of places that batches save if all texts of one are about as long."""
    places = zip(cutting.places(inputs, {}), cutting.groups, strict=True)
    needed = sum(lengths_of(of_one, group.size, cutting.num_lengths).mean() for of_one, group in places)
    return 1 - float(needed) / sum(group.size for group in cutting.groups)


def _require_no_padding_seen(network: Any, groups: Sequence[Alike]) -> None:
    """Raises:
    _NotTheSame: If a layer sees padding in training alone, or may do so.
    """
    import keras

    for layer in leaves(network):
        if layer.activity_regularizer is not None:
            raise _NotTheSame(f"the penalty on what {layer.name} gives counts padding")
        if not type(layer).__module__.startswith("keras."):
            raise _NotTheSame(f"nobody knows what {type(layer).__name__} makes of padding in training")
    sizes = {group.size for group in groups}
    normalizing = [one for one in leaves(network) if isinstance(one, keras.layers.BatchNormalization)]
    for step in traced(network)[1] if normalizing else []:
        if step.operation in normalizing and any(sizes & set(one.shape[1:-1]) for one in step.inputs):
            raise _NotTheSame(f"{step.operation.name} normalises over padding too")


def _compared(trained: Trained, inputs: Columns, targets: Columns, cutting: Cutting) -> Sequence[Alike]:
    """The groups with the targets that are predicted place by place.

    Raises:
        _NotTheSame: If the network does not take what is cut, or gives something else.
    """
    import tensorflow as tf

    places = cutting.places(inputs, {})
    rows = np.argsort(places.sum(axis=0), kind="stable")[:TRIED]
    lengths = np.maximum(places[:, rows].max(axis=1), 1).tolist()
    given = {name: column[rows] for name, column in inputs.items()}
    shorter = dict(given)
    for group, length in zip(cutting.groups, lengths, strict=True):
        shorter |= {name: group.cut(shorter[name], length) for name in group.inputs}
    outputs = _outputs_of_any_length(trained, cutting, given)
    with _weights_that_tell(trained.network):
        try:
            whole, found = outputs(given), outputs(shorter)
        except (ValueError, TypeError, tf.errors.InvalidArgumentError) as error:
            raise _NotTheSame(f"the model does not take shorter texts ({type(error).__name__})") from error
    groups = list(cutting.groups)
    for name, output in whole.items():
        other = found[name]
        if other.shape != output.shape:
            number = _group_of(groups, lengths, output.shape, other.shape, targets[name].shape)
            groups[number] = replace(groups[number], targets=(*groups[number].targets, name))
            output = output[:, : lengths[number]]
        _require_near(output, other)
    return groups


def _outputs_of_any_length(
    trained: Trained, cutting: Cutting, given: Columns
) -> Callable[[Columns], Mapping[str, Any]]:
    """What the model gives for columns, in a graph that does not know their lengths, as that of a step."""
    import tensorflow as tf

    sizes_of = {name: {group.size for group in cutting.groups if name in group.inputs} for name in given}
    shapes = {
        name: tf.TensorSpec(
            (len(column), *(None if size in sizes_of[name] else size for size in column.shape[1:])),
            tf.as_dtype("string" if column.dtype == object else column.dtype),
        )
        for name, column in given.items()
    }

    def compute(columns: Mapping[str, Any]) -> Mapping[str, Any]:
        with without_mask_warnings():
            return trained.built.tasks.outputs(trained.network(bare(columns), training=False))

    computed: Callable[[Columns], Mapping[str, Any]] = tf.function(
        compute, autograph=False, input_signature=(shapes,)
    )
    return lambda columns: computed({name: tf.constant(column) for name, column in columns.items()})


def _group_of(
    groups: Sequence[Alike],
    lengths: Sequence[int],
    whole: Sequence[int],
    found: Sequence[int],
    target: Sequence[int],
) -> int:
    """The group by whose places a target is predicted, from the shapes of both outputs and of the target."""
    for number, (group, length) in enumerate(zip(groups, lengths, strict=True)):
        is_cut = whole[1] == target[1:2][0] == group.size and found[1] == length if len(target) > 1 else False
        if is_cut and tuple(whole[2:]) == tuple(found[2:]):
            return number
    raise _NotTheSame("it gives something of another shape for shorter texts")


def _require_near(whole: Any, found: Any) -> None:
    """Raises:
    _NotTheSame: If they are not the same but for rounding.
    """
    most = _NEAR if str(whole.dtype).endswith("float32") else _NEAR_ENOUGH
    one, other = (np.asarray(values, np.float64) for values in (whole, found))
    apart = float(np.abs(one - other).max())
    if not apart <= most * (1 + float(np.abs(one).max())):
        raise _NotTheSame(f"padding changes what the model gives, by {apart:.2g}")


@contextmanager
def _weights_that_tell(network: Any) -> Iterator[None]:
    """Other biases and scales for as long: those that are 0 would hide what is computed for padding."""
    from keras import ops

    drawn = np.random.default_rng(0)
    vectors = [one for one in network.weights if len(one.shape) == 1 and str(one.dtype).startswith("float")]
    before = [ops.convert_to_numpy(one).copy() for one in vectors]
    try:
        for one, values in zip(vectors, before, strict=True):
            one.assign(values + _NOISE * np.abs(drawn.standard_normal(values.shape)))
        yield
    finally:
        for one, values in zip(vectors, before, strict=True):
            one.assign(values)
