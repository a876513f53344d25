"""The space of `tune` as it is written: every mistake with its place, and what can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bigmodel_cli.config.dotted_keys import joined
from bigmodel_cli.config.foreign_spaces import in_our_words
from bigmodel_cli.config.problems import Problem
from bigmodel_cli.config.range_reader import RangeReader
from bigmodel_cli.config.space import (
    PRESET,
    SPACE_PATH,
    Choice,
    Dimension,
    Keys,
    Option,
    Space,
    keys_of,
    written_in,
)
from bigmodel_cli.config.tree import (
    ConfigPathKeys,
    Entry,
    Mapping,
    Node,
    Place,
    Scalar,
    Sequence,
    describe,
    to_plain,
)
from bigmodel_cli.config.tune import FORMS

_FORMS = "{log: [LOW, HIGH]}, {uniform: [LOW, HIGH]}, {integer: [LOW, HIGH]} or {choice: [...]}"
# What each form takes beside it.
_OPTIONS = {name: frozenset(form.beside) for name, form in FORMS.items()}
_NOT_DOTS = re.compile(r"\[-?[0-9]+\]|/")


@dataclass(frozen=True)
class ReadSpace:
    """What was found where a space is written.

    Attributes:
        space: What can be read of it.
        problems: What is wrong with the rest.
        unread: Keys of which no value can be read.
    """

    space: Space
    problems: list[Problem]
    unread: list[Keys]


def read_space(node: Node | None) -> tuple[Space, list[Problem]]:
    """The space as `tune.space` has it, and what is wrong with it."""
    read = look_at_space(node)
    return read.space, read.problems


def look_at_space(node: Node | None) -> ReadSpace:
    """The same, with the keys of which no value can be read."""
    reader = _Reader()
    found: list[Dimension] = []
    unread: list[Keys] = []
    for key, entry in node.entries.items() if isinstance(node, Mapping) else ():
        is_preset = key.split("_")[0] == PRESET
        keys = () if is_preset else keys_of(key, entry.key_place)
        if not is_preset and not reader.is_path(key, keys, entry):
            continue
        dimension = reader.dimension(key, keys, entry, (*SPACE_PATH, key), is_preset=is_preset)
        if dimension is not None:
            found.append(dimension)
        elif not is_preset:
            unread.append(keys)
    reader.require_apart(found, unread)
    return ReadSpace(Space(tuple(found)), reader.problems, unread)


class _Reader:
    """Reads dimensions and collects what is wrong."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def is_path(self, text: str, keys: Keys, entry: Entry) -> bool:
        """Whether a key of the space is a path, whatever it leads to."""
        where = (*SPACE_PATH, text)
        if any(not key for key, _ in keys):
            place = next(place for key, place in keys if not key)
            self._problem(place, where, "an empty key; keys are separated by single dots", None)
            return False
        if _NOT_DOTS.search(text) and '"' not in text:
            meant = re.sub(r"\[(-?[0-9]+)\]", r".\1", text).replace("/", ".")
            self._problem(entry.key_place, where, "keys are separated by dots", f"write {meant}")
            return False
        return True

    def dimension(
        self, name: str, keys: Keys, entry: Entry, path: ConfigPathKeys, *, is_preset: bool = False
    ) -> Dimension | None:
        node = entry.node
        form = _form_meant(node)
        if form is None or not isinstance(node, Mapping):
            place = entry.key_place if isinstance(node, Mapping) and not node.entries else node.place
            hint = in_our_words(node) or "what is not searched stands in the config itself"
            self._problem(place, path, f"expected {_FORMS}, found {describe(node)}", hint)
            return None
        strangers = [key for key in node.entries if key != form and key not in _OPTIONS[form]]
        for key in strangers:
            self._stranger(key, form, node, path)
        if form == "choice":
            return self._choice(name, keys, node, path, is_preset=is_preset)
        if is_preset:
            message = "a preset is a choice of several keys each"
            self._problem(entry.key_place, path, message, "write {choice: [{KEY: VALUE, KEY: VALUE}, …]}")
            return None
        of = RangeReader(self.problems).read(form, node, path)
        return None if of is None else Dimension(name, keys, of)

    def _stranger(self, key: str, form: str, node: Mapping, path: ConfigPathKeys) -> None:
        known = ", ".join(sorted(_OPTIONS[form])) or "nothing"
        hint = in_our_words(node)
        if key in _OPTIONS:
            hint = "write {log: [LOW, HIGH]}" if {form, key} == {"uniform", "log"} else "keep one of the two"
        place = node.entries[key].key_place
        self._problem(place, (*path, key), f"{form} takes {known} beside it, found {key!r}", hint)

    def _choice(
        self, name: str, keys: Keys, node: Mapping, path: ConfigPathKeys, *, is_preset: bool
    ) -> Dimension | None:
        listed, path = node.entries["choice"], (*path, "choice")
        if not isinstance(listed.node, Sequence) or len(listed.node.items) < 2:
            message = f"expected a list of two or more, found {describe(listed.node)}"
            is_one = isinstance(listed.node, Sequence) and len(listed.node.items) == 1
            hint = "what is not searched stands in the config itself" if is_one else None
            self._problem(listed.node.place, path, message, hint)
            return None
        options, seen = [], []
        for number, item in enumerate(listed.node.items):
            where = (*path, number)
            if to_plain(item) in seen and not any(_form(inner) for _, inner in _inside(item)):
                self._problem(item.place, where, "the same value stands in the choice twice", None)
                continue
            seen.append(to_plain(item))
            if is_preset and not (isinstance(item, Mapping) and item.entries):
                message = f"expected keys of the config and their values, found {describe(item)}"
                self._problem(item.place, where, message, "write {KEY: VALUE, KEY: VALUE}")
                continue
            before = len(self.problems)
            inner = tuple(self._inner(f"{name}[{number}]", item, where, is_preset=is_preset))
            # What is wrong inside would be told a second time as a value that the config does not take.
            if len(self.problems) == before:
                options.append(Option(item, inner))
        return Dimension(name, keys, Choice(tuple(options), listed.key_place)) if options else None

    def _inner(self, name: str, item: Node, path: ConfigPathKeys, *, is_preset: bool) -> Iterator[Dimension]:
        """The dimensions inside an option."""
        if _form(item) is not None:
            message = "a range or a choice is no option itself"
            hint = "write the options of both into one list" if _form(item) == "choice" else None
            self._problem(item.place, path, message, hint)
            return
        for steps, node in _inside(item):
            if _form(node) is None:
                continue
            keys = keys_of(*steps[0]) + steps[1:] if is_preset else steps
            key = joined(step for step, _ in keys)
            entry = Entry(steps[-1][1], node)
            found = self.dimension(f"{name}.{key}", keys, entry, (*path, *(step for step, _ in keys)))
            if found is not None:
                yield found

    def require_apart(self, dimensions: list[Dimension], unread: list[Keys]) -> None:
        """No key may lie under another: what is inside a value that is chosen stands inside the choice."""
        written = [(joined(_names(keys)), keys) for keys in unread]
        written += [(one.name, keys) for one in dimensions for keys in written_in(one)]
        told: set[Place] = set()
        for name, keys in written:
            for other, below in written:
                if other == name or _names(below)[: len(keys)] != _names(keys):
                    continue
                is_same = len(below) == len(keys)
                place = below[0][1]
                if place in told or (is_same and keys[0][1] in told):
                    continue
                told.add(place)
                message = f"{name} is searched itself, so this key may not be there"
                hint = f"write the range into the options of {name}"
                if is_same:
                    message, hint = f"{name} searches this key too", "keep one of the two"
                self._problem(place, (*SPACE_PATH, other), message, hint)

    def _problem(self, place: Place, path: ConfigPathKeys, message: str, suggestion: str | None) -> None:
        self.problems.append(Problem(place, path, message, suggestion=suggestion))


