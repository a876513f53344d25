"""Option models from nodes: pydantic decides about the values, this file about places and components."""

from __future__ import annotations

import dataclasses
import types
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from bigmodel_cli.config.advice import (
    as_mapping,
    before_colon,
    elsewhere,
    home,
    in_our_words,
    is_unsupported,
    one_sentence,
    quoted,
    section_meant,
    suggested_key,
    suggested_value,
    synonym,
)
from bigmodel_cli.config.components import ComponentParser, Language, as_fraction
from bigmodel_cli.config.fields import ByName, ComponentOf, Named, RelativePath, fields_of
from bigmodel_cli.config.problems import Problem, Problems
from bigmodel_cli.config.spelling import closest, meant
from bigmodel_cli.config.tree import (
    COMMAND_LINE,
    ConfigPathKeys,
    Entry,
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
        targets: The columns that the config's source is told to predict.
    """

    def __init__(self, language: Language, problems: Problems, targets: frozenset[str] = frozenset()) -> None:
        self.problems = problems
        self.targets = targets
        self.components = ComponentParser(language, problems, self.fill)

    def fill(self, model: type[BaseModel], node: Node, path: ConfigPathKeys) -> BaseModel | None:
        """An instance of `model`, or None (and problems) where the node does not make one."""
        if is_null(node):
            node = Mapping(place=node.place)
        if not isinstance(node, Mapping):
            self._no_mapping(model, node, path)
            return None
        values: dict[str, Any] = {}
        for key, entry in node.entries.items():
            field = fields_of(model).get(key)
            # `augmentation:` with every item commented out is an empty one.
            emptied = field is not None and is_null(entry.node) and isinstance(field.default, list | dict)
            if field is not None and not emptied:
                values[key] = self._field(field, entry, (*path, key))
        strangers = {key: entry for key, entry in node.entries.items() if key not in fields_of(model)}
        meant = {self._unknown_key(model, key, entry, path, node) for key, entry in strangers.items()}
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

    def _no_mapping(self, model: type[BaseModel], node: Node, path: ConfigPathKeys) -> None:
        """A word, a number or a list stands where keys are expected."""
        names = list(fields_of(model))
        fields = f" ({', '.join(names[:5])}{', …' if len(names) > 5 else ''})" if names else ""
        message = f"expected a mapping{fields}, found {describe(node)}"
        self._problem(node, path, message, suggestion=as_mapping(model, node))

    def _value(self, annotation: Any, node: Node, path: ConfigPathKeys) -> Any:
        annotation, marks = _unwrap(annotation)
        for number, mark in enumerate(marks):
            if isinstance(mark, ByName):
                rest = (*marks[:number], *marks[number + 1 :])
                return self._by_name(Annotated[(annotation, *rest)] if rest else annotation, mark, node, path)
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
        if get_origin(annotation) is dict and isinstance(node, Mapping):
            _, of = get_args(annotation)
            by_key = {key: self._value(of, entry.node, (*path, key)) for key, entry in node.entries.items()}
            return _UNUSABLE if any(value is _UNUSABLE for value in by_key.values()) else by_key
        return _plain(node, numeric=annotation in (float, int))

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
        known = set(language.names(("layers", "encodings")))
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
            special = any(isinstance(mark, ComponentOf | RelativePath) for mark in marks)
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
            self._problem(node, path, f"expected a path, found {describe(node)}")
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
            located = [_located(detail, model) for detail in several]
            details = [detail for detail in located if detail["loc"][0] not in unusable]
            missing = [d["loc"][0] for d in details if d["type"] == "missing" and len(d["loc"]) == 1]
            self._missing([str(key) for key in missing if key not in meant], node, path)
            details = [d for d in details if d["type"] != "missing" or len(d["loc"]) > 1]
            details = [d for d in details if not _counts_good_items(d, node)]
            told: set[tuple[Any, ...]] = set()
            for loc, group in groupby(details, key=lambda detail: _existing(node, detail)):
                found = list(group)
                # That the items of a list are no texts is said once, with the whole list put right.
                around = loc[:-1] if _are_no_texts(found) and isinstance(loc[-1], int) else loc
                if around not in told:
                    self._invalid(model, found, node, loc, path)
                told.add(around)
            return None
        return None if unusable or meant else filled

    def _missing(self, keys: list[str], node: Mapping, path: ConfigPathKeys) -> None:
        """Report what is missing: of an option model in one sentence, of the config section by section."""
        if not keys or "<<" in node.entries:
            return
        if not path:
            # No line of the file is to blame for a section that it does not have.
            nowhere = dataclasses.replace(node.place, line=1, column=1, length=1, text="")
            for key in keys:
                problem = Problem(nowhere, (key,), f"{key} is missing", suggestion=f"add {key}: …")
                self.problems.add(problem)
            return
        verb = "is" if len(keys) == 1 else "are"
        message = f"{' and '.join(keys)} {verb} missing"
        suggestion = f"add {', '.join(f'{key}: …' for key in keys)}"
        where = (*path, keys[0]) if len(keys) == 1 else path
        self.problems.add(Problem(node.place, where, message, suggestion=suggestion))

    def _invalid(
        self,
        model: type[BaseModel],
        details: list[Any],
        node: Mapping,
        loc: tuple[Any, ...],
        path: ConfigPathKeys,
    ) -> None:
        """Report one value; of a union, pydantic says separately why each member does not fit."""
        found = node_at(node, loc[:-1] if details[0]["type"] == "missing" else loc)
        message = one_sentence([in_our_words(detail) for detail in details])
        if message.startswith("expected") and ", found " not in message and found is not None:
            message += f", found {describe(found)}"
        key = str(loc[0])
        description = fields_of(model)[key].description if key in fields_of(model) else None
        self.problems.add(
            Problem(
                place_at(node, loc),
                (*path, *loc),
                message,
                found=None if found is None else describe(found),
                suggestion=self._suggestion(node, loc, details, found),
                doc=f"{key}: {description}" if description else None,
            )
        )

    def _suggestion(
        self, node: Mapping, loc: tuple[Any, ...], details: list[Any], found: Node | None
    ) -> str | None:
        """What to write instead: of a list of numbers where texts are expected, the whole list."""
        if found is None:
            return None
        around = node_at(node, loc[:-1]) if isinstance(loc[-1], int) else None
        if isinstance(around, Sequence) and _are_no_texts(details):
            texts = [quoted(item) for item in around.items]
            return f"write [{', '.join(text for text in texts if text)}]" if all(texts) else None
        return suggested_value(str(loc[0]), details, found)

    def _unknown_key(
        self, model: type[BaseModel], key: str, entry: Entry, path: ConfigPathKeys, node: Mapping
    ) -> str | None:
        """Report a key that there is not; the one that was probably meant."""
        on_command_line = entry.key_place.origin == COMMAND_LINE
        keys = [*fields_of(model), *(() if path else ("extends",))]
        near = synonym(key, keys)
        beside = None if near else self._beside(key, node, path)
        is_known = beside or home(key) or (len(path) < 2 and is_unsupported(key))
        near = near or (None if is_known else closest(before_colon(key), keys))
        suggestion = (
            beside
            or suggested_key(key, entry, near)
            or elsewhere(key, on_command_line=on_command_line)
            or _keys(model)
        )
        doc = fields_of(model)[near].description if near in fields_of(model) else None
        message = f"{dotted_or_root(path)} has no key {key!r}"
        doc = f"{near}: {doc}" if doc else None
        self.problems.add(Problem(entry.key_place, (*path, key), message, suggestion=suggestion, doc=doc))
        return near or (None if path else section_meant(key))

    def _beside(self, key: str, node: Mapping, path: ConfigPathKeys) -> str | None:
        """`source: npz` with `path:` beside it and not under it."""
        for section, entry in node.entries.items():
            name = entry.node.value if isinstance(entry.node, Scalar) else None
            options = self.components.language.own["sources"].get(str(name))
            if section == "source" and options is not None and key in fields_of(options):
                where = (*path, section)
                self.problems.found = [
                    p
                    for p in self.problems.found
                    if p.path[: len(where)] != where or "missing" not in p.message
                ]
                return f"it belongs to {name}: write {section}: {{{name}: {{{key}: …}}}}"
        return None

    def _problem(
        self, node: Node, path: ConfigPathKeys, message: str, *, suggestion: str | None = None
    ) -> None:
        self.problems.add(Problem(node.place, path, message, suggestion=suggestion))


def _keys(model: type[BaseModel]) -> str:
    return f"its keys: {', '.join(fields_of(model))}" if fields_of(model) else "it takes no options"


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


def _are_no_texts(details: list[Any]) -> bool:
    return all(detail["type"] == "string_type" for detail in details)


def _counts_good_items(detail: Any, node: Mapping) -> bool:
    """Whether pydantic calls a list too short that is long enough: of a tuple it counts good items alone."""
    found = node_at(node, detail["loc"]) if detail["type"] == "too_short" else None
    return isinstance(found, Sequence) and len(found.items) >= detail["ctx"]["min_length"]


def _located(detail: Any, model: type[BaseModel]) -> Any:
    """What a model says of several keys together stands at the one that it begins with: `target: …`."""
    if detail["loc"]:
        return detail
    key, _, message = str(detail["msg"]).removeprefix("Value error, ").partition(": ")
    is_key = key in fields_of(model)
    name = key if is_key else next(iter(fields_of(model)))
    return {**detail, "loc": (name,), **({"msg": message} if is_key else {})}


def _existing(node: Node, detail: Any) -> tuple[Any, ...]:
    """The part of pydantic's path that the config has; it puts the tried members of a union into it too."""
    keys: list[Any] = []
    for key in detail["loc"]:
        if node_at(node, (*keys, key)) is not None:
            keys.append(key)
    if detail["type"] == "missing":
        return (*keys, detail["loc"][-1])
    # A default that does not go with what is written.
    return tuple(keys) or detail["loc"][:1]
