"""A batch of examples: computed by an engine, understood, and each example's part of that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import Any

import numpy as np

from bigmodel_cli.errors import DataError
from bigmodel_cli.inference.answering import Answering
from bigmodel_cli.inference.engines import Engine, joined
from bigmodel_cli.kinds.cells import Held
from bigmodel_cli.kinds.familiar import Limits, Unlike
from bigmodel_cli.kinds.inputs import Batch, Input, Part
from bigmodel_cli.signature import Signature
from bigmodel_cli.tasks.predictions import Answer, Asked


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says of one example.

    Attributes:
        input: The example.
        answer: What is predicted; None where the example could not be read, or nothing is predicted.
        error: Why not.
        redrawn: Whether its picture was drawn anew, as the training examples were made; None where those were
            not made in a known way.
        unlike: In what it is unlike the training examples; None where those are not known.
        cells: What is kept of its row in the table that it is from.
    """

    input: Input
    answer: Answer | None
    error: str | None = None
    redrawn: bool | None = None
    unlike: Sequence[Unlike] | None = None
    cells: Sequence[str] = ()

    def as_json(self, top: int) -> dict[str, Any]:
        document: dict[str, Any] = {"input": self.input.name}
        if isinstance(self.input.features, Part):
            part = self.input.features
            document |= {"file": str(part.path), "start": part.start, "end": part.end}
        if self.answer is None:
            return {**document, "error": self.error}
        if self.redrawn is not None:
            document["redrawn"] = self.redrawn
        if self.unlike is not None:
            document["unlike"] = [reason.as_json() for reason in self.unlike]
        return {**document, **self.answer.as_json(top)}


def read_batch(
    items: Sequence[Input],
    signature: Signature,
    *,
    invert: bool = False,
    until: Callable[[], bool] = lambda: False,
) -> Batch:
    """Read examples one by one; one that cannot be read has an error, and the others go on.

    Args:
        items: Them.
        signature: What the model takes.
        invert: Whether bright becomes dark first.
        until: Says when nobody wants them any more.
    """
    kind = signature.kind
    features = np.empty((len(items), *kind.shape), kind.dtype)
    errors: list[str | None] = []
    redrawn: list[bool | None] = []
    num_read = 0
    for item in items:
        if until():
            break
        try:
            value = item.read(signature, invert=invert)
        except DataError as error:
            errors.append(error.message)
            redrawn.append(None)
        else:
            errors.append(None)
            redrawn.append(value.redrawn)
            features[num_read] = value.array
            num_read += 1
    return Batch(items, features[:num_read], errors, redrawn)


@dataclass(frozen=True, slots=True)
class Computed:
    """What an engine made of a batch.

    Attributes:
        outputs: Of the examples without an error, in their order, as `Engine.predict` gives them; None where
            there is no such example.
        inner: What the model's last layer was given for the same, where that is known.
        errors: One per input: why there is no output, or None.
    """

    outputs: Any
    inner: np.ndarray | None
    errors: Sequence[str | None]


def computed(batch: Batch, engine: Engine, familiar: Limits | None) -> Computed:
    """Compute what could be read of a batch; an example that the model refuses does not harm the others.

    Args:
        batch: It.
        engine: Computes.
        familiar: What examples will be compared with.
    """
    looks_inside = familiar is not None and familiar.looks_inside
    look = engine.look if looks_inside else partial(_outputs, engine)
    if not batch.num_read:
        return Computed(None, None, batch.errors)
    try:
        return Computed(*look(batch.features), batch.errors)
    except DataError:
        return _one_by_one(look, batch)


def _outputs(engine: Engine, features: Any) -> tuple[Any, None]:
    return engine.predict(features), None


