"""Option models from nodes: pydantic decides about the values, this file about places and components."""

from __future__ import annotations

import types
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from bigmodel_cli.config.component_parser import ComponentParser
from bigmodel_cli.config.components import Language, as_fraction, data_number
from bigmodel_cli.config.fields import (
    ByName,
    ComponentOf,
    FilesInside,
    Named,
    OfData,
    RelativePath,
    fields_of,
)
from bigmodel_cli.config.problems import Problem, Problems
from bigmodel_cli.config.refusals import Refusals, located
from bigmodel_cli.config.spelling import closest, meant
from bigmodel_cli.config.tree import (
    ConfigPathKeys,
    Entry,
    Mapping,
    Node,
    Scalar,
    Sequence,
    describe,
    is_null,
    to_plain,
)


class _Unusable:
    """Stands for a value with a problem that is already reported."""


_UNUSABLE = _Unusable()


class Filler:
    """Fills option models from nodes of one config and collects what is wrong.

    Args:
        language: The names that components may have.
        problems: Where mistakes are collected.
        targets: The columns that the config's source is told to predict.
    """

    def __init__(self, language: Language, problems: Problems, targets: frozenset[str] = frozenset()) -> None:
        self.problems = problems
        self.targets = targets
        self.components = ComponentParser(language, problems, self.fill)
        self._wrong = Refusals(language, problems)

    def fill(self, model: type[BaseModel], node: Node, path: ConfigPathKeys) -> BaseModel | None:
        """An instance of `model`, or None (and problems) where the node does not make one."""
        if is_null(node):
            node = Mapping(place=node.place)
        if not isinstance(node, Mapping):
            self._wrong.no_mapping(model, node, path)
            return None
        values: dict[str, Any] = {}
        for key, entry in node.entries.items():
            field = fields_of(model).get(key)
            # `augmentation:` with every item commented out is an empty one.
            emptied = field is not None and is_null(entry.node) and isinstance(field.default, list | dict)
            if field is not None and not emptied:
                values[key] = self._field(field, entry, (*path, key))
        strangers = {key: entry for key, entry in node.entries.items() if key not in fields_of(model)}
        meant = {self._wrong.unknown_key(model, key, entry, path, node) for key, entry in strangers.items()}
        return self._validate(model, values, node, path, meant)

    def _field(self, field: FieldInfo, entry: Entry, path: ConfigPathKeys) -> Any:
        annotation: Any = field.annotation
        if field.metadata:
            annotation = Annotated[(annotation, *field.metadata)]
        node = entry.node
        if isinstance(annotation, type) and issubclass(annotation, BaseModel) and is_null(node):
            # What an empty section lacks is shown under its name.
            node = Mapping(place=entry.key_place)
        elif isinstance(annotation, type) and issubclass(annotation, BaseModel) and isinstance(node, Mapping):
            node = Mapping(node.entries, place=entry.key_place)
        return self._value(annotation, node, path)

    def _value(self, annotation: Any, node: Node, path: ConfigPathKeys) -> Any:
        annotation, marks = _unwrap(annotation)
        for number, mark in enumerate(marks):
            if isinstance(mark, ByName):
                rest = (*marks[:number], *marks[number + 1 :])
                return self._by_name(Annotated[(annotation, *rest)] if rest else annotation, mark, node, path)
        for mark in marks:
            if isinstance(mark, ComponentOf | FilesInside | OfData | RelativePath):
                return self._marked(mark, node, path)
        if get_origin(annotation) in (Union, types.UnionType):
            return self._union(get_args(annotation), node, path)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return self.fill(annotation, node, path) or _UNUSABLE
        if get_origin(annotation) in (list, tuple) and isinstance(node, Sequence):
            return self._items(annotation, node, path)
        if get_origin(annotation) is dict and isinstance(node, Mapping):
            _, of = get_args(annotation)
            by_key = {key: self._value(of, entry.node, (*path, key)) for key, entry in node.entries.items()}
            return _UNUSABLE if any(value is _UNUSABLE for value in by_key.values()) else by_key
        return _plain(node, numeric=annotation in (float, int))

    def _marked(
        self, mark: ComponentOf | FilesInside | OfData | RelativePath, node: Node, path: ConfigPathKeys
    ) -> Any:
        if isinstance(mark, ComponentOf):
            found = self.components.parse(node, mark.families, path)
            return _UNUSABLE if found is None else found
        if isinstance(mark, RelativePath):
            return self._path(node, path)
        return _number_of_data(node) if isinstance(mark, OfData) else to_plain(_with_files(node))

    def _by_name(self, annotation: Any, mark: ByName, node: Node, path: ConfigPathKeys) -> Any:
        """One value for all, or a mapping from names to values."""
        if not isinstance(node, Mapping) or not self._are_names(mark, node):
            return self._value(annotation, node, path)
        values = Named()
        for key, entry in node.entries.items():
            value = self._value(annotation, entry.node, (*path, key))
            if mark.of == "targets" and key not in self.targets:
                message = f"no target is called {key!r}"
                where = Problem(
                    entry.key_place, (*path, key), message, suggestion=meant(key, sorted(self.targets))
                )
                self.problems.add(where)
                value = _UNUSABLE
            values[key] = value
        return _UNUSABLE if any(value is _UNUSABLE for value in values.values()) else values

    def _are_names(self, mark: ByName, node: Mapping) -> bool:
        """Whether the keys are names of targets or columns, and not those of components."""
        language = self.components.language
        if mark.exactly:
            return bool(node.entries) and all(key in self.targets for key in node.entries)
        if mark.of == "targets":
            if any(key in self.targets for key in node.entries):
                return True
            # One that is nearly a target's is no component, unless there is one of that name.
            near = [key for key in node.entries if closest(key, sorted(self.targets))]
            families = ("losses", "metrics")
            short = [name for family in families for name in language.catalogue.identifiers(family)]
            return bool(near) and not {*language.names(families), *short} & set(node.entries)
        known = set(language.names(("layers", "encodings", "augmentations")))
        # A column may have a layer's name; its layers are a list, and a layer's arguments are none.
        return bool(node.entries) and not any(
            key in known and not isinstance(entry.node, Sequence) for key, entry in node.entries.items()
        )

    def _union(self, options: tuple[Any, ...], node: Node, path: ConfigPathKeys) -> Any:
        """The first option of a union that is more than plain data; plain data is pydantic's to decide."""
        if is_null(node) and type(None) in options:
            return None
        are_lists = any(get_origin(_unwrap(option)[0]) in (list, tuple) for option in options)
        for option in options:
            bare, marks = _unwrap(option)
            special = any(
                isinstance(mark, ComponentOf | FilesInside | OfData | RelativePath) for mark in marks
            )
            # One path or several: a list is no path.
            special = special and not (are_lists and isinstance(node, Sequence))
            # A section that may be left out is one all the same.
            is_all = set(options) == {option, type(None)}
            model = (
                isinstance(bare, type)
                and issubclass(bare, BaseModel)
                and (isinstance(node, Mapping) or is_all)
            )
            items = get_origin(bare) in (list, tuple) and isinstance(node, Sequence)
            entries = get_origin(bare) is dict and isinstance(node, Mapping)
            if special or model or items or entries:
                return self._value(option, node, path)
        return _plain(node, numeric=bool({int, float} & {_unwrap(option)[0] for option in options}))

    def _items(self, annotation: Any, node: Sequence, path: ConfigPathKeys) -> Any:
        inner = get_args(annotation)
        is_tuple = get_origin(annotation) is tuple
        fixed = is_tuple and Ellipsis not in inner
        items = []
        for index, item in enumerate(node.items):
            of = inner[min(index, len(inner) - 1)] if fixed else (inner[0] if inner else Any)
            items.append(self._value(of, item, (*path, index)))
        if any(item is _UNUSABLE for item in items):
            return _UNUSABLE
        return tuple(items) if is_tuple else items

    def _path(self, node: Node, path: ConfigPathKeys) -> Any:
        if not isinstance(node, Scalar) or not isinstance(node.value, str) or not node.value:
            self.problems.tell(node.place, path, f"expected a path, found {describe(node)}")
            return _UNUSABLE
        return node.place.folder / Path(node.value).expanduser()

    def _validate(
        self,
        model: type[BaseModel],
        values: dict[str, Any],
        node: Mapping,
        path: ConfigPathKeys,
        meant: set[str | None],
    ) -> BaseModel | None:
        """The model, or its problems; what a misspelt key was meant to be is not missing."""
        unusable = {key for key, value in values.items() if value is _UNUSABLE}
        usable = {key: value for key, value in values.items() if key not in unusable}
        try:
            filled = model.model_validate(usable)
        except ValidationError as error:
            # What several keys say together tells nothing where one of them is misspelt.
            several = [detail for detail in error.errors() if detail["loc"] or not meant]
            details = [located(detail, model) for detail in several]
            details = [detail for detail in details if detail["loc"][0] not in unusable]
            self._wrong.refused(model, details, node, path, meant)
            return None
        return None if unusable or meant else filled


def _unwrap(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """An annotation without `Annotated`, and what it was annotated with."""
    if get_origin(annotation) is Annotated:
        bare, *marks = get_args(annotation)
        return bare, tuple(marks)
    return annotation, ()


def _with_files(node: Node, *, is_file: bool = False) -> Node:
    """Plain data whose files are found from anywhere."""
    if isinstance(node, Scalar) and is_file and isinstance(node.value, str) and node.value:
        return replace(node, value=str(node.place.folder / Path(node.value).expanduser()))
    if not isinstance(node, Mapping):
        return node
    inside = {"file"} | ({"path"} if is_file else set())
    return Mapping(
        {
            key: replace(entry, node=_with_files(entry.node, is_file=key in inside))
            for key, entry in node.entries.items()
        },
        place=node.place,
    )


def _number_of_data(node: Node) -> Any:
    text = node.value if isinstance(node, Scalar) else None
    return (data_number(text) if isinstance(text, str) else None) or _plain(node, numeric=True)


def _plain(node: Node, *, numeric: bool) -> Any:
    value = to_plain(node)
    if numeric and isinstance(value, str):
        number = as_fraction(value)
        return value if number is None else number
    return value
