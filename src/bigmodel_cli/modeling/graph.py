"""Steps of a config to a Keras functional graph."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from bigmodel_cli.config.components import Component, DataNumber
from bigmodel_cli.config.problems import Problem, config_error
from bigmodel_cli.errors import ConfigError
from bigmodel_cli.modeling.adapting import as_numbers
from bigmodel_cli.modeling.augmentation import Augmentation, augmentation_layer
from bigmodel_cli.modeling.augmentations.base import Augmenting
from bigmodel_cli.modeling.blocks.base import Block
from bigmodel_cli.modeling.cut import model_from
from bigmodel_cli.modeling.encodings.base import Encoding, Learn
from bigmodel_cli.modeling.foreign import between, inner_tensors, laid_over
from bigmodel_cli.modeling.freezing import LORA_RANK, TRAINABLE, set_trainable
from bigmodel_cli.modeling.masks import averaging, heeding_no_mask, masked_alike, without_mask_warnings
from bigmodel_cli.modeling.objects import Objects, pointing_at
from bigmodel_cli.network import told_on_stderr
from bigmodel_cli.vocabulary.vocabulary import VOCABULARY_SIZE


def _call_arguments(layer: Any, tensor: Any) -> tuple[list[Any], dict[str, Any]]:
    """What arrives, as the layer takes it.

    Attention layers take query and value as two arguments; one input is both (self-attention).
    """
    import keras

    if isinstance(layer, keras.layers.GlobalAveragePooling1D):
        tensor, more = averaging(layer, tensor)
        return [tensor], more
    if not {"query", "value"} <= set(inspect.signature(layer.call).parameters):
        return [tensor], {}
    return (list(tensor) if isinstance(tensor, list) else [tensor, tensor]), {}


# Called with a layer, its component, and the tensor that arrives.
Adapt = Callable[[Any, Component, Any], None]


class Graph:
    """Connects steps to tensors; remembers the tensors of named steps.

    Args:
        objects: Makes the layers.
        origins: Takes the component of each layer, by the layer's name.
        learn: Gives encodings what stands in a tensor over the training rows.
        adapt: Lets a layer that looks words up learn them from what stands in a tensor.
        named: Tensors that `inputs` may name, besides those of the steps to come.
        outputs: The steps that make the model's outputs; under mixed precision they stay in float32.

    Attributes:
        warnings: What is to be said of steps that take padding for tokens.
        augmentation: Steps that are active in training only.
    """

    def __init__(
        self,
        objects: Objects,
        origins: dict[str, Component],
        named: dict[str, Any] | None = None,
        *,
        learn: Learn = lambda _tensor: None,
        adapt: Adapt = lambda _layer, _component, _tensor: None,
        outputs: Sequence[Component] = (),
    ) -> None:
        self.objects = objects
        self.origins = origins
        self.named = dict(named or {})
        self.learn = learn
        self.adapt = adapt
        self.outputs = outputs
        self.warnings: list[str] = []
        self.augmentation: list[Augmentation] = []
        self.current: Component | None = None
        self._made: list[tuple[Any, list[Any], Any]] = []

    def chain(self, steps: Sequence[Component], tensor: Any) -> Any:
        """Connect steps one after the other; names inside are not seen outside."""
        inner = Graph(
            self.objects, self.origins, self.named, learn=self.learn, adapt=self.adapt, outputs=self.outputs
        )
        inner.warnings, inner.augmentation = self.warnings, self.augmentation
        inner._made = self._made
        return inner.extend(steps, tensor)

    def extend(self, steps: Sequence[Component], tensor: Any) -> Any:
        """Connect steps one after the other; later calls may name them in `inputs`."""
        for component in steps:
            arrived = self._inputs(component, tensor)
            tensor = self.step(component, arrived)
            if component.step:
                self.named[component.step] = tensor
        return tensor

    def _inputs(self, component: Component, previous: Any) -> Any:
        if component.inputs is None:
            return previous
        tensors = []
        for name in component.inputs:
            if name != "previous" and name not in self.named:
                raise self.fail(
                    component, f"no step above is named {name!r}", f"names: {', '.join(self.named)}"
                )
            tensors.append(previous if name == "previous" else self.named[name])
        return tensors if len(tensors) > 1 else tensors[0]

    def step(self, component: Component, tensor: Any) -> Any:
        """Connect one step.

        Raises:
            ConfigError: If it cannot be built on what arrives; it points at the step.
        """
        if isinstance(component.options, Block):
            self.current = component
            return component.options.connect(tensor, self)
        if isinstance(component.options, Encoding):
            with pointing_at(component, tensor):
                return component.options.with_numbers(self.objects.numbers).encode(tensor, self.learn)
        if isinstance(component.options, Augmenting):
            self.augmentation.append(augmentation_layer(component, self.objects, tensor))
            return self.augmentation[-1].layer(tensor)
        if component.family == "applications":
            layer = self._application(component, tensor)
        else:
            layer = self.objects.make(component, **self._dtype(component))
        self.origins[layer.name] = component
        if hasattr(layer, VOCABULARY_SIZE):
            return self._looked_up(layer, component, tensor)
        if (unheeded := heeding_no_mask(layer, tensor)) is not None:
            self.warnings.append(f"{component.place}: {component.name} {unheeded}")
        with pointing_at(component, tensor), without_mask_warnings():
            tensor = masked_alike(layer, tensor, partial(self._connect, component))
            arguments, more = _call_arguments(layer, tensor)
            return layer(*arguments, **more)

    def _looked_up(self, layer: Any, component: Component, tensor: Any) -> Any:
        """What a layer gives that learns its words before training."""
        self.adapt(layer, component, tensor)
        if component.step:
            self.objects.numbers[f"{component.step}.{VOCABULARY_SIZE}"] = int(layer.vocabulary_size())
        with pointing_at(component, tensor):
            return as_numbers(layer(tensor), component)

    def _dtype(self, component: Component) -> dict[str, str]:
        import keras

        mixed = keras.config.dtype_policy().name.startswith("mixed_")
        return (
            {"dtype": "float32"}
            if mixed and any(component is one for one in self.outputs) and "dtype" not in component.arguments
            else {}
        )

    def _application(self, component: Component, tensor: Any) -> Any:
        """A `keras.applications` model that takes what arrives, and of which what is to learn learns."""
        import keras

        arguments = {k: v for k, v in component.arguments.items() if k not in (TRAINABLE, LORA_RANK)}
        accepted = inspect.signature(getattr(keras.applications, component.name)).parameters
        fixed: dict[str, Any] = {}
        if "input_shape" in accepted and "input_shape" not in arguments and "input_tensor" not in arguments:
            fixed["input_shape"] = tuple(tensor.shape[1:])
        plain = Component(component.name, component.family, component.place, component.path, arguments)
        with told_on_stderr(), warnings.catch_warnings():
            # That images of another size than theirs get the weights of the usual one is no news.
            warnings.filterwarnings("ignore", message=r"[\s\S]*will be loaded as the default")
            model = self.objects.make(plain, **fixed)
        set_trainable(model, component)
        return model

    def maps(self, steps: Sequence[Component], tensor: Any) -> list[Any]:
        """All tensors that steps make of one, in order; the layers of an application stand by themselves."""
        found: list[Any] = []
        for component in steps:
            if component.family == "applications":
                application = self._application(component, tensor)
                made = inner_tensors(application)
                tensors = list(laid_over(model_from(list(application.inputs), made), [tensor]).values())
                self.origins.update(dict.fromkeys((layer.name for layer in application.layers), component))
            else:
                before, made_of = tensor, self.chain([component], tensor)
                tensors = between(before, made_of)
            found += tensors
            tensor = tensors[-1]
        return found

    def own(self, layer: Any, tensor: Any, **more: Any) -> Any:
        """Connect a layer that a block adds itself."""
        return self._connect(self.current, layer, tensor, **more)

    def _connect(self, component: Component | None, layer: Any, tensor: Any, **more: Any) -> Any:
        """Connect a layer that belongs to a step."""
        if component is not None:
            self.origins[layer.name] = component
        return layer(tensor, **more)

    def learn_words(self, layer: Any, tensor: Any) -> None:
        """Let a layer of a block that looks words up learn them from the training rows."""
        assert self.current is not None, "a block asks only while it is being built"
        self.adapt(layer, self.current, tensor)

    def unique(self, name: str) -> str:
        """The name for layers of a block, with a number where the model has several such blocks."""
        import keras

        number = keras.backend.get_uid(name)
        return name if number == 1 else f"{name}_{number - 1}"

    def vocabulary_size(self, told: int | DataNumber | None) -> int:
        """How many tokens there are: as the config tells, else as the column has that the block gets.

        Raises:
            ConfigError: If that is not known.
        """
        assert self.current is not None, "a block asks only while it is being built"
        if told is not None:
            return int(self.objects.value(told, self.current))
        sizes = self._vocabularies()
        if len(set(sizes.values())) == 1:
            return next(iter(sizes.values()))
        columns = f": {', '.join(sizes)}" if sizes else ""
        raise self.fail(
            None,
            f"how many tokens there are is not known: {len(sizes)} columns have a vocabulary{columns}",
            f"write vocabulary_size: {next(iter(sizes), 'review.vocabulary_size')}",
        )

    def vocabulary_sizes(self) -> list[int | None]:
        """How many tokens each of the inputs has that a block names; None of one that looks none up."""
        assert self.current is not None, "a block asks only while it is being built"
        return [self.objects.numbers.get(f"{name}.{VOCABULARY_SIZE}") for name in self.current.inputs or ()]

    def has_padding(self) -> bool:
        """Whether the token 0 stands for none in what a block gets, as in what columns look up."""
        return any(map(self.objects.has_padding, self._vocabularies()))

    def _vocabularies(self) -> dict[str, int]:
        """How many tokens the columns have that a block gets, by what the config calls the number."""
        assert self.current is not None, "a block asks only while it is being built"
        known = {
            name: number
            for name, number in self.objects.numbers.items()
            if f".{name}".endswith(f".{VOCABULARY_SIZE}") and number is not None
        }
        named = [f"{name}.{VOCABULARY_SIZE}" for name in self.current.inputs or ()]
        return {name: known[name] for name in named if name in known} or known

    def once(self, key: tuple[Any, Any], make: Callable[[], Any]) -> Any:
        """What is made once for a name and the tensor, or tensors, that arrive."""
        name, arrived = key
        tensors = list(arrived) if isinstance(arrived, list | tuple) else [arrived]
        for known, before, made in self._made:
            if known == name and [*map(id, before)] == [*map(id, tensors)]:
                return made
        made = make()
        self._made.append((name, tensors, made))
        return made

    def fail(self, component: Component | None, message: str, suggestion: str | None = None) -> ConfigError:
        """The error to raise where a step cannot be built."""
        component = component or self.current
        if component is None:
            raise AssertionError("a block fails only while it is being built")
        return config_error([Problem(component.place, component.path, message, suggestion=suggestion)])