def _one_by_one(look: Callable[[Any], tuple[Any, np.ndarray | None]], batch: Batch) -> Computed:
    outputs: list[Any] = []
    inner: list[np.ndarray] = []
    errors: list[str | None] = []
    place = 0
    for item, error in zip(batch.inputs, batch.errors, strict=True):
        if error is None:
            try:
                given, inside = look(_some(batch.features, np.array([place])))
                outputs.append(given)
                inner += [] if inside is None else [inside]
            except DataError as refused:
                error = f"{item.name}: {refused.message}"
            place += 1
        errors.append(error)
    return Computed(joined(outputs) if outputs else None, joined(inner) if inner else None, errors)


def answered(
    batch: Batch, made: Computed, answering: Answering, familiar: Limits | None
) -> Iterator[Prediction]:
    """What a model says of each input of a batch.

    Args:
        batch: It.
        made: Of it, by `computed`.
        answering: Understands outputs.
        familiar: What training examples are like; None: inputs are not compared with them.
    """
    rows: Iterator[tuple[Answer, bool, Sequence[Unlike] | None]] = iter(())
    if made.outputs is not None:
        are_computed = _are_computed(batch, made.errors)
        read = (
            batch.features if all(are_computed) else _some(batch.features, np.array(are_computed, np.bool_))
        )
        pieces = [item.piece for item, error in zip(batch.inputs, made.errors, strict=False) if error is None]
        understood = answering.understood(made.outputs, Asked(pieces, read))
        unlike: Iterable[Sequence[Unlike] | None] = repeat(None)
        if familiar is not None:
            unlike = familiar.unlike(read, understood.probabilities, made.inner)
        rows = zip(understood.answers, understood.are_finite.tolist(), unlike, strict=False)
    cells = batch.cells or repeat(())
    for item, redrawn, error, kept in zip(batch.inputs, batch.redrawn, made.errors, cells, strict=False):
        answer, is_finite, reasons = (None, True, None) if error else next(rows)
        if not is_finite:
            answer, error = None, f"{item.name}: the model's output is NaN or infinite"
        yield Prediction(item, answer, error, redrawn, reasons, kept)


def _are_computed(batch: Batch, errors: Sequence[str | None]) -> list[bool]:
    """Which of a batch's features the model took."""
    both = zip(batch.errors, errors, strict=True)
    return [error is None for unread, error in both if unread is None]


def _some(features: Any, chosen: np.ndarray) -> Any:
    """Some of the examples of a batch."""
    if isinstance(features, np.ndarray):
        return features[chosen]
    return {name: column.take(chosen) for name, column in features.items()}


def side_by_side(batches: Sequence[Batch]) -> Batch:
    """Several batches as one; what is kept of the cells of rows is left out."""
    if len(batches) == 1:
        return batches[0]
    return Batch(
        [item for batch in batches for item in batch.inputs],
        _features_of_all([batch.features for batch in batches]),
        [error for batch in batches for error in batch.errors],
        [redrawn for batch in batches for redrawn in batch.redrawn],
    )


def _features_of_all(every: Sequence[Any]) -> Any:
    if isinstance(every[0], np.ndarray):
        return np.concatenate(every)
    return {name: _column_of_all([features[name] for features in every]) for name in every[0]}


def _column_of_all(columns: Sequence[Held]) -> Held:
    """The values of several columns below each other; of texts each column brings its own."""
    texts = None if columns[0].texts is None else [text for column in columns for text in column.texts or ()]
    if columns[0].names is None:
        return Held(np.concatenate([column.array for column in columns]), texts=texts)
    names: list[str] = []
    places: list[np.ndarray] = []
    total = sum(len(column.names or ()) for column in columns)
    widest = max(column.array.shape[-1] for column in columns)
    for column in columns:
        own = column.names or ()
        # The place behind the last text says that there is none.
        found = np.where(column.array == len(own), total, column.array + len(names))
        places.append(_widened(found, widest, total))
        names += own
    return Held(np.concatenate(places).astype(np.int32), names, texts)


def _widened(places: np.ndarray, width: int, none: int) -> np.ndarray:
    """Rows of words in the room of the longest of several columns."""
    if places.ndim == 1:
        return places
    return np.pad(places, ((0, 0), (0, width - places.shape[1])), constant_values=none)
