"""Option models from nodes: pydantic decides about the values, this file about places and components."""

from __future__ import annotations

import re
import types
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from bigmodel_cli.config.components import ComponentParser, Language, as_fraction
from bigmodel_cli.config.fields import ComponentOf, RelativePath
from bigmodel_cli.config.problems import Problem, Problems
from bigmodel_cli.config.spelling import closest
from bigmodel_cli.config.tree import (
    ConfigPathKeys,
    Mapping,
    Node,
    Scalar,
    Sequence,
    describe,
    is_null,
    node_at,
    place_at,
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
    """

    def __init__(self, language: Language, problems: Problems) -> None:
        self.problems = problems
        self.components = ComponentParser(language, problems, self.fill)

    def fill(self, model: type[BaseModel], node: Node, path: ConfigPathKeys) -> BaseModel | None:
        """An instance of `model`, or None (and problems) where the node does not make one."""
        if is_null(node):
            node = Mapping(place=node.place)
        if not isinstance(node, Mapping):
            fields = ", ".join(list(model.model_fields)[:5])
            self._problem(node, path, f"expected a mapping ({fields}, …), found {describe(node)}")
            return None
        values: dict[str, Any] = {}
        for key, entry in node.entries.items():
            field = model.model_fields.get(key)
            if field is None:
                self._unknown_key(model, key, entry.key_place, path)
                continue
            if is_null(entry.node) and isinstance(field.default, list | dict):
                # `augmentation:` with every item commented out.
                continue
            annotation = field.annotation
            if field.metadata:
                annotation = Annotated[(annotation, *field.metadata)]  # type: ignore[assignment]
            values[key] = self._value(annotation, entry.node, (*path, key))
        return self._validate(model, values, node, path)

    def _value(self, annotation: Any, node: Node, path: ConfigPathKeys) -> Any:
        annotation, marks = _unwrap(annotation)
        for mark in marks:
            if isinstance(mark, ComponentOf):
                found = self.components.parse(node, mark.families, path)
                return _UNUSABLE if found is None else found
            if isinstance(mark, RelativePath):
                return self._path(node, path)
        if get_origin(annotation) in (Union, types.UnionType):
            return self._union(get_args(annotation), node, path)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return self.fill(annotation, node, path) or _UNUSABLE
        if get_origin(annotation) in (list, tuple) and isinstance(node, Sequence):
            return self._items(annotation, node, path)
        return _plain(node, numeric=annotation in (float, int))

    def _union(self, options: tuple[Any, ...], node: Node, path: ConfigPathKeys) -> Any:
        """The first option of a union that is more than plain data; plain data is pydantic's to decide."""
        if is_null(node) and type(None) in options:
            return None
        for option in options:
            bare, marks = _unwrap(option)
            special = any(isinstance(mark, ComponentOf | RelativePath) for mark in marks)
            model = isinstance(bare, type) and issubclass(bare, BaseModel) and isinstance(node, Mapping)
            items = get_origin(bare) in (list, tuple) and isinstance(node, Sequence)
            if special or model or items:
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
        if is_null(node):
            return None
        if not isinstance(node, Scalar) or not isinstance(node.value, str) or not node.value:
            self._problem(node, path, f"expected a path, found {describe(node)}")
            return _UNUSABLE
        return node.place.folder / Path(node.value).expanduser()

    def _validate(
        self, model: type[BaseModel], values: dict[str, Any], node: Mapping, path: ConfigPathKeys
    ) -> BaseModel | None:
        unusable = {key for key, value in values.items() if value is _UNUSABLE}
        usable = {key: value for key, value in values.items() if key not in unusable}
        try:
            filled = model.model_validate(usable)
        except ValidationError as error:
            details = [detail for detail in error.errors() if detail["loc"][0] not in unusable]
            for loc, group in groupby(details, key=lambda detail: _without_tags(node, detail["loc"])):
                self._invalid(list(group), node, loc, path)
            return None
        return None if unusable else filled

    def _invalid(self, details: list[Any], node: Mapping, loc: tuple[Any, ...], path: ConfigPathKeys) -> None:
        """Report one value; of a union, pydantic says separately why each member does not fit."""
        place, where, found = place_at(node, loc), (*path, *loc), node_at(node, loc)
        if details[0]["type"] == "missing":
            key = loc[-1]
            message = (
                f"expected one item more, found a list of {key}"
                if isinstance(key, int)
                else f"{key} is missing"
            )
            suggestion = None if isinstance(key, int) else f"add {key}: …"
            self.problems.add(Problem(place, where, message, suggestion=suggestion))
            return
        messages = [_in_our_words(detail) for detail in details]
        message = messages[0] + "".join(f" or {other.removeprefix('expected ')}" for other in messages[1:])
        if message.startswith("expected") and ", found " not in message and found is not None:
            message += f", found {describe(found)}"
        text = found.value if isinstance(found, Scalar) and isinstance(found.value, str) else None
        found_text = None if found is None else describe(found)
        suggestion = _suggestion(details, text) if text else None
        self.problems.add(Problem(place, where, message, found=found_text, suggestion=suggestion))

    def _unknown_key(self, model: type[BaseModel], key: str, place: Any, path: ConfigPathKeys) -> None:
        near = closest(key, model.model_fields)
        doc = model.model_fields[near].description if near else None
        where = dotted_or_root(path)
        self.problems.add(
            Problem(
                place,
                (*path, key),
                f"{where} has no key {key!r}",
                suggestion=f"did you mean {near}?" if near else _keys(model),
                doc=f"{near}: {doc}" if doc else None,
            )
        )

    def _problem(self, node: Node, path: ConfigPathKeys, message: str) -> None:
        self.problems.add(Problem(node.place, path, message))


def _keys(model: type[BaseModel]) -> str:
    return f"its keys: {', '.join(model.model_fields)}" if model.model_fields else "it takes no options"


def dotted_or_root(path: ConfigPathKeys) -> str:
    return str(path[-1]) if path else "a config"


def _unwrap(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """An annotation without `Annotated`, and what it was annotated with."""
    if get_origin(annotation) is Annotated:
        bare, *marks = get_args(annotation)
        return bare, tuple(marks)
    return annotation, ()


def _plain(node: Node, *, numeric: bool) -> Any:
    value = to_plain(node)
    if numeric and isinstance(value, str):
        number = as_fraction(value)
        return value if number is None else number
    return value


_PYDANTIC_WORDS = {
    "Value error, ": "",
    "Input should be": "expected",
    "a valid integer": "an integer",
    "a valid number": "a number",
    "a valid string": "a text",
    "a valid boolean": "true or false",
    "a valid list": "a list",
    "a valid dictionary": "a mapping",
    "greater than or equal to": "at least",
    "less than or equal to": "at most",
}


def _in_our_words(detail: Any) -> str:
    """Pydantic's sentence as our messages are written."""
    if detail["type"] == "too_short":
        return f"expected a list of at least {detail['ctx']['min_length']}"
    message = str(detail["msg"])
    for theirs, ours in _PYDANTIC_WORDS.items():
        message = message.replace(theirs, ours)
    return message[0].lower() + message[1:]


def _suggestion(details: list[Any], text: str) -> str | None:
    """What a text was probably meant to be: one of the words that are allowed there, or a list of one."""
    words = [
        word
        for d in details
        if d["type"] == "literal_error"
        for word in re.findall(r"'(\w+)'", d["ctx"]["expected"])
    ]
    if near := closest(text, words):
        return f"did you mean {near}?"
    return f"write [{text}]" if any(detail["type"] == "list_type" for detail in details) else None


def _without_tags(node: Node, loc: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(key for key in loc if not _is_union_tag(key, node, loc))


def _is_union_tag(key: Any, node: Node, loc: tuple[Any, ...]) -> bool:
    """Pydantic puts the name of the tried union member into the path; no config has such a key."""
    return (
        isinstance(key, str)
        and loc.index(key) > 0
        and place_at(node, loc[: loc.index(key)]) == place_at(node, loc[: loc.index(key) + 1])
    )
