"""Nodes of a config to arguments of Keras classes, of the kinds and within the bounds of the catalogue."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from bigmodel_cli.config.bounds import Bounds
from bigmodel_cli.config.catalogue import Parameter
from bigmodel_cli.config.components import Component, Language, as_fraction, data_number
from bigmodel_cli.config.problems import Problem, Problems
from bigmodel_cli.config.python_calls import from_python_call
from bigmodel_cli.config.spelling import as_yaml, closest
from bigmodel_cli.config.tree import ConfigPathKeys, Mapping, Node, Scalar, Sequence, describe, to_plain
from bigmodel_cli.config.wording import (
    admits,
    doc_of,
    expected_kinds,
    is_choice,
    right_notation,
    with_article,
    without_activations,
)

_CAMEL_CASE = re.compile(r"[A-Z][A-Za-z0-9]*")
ParseComponent = Callable[[Node, tuple[str, ...], ConfigPathKeys], Component | None]


class ArgumentParser:
    """Turns nodes of a config into arguments.

    Args:
        language: The names there are.
        problems: Where mistakes are collected.
        component: Makes the components inside, by their families.
    """

    def __init__(self, language: Language, problems: Problems, component: ParseComponent) -> None:
        self.language = language
        self.problems = problems
        self._component = component

    def parse(self, parameter: Parameter, node: Node, path: ConfigPathKeys) -> Any:
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
            self.problems.tell(
                node.place, path, message, suggestion=bounds.meant(value), doc=doc_of(parameter)
            )

    def _item(self, parameter: Parameter, node: Node, path: ConfigPathKeys) -> Any:
        """An item of a list argument: its kind is not in the catalogue, but a component is recognised."""
        if isinstance(node, Mapping) and self._names_component(node):
            return self._component(node, self._families(parameter, node), path)
        if isinstance(node, Sequence):
            return [self._item(parameter, item, (*path, i)) for i, item in enumerate(node.items)]
        if isinstance(node, Scalar) and isinstance(node.value, str):
            if parameter.families:
                return self._component(node, parameter.families, path)
            number = as_fraction(node.value)
            return data_number(node.value) or (node.value if number is None else number)
        return to_plain(node)

    def _mapping_argument(self, parameter: Parameter, node: Mapping, path: ConfigPathKeys) -> Any:
        if self._names_component(node) and (admits(parameter, "component") or admits(parameter, "mapping")):
            return self._component(node, self._families(parameter, node), path)
        if admits(parameter, "mapping"):
            return {key: self._item(parameter, e.node, (*path, key)) for key, e in node.entries.items()}
        if "component" in parameter.accepts and parameter.families:
            return self._component(node, parameter.families, path)
        return self._wrong_kind(parameter, node, path)

    def _names_component(self, node: Mapping) -> bool:
        if len(node.entries) != 1:
            return False
        name = next(iter(node.entries))
        return _CAMEL_CASE.fullmatch(name) is not None or name in self.language.catalogue.own_names

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
        if parameter.is_rate and text == "auto":
            return text
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
                return self._component(node, (family,), path)
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
        suggestion = self.language.unusable.get(text, suggestion)
        elsewhere = [f for f in self.language.catalogue.families_knowing(text) if f not in parameter.families]
        found = f"{text!r}, which is {with_article(elsewhere[0])}" if elsewhere else describe(node)
        message = f"expected {expected_kinds(parameter)}, found {found}"
        self.problems.tell(node.place, path, message, suggestion=suggestion, doc=doc_of(parameter))

    def _choice(self, parameter: Parameter, node: Scalar, text: str, path: ConfigPathKeys) -> str:
        choices = parameter.choices or ()
        if text.lower() not in {choice.lower() for choice in choices}:
            near = closest(text, choices)
            also = " or null" if "null" in parameter.accepts else ""
            plain = as_yaml(text, parameter.accepts)
            suggestion = f"did you mean {near}?" if near else None
            self.problems.tell(
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