def _names(keys: Keys) -> list[str]:
    return [key for key, _ in keys]


def _form(node: Node) -> str | None:
    """Which form of a range or a choice a value inside an option is; None where it is an ordinary one."""
    if not isinstance(node, Mapping):
        return None
    found = [key for key in node.entries if key in _OPTIONS]
    return next((key for key in found if isinstance(node.entries[key].node, Sequence)), None)


def _form_meant(node: Node) -> str | None:
    """The same where nothing but a form can be meant."""
    if not isinstance(node, Mapping):
        return None
    found = [key for key, entry in node.entries.items() if key in _OPTIONS and not _is_flag(entry.node)]
    return _form(node) or next(iter(found), None)


def _is_flag(node: Node) -> bool:
    return isinstance(node, Scalar) and isinstance(node.value, bool)


def _inside(node: Node, keys: Keys = ()) -> Iterator[tuple[Keys, Node]]:
    """Everything inside a value with the way to it; not what is inside a range or a choice."""
    if isinstance(node, Mapping):
        children = [(key, entry.key_place, entry.node) for key, entry in node.entries.items()]
    elif isinstance(node, Sequence):
        children = [(str(n), item.place, item) for n, item in enumerate(node.items)]
    else:
        return
    for key, place, child in children:
        yield (*keys, (key, place)), child
        if _form(child) is None:
            yield from _inside(child, (*keys, (key, place)))
