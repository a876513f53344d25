"""Where a value of a config came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from bigmodel_cli.config.catalogue import Catalogue
from bigmodel_cli.config.components import Component
from bigmodel_cli.config.dump import plain
from bigmodel_cli.config.fields import fields_of, whole_description
from bigmodel_cli.config.load import LoadedConfig
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.space_keys import known_keys, parts_with_space
from bigmodel_cli.config.spelling import closest
from bigmodel_cli.config.tree import Mapping, Node, Place, Sequence, to_plain
from bigmodel_cli.errors import UsageError
from bigmodel_cli.plain_numbers import plain_integer

_NOTHING = object()


@dataclass(frozen=True)
class Origin:
    """One layer of a value.

    Attributes:
        value: As plain data; None with `is_removed`.
        place: Where it was written; None for a default.
        is_removed: Whether this layer took the key away.
    """

    value: Any
    place: Place | None
    is_removed: bool = False


@dataclass(frozen=True)
class Explanation:
    """A value of a config and its history.

    Attributes:
        key: As the user named it.
        value: What holds.
        origins: Newest first; the default, where there is one, last.
        doc: What bigmodel or Keras says of the key.
    """

    key: str
    value: Any
    origins: list[Origin]
    doc: str

    def as_json(self) -> dict[str, Any]:
        origins = [
            {
                "value": origin.value,
                "removed": origin.is_removed,
                "file": origin.place.origin if origin.place else None,
                "line": origin.place.line if origin.place else None,
                "column": origin.place.column if origin.place else None,
                "text": origin.place.text.strip() if origin.place else "default",
            }
            for origin in self.origins
        ]
        return {"key": self.key, "value": self.value, "origins": origins, "doc": self.doc}


def explain(loaded: LoadedConfig, key: str, catalogue: Catalogue) -> Explanation:
    """What a key of a config is, and where each layer of it came from.

    Args:
        loaded: The config.
        key: Dotted, for instance `optimizer.AdamW.learning_rate` or `model.1.Dense.units`.
        catalogue: For Keras's defaults.

    Raises:
        UsageError: If the config has no such key.
    """
    walk = _Walk(loaded.experiment, catalogue)
    keys = [part for part, _, _ in parts_with_space(key, known_keys(loaded.stack[-1]))]
    for part in keys:
        walk.enter(part, key)
    origins = [*reversed(list(_written(loaded, keys)))]
    if walk.default is not _NOTHING:
        origins.append(Origin(plain(walk.default), None))
    return Explanation(key, plain(walk.value), origins, walk.doc)


class _Walk:
    """Goes down a filled config key by key, and knows the default of where it is."""

    def __init__(self, experiment: Experiment, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.value: Any = experiment
        self.default: Any = _NOTHING
        self.doc = ""
        self._is_inside = False

    def enter(self, part: str, key: str) -> None:
        names = self._names()
        if part not in names:
            near = closest(part, names)
            hint = f"did you mean {near}?" if near else f"there is: {', '.join(names) or 'nothing below it'}"
            raise UsageError(f"{key}: the config has no {part!r} there", hint=hint)
        self._step(part)

    def _names(self) -> list[str]:
        value = self._inner()
        if isinstance(value, BaseModel):
            return list(fields_of(type(value)))
        if isinstance(value, Component):
            return self._parameters(value) if self._is_inside else [value.name]
        if isinstance(value, list | tuple):
            return [str(index) for index in range(len(value))]
        return [str(name) for name in value] if isinstance(value, dict) else []

    def _inner(self) -> Any:
        """Our own components have their arguments in an option model."""
        if isinstance(self.value, Component) and self._is_inside and self.value.options is not None:
            return self.value.options
        return self.value

    def _parameters(self, component: Component) -> list[str]:
        entry = self.catalogue.entry(component.family, component.name)
        return list(entry.parameters) if entry else list(component.arguments)

    def _step(self, part: str) -> None:
        value, self.default, self.doc = self._inner(), _NOTHING, ""
        if isinstance(value, Component) and not self._is_inside:
            self._is_inside = True
            return
        if isinstance(value, BaseModel):
            names = zip(fields_of(type(value)), type(value).model_fields.items(), strict=True)
            name, field = next(found for key, found in names if key == part)
            self.default = _NOTHING if field.default is PydanticUndefined else field.default
            self.value, self.doc = getattr(value, name), whole_description(field)
        elif isinstance(value, Component):
            self._parameter(value, part)
        else:
            self.value = value[part] if isinstance(value, dict) else value[int(part)]
        self._is_inside = False

    def _parameter(self, component: Component, name: str) -> None:
        entry = self.catalogue.entry(component.family, component.name)
        parameter = entry.parameters[name] if entry else None
        if parameter is not None:
            self.doc = parameter.doc
            self.default = _NOTHING if parameter.required else parameter.default
        self.value = component.arguments.get(name, None if self.default is _NOTHING else self.default)


def _written(loaded: LoadedConfig, keys: list[str]) -> Iterator[Origin]:
    """What each file and word made of the key, oldest first; layers that left it alone are left out."""
    before: Place | None = None
    for tree in loaded.stack:
        found = _find(tree, keys)
        if found is None:
            if before is not None:
                yield Origin(None, _last_word(loaded, tree), is_removed=True)
            before = None
            continue
        value, place = found
        if place != before:
            yield Origin(value, place)
        before = place


def _last_word(loaded: LoadedConfig, tree: Mapping) -> Place:
    """The word of the command line that made `tree`; only words remove keys."""
    index = loaded.stack.index(tree) - (len(loaded.stack) - len(loaded.overrides))
    word = loaded.overrides[index] if index >= 0 else ""
    return Place("command line", 1, 1, max(1, len(word)), word, loaded.path.parent) if word else tree.place


def _find(tree: Mapping, keys: list[str]) -> tuple[Any, Place] | None:
    node: Node = tree
    place = tree.place
    for key in keys:
        if isinstance(node, Mapping) and key in node.entries:
            entry = node.entries[key]
            node, place = entry.node, entry.key_place
        elif isinstance(node, Sequence) and (index := plain_integer(key)) in range(len(node.items)):
            assert index is not None, "only a number is in a range"
            node = node.items[index]
            place = node.place
        elif to_plain(node) == key and key == keys[-1]:
            return key, node.place
        else:
            return None
    return to_plain(node), place
