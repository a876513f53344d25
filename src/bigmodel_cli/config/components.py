"""Components: a bare name, or a mapping from one name to its arguments.

A CamelCase name is a public Keras class and its arguments are Keras's, checked against the catalogue.
A snake_case name is ours (a data source, a block) and its arguments are the fields of its option model.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from bigmodel_cli.config.bounds import Bounds
from bigmodel_cli.config.catalogue import Catalogue, Entry, Parameter
from bigmodel_cli.config.fields import fields_of
from bigmodel_cli.config.problems import Problem, Problems
from bigmodel_cli.config.python_calls import from_python_call
from bigmodel_cli.config.spelling import as_yaml, closest, fold
from bigmodel_cli.config.suggestions import NameSuggestions
from bigmodel_cli.config.synonyms import ARGUMENTS
from bigmodel_cli.config.tree import (
    ConfigPathKeys,
    Mapping,
    Node,
    Place,
    Scalar,
    Sequence,
    describe,
    is_null,
    to_plain,
    written,
)
from bigmodel_cli.config.tree import Entry as Given
from bigmodel_cli.config.wording import (
    admits,
    argument_list,
    argument_name,
    doc_of,
    is_choice,
    is_empty,
    ran_together,
    right_notation,
    with_article,
    without_activations,
)
from bigmodel_cli.config.wording import expected_kinds as expected_kinds  # help texts take it from here

_CAMEL_CASE = re.compile(r"[A-Z][A-Za-z0-9]*")
# Python's `1./255` is a fraction too.
_FRACTION = re.compile(r"\s*([-+]?\d+(?:\.\d*)?)\s*/\s*(\d+(?:\.\d*)?)\s*", re.ASCII)
OWN_FAMILIES = ("sources", "blocks", "encodings")
STEP_FAMILIES = ("layers", "applications", "blocks", "encodings")


@dataclass(frozen=True)
class DataNumber:
    """A number that only the data knows, written by its name wherever a number is expected."""

    name: str


NUM_CLASSES = DataNumber("num_classes")
OF_COLUMN = re.compile(r".+\.(vocabulary_size|num_classes)", re.DOTALL)


def data_number(text: str) -> DataNumber | None:
    """The number that a text names: `num_classes`, `review.vocabulary_size`; None where it names none."""
    if text == NUM_CLASSES.name:
        return NUM_CLASSES
    return DataNumber(text) if OF_COLUMN.fullmatch(text) else None


@dataclass(frozen=True)
class Component:
    """A name with its arguments, checked as far as that goes without Keras.

    Attributes:
        name: Keras's class name, a Keras identifier (`mse`), or one of our own names.
        family: The catalogue family that it was found in, or `sources` or `blocks`.
        arguments: Argument values; components inside are `Component`s.
        options: For our own components: the filled option model.
        place: Where it stands.
        path: Its keys from the root of the config.
        step: The name that other steps call it by (model only).
        inputs: Names of the steps that feed it (model only); None means the step before.
    """

    name: str
    family: str
    place: Place
    path: ConfigPathKeys
    arguments: MappingType[str, Any] = field(default_factory=dict)
    options: BaseModel | None = None
    step: str | None = None
    inputs: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Language:
    """All names that a config may use."""

    catalogue: Catalogue
    own: MappingType[str, MappingType[str, type[BaseModel]]]

    def __post_init__(self) -> None:
        object.__setattr__(self, "own", {family: self.own.get(family, {}) for family in OWN_FAMILIES})

    def names(self, families: tuple[str, ...]) -> list[str]:
        """The names of these families that a config can write."""
        names: list[str] = []
        for family in families:
            names += (
                self.own[family]
                if family in OWN_FAMILIES
                else [e.name for e in self.catalogue.entries(family) if not e.requires_function]
            )
        return names


def as_fraction(text: str) -> float | None:
    """`1/255` as a number; None where the text is no fraction."""
    match = _FRACTION.fullmatch(text)
    if not match or float(match.group(2)) == 0:
        return None
    return float(match.group(1)) / float(match.group(2))


def _weights(node: Scalar) -> Any:
    """An application's weights: the path of a file is relative to the config that it stands in."""
    if not isinstance(node.value, str) or node.value == "imagenet":
        return node.value
    path = node.place.folder / Path(node.value).expanduser()
    # Keras itself takes it as relative to the current folder.
    return str(path.absolute()) if path.exists() or not Path(node.value).exists() else node.value


