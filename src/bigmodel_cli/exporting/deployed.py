"""What all formats are made from: the run's best model with names that are ours, in float32."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.exporting.format import Named
from bigmodel_cli.inference.export_error import ExportError
from bigmodel_cli.inference.lookups.front import Front, Lookup
from bigmodel_cli.kinds.cells import Held
from bigmodel_cli.modeling.cut import model_from, traced
from bigmodel_cli.modeling.lookups import NoLookup, behind_lookups
from bigmodel_cli.modeling.port import Port
from bigmodel_cli.modeling.without_augmentation import without_augmentation
from bigmodel_cli.signature import Signature, slugs


@dataclass(frozen=True)
class Deployed:
    """A model that is ready to be written.

    Attributes:
        model: A functional `keras.Model` from inputs by name to outputs by name.
        inputs: What it takes.
        outputs: What it gives, one for each target in their order.
        front: What computes some of the inputs from words; None where the model takes examples as they are.
        batch_size: How many examples go in at once; None: as many as there are.
    """

    model: Any
    inputs: Sequence[Port]
    outputs: Sequence[Port]
    front: Front | None = None
    batch_size: int | None = None

    def given(self, features: Any) -> Named:
        """Raw features as the model takes them.

        Args:
            features: An array of shape (n, …), or for each column by its own name its values.
        """
        return given([port.name for port in self.inputs], self.front, features)


def given(inputs: Sequence[str], front: Front | None, features: Any) -> Named:
    """Raw features as a model takes them, by the names of its inputs; `features` as for `Deployed.given`."""
    if not isinstance(features, Mapping):
        return {inputs[0]: features}
    slug_of = slugs(features)
    named = {slug_of[name]: column for name, column in features.items()}
    columns = named if front is None else front.run(named)
    return {name: values.values() if isinstance(values := columns[name], Held) else values for name in inputs}


def deployed(
    model: Any, signature: Signature, never_missing: Sequence[str], *, batch_size: int | None = None
) -> tuple[Deployed, Deployed | ExportError]:
    """A run's model as it is, and the part that takes no words.

    Args:
        model: The saved model, a functional `keras.Model`.
        signature: Of the run.
        never_missing: The columns of numbers whose missing values nothing fills.
        batch_size: How many examples go in at once; None: as many as there are.

    Returns:
        Twice the same where nothing takes words; an error where NumPy does not compute what does.
    """
    copy, _ = traced(without_augmentation(model))
    names = list(slugs(signature.targets).values())
    outputs = copy.output if isinstance(copy.output, Mapping) else {names[0]: copy.output}
    inputs = (
        {tensor.name: tensor for tensor in copy.inputs}
        if signature.kind.is_composed
        else {signature.slugs[next(iter(signature.inputs))]: copy.inputs[0]}
    )
    whole = _ready(model_from(inputs, {name: outputs[name] for name in names}), None, batch_size)
    if all(port.dtype != "string" for port in whole.inputs) and not _looks_up(whole.model):
        return whole, whole
    try:
        behind = behind_lookups(whole.model)
    except NoLookup as error:
        return whole, ExportError(
            f"texts go through something that is no lookup: {error}", hint="--format savedmodel takes texts"
        )
    front = Front({name: Lookup(**one) for name, one in behind.lookups.items()}, never_missing)
    return whole, _ready(behind.back, front, batch_size)


def _looks_up(model: Any) -> bool:
    """Whether a layer has a table, which is no constant of a graph."""
    return any(hasattr(layer, "lookup_table") for layer in model.layers)


def _ready(model: Any, front: Front | None, batch_size: int | None) -> Deployed:
    inputs = [Port(name, tuple(t.shape[1:]), str(t.dtype)) for name, t in model.input.items()]
    outputs = [Port(name, tuple(t.shape[1:]), str(t.dtype)) for name, t in model.output.items()]
    return Deployed(model, inputs, outputs, front, batch_size)


def padded(features: Named, size: int) -> Named:
    """Fewer examples than go in at once, filled up with the last one."""
    return {
        name: np.concatenate([values, np.repeat(values[-1:], size - len(values), axis=0)])
        for name, values in features.items()
    }
