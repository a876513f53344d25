"""Columns of a row as a model takes them: an input for each, prepared by its own layers or its kind's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.config.components import Component
from bigmodel_cli.config.model_inputs import TAKES_STRINGS, made_numbers, rows_of_embedding
from bigmodel_cli.config.preprocessing import augmentation_of, layers_of
from bigmodel_cli.config.problems import Problem, config_error
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.walk import walk
from bigmodel_cli.errors import ConfigError
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.modeling.adapting import as_numbers
from bigmodel_cli.modeling.augmentation import Augmentation, augmentation_layer
from bigmodel_cli.modeling.encodings.base import Encoding
from bigmodel_cli.modeling.moving_masks import why_not_in_rows
from bigmodel_cli.modeling.objects import Objects, pointing_at
from bigmodel_cli.modeling.training_data import ENOUGH, TrainingData
from bigmodel_cli.parts import part_of
from bigmodel_cli.signature import Signature
from bigmodel_cli.tasks.bound import Bound
from bigmodel_cli.vocabulary.vocabulary import VOCABULARY_SIZE

# Layers that compute each feature from itself alone, so that many columns can share one.
_FEATURE_BY_FEATURE = frozenset({"Normalization", "Rescaling", "Identity"})
# Arguments that give each feature its own number; who writes them means one column.
_OF_ONE_COLUMN = ("mean", "variance", "axis")


@dataclass(frozen=True, eq=False)
class Column:
    """What stands for one column, or several side by side, on their way to the network.

    Attributes:
        tensor: A `keras.KerasTensor`.
        names: The columns that it is made of.
    """

    tensor: Any
    names: Sequence[str]


class Columns:
    """The inputs of a model of rows, prepared.

    Args:
        experiment: For its preprocessing.
        signature: The columns.
        objects: Makes layers; takes the sizes of vocabularies.
        origins: Takes the component of each layer, by the layer's name.
        training: What layers learn from; None: nothing is learnt.
        learn: Lets a layer with `adapt()` learn from values of shape (n, …).

    Attributes:
        augmentation: The layers behind prepared columns that are active in training only.
    """

    def __init__(
        self,
        experiment: Experiment,
        signature: Signature,
        objects: Objects,
        origins: dict[str, Component],
        training: TrainingData | None,
        learn: Callable[[Any, Component, Any], None],
    ) -> None:
        import keras

        self.experiment = experiment
        self.kinds = signature.inputs
        self.slugs = signature.slugs
        self.objects = objects
        self.origins = origins
        self.training = training
        self._learn = learn
        self.inputs = {
            name: keras.Input(
                (None,) if signature.has_any_length and kind.vocabulary is not None else kind.shape,
                dtype=kind.dtype,
                name=self.slugs[name],
            )
            for name, kind in self.kinds.items()
        }
        self.augmentation: list[Augmentation] = []
        self._has_masks = any(part_of(task, Bound).moves_with_image for task in signature.targets.values())
        self._made: dict[str, Column] = {}

    @property
    def unused(self) -> list[str]:
        """The columns that no step got."""
        used = {name for column in self._made.values() for name in column.names}
        return [name for name in self.inputs if name not in used]

    def named(self, steps: Sequence[Component]) -> dict[str, Any]:
        """The tensors that steps name in `inputs`, and `input`, where the first step names none."""
        wanted = {name for step in walk(steps) for name in step.inputs or ()}
        if steps[0].inputs is None or "previous" in steps[0].inputs:
            wanted.add("input")
        alone = {name for name in wanted if name in self.kinds}
        found = {name: self._column(name).tensor for name in sorted(alone)}
        plurals = {kind.plural for kind in self.kinds.values()}
        for name in sorted(wanted & plurals - set(found)):
            found[name] = self._side_by_side(self._of_kind(name, alone), alone, steps[0])
        if "input" in wanted:
            parts = [part for name in sorted(plurals) for part in self._of_kind(name, alone)]
            found["input"] = self._side_by_side(parts, alone, steps[0])
        self._count_vocabularies()
        self._check_embeddings(steps)
        return found

    def _count_vocabularies(self) -> None:
        """Of a kind's columns side by side an Embedding has to hold the largest vocabulary."""
        numbers = self.objects.numbers
        for plural in {kind.plural for kind in self.kinds.values()}:
            names = (name for name, kind in self.kinds.items() if kind.plural == plural)
            sizes = [numbers.get(f"{name}.{VOCABULARY_SIZE}") for name in names]
            if known := [size for size in sizes if size is not None]:
                numbers[f"{plural}.{VOCABULARY_SIZE}"] = max(known)

    def _check_embeddings(self, steps: Sequence[Component]) -> None:
        """Refuse an Embedding with fewer rows than words: a GPU takes the others for zeros, without a word.

        Raises:
            ConfigError: Points at the step.
        """
        for step in walk(steps):
            key, rows = rows_of_embedding(step) or ("", None)
            for name in step.inputs or () if key else ():
                words = self.objects.numbers.get(f"{name}.{VOCABULARY_SIZE}")
                if isinstance(rows, int) and words is not None and rows < words:
                    raise _refused(
                        step,
                        f"{key}: {rows} is smaller than the vocabulary of {name}, which has {words:,}",
                        f"write {key}: {name}.{VOCABULARY_SIZE}",
                    )

    def _of_kind(self, plural: str, alone: set[str]) -> list[Column]:
        """The columns of a kind: those that share their layers at once, then the others by name."""
        names = sorted(name for name, kind in self.kinds.items() if kind.plural == plural)
        shared = [name for name in names if not self._has_own(name) and name not in alone]
        if len(shared) > 1 and all(map(_is_shareable, self._layers(shared[0]))):
            joined = [self._joined(shared)] if self.kinds[shared[0]].dtype == "float32" else []
            if joined:
                return joined + [self._column(name) for name in names if name not in shared]
        return [self._column(name) for name in names]

    def _has_own(self, name: str) -> bool:
        sections = (self.experiment.preprocessing, self.experiment.augmentation)
        return any(isinstance(written, dict) and name in written for written in sections)

    def _layers(self, name: str) -> Sequence[Component]:
        return layers_of(self.experiment, name, self.kinds[name])

    def _column(self, name: str) -> Column:
        if name not in self._made:
            self._made[name] = self._prepared(Column(self._begun(name), [name]))
        return self._made[name]

    def _begun(self, name: str) -> Any:
        """A column as its first layer gets it: a number has an axis of its own."""
        import keras

        kind, tensor = self.kinds[name], self.inputs[name]
        if kind.dtype == "float32" and kind.shape == ():
            return keras.ops.expand_dims(tensor, -1)
        return keras.ops.cast(tensor, "float32") if kind.dtype == "uint8" else tensor

    def _joined(self, names: Sequence[str]) -> Column:
        """Columns of numbers as one tensor, prepared together."""
        import keras

        key = "\n".join(names)
        if key not in self._made:
            tensor = keras.ops.concatenate([self._begun(name) for name in names], axis=-1)
            self._made[key] = self._prepared(Column(tensor, names))
        return self._made[key]

    def _prepared(self, column: Column) -> Column:
        for component in self._layers(column.names[0]):
            column = Column(self._step(component, column), column.names)
        name = column.names[0]
        for component in augmentation_of(self.experiment, name, self.kinds[name]):
            self.augmentation.append(augmentation_layer(component, self.objects, column.tensor))
            self._require_still(component, self.augmentation[-1].layer)
            with pointing_at(component, column.tensor):
                column = Column(self.augmentation[-1].layer(column.tensor), column.names)
        return column

    def _require_still(self, component: Component, layer: Any) -> None:
        """Raises:
        ConfigError: If a layer moves an image whose mask it leaves where it is.
        """
        if self._has_masks and (why := why_not_in_rows(layer, component.name)) is not None:
            advice = "take it out, or read images and masks with mask_folder, where it moves both"
            raise config_error([Problem(component.place, component.path, why, suggestion=advice)])

    def _step(self, component: Component, column: Column) -> Any:
        import keras

        if isinstance(component.options, Encoding):
            with pointing_at(component, column.tensor):
                return component.options.with_numbers(self.objects.numbers).encode(
                    column.tensor, lambda tensor: self._values(tensor, column.names, ENOUGH)
                )
        layer = self.objects.make(component, **_told_of_missing(component, self.kinds[column.names[0]]))
        self.origins[layer.name] = component
        if _takes_rows_for_tokens(component) and len(column.tensor.shape) == 1:
            column = Column(keras.ops.expand_dims(column.tensor, -1), column.names)
        if hasattr(layer, "adapt") and self.training is not None:
            self._learn(layer, component, self._words(column))
        if hasattr(layer, "vocabulary_size"):
            self.objects.numbers[f"{column.names[0]}.{VOCABULARY_SIZE}"] = int(layer.vocabulary_size())
        with pointing_at(component, column.tensor):
            tensor = layer(column.tensor)
        return as_numbers(tensor, component) if hasattr(layer, "adapt") else tensor

    def _words(self, column: Column) -> Any:
        """What a layer behind a column learns from: a column that has another one's words, from that one."""
        name, other = column.names[0], self.kinds[column.names[0]].words_of
        is_raw = column.tensor is self.inputs[name]
        if other in self.inputs and is_raw and self.inputs[other].dtype == column.tensor.dtype:
            return self._values(self.inputs[other], [other])
        return self._values(column.tensor, column.names)

    def values_of(self, tensor: Any) -> np.ndarray | None:
        """What stands in a tensor of the network over some training rows; None where nothing is learnt."""
        found: np.ndarray | None = self._values(tensor, list(self.inputs), ENOUGH)
        return found

    def adapt(self, layer: Any, component: Component, tensor: Any) -> None:
        """Let a layer that looks words up, behind a column, learn them from all training rows."""
        if self.training is not None:
            names = [name for name, given in self.inputs.items() if given is tensor] or list(self.inputs)
            self._learn(layer, component, self._values(tensor, names))

    def _values(self, tensor: Any, names: Sequence[str], most: int | None = None) -> Any:
        """What stands in a tensor that is made of some columns, over the training rows."""
        import keras
        import tensorflow as tf

        if self.training is None:
            return None
        raw = [tf.constant(self.training.values(name, most)) for name in names]
        inputs = [self.inputs[name] for name in names]
        if tensor is inputs[0]:
            # Texts stay as TensorFlow has them, which looks them up.
            return raw[0] if raw[0].dtype == tf.string else raw[0].numpy()
        return np.asarray(keras.Model(inputs, tensor)(raw, training=False))

    def _side_by_side(self, parts: Sequence[Column], alone: set[str], step: Component) -> Any:
        """Columns next to each other: all places in vocabularies, or all numbers.

        Places mean nothing beside numbers: beside these, columns of places that steps name are left out.

        Raises:
            ConfigError: If some columns can stand beside none; names the first one.
        """
        import keras

        if len(parts) == 1 and step.name in TAKES_STRINGS:
            return parts[0].tensor
        for part in parts:
            if part.tensor.dtype == "string" or len(part.tensor.shape) > 2:
                raise self._no_vector(part, step)
        are_places = {id(part): part.tensor.dtype.startswith("int") for part in parts}
        if len(set(are_places.values())) > 1:
            for part in parts:
                if are_places[id(part)] and not alone.issuperset(part.names):
                    raise self._places(part, step)
            parts = [part for part in parts if not are_places[id(part)]]
        tensors = [
            part.tensor if len(part.tensor.shape) == 2 else keras.ops.expand_dims(part.tensor, -1)
            for part in parts
        ]
        return tensors[0] if len(tensors) == 1 else keras.ops.concatenate(tensors, axis=-1)

    def _places(self, part: Column, step: Component) -> ConfigError:
        (name,) = part.names
        return _refused(
            step,
            f"the column {name} gives places in a vocabulary, which mean nothing beside numbers",
            f"write output_mode: one_hot, or embed it: {{Embedding: {{inputs: [{name}], "
            f"input_dim: {name}.vocabulary_size, output_dim: 8}}}}",
        )

    def _no_vector(self, part: Column, step: Component) -> ConfigError:
        name = part.names[0]
        kind = self.kinds[name]
        if part.tensor.dtype == "string":
            message = f"the column {name} is a {kind.noun}, which no layer of numbers takes"
            return _refused(step, message, made_numbers(kind.name))
        names = ", ".join(sorted({*self.kinds, *(kind.plural for kind in self.kinds.values())}))
        message = (
            f"the column {name} has shape {tuple(part.tensor.shape[1:])}, and cannot stand beside others"
        )
        return _refused(
            step, message, f"give steps their inputs: [{name}], and join them later; names: {names}"
        )


def _refused(component: Component, message: str, suggestion: str) -> ConfigError:
    return config_error([Problem(component.place, component.path, message, suggestion=suggestion)])


def _is_shareable(component: Component) -> bool:
    if component.family == "encodings":
        return True
    is_known = component.name in _FEATURE_BY_FEATURE
    return is_known and not any(name in component.arguments for name in _OF_ONE_COLUMN)


def _takes_rows_for_tokens(component: Component) -> bool:
    """Whether a layer would count the words of all rows together, if a row's word had no axis of its own.

    `Hashing` does not with `one_hot`, but tells Keras another shape.
    """
    mode = component.arguments.get("output_mode", "int")
    counts = mode not in ("int", "one_hot")
    if component.name == "Hashing":
        return counts or bool(mode == "one_hot")
    return component.name in ("StringLookup", "IntegerLookup") and counts


def _told_of_missing(component: Component, kind: Kind) -> Mapping[str, Any]:
    """A category that is missing has a place of its own, which is not that of unknown ones."""
    is_lookup = component.name == "StringLookup" and kind.dtype == "string"
    return {"mask_token": ""} if is_lookup and "mask_token" not in component.arguments else {}
