"""An experiment and a data signature to a compiled Keras model.

The saved model is a plain functional model from raw examples to outputs: preprocessing, then the
config's steps. Augmentation stands between the two in training only, so it is no part of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bigmodel_cli.config.components import Component
from bigmodel_cli.config.model_outputs import last_step
from bigmodel_cli.config.problems import Problem, config_error
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.modeling.adapting import AdaptData, adapt
from bigmodel_cli.modeling.augmentation import Augmentation
from bigmodel_cli.modeling.compilation import compile_model
from bigmodel_cli.modeling.graph import Graph
from bigmodel_cli.modeling.objects import Objects, pointing_at
from bigmodel_cli.modeling.tasks import Tasks, bind_outputs
from bigmodel_cli.signature import Signature
from bigmodel_cli.tasks.bound import Bound


@dataclass(frozen=True)
class BuiltModel:
    """A model with the parts that training needs beside it.

    Attributes:
        model: The functional `keras.Model` from raw features to outputs; what is saved.
        preprocess: The part of it before augmentation, or None where there is none.
        network: The part of it after augmentation; the model itself where there is no augmentation.
        augmentation: What stands between the two in training.
        tasks: What it is trained for and measured by.
        origins: The step of the config that each layer comes from, by the layer's name.
    """

    model: Any
    preprocess: Any | None
    network: Any
    augmentation: Sequence[Augmentation]
    tasks: Tasks
    origins: Mapping[str, Component]


def build_model(
    experiment: Experiment,
    signature: Signature,
    *,
    total_steps: int,
    adapt_data: AdaptData | None = None,
    warn: Callable[[str], None] = lambda _: None,
) -> BuiltModel:
    """Build and compile the model of an experiment.

    Args:
        experiment: What to build.
        signature: What one raw example is.
        total_steps: Training steps of the whole run; schedules that leave decay_steps out get it.
        adapt_data: Raw training features for layers with `adapt()`; None leaves them unadapted, which
            is enough to count parameters.
        warn: Is told what they learned that is not meant.

    Raises:
        ConfigError: If Keras refuses a step, or the output does not fit loss and data; with the step's place.
    """
    import keras

    objects = Objects(signature.numbers)

    def learn(layer: Any, component: Component, arrived: Any) -> None:
        if adapt_data is not None and hasattr(layer, "adapt"):
            before = None if arrived is inputs else keras.Model(inputs, arrived)
            adapt(layer, component, before, adapt_data, warn)

    ((name, kind),) = signature.inputs.items()
    inputs = keras.Input(kind.shape, dtype=kind.dtype, name=name)
    origins: dict[str, Component] = {}
    prepared = _preprocess(experiment.preprocessing, inputs, objects, learn, origins)
    features = _as_features(prepared)
    graph = Graph(objects, origins, {"input": features}, output=last_step(experiment.model))
    outputs = _as_float32(graph.extend(experiment.model, features))
    bound = bind_outputs(outputs, experiment, signature)
    with pointing_at(last_step(experiment.model), outputs):
        model = keras.Model(inputs, outputs, name=_model_name(experiment.name))
    preprocess, network = None, model
    augmentation = [
        _augmentation(component, objects, features, bound.values()) for component in experiment.augmentation
    ]
    if augmentation and features is not inputs:
        preprocess = keras.Model(inputs, features)
        network = keras.Model(features, outputs)
    tasks = compile_model(model, experiment, objects, bound, total_steps=total_steps)
    return BuiltModel(model, preprocess, network, augmentation, tasks, origins)


def compile_for_evaluation(model: Any, experiment: Experiment, signature: Signature) -> Tasks:
    """Give a loaded model the loss and metrics of its experiment, and no optimizer.

    Raises:
        ConfigError: If they do not fit it.
    """
    bound = bind_outputs(model.outputs[0], experiment, signature)
    return compile_model(model, experiment, Objects(signature.numbers), bound, total_steps=None)


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
    objects: Objects,
    learn: Callable[[Any, Component, Any], None],
    origins: dict[str, Component],
) -> Any:

    tensor = inputs
    for component in components:
        layer = objects.make(component)
        origins[layer.name] = component
        learn(layer, component, tensor)
        with pointing_at(component, tensor):
            tensor = layer(tensor)
    return tensor


# Keras's layers that mix whole examples and their labels.
_MIXING = frozenset({"MixUp", "CutMix"})


def _augmentation(
    component: Component, objects: Objects, features: Any, tasks: Iterable[Bound]
) -> Augmentation:
    layer = objects.make(component)
    problem, suggestion = None, None
    if hasattr(layer, "adapt"):
        problem, suggestion = (
            f"{component.name} learns from data; augmentation is for training only",
            "move it to preprocessing",
        )
    mixes_labels = component.name in _MIXING
    if mixes_labels and any(task.encoding != "one_hot" for task in tasks):
        problem = f"{component.name} mixes labels, which needs a loss over one-hot labels"
        suggestion = "write loss: CategoricalCrossentropy, and end the model with units: num_classes"
    if problem is None and not mixes_labels:
        with pointing_at(component, features):
            changed = layer.compute_output_shape(features.shape)
        if tuple(changed) != tuple(features.shape):
            problem = (
                f"{component.name} turns shape {features.shape} into {tuple(changed)}; "
                "augmentation keeps the shape"
            )
            suggestion = "move it to preprocessing"
    if problem:
        raise config_error([Problem(component.place, component.path, problem, suggestion=suggestion)])
    return Augmentation(layer, mixes_labels)
