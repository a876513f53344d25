"""What a training run would be, without the run."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bigmodel_cli.config.components import Component
from bigmodel_cli.config.dump import plain
from bigmodel_cli.config.load import LoadedConfig
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.inference.run_data import load_splits
from bigmodel_cli.listener import Listener
from bigmodel_cli.modeling.backend import start
from bigmodel_cli.modeling.build import build_model
from bigmodel_cli.network import downloads
from bigmodel_cli.training.batch_size import estimate_batch_size
from bigmodel_cli.training.frozen_cost import frozen_parameters, learns
from bigmodel_cli.training.known_data import fit_to_data
from bigmodel_cli.training.pin import pinned
from bigmodel_cli.training.plan import make_plan


@dataclass(frozen=True)
class LayerRow:
    """One layer of the built model.

    Attributes:
        name: Keras's name of it.
        kind: Its class.
        shape: Of its output, with None for the batch.
        parameters: Its own.
        place: Where the config writes it, for instance `mnist.yaml:14`; empty for what bigmodel adds.
        learns: `yes`, `frozen`, `in part`, or `adapted` before training; empty where there are no weights.
        inside: The layers of an application.
    """

    name: str
    kind: str
    shape: str
    parameters: int
    place: str
    learns: str = ""
    inside: tuple[LayerRow, ...] = ()

    def as_json(self) -> dict[str, Any]:
        inside = {"inside": [row.as_json() for row in self.inside]} if self.inside else {}
        return {name: value for name, value in vars(self).items() if name != "inside"} | inside


@dataclass(frozen=True)
class Preview:
    """The config resolved, the model built, the work counted.

    Attributes:
        experiment: With what `auto` means for this data.
        layers: In order.
        parameters: Of the whole model.
        frozen_parameters: Those that could learn and do not.
        splits: Their sizes.
        batch_size: Examples per step; where it is `auto`, about what it will be.
        steps_per_epoch: Training steps.
        steps: Of the whole run, unless a callback ends it earlier.
        weight_bytes: Weights, gradients and optimizer variables.
        memory_bytes: Estimated peak of a training step: the same, and each layer's output twice (itself and
            its gradient) for the whole batch. What the framework and its kernels need comes on top.
        checkpoint_bytes: One file.
        num_checkpoints: Files that stay.
        device: What `auto` would choose.
        precision: The same.
    """

    experiment: Experiment
    layers: list[LayerRow]
    parameters: int
    frozen_parameters: int
    splits: dict[str, int]
    batch_size: int
    steps_per_epoch: int
    steps: int
    weight_bytes: int
    memory_bytes: int
    checkpoint_bytes: int
    num_checkpoints: int
    device: str
    precision: str

    def as_json(self) -> dict[str, Any]:
        document = {name: value for name, value in vars(self).items() if name not in ("experiment", "layers")}
        layers = [layer.as_json() for layer in self.layers]
        return {"config": plain(self.experiment), "layers": layers, **document}


@contextmanager
def _telling(listener: Listener) -> Iterator[None]:
    """What Keras warns of while a model is built is said as all warnings are; a run keeps it in train.log."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default", UserWarning)
        yield
    told = [one for one in caught if issubclass(one.category, UserWarning)]
    for message in dict.fromkeys(" ".join(str(one.message).split()) for one in told):
        listener.warn(f"Keras: {message}")


def preview(config: LoadedConfig, listener: Listener, *, offline: bool = False) -> Preview:
    """Load the data and build the model, to tell what training would do.

    Raises:
        ConfigError: If Keras refuses a part of the config, or the model does not fit the data.
        DataError: If the data is missing or damaged.
        UsageError: If it lacks a class that the config names.
    """
    splits = load_splits(config.experiment, listener, offline=offline)
    experiment = pinned(fit_to_data(config, splits, listener.warn), splits)
    plan = make_plan(experiment.training)
    start(seed=experiment.seed, precision=plan.precision)
    # Schedules get the real number of steps when training begins; nothing that is shown depends on it.
    with downloads(allowed=not offline), _telling(listener):
        built = build_model(experiment, splits.signature, total_steps=1)
    model = built.model
    model.optimizer.build(model.trainable_variables)
    weights = _bytes(model.variables)
    checkpoint = weights + _bytes(model.optimizer.variables)
    fixed = checkpoint + _bytes(model.trainable_variables)

    def memory(batch_size: int) -> int:
        return fixed + _activation_bytes(model, batch_size)

    batch_size = experiment.data.batch_size
    if batch_size == "auto":
        batch_size = estimate_batch_size(len(splits.train), memory)
    steps = -(-splits.epoch_size(experiment.data) // batch_size)
    return Preview(
        experiment,
        [_row(layer, built.origins.get(layer.name)) for layer in model.layers],
        model.count_params(),
        frozen_parameters(model),
        splits.sizes,
        batch_size,
        steps,
        steps * experiment.training.epochs,
        fixed,
        memory(batch_size),
        checkpoint,
        2 if experiment.training.checkpoint.keep == 1 else 2 + experiment.training.checkpoint.keep,
        plan.device.describe(),
        plan.precision,
    )


def _row(layer: Any, component: Component | None) -> LayerRow:
    shapes = ", ".join(str(tuple(output.shape)) for output in _outputs(layer))
    place = f"{component.place.origin}:{component.place.line}" if component else ""
    inside = tuple(_row(inner, None) for inner in getattr(layer, "layers", ()))
    return LayerRow(
        layer.name, type(layer).__name__, shapes, layer.count_params(), place, learns(layer), inside
    )


def _outputs(layer: Any) -> list[Any]:
    return list(layer.output) if isinstance(layer.output, list | tuple) else [layer.output]


def _activation_bytes(model: Any, batch_size: int) -> int:
    """Outputs of all layers, those inside applications too, with their gradients, for one batch."""
    import tensorflow as tf

    total = 0
    for layer in model.layers:
        if hasattr(layer, "layers"):
            total += _activation_bytes(layer, batch_size)
            continue
        for output in _outputs(layer):
            size = math.prod(length or 1 for length in output.shape[1:])
            total += 2 * batch_size * size * tf.as_dtype(output.dtype).size
    return total


def _bytes(variables: list[Any]) -> int:
    import tensorflow as tf

    return sum(math.prod(variable.shape) * tf.as_dtype(variable.dtype).size for variable in variables)
