"""Nodes of a config to components: whose name it is, and which arguments it has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from bigmodel_cli.config.argument_parser import ArgumentParser
from bigmodel_cli.config.catalogue import Entry
from bigmodel_cli.config.components import OWN_FAMILIES, STEP_FAMILIES, Component, Language
from bigmodel_cli.config.fields import fields_of
from bigmodel_cli.config.problems import Problems
from bigmodel_cli.config.spelling import fold
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
    written,
)
from bigmodel_cli.config.tree import Entry as Given
from bigmodel_cli.config.wording import (
    argument_list,
    argument_name,
    doc_of,
    is_empty,
    ran_together,
    with_article,
)

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
        self.arguments = ArgumentParser(language, problems, self.parse)

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
            self.problems.tell(place, path, reason)
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
        self.problems.tell(place, path, f"{expected}; found {describe(node)}", suggestion=suggestion)
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
                    self.problems.tell(
                        arguments.place, path, f"{name} takes no arguments, found {describe(arguments)}"
                    )
                return Component(name, family, place, path)
        message = self.suggestions.unknown(name, families)
        suggestion = self.suggestions.meant(name, families, arguments)
        self.problems.tell(place, path, message, suggestion=suggestion)
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
        if family in STEP_FAMILIES and isinstance(node, Mapping):
            step, inputs, node = self._extras(node, path, frozenset(fields_of(model)))
        options = self.fill(model, node, path)
        if options is None:
            return None
        return Component(name, family, place, path, options=options, step=step, inputs=inputs)

    def _keras(self, entry: Entry, place: Place, path: ConfigPathKeys, arguments: Node | None) -> Component:
        node = arguments if arguments is not None and not is_null(arguments) else Mapping(place=place)
        if not isinstance(node, Mapping):
            self.problems.tell(
                node.place, path, self._not_arguments(entry, node), suggestion=self._positional(entry, node)
            )
            return Component(entry.name, entry.family, place, path, own=_own(entry))
        step, inputs = None, None
        if entry.family in STEP_FAMILIES:
            step, inputs, node = self._extras(node, path, frozenset(entry.parameters))
        values: dict[str, Any] = {}
        misspelt: set[str | None] = set()
        unknown = {key: given for key, given in node.entries.items() if key not in entry.parameters}
        for key, given in node.entries.items():
            if key not in unknown:
                values[key] = self.arguments.parse(entry.parameters[key], given.node, (*path, key))
        for key, given in unknown.items():
            misspelt |= self._unknown_argument(entry, key, given, (*path, key), values)
        self._missing(entry, misspelt | set(values), place, path)
        if entry.family == "applications" and isinstance(weights := node.child("weights"), Scalar):
            values["weights"] = _weights(weights)
        return Component(
            entry.name, entry.family, place, path, values, step=step, inputs=inputs, own=_own(entry)
        )

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
                self.problems.tell(step.place, (*path, "name"), f"expected a name, found {describe(step)}")
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
            self.problems.tell(node.place, path, f"expected names of steps, found {describe(node)}")
            return None
        return tuple(names)

    def _missing(self, entry: Entry, given: set[str | None], place: Place, path: ConfigPathKeys) -> None:
        # The builder fills in how many steps training has.
        filled_in = {"decay_steps"} if entry.family == "schedules" else set()
        missing = [p for p in entry.parameters.values() if p.required and p.name not in given | filled_in]
        if "<<" in given or not missing:
            return
        names = [parameter.name for parameter in missing]
        self.problems.tell(
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
            self.problems.tell(given.key_place, path, message, suggestion=suggestion)
            return set()
        if wrapped := self._wrapping(entry, key):
            self.problems.tell(given.key_place, path, message, suggestion=f"write {wrapped}: {{{key}: …}}")
            return {wrapped}
        near = self.language.catalogue.suggest(argument_name(key), list(entry.parameters))
        suggestion = ran_together(key, given, near) or ARGUMENTS.get(fold(key)) or argument_list(entry, near)
        doc = doc_of(entry.parameters[near]) if near and suggestion.startswith("did you mean") else None
        self.problems.tell(given.key_place, path, message, suggestion=suggestion, doc=doc)
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


def _own(entry: Entry) -> Entry | None:
    return entry if entry.own is not None else None


def _weights(node: Scalar) -> Any:
    """An application's weights: the path of a file is relative to the config that it stands in."""
    if not isinstance(node.value, str) or node.value == "imagenet":
        return node.value
    path = node.place.folder / Path(node.value).expanduser()
    # Keras itself takes it as relative to the current folder.
    return str(path.absolute()) if path.exists() or not Path(node.value).exists() else node.value
