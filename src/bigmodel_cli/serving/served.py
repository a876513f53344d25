"""A run that is served: loaded, warm, and with threads that compute."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from bigmodel_cli.errors import DataError
from bigmodel_cli.inference.batches import Computed, Prediction, answered, computed
from bigmodel_cli.inference.engines import Engine, outputs_by_target
from bigmodel_cli.inference.familiar import read_familiar
from bigmodel_cli.inference.inputs import batch_size_for
from bigmodel_cli.inference.opened import OpenRun, answering_of
from bigmodel_cli.kinds.cells import Held
from bigmodel_cli.kinds.inputs import Batch
from bigmodel_cli.kinds.read import Read
from bigmodel_cli.parts import part_of
from bigmodel_cli.recommending.catalogue import Catalogue, open_catalogue
from bigmodel_cli.serving.batching import Batcher, Compute, measured_size
from bigmodel_cli.serving.chosen import Engines, open_engines
from bigmodel_cli.serving.written import ServedWriter
from bigmodel_cli.signature import Signature, slugs


@dataclass(frozen=True)
class Port:
    """A tensor that a model takes or gives, as clients of tensors know it.

    Attributes:
        name: As a saved model calls it.
        column: As the data call it.
        shape: Of one example.
        dtype: NumPy's name; `string` for texts.
    """

    name: str
    column: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, eq=False)
class Served:
    """A run that is served.

    Attributes:
        name: What clients call it.
        opened: The run.
        engine: What computes, as `predict --json` names it.
        reason: Why it is this one.
        version: A whole number, that a newer run has larger.
        inputs: What goes in.
        outputs: What comes out, one for each target.
        batcher: Computes.
        batch_seconds: Of each example, by the sizes of batches that were tried.
        needed: Columns of rows in which no number may be missing.
        writer: Writes texts; None of a model that does not go on with one.
        catalogue: What is recommended; None of a model that retrieves nothing.
        trust: Whether a Keras model is loaded even if it can run code.
    """

    name: str
    opened: OpenRun
    engine: str
    reason: str
    version: str
    inputs: Sequence[Port]
    outputs: Sequence[Port]
    batcher: Batcher
    batch_seconds: Mapping[int, float]
    needed: Sequence[str]
    writer: ServedWriter | None = None
    catalogue: Catalogue | None = None
    trust: bool = False

    @cached_property
    def _item_side(self) -> Any:
        """The items' half of the model, loaded when the first new items are asked about."""
        from bigmodel_cli.inference.new_items import item_side

        return item_side(self.opened, trust=self.trust)

    def with_new_rows(self, catalogue: Catalogue, rows: Sequence[Mapping[str, Any]]) -> Catalogue:
        """The catalogue with items that came after training, as rows of a table have them.

        Raises:
            DataError: If they are none, or the model takes none of their columns.
        """
        from bigmodel_cli.inference.new_items import with_new_rows

        return with_new_rows(self.opened, catalogue, rows, lambda: self._item_side).catalogue

    @property
    def signature(self) -> Signature:
        return self.opened.signature

    @property
    def rows_written(self) -> Mapping[str, Any] | None:
        """How tables are written that its rows are from."""
        return self.opened.rows_written

    @property
    def num_bytes(self) -> int:
        """Of an example as the model has it, or of what it says of one, whichever are more."""
        outputs = sum(math.prod(port.shape) * np.dtype(port.dtype).itemsize for port in self.outputs)
        return max(self.signature.kind.num_bytes, outputs)

    def outputs_by_name(self, outputs: Any) -> dict[str, np.ndarray]:
        """Outputs by what a saved model calls them."""
        by_target = outputs_by_target(outputs, self.signature.targets)
        return {port.name: by_target[port.column] for port in self.outputs}

    def close(self) -> None:
        """Compute what waits, then end the threads."""
        self.batcher.close()
        if self.writer is not None:
            self.writer.close()


def serve_run(
    name: str, opened: OpenRun, engine: str, warn: Callable[[str], None], *, trust: bool = False
) -> Served:
    """Load a run's model, compute with it, and find how many examples are best computed together.

    Args:
        name: What clients call it.
        opened: The run.
        engine: As `open_engines` has it.
        warn: Is told what is passed over, and of a model that is not warm.
        trust: Load a Keras model even if it can run code.

    Raises:
        UsageError: If the engine cannot be had.
        DataError: If a piece of the run is missing or damaged.
    """
    signature = opened.signature
    chosen = open_engines(opened, engine, warn, trust=trust)
    familiar = read_familiar(opened.folder, signature, warn)
    answering = answering_of(opened)
    largest = batch_size_for(signature)

    def compute_with(one: Engine) -> Compute:
        def compute(batch: Batch, wants_answers: bool) -> tuple[Computed, Sequence[Prediction] | None]:
            made = computed(batch, one, familiar if wants_answers else None)
            return made, list(answered(batch, made, answering, familiar)) if wants_answers else None

        return compute

    # What reads files is loaded, too.
    part_of(signature.kind, Read).decoder()
    first = chosen.engines[0]
    size, seconds = 1, dict[int, float]()
    shapes: dict[str, tuple[int, ...]] = {}
    try:
        outputs = outputs_by_target(first.predict(blank(signature, 1)), signature.targets)
        shapes = {target: values.shape[1:] for target, values in outputs.items()}
        size, seconds = measured_size(lambda count: first.predict(blank(signature, count)), largest)
        for other in chosen.engines[1:]:
            other.predict(blank(signature, 1))
    except DataError as error:
        # It is loaded, and warm with the first ones.
        warn(
            f"{name}: is not warm, and computes one example at a time, since it takes no blank one: "
            f"{error.message}"
        )
    return Served(
        name,
        opened,
        chosen.name,
        chosen.reason,
        _version(opened),
        [
            Port(slug, column, kind.shape, kind.dtype)
            for (column, kind), slug in zip(signature.inputs.items(), signature.slugs.values(), strict=True)
        ],
        [
            Port(slug, target, shapes.get(target, ()), "float32")
            for target, slug in slugs(signature.targets).items()
        ],
        Batcher([compute_with(one) for one in chosen.engines], size),
        seconds,
        list(_needed(chosen)),
        ServedWriter(opened, trust=trust) if signature.writes else None,
        open_catalogue(opened.folder) if opened.folder.expects(opened.folder.catalogue) else None,
        trust,
    )


def _needed(chosen: Engines) -> Sequence[str]:
    return list(chosen.engines[0].needed)


def _version(opened: OpenRun) -> str:
    """The run's time as a number: TensorFlow Serving's versions are numbers."""
    return re.sub(r"\D", "", Path(opened.folder.path).resolve().name)[:18].lstrip("0") or "1"


def blank(signature: Signature, count: int) -> Any:
    """Examples that say nothing: zeros, and texts without a letter."""
    kind = signature.kind
    if not kind.is_composed:
        return np.zeros((count, *kind.shape), kind.dtype)
    return {name: _blank_column(one, count) for name, one in signature.given.items()}


def _blank_column(kind: Any, count: int) -> Held:
    if kind.dtype == "string":
        return Held(np.zeros((count, *kind.shape), np.int32), ("",))
    return Held(np.zeros((count, *kind.shape), kind.dtype))
