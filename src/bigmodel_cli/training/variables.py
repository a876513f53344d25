"""What a training step may change, by names that say whose it is: layers and metrics may change places."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from bigmodel_cli.inference.steps import Measures
from bigmodel_cli.modeling.build import BuiltModel


def named_variables(built: BuiltModel, measures: Measures) -> dict[str, Any]:
    """Weights, seeds, optimizer and metrics, each once, by `role/owner/name`.

    Such as `model/dropout/seed_generator_state`, `metrics/accuracy/total` and
    `augmentation/random_flip/seed_generator_state`; where one owner has several of a name they are numbered.
    Their order is that by which checkpoints of version 1 tell them apart.
    """
    layers = {id(variable): owner for owner, variable in _of_layers("model", built.model)}
    owned = [
        *((layers.get(id(variable), "model"), variable) for variable in built.model.variables),
        *(("optimizer", variable) for variable in built.model.optimizer.variables),
        *((f"metrics/{one.name}", variable) for one in measures.metrics for variable in one.variables),
        *(
            (f"augmentation/{item.layer.name}", variable)
            for item in (*built.augmentation, *built.of_steps)
            for variable in item.layer.variables
        ),
    ]
    named: dict[str, Any] = {}
    seen: set[int] = set()
    for owner, variable in owned:
        if id(variable) not in seen:
            seen.add(id(variable))
            named[_free(f"{owner}/{variable.name}", named)] = variable
    return named


def _of_layers(path: str, model: Any) -> Iterator[tuple[str, Any]]:
    """Variables with the layer that they are of, inside an application too."""
    for layer in model.layers:
        owner = f"{path}/{layer.name}"
        yield from ((owner, variable) for variable in layer.variables)
        if getattr(layer, "layers", None):
            yield from _of_layers(owner, layer)


def _free(name: str, taken: dict[str, Any]) -> str:
    numbered = (name if number == 1 else f"{name}_{number}" for number in count(1))
    return next(one for one in numbered if one not in taken)
