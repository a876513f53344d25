"""A component to the Keras object that it names."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bigmodel_cli.config.catalogue import Entry
from bigmodel_cli.config.components import NUM_CLASSES, Component, DataNumber
from bigmodel_cli.config.problems import Problem, config_error
from bigmodel_cli.errors import BigmodelError, DataError, ResourceError
from bigmodel_cli.modeling.backend import is_out_of_memory
from bigmodel_cli.modeling.own_code import own_object, own_place
from bigmodel_cli.network import Offline, keras_home
from bigmodel_cli.signature import slugs

# Arguments of which Keras takes a tuple and refuses a list, which is all that YAML has.
_TUPLES = frozenset({"ngrams"})
# Names of layers that TensorFlow takes, of its scopes.
_TAKEN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_NODE_TAIL = re.compile(r" for '\{\{node.*|\s*\[Op:.*|\{\{.*?\}\}", re.DOTALL)


class Objects:
    """Makes Keras objects.

    Args:
        numbers: Values of the numbers that only the data knows, for instance {"num_classes": 10}.
        padded: Those among them that are sizes of vocabularies in which 0 stands for no token.
    """

    def __init__(self, numbers: Mapping[str, int | None], padded: Collection[str] = ()) -> None:
        # Layers that learn a vocabulary add their sizes.
        self.numbers = dict(numbers)
        self._without_padding = frozenset(numbers) - frozenset(padded)
        self._called: dict[str, str] = {}

    def has_padding(self, number: str) -> bool:
        """Whether a number is the size of a vocabulary in which 0 is none, as in all that layers learn."""
        return number not in self._without_padding

    def make(self, component: Component, **fixed: Any) -> Any:
        """The Keras object of a component.

        Args:
            component: A component of a Keras family.
            fixed: Arguments that are added to those of the config.

        Raises:
            ConfigError: If Keras refuses the arguments; it points at the component.
        """
        with pointing_at(component):
            if component.own is None and component.name[0].islower():
                return _by_identifier(component)
            arguments = {key: self.value(value, component) for key, value in component.arguments.items()}
            for key in _TUPLES & arguments.keys():
                arguments[key] = tuple(arguments[key]) if isinstance(arguments[key], list) else arguments[key]
            name = arguments.get("name")
            if isinstance(name, str) and not _TAKEN_NAME.fullmatch(name):
                # A step that is named like a target may be called anything.
                arguments["name"] = self._layer_name(name)
            if component.own is not None:
                return _own(component, component.own, arguments, fixed)
            return _find(component)(**{**arguments, **fixed})

    def _layer_name(self, name: str) -> str:
        """What a layer is called whose own name TensorFlow refuses; each another one."""
        if name not in self._called:
            self._called[name] = slugs([*self._called, name])[name]
        return self._called[name]

    def value(self, value: Any, owner: Component) -> Any:
        """An argument with the components and data numbers inside it replaced."""
        if isinstance(value, Component):
            return self.make(value)
        if isinstance(value, DataNumber):
            return self._number(value, owner)
        if isinstance(value, list):
            return [self.value(item, owner) for item in value]
        if isinstance(value, dict):
            return {key: self.value(item, owner) for key, item in value.items()}
        return value

    def _number(self, number: DataNumber, owner: Component) -> int:
        known = self.numbers.get(number.name)
        if known is None:
            why, advice = "the labels of this data are numbers, not classes", "write the number of outputs"
            if number.name not in self.numbers and number.name != NUM_CLASSES.name:
                known_names = [name for name, value in self.numbers.items() if value is not None]
                why = f"known are {', '.join(known_names) or 'none'}"
                advice = "a column has a vocabulary_size where its preprocessing looks values up"
            message = f"{number.name} is not known: {why}"
            raise config_error([Problem(owner.place, owner.path, message, suggestion=advice)])
        return known


def _by_identifier(component: Component) -> Any:
    import keras

    return getattr(keras, component.family).get(component.name)


def _own(component: Component, entry: Entry, arguments: Mapping[str, Any], fixed: Mapping[str, Any]) -> Any:
    """What a name of the user's own code gives; a function with the arguments that the config has for it."""
    import keras

    found = own_object(entry)
    assert entry.own is not None
    if not entry.own.is_function:
        more = {key: value for key, value in fixed.items() if key in entry.parameters}
        return found(**{**arguments, **more})
    if component.family == "metrics":
        return keras.metrics.MeanMetricWrapper(found, **{"name": entry.name, **arguments})
    if component.family == "losses":
        # What is behind each of Keras's own losses that is a function.
        return keras.losses.MeanSquaredError.__base__(found, name=entry.name, **arguments)
    return found


def _find(component: Component) -> Callable[..., Any]:
    import keras

    if component.family == "schedules":
        module: Any = keras.optimizers.schedules
    else:
        module = getattr(keras, component.family)
    found = getattr(module, component.name, None)
    if found is None:
        message = f"the installed Keras {keras.__version__} has no {component.name}"
        raise config_error([Problem(component.place, component.path, message)])
    return found  # type: ignore[no-any-return]


@contextmanager
def pointing_at(component: Component, arrived: Any = None) -> Iterator[None]:
    """Turn what Keras raises inside into a message that points at the component.

    Args:
        component: What is being built.
        arrived: The tensor or tensors that reach it, to name their shape.

    Raises:
        ConfigError: For whatever Keras raised.
        DataError: If pretrained weights could not be downloaded.
        ResourceError: If memory ran out.
    """
    try:
        yield
    except Offline as error:
        raise Offline(f"{component.place}: {component.name}: {error.message}", hint=error.hint) from error
    except (BigmodelError, MemoryError, KeyboardInterrupt):
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise ResourceError(
                f"{component.place}: memory ran out while {component.name} was built",
                hint="make it smaller, or use a machine with more memory",
            ) from error
        reason = keras_reason(error)
        if "URL fetch failure" in str(error):
            raise DataError(
                f"{component.place}: {component.name}: its weights could not be downloaded: {reason}",
                hint=f"save the file in {keras_home() / 'models'}, or give a copy in the config: "
                "weights: PATH (weights: null begins at random, which is right where --from RUN brings them)",
            ) from error
        reason = f"{place}: {reason}" if (place := own_place(error)) else reason
        shape = f" (it receives shape {_shape(arrived)})" if arrived is not None else ""
        raise config_error(
            [
                Problem(
                    component.place, component.path, f"Keras cannot build {component.name}{shape}: {reason}"
                )
            ]
        ) from error


def _shape(tensor: Any) -> str:
    if isinstance(tensor, list | tuple):
        return ", ".join(str(item.shape) for item in tensor)
    return str(tensor.shape)


def keras_reason(error: Exception) -> str:
    """What Keras says, in one paragraph: without escape codes, repeated arguments and graph node names."""
    text = _ANSI.sub("", str(error)).strip()
    text = re.sub(r"^Exception encountered when calling [^\n]*\n+", "", text)
    text = re.sub(r"^[^\n]*\bcould not be automatically built\b[^\n]*\n+", "", text)
    text = text.split("\n\nArguments received by")[0]
    paragraph = _NODE_TAIL.sub("", text.split("\n\n")[0]).replace("\n", " ").strip()
    return " ".join(paragraph.split()) or type(error).__name__
