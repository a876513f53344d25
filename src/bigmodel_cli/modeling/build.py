"""An experiment and a data signature to a compiled Keras model.

The saved model is a plain functional model from raw examples to outputs: preprocessing, then the
config's steps. Augmentation stands between the two, or among the steps, in training only, so it is no part of
the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.config.aim import Aim, aims_of
from bigmodel_cli.config.checks.targets import without_step
from bigmodel_cli.config.components import Component
from bigmodel_cli.config.model_outputs import last_step
from bigmodel_cli.config.preprocessing import augmentation_of, layers_of
from bigmodel_cli.config.problems import Problem, config_error
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.modeling.adapting import adapt, adapt_to
from bigmodel_cli.modeling.augmentation import Augmentation, augmentation_layer
from bigmodel_cli.modeling.columns import Columns
from bigmodel_cli.modeling.compilation import compile_model, make_optimizer
from bigmodel_cli.modeling.cut import without
from bigmodel_cli.modeling.encodings.base import Encoding, Learn
from bigmodel_cli.modeling.graph import Adapt, Graph
from bigmodel_cli.modeling.objects import Objects, pointing_at
from bigmodel_cli.modeling.tasks import Tasks, bind_outputs
from bigmodel_cli.modeling.training_data import ENOUGH, TrainingData
from bigmodel_cli.signature import Signature, slugs
from bigmodel_cli.sources.base import bare


@dataclass(frozen=True)
class BuiltModel:
    """A model with the parts that training needs beside it.

    Attributes:
        model: The functional `keras.Model` from raw features to outputs; what is saved.
        preprocess: The part of it before augmentation, or None where there is none.
        network: The part of it after augmentation; the model itself where there is no augmentation. Of rows
            the model with augmentation, each layer behind its column. It has the augmentation of steps.
        augmentation: What stands between the two in training, or in the network of rows.
        tasks: What it is trained for and measured by.
        origins: The step of the config that each layer comes from, by the layer's name.
        augments_columns: Whether augmentation is inside the network.
        of_steps: The augmentation among the steps of the network.
    """

    model: Any
    preprocess: Any | None
    network: Any
    augmentation: Sequence[Augmentation]
    tasks: Tasks
    origins: Mapping[str, Component]
    augments_columns: bool = False
    of_steps: Sequence[Augmentation] = ()

    @property
    def layers_of_columns(self) -> list[Any]:
        """The layers of augmentation that are inside the network, each behind its column."""
        return [item.layer for item in self.augmentation] if self.augments_columns else []

    @property
    def layers_in_network(self) -> list[Any]:
        """All layers of augmentation that are inside the network."""
        return [*self.layers_of_columns, *(item.layer for item in self.of_steps)]


def build_model(
    experiment: Experiment,
    signature: Signature,
    *,
    total_steps: int,
    data: TrainingData | None = None,
    warn: Callable[[str], None] = lambda _: None,
) -> BuiltModel:
    """Build and compile the model of an experiment.

    Args:
        experiment: What to build.
        signature: What one raw example is.
        total_steps: Training steps of the whole run; schedules that leave decay_steps out get it.
        data: What layers with `adapt()` and encodings learn from; None leaves them as they are, which is
            enough to count parameters.
        warn: Is told what they learned that is not meant.

    Raises:
        ConfigError: If Keras refuses a step, or the output does not fit loss and data; with the step's place.
    """
    import keras

    objects, origins = Objects(signature.numbers, signature.padded), dict[str, Component]()
    begin = _begin_row if signature.kind.is_composed else _begin_alone
    begun = begin(experiment, signature, _Making(objects, origins, data, warn))
    ends = _ends(experiment, signature)
    graph = Graph(
        objects, origins, begun.named, learn=begun.learn, adapt=begun.adapt, outputs=list(ends.values())
    )
    last = graph.extend(experiment.model, begun.named.get("input"))
    for warning in graph.warnings:
        warn(warning)
    if begun.unused:
        warn(f"columns that the model does not use: {', '.join(begun.unused)}")
    made = {name: _as_float32(graph.named[name] if len(ends) > 1 else last) for name in ends}
    aims = aims_of(experiment, signature.targets)
    bound = bind_outputs(made, aims, signature)
    outputs = bare({name: one.in_own_unit(made[name]) for name, one in bound.items()})
    with pointing_at(last_step(experiment.model), outputs):
        model = keras.Model(begun.inputs, outputs, name=_model_name(experiment.name))
    preprocess, network, of_columns = None, model, begun.of_columns
    inside = [item.layer for item in (*of_columns, *graph.augmentation)]
    if inside:
        model = without(network, inside)
    features = begun.features
    augmentation = [
        augmentation_layer(component, objects, features, list(bound.values()))
        for component in begun.augmentation
    ]
    if augmentation and features is not begun.inputs:
        preprocess = keras.Model(begun.inputs, features)
        network = keras.Model(features, outputs)
    optimizer = make_optimizer(experiment.optimizer, objects, total_steps)
    tasks = compile_model(model, aims, objects, bound, optimizer)
    return BuiltModel(
        model,
        preprocess,
        network,
        [*augmentation, *of_columns],
        tasks,
        origins,
        bool(of_columns),
        graph.augmentation,
    )


@dataclass(frozen=True)
class _Making:
    """What a model is made with.

    Attributes:
        objects: Makes Keras's objects.
        origins: Takes the component of each layer, by the layer's name.
        data: What layers learn from; None: they stay as they are.
        warn: Is told what they learned that is not meant.
    """

    objects: Objects
    origins: dict[str, Component]
    data: TrainingData | None
    warn: Callable[[str], None]


@dataclass(frozen=True)
class _Begun:
    """A model up to its first step.

    Attributes:
        inputs: `keras.Input`s as a model takes them.
        features: What augmentation gets.
        named: What steps may name, `input` among it where the first step gets it.
        learn: Gives what stands in a tensor over the training rows.
        adapt: Lets a step that looks words up learn them.
        unused: Columns that no step gets.
        augmentation: Of an example that is one tensor.
        of_columns: The augmentation of a row's columns, which is in the graph already.
    """

    inputs: Any
    features: Any
    named: dict[str, Any]
    learn: Learn
    adapt: Adapt
    unused: Sequence[str] = ()
    augmentation: Sequence[Component] = ()
    of_columns: Sequence[Augmentation] = ()


def _begin_alone(experiment: Experiment, signature: Signature, making: _Making) -> _Begun:
    """An example is one tensor."""
    import keras

    ((name, kind),), data = signature.inputs.items(), making.data
    inputs = keras.Input(kind.shape, dtype=kind.dtype, name=name)

    def learn(layer: Any, component: Component, arrived: Any) -> None:
        if data is not None and hasattr(layer, "adapt"):
            before = None if arrived is inputs else keras.Model(inputs, arrived)
            adapt(layer, component, before, data.batches, making.warn)

    def values(tensor: Any) -> np.ndarray | None:
        if data is None:
            return None
        return np.asarray(keras.Model(inputs, tensor)(data.values(name, ENOUGH), training=False))

    layers = layers_of(experiment, name, kind)
    features = _as_features(_preprocess(layers, inputs, making, learn, values))
    augmentation = augmentation_of(experiment, name, kind)
    # A table may have one column that is not predicted, which has a name like any other.
    named = {"input": features, name: features}
    return _Begun(inputs, features, named, values, learn, augmentation=augmentation)


def _begin_row(experiment: Experiment, signature: Signature, making: _Making) -> _Begun:
    """An example is a row, with an input for each column."""

    def learn(layer: Any, component: Component, values: Any) -> None:
        adapt_to(layer, component, values, making.warn)

    columns = Columns(experiment, signature, making.objects, making.origins, making.data, learn)
    named = columns.named(experiment.model)
    inputs = bare(columns.inputs)
    return _Begun(
        inputs,
        inputs,
        named,
        columns.values_of,
        columns.adapt,
        columns.unused,
        of_columns=columns.augmentation,
    )


def _ends(experiment: Experiment, signature: Signature) -> dict[str, Component]:
    """The step that makes the output of each target.

    Raises:
        ConfigError: If some of several targets have none.
    """
    if len(signature.targets) == 1:
        return dict.fromkeys(signature.targets, last_step(experiment.model))
    last = experiment.model[-1]
    # Of packed tables, which targets there are the data tell.
    lacking = [
        Problem(last.place, last.path, message, suggestion=advice)
        for message, advice in without_step(signature.targets, experiment.model)
    ]
    if lacking:
        raise config_error(lacking)
    ends = {step.step: step for step in experiment.model}
    return {name: ends[name] for name in signature.targets}


def compile_for_evaluation(model: Any, aims: Mapping[str, Aim], signature: Signature) -> Tasks:
    """Give a loaded model the losses and metrics of its targets, and no optimizer.

    Raises:
        ConfigError: If they do not fit it.
    """
    slug_of = slugs(signature.targets)
    outputs = {
        name: model.outputs[0] if len(slug_of) == 1 else model.output[slug] for name, slug in slug_of.items()
    }
    bound = bind_outputs(outputs, aims, signature)
    return compile_model(model, aims, Objects(signature.numbers), bound)


def _model_name(name: str) -> str:
    # Keras takes ASCII alone, and a letter or digit first.
    kept = "".join(c if (c.isascii() and c.isalnum()) or c in "_-" else "_" for c in name)
    return kept.lstrip("_-") or "model"


def _as_features(tensor: Any) -> Any:
    """Pixels as float32: Keras layers do not convert whole numbers, and convolutions refuse them."""
    import keras

    return keras.ops.cast(tensor, "float32") if tensor.dtype == "uint8" else tensor


def _as_float32(outputs: Any) -> Any:
    """Under mixed precision the loss still gets float32, also from an application or a block."""
    import keras

    if isinstance(outputs, keras.KerasTensor) and outputs.dtype in ("float16", "bfloat16"):
        return keras.layers.Activation("linear", dtype="float32", name="float32_output")(outputs)
    return outputs


def _preprocess(
    components: Sequence[Component],
    inputs: Any,
    making: _Making,
    learn: Callable[[Any, Component, Any], None],
    values: Learn,
) -> Any:
    tensor = inputs
    for component in components:
        if isinstance(component.options, Encoding):
            with pointing_at(component, tensor):
                tensor = component.options.with_numbers(making.objects.numbers).encode(tensor, values)
            continue
        layer = making.objects.make(component)
        making.origins[layer.name] = component
        learn(layer, component, tensor)
        with pointing_at(component, tensor):
            tensor = layer(tensor)
    return tensor