FillOptions = Callable[[type[BaseModel], Node, ConfigPathKeys], BaseModel | None]


class ComponentParser:
    """Turns nodes of a config into components.

    Args:
        language: The names there are.
        problems: Where mistakes are collected.
        fill: Fills an option model of our own from a node.
    """

    def __init__(self, language: Language, problems: Problems, fill: FillOptions) -> None:
        self.language = language
        self.problems = problems
        self.fill = fill
        self.suggestions = NameSuggestions(language)

    def parse(self, node: Node, families: tuple[str, ...], path: ConfigPathKeys) -> Component | None:
        """The component that `node` writes; None (and a problem) where it writes none."""
        named = self._name(node, families, path)
        if named is None:
            return None
        name, place, arguments = named
        path = (*path, name) if isinstance(node, Mapping) else path
        for family in families:
            if family in OWN_FAMILIES and name in self.language.own[family]:
                return self._own(name, family, place, path, arguments)
        entry = self._entry(name, families)
        if entry is None:
            return self._identifier(name, families, place, path, arguments)
        if entry.requires_function:
            reason = f"{name} cannot be written in a config: {entry.requires_function}"
            self._problem(place, path, reason)
            return None
        return self._keras(entry, place, path, arguments)

    def _name(
        self, node: Node, families: tuple[str, ...], path: ConfigPathKeys
    ) -> tuple[str, Place, Node | None] | None:
        if isinstance(node, Scalar) and isinstance(node.value, str):
            return node.value, node.place, None
        if isinstance(node, Mapping) and len(node.entries) == 1:
            ((name, entry),) = node.entries.items()
            return name, entry.key_place, entry.node
        expected = (
            f"expected {with_article(families[0])}: a name, or a mapping from one name to its arguments"
        )
        suggestion = self.suggestions.hint(node, families, path)
        place = (
            next(iter(node.entries.values())).key_place
            if isinstance(node, Mapping) and node.entries
            else node.place
        )
        self._problem(place, path, f"{expected}; found {describe(node)}", suggestion=suggestion)
        return None

    def _entry(self, name: str, families: tuple[str, ...]) -> Entry | None:
        for family in families:
            if family not in OWN_FAMILIES and (entry := self.language.catalogue.entry(family, name)):
                return entry
        return None

    def _identifier(
        self,
        name: str,
        families: tuple[str, ...],
        place: Place,
        path: ConfigPathKeys,
        arguments: Node | None,
    ) -> Component | None:
        """A component by one of Keras's short strings, or the problem that there is none of the name."""
        for family in families:
            if family in OWN_FAMILIES or family in ("layers", "applications", "callbacks"):
                continue
            identifiers = self.language.catalogue.identifiers(family)
            if name in identifiers:
                entry = self.language.catalogue.entry(family, identifiers[name] or "")
                if entry is not None and arguments is not None:
                    return self._keras(entry, place, path, arguments)
                if arguments is not None and not is_empty(arguments):
                    self._problem(
                        arguments.place, path, f"{name} takes no arguments, found {describe(arguments)}"
                    )
                return Component(name, family, place, path)
        message = self.suggestions.unknown(name, families)
        suggestion = self.suggestions.meant(name, families, arguments)
        self._problem(place, path, message, suggestion=suggestion)
        return None

    def _own(
        self, name: str, family: str, place: Place, path: ConfigPathKeys, arguments: Node | None
    ) -> Component | None:
        model = self.language.own[family][name]
        node = arguments if arguments is not None and not is_null(arguments) else Mapping(place=place)
        if isinstance(node, Mapping):
            # What is missing is missing under the name.
            node = Mapping(node.entries, place=place)
        step, inputs = None, None
        if family in ("blocks", "encodings") and isinstance(node, Mapping):
            step, inputs, node = self._extras(node, path, frozenset(fields_of(model)))
        options = self.fill(model, node, path)
        if options is None:
            return None
        return Component(name, family, place, path, options=options, step=step, inputs=inputs)

    def _keras(self, entry: Entry, place: Place, path: ConfigPathKeys, arguments: Node | None) -> Component:
        node = arguments if arguments is not None and not is_null(arguments) else Mapping(place=place)
        if not isinstance(node, Mapping):
            self._problem(
                node.place, path, self._not_arguments(entry, node), suggestion=self._positional(entry, node)
            )
            return Component(entry.name, entry.family, place, path)
        step, inputs = None, None
        if entry.family in STEP_FAMILIES:
            step, inputs, node = self._extras(node, path, frozenset(entry.parameters))
        values: dict[str, Any] = {}
        misspelt: set[str | None] = set()
        unknown = {key: given for key, given in node.entries.items() if key not in entry.parameters}
        for key, given in node.entries.items():
            if key not in unknown:
                values[key] = self.argument(entry.parameters[key], given.node, (*path, key))
        for key, given in unknown.items():
            misspelt |= self._unknown_argument(entry, key, given, (*path, key), values)
        self._missing(entry, misspelt | set(values), place, path)
        if entry.family == "applications" and isinstance(weights := node.child("weights"), Scalar):
            values["weights"] = _weights(weights)
        return Component(entry.name, entry.family, place, path, values, step=step, inputs=inputs)

    def _extras(
        self, node: Mapping, path: ConfigPathKeys, known: frozenset[str]
    ) -> tuple[str | None, tuple[str, ...] | None, Mapping]:
        """Take our two extra keys out of a step's arguments: `name` and `inputs`."""
        step = node.child("name")
        inputs = node.child("inputs")
        rest = dict(node.entries)
        if step is not None:
            is_name = isinstance(step, Scalar) and isinstance(step.value, str) and step.value != ""
            if not is_name or "name" not in known:
                del rest["name"]
            if not is_name:
                self._problem(step.place, (*path, "name"), f"expected a name, found {describe(step)}")
                step = None
        names = None
        if inputs is not None and "inputs" not in known:
            del rest["inputs"]
            names = self._step_names(inputs, (*path, "inputs"))
        return (str(step.value) if isinstance(step, Scalar) else None), names, Mapping(rest, place=node.place)

    def _step_names(self, node: Node, path: ConfigPathKeys) -> tuple[str, ...] | None:
        items = node.items if isinstance(node, Sequence) else [node]
        names = [item.value for item in items if isinstance(item, Scalar) and isinstance(item.value, str)]
        if len(names) != len(items) or not names:
            self._problem(node.place, path, f"expected names of steps, found {describe(node)}")
            return None
        return tuple(names)

    def _missing(self, entry: Entry, given: set[str | None], place: Place, path: ConfigPathKeys) -> None:
        # The builder fills in how many steps training has.
        filled_in = {"decay_steps"} if entry.family == "schedules" else set()
        missing = [p for p in entry.parameters.values() if p.required and p.name not in given | filled_in]
        if "<<" in given or not missing:
            return
        names = [parameter.name for parameter in missing]
        self._problem(
            place,
            path,
            f"{entry.name} needs {' and '.join(names)}",
            suggestion=f"write {{{entry.name}: {{{', '.join(f'{name}: …' for name in names)}}}}}",
            doc=doc_of(missing[0]) if len(missing) == 1 else None,
        )

    def _unknown_argument(
        self, entry: Entry, key: str, given: Given, path: ConfigPathKeys, values: dict[str, Any]
    ) -> set[str | None]:
        """Report an argument that there is not; those that are not missing any more."""
        message = f"{entry.name} has no argument {key!r}"
        if owner := self._owner(key, values):
            self._forget_missing(owner)
            suggestion = f"it is an argument of {owner.name}: write {{{owner.name}: {{{key}: …}}}}"
            self._problem(given.key_place, path, message, suggestion=suggestion)
            return set()
        if wrapped := self._wrapping(entry, key):
            self._problem(given.key_place, path, message, suggestion=f"write {wrapped}: {{{key}: …}}")
            return {wrapped}
        near = self.language.catalogue.suggest(argument_name(key), list(entry.parameters))
        suggestion = ran_together(key, given, near) or ARGUMENTS.get(fold(key)) or argument_list(entry, near)
        doc = doc_of(entry.parameters[near]) if near and suggestion.startswith("did you mean") else None
        self._problem(given.key_place, path, message, suggestion=suggestion, doc=doc)
        return {near, key}

    def _owner(self, key: str, values: dict[str, Any]) -> Component | None:
        """The component beside which one of its own arguments stands."""
        for value in values.values():
            if isinstance(value, Component) and value.options is None:
                entry = self.language.catalogue.entry(value.family, value.name)
                if entry and key in entry.parameters and key not in value.arguments:
                    return value
        return None

    def _forget_missing(self, component: Component) -> None:
        start = f"{component.name} needs "
        self.problems.found = [
            p for p in self.problems.found if not (p.path == component.path and p.message.startswith(start))
        ]

    def _wrapping(self, entry: Entry, key: str) -> str | None:
        """The argument of a wrapper that takes a component: `TimeDistributed: {Dense: …}`."""
        families = set(self.language.catalogue.families_of(key))
        takers = (p.name for p in entry.parameters.values() if p.required and families & set(p.families))
        return next(takers, None)

    def _not_arguments(self, entry: Entry, node: Node) -> str:
        return f"expected the arguments of {entry.name} as a mapping, found {describe(node)}"

    def _positional(self, entry: Entry, node: Node) -> str | None:
        items = node.items if isinstance(node, Sequence) else [node]
        names = [name for name in entry.parameters if name not in ("name", "dtype")]
        # A list of one thing may be a list of mappings that lost its way: no guess about that.
        plain = len(items) > isinstance(node, Sequence) and all(isinstance(item, Scalar) for item in items)
        if not plain or len(items) > len(names):
            return None
        given = ", ".join(f"{name}: {written(item)}" for name, item in zip(names, items, strict=False))
        return f"write {{{entry.name}: {{{given}}}}}"

    def argument(self, parameter: Parameter, node: Node, path: ConfigPathKeys) -> Any:
        """The value of one argument of a Keras class, with components inside it parsed."""
        if isinstance(node, Sequence):
            if not admits(parameter, "list"):
                return self._wrong_kind(parameter, node, path)
            items = [self._item(parameter, item, (*path, i)) for i, item in enumerate(node.items)]
            for index, (item, value) in enumerate(zip(node.items, items, strict=True)):
                self._require_inside(parameter, parameter.item_bounds, value, item, (*path, index))
            return items
        if isinstance(node, Mapping):
            return self._mapping_argument(parameter, node, path)
        value = self._scalar_argument(parameter, node, path)
        self._require_inside(parameter, parameter.bounds, value, node, path)
        return float(value) if parameter.wants_float and type(value) is int else value

    def _require_inside(
        self, parameter: Parameter, bounds: Bounds | None, value: Any, node: Node, path: ConfigPathKeys
    ) -> None:
        """Report a number that Keras's constructor refuses."""
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if bounds is not None and is_number and not bounds.admits(value):
            message = f"expected {bounds.describe()}, found {describe(node)}"
            self._problem(node.place, path, message, suggestion=bounds.meant(value), doc=doc_of(parameter))

    def _item(self, parameter: Parameter, node: Node, path: ConfigPathKeys) -> Any:
        """An item of a list argument: its kind is not in the catalogue, but a component is recognised."""
        if isinstance(node, Mapping) and self._names_component(node):
            return self.parse(node, self._families(parameter, node), path)
        if isinstance(node, Sequence):
            return [self._item(parameter, item, (*path, i)) for i, item in enumerate(node.items)]
        if isinstance(node, Scalar) and isinstance(node.value, str):
            if parameter.families:
                return self.parse(node, parameter.families, path)
            number = as_fraction(node.value)
            return data_number(node.value) or (node.value if number is None else number)
        return to_plain(node)

    def _mapping_argument(self, parameter: Parameter, node: Mapping, path: ConfigPathKeys) -> Any:
        if self._names_component(node) and (admits(parameter, "component") or admits(parameter, "mapping")):
            return self.parse(node, self._families(parameter, node), path)
        if admits(parameter, "mapping"):
            return {key: self._item(parameter, e.node, (*path, key)) for key, e in node.entries.items()}
        if "component" in parameter.accepts and parameter.families:
            return self.parse(node, parameter.families, path)
        return self._wrong_kind(parameter, node, path)

    def _names_component(self, node: Mapping) -> bool:
        if len(node.entries) != 1:
            return False
        return _CAMEL_CASE.fullmatch(next(iter(node.entries))) is not None

    def _families(self, parameter: Parameter, node: Mapping) -> tuple[str, ...]:
        """Where to look a nested component up: what the parameter takes, else wherever the name is known."""
        if parameter.families:
            return parameter.families
        return tuple(self.language.catalogue.families_of(next(iter(node.entries)))) or ("layers",)

    def _scalar_argument(self, parameter: Parameter, node: Scalar, path: ConfigPathKeys) -> Any:
        value = node.value
        if isinstance(value, str):
            return self._text_argument(parameter, node, value, path)
        if value is None:
            nullable = not parameter.accepts or "null" in parameter.accepts
            return value if nullable else self._wrong_kind(parameter, node, path)
        if isinstance(value, bool):
            return value if admits(parameter, "boolean") else self._wrong_kind(parameter, node, path)
        if isinstance(value, int):
            fits = admits(parameter, "integer") or admits(parameter, "number")
            return value if fits else self._wrong_kind(parameter, node, path)
        if math.isnan(value):
            return self._wrong_kind(parameter, node, path)
        if admits(parameter, "number"):
            return value
        if value.is_integer() and "integer" in parameter.accepts:
            return int(value)
        return self._wrong_kind(parameter, node, path)

    def _text_argument(self, parameter: Parameter, node: Scalar, text: str, path: ConfigPathKeys) -> Any:
        numeric = not parameter.accepts or {"integer", "number"} & set(parameter.accepts)
        if numeric and (of_data := data_number(text)) is not None:
            return of_data
        number = as_fraction(text) if admits(parameter, "number") else None
        if number is not None:
            return number
        if parameter.families and (component := self._named_component(parameter, node, text, path)):
            return component
        if is_choice(parameter):
            return self._choice(parameter, node, text, path)
        if admits(parameter, "string"):
            return text
        if parameter.families:
            self._unknown_name(parameter, node, text, path)
            return None
        return self._wrong_kind(parameter, node, path)

    def _named_component(
        self, parameter: Parameter, node: Scalar, text: str, path: ConfigPathKeys
    ) -> Component | str | None:
        for family in parameter.families:
            if text in self.language.catalogue.identifiers(family):
                return text
            if self.language.catalogue.entry(family, text):
                return self.parse(node, (family,), path)
        return None

    def _unknown_name(self, parameter: Parameter, node: Scalar, text: str, path: ConfigPathKeys) -> None:
        candidates = [n for f in parameter.families for n in self.language.catalogue.identifiers(f)]
        near = self.language.catalogue.suggest(
            text, candidates + self.language.names(without_activations(parameter.families))
        )
        plain = as_yaml(text, parameter.accepts) or from_python_call(
            text, parameter.families, self.language.catalogue
        )
        there_are = f"bigmodel list {parameter.families[0]} shows the names"
        suggestion = f"write {plain}" if plain else f"did you mean {near}?" if near else there_are
        elsewhere = [f for f in self.language.catalogue.families_knowing(text) if f not in parameter.families]
        found = f"{text!r}, which is {with_article(elsewhere[0])}" if elsewhere else describe(node)
        message = f"expected {expected_kinds(parameter)}, found {found}"
        self._problem(node.place, path, message, suggestion=suggestion, doc=doc_of(parameter))

    def _choice(self, parameter: Parameter, node: Scalar, text: str, path: ConfigPathKeys) -> str:
        choices = parameter.choices or ()
        if text.lower() not in {choice.lower() for choice in choices}:
            near = closest(text, choices)
            also = " or null" if "null" in parameter.accepts else ""
            plain = as_yaml(text, parameter.accepts)
            suggestion = f"did you mean {near}?" if near else None
            self._problem(
                node.place,
                path,
                f"expected one of {', '.join(choices)}{also}, found {text!r}",
                suggestion=f"write {plain}" if plain else suggestion,
                doc=doc_of(parameter),
            )
        return text

    def _wrong_kind(self, parameter: Parameter, node: Node, path: ConfigPathKeys) -> None:
        words = ", ".join(parameter.choices)
        expected = f"one of {words}" if is_choice(parameter) else expected_kinds(parameter)
        message = f"expected {expected}, found {describe(node)}"
        problem = Problem(
            node.place,
            path,
            message,
            expected,
            describe(node),
            suggestion=right_notation(parameter, node),
            doc=doc_of(parameter),
        )
        self.problems.add(problem)

    def _problem(
        self,
        place: Place,
        path: ConfigPathKeys,
        message: str,
        *,
        suggestion: str | None = None,
        doc: str | None = None,
    ) -> None:
        self.problems.add(Problem(place, path, message, suggestion=suggestion, doc=doc))
