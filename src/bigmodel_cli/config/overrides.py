"""What the command line puts over a config: `KEY=VALUE` and `~KEY`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Sequence as Sequence_
from pathlib import Path

from bigmodel_cli.config.by_name import CAMEL_CASE, Sections, targets_in
from bigmodel_cli.config.dotted_keys import end_of_keys, joined
from bigmodel_cli.config.problems import Problem, config_error
from bigmodel_cli.config.reader import Unreadable, Word, read_yaml
from bigmodel_cli.config.space_keys import known_keys, parts_with_space
from bigmodel_cli.config.spelling import closest
from bigmodel_cli.config.tree import (
    COMMAND_LINE,
    ConfigPathKeys,
    Entry,
    Mapping,
    Node,
    Place,
    Scalar,
    Sequence,
    describe,
    dotted,
    is_null,
)

_IN_QUOTES = re.compile(r"""(?:^|\.)["']""")


def override_stack(tree: Mapping, words: Iterable[str]) -> list[Mapping]:
    """The config as each word of the command line leaves it.

    Raises:
        ConfigError: With every word that is malformed or leads nowhere.
    """
    stack: list[Mapping] = []
    problems: list[Problem] = []
    for number, word in enumerate(words, 1):
        try:
            tree = _apply(tree, Word(word, number))
        except Unreadable as error:
            problems += error.problems
        stack.append(tree)
    if problems:
        raise config_error(problems)
    return stack


def with_value(tree: Mapping, keys: Sequence_[tuple[str, Place]], value: Node | None) -> Mapping:
    """A copy of the config in which a path has another value, or is not there.

    Args:
        tree: The config.
        keys: The path, each key with its place.
        value: The value; None: the path goes away.

    Raises:
        Unreadable: If the path leads nowhere.
    """
    way = list(keys)
    new = (
        _without(tree, way, ()) if value is None else _with(tree, way, value, (), Sections(targets_in(tree)))
    )
    return new if isinstance(new, Mapping) else tree


def _apply(tree: Mapping, word: Word) -> Mapping:
    return _remove(tree, word) if word.text.startswith("~") else _assign(tree, word)


def _place(word: Word, start: int, length: int) -> Place:
    return Place(COMMAND_LINE, word.number, start + 1, max(1, length), word.text, Path.cwd())


def _keys(tree: Mapping, word: Word, text: str, offset: int) -> list[tuple[str, Place]]:
    dotted_text = re.sub(r"\[(-?[0-9]+)\]", r".\1", text).replace("/", ".")
    if dotted_text != text and not _IN_QUOTES.search(text):
        place = _place(word, offset, len(text))
        meant = word.text[:offset] + dotted_text + word.text[offset + len(text) :]
        raise Unreadable(Problem(place, (), "keys are separated by dots", suggestion=f"write {meant}"))
    keys = []
    for part, start, length in parts_with_space(text, known_keys(tree)):
        keys.append((part, _place(word, offset + start, length)))
        if not length:
            message = "an empty key; keys are separated by single dots"
            raise Unreadable(Problem(keys[-1][1], (), message))
    return keys


def _assign(tree: Mapping, word: Word) -> Mapping:
    end = end_of_keys(word.text)
    text, equals, value = (word.text, "", "") if end < 0 else (word.text[:end], "=", word.text[end + 1 :])
    if not equals or text.startswith(("-", "+")):
        meant = word.text.lstrip("-+")
        if not equals:
            key, colon, value = meant.partition(":")
            meant = f"{key}={value}" if colon else f"{meant}=VALUE"
        place = _place(word, 0, len(text))
        raise Unreadable(Problem(place, (), "expected KEY=VALUE or ~KEY", suggestion=f"write {meant}"))
    keys = _keys(tree, word, text, 0)
    within = Word(word.text, word.number, offset=len(text) + 1)
    node = read_yaml(value, origin=COMMAND_LINE, folder=Path.cwd(), word=within)
    return with_value(tree, keys, node)


def _with(
    node: Node | None,
    keys: list[tuple[str, Place]],
    value: Node,
    path: ConfigPathKeys,
    sections: Sections,
) -> Node:
    """A copy of `node` in which the path `keys` has `value`; sections on the way are made."""
    if not keys:
        return value
    (key, place), rest = keys[0], keys[1:]
    if isinstance(node, Sequence):
        index = _index(node, key, place, path)
        items = list(node.items)
        items[index] = _with(items[index], rest, value, (*path, index), sections)
        return Sequence(items, node.place)
    if isinstance(node, Scalar) and node.value == key:
        # `optimizer: Adam` is short for `optimizer: {Adam: {}}`.
        node = Mapping({key: Entry(node.place, Scalar(None, node.place))}, place=node.place)
    if node is None or is_null(node):
        node = Mapping(place=place)
    if isinstance(node, Scalar):
        raise Unreadable(_no_such_key(node, keys, path, sections))
    _require_same_component(node, key, place, path, sections)
    entries = dict(node.entries)
    below = entries[key].node if key in entries else None
    entries[key] = Entry(place, _with(below, rest, value, (*path, key), sections))
    return Mapping(entries, place=node.place)


def _no_such_key(
    node: Scalar, keys: list[tuple[str, Place]], path: ConfigPathKeys, sections: Sections
) -> Problem:
    """A value has no keys; a component's name may, where they are written under it."""
    (key, place), rest = keys[0], keys[1:]
    name = node.value
    is_name = isinstance(name, str) and sections.is_name(name, path)
    if is_name and (CAMEL_CASE.fullmatch(key) or rest):
        return _other_component(str(name), key, place, path)
    message = f"there is no {key!r} in it: the config has {describe(node)} here"
    suggestion = f"write {joined((*path, str(name), key))}=…" if is_name else None
    return Problem(place, (*path, key), message, suggestion=suggestion)


def _other_component(name: str, key: str, place: Place, path: ConfigPathKeys) -> Problem:
    where = joined(path)
    message = f"the config has {name} here, not {key}"
    suggestion = f"write {where}.{name}.… to change it, or {where}={key} to replace it"
    return Problem(place, (*path, key), message, suggestion=suggestion)


def _require_same_component(
    node: Mapping, key: str, place: Place, path: ConfigPathKeys, sections: Sections
) -> None:
    """A component takes no second name beside its own, and its arguments stand under its name."""
    if not sections.is_component(node, path) or key in node.entries:
        return
    (name,) = node.entries
    if sections.is_name(key, path) or closest(key, [name]):
        raise Unreadable(_other_component(name, key, place, path))
    message = f"there is no {key!r} in it: the config has {name} here"
    suggestion = f"write {joined((*path, name, key))}=…"
    raise Unreadable(Problem(place, (*path, key), message, suggestion=suggestion))


def _index(node: Sequence, key: str, place: Place, path: ConfigPathKeys) -> int:
    if not re.fullmatch(r"-?[0-9]{1,9}", key) or not -len(node.items) <= int(key) < len(node.items):
        numbers = f"0 to {len(node.items) - 1}" if node.items else "but the list is empty"
        message = f"expected the number of an item, {numbers}, found {key!r}"
        raise Unreadable(Problem(place, (*path, key), message, suggestion=_items_hint(node, path)))
    return int(key) % len(node.items)


def _items_hint(node: Sequence, path: ConfigPathKeys) -> str | None:
    names = []
    for index, item in enumerate(node.items[:20]):
        name = next(iter(item.entries), "?") if isinstance(item, Mapping) else describe(item)
        names.append(f"{index}: {item.value if isinstance(item, Scalar) else name}")
    more = ", …" if len(node.items) > len(names) else ""
    return f"items of {dotted(path)}: {', '.join(names)}{more}" if names else None


def _remove(tree: Mapping, word: Word) -> Mapping:
    if (end := end_of_keys(word.text)) >= 0:
        place = _place(word, end, 1)
        value = word.text[end:]
        message = f"~KEY removes a key and takes no value: leave out {value}"
        raise Unreadable(Problem(place, (), message))
    return with_value(tree, _keys(tree, word, word.text[1:], 1), None)


def _without(node: Node, keys: list[tuple[str, Place]], path: ConfigPathKeys) -> Node:
    (key, place), rest = keys[0], keys[1:]
    if isinstance(node, Sequence):
        index = _index(node, key, place, path)
        kept = [_without(node.items[index], rest, (*path, index))] if rest else []
        return Sequence([*node.items[:index], *kept, *node.items[index + 1 :]], node.place)
    if not isinstance(node, Mapping) or key not in node.entries:
        names = list(node.entries) if isinstance(node, Mapping) else []
        near = closest(key, names)
        suggestion = (
            f"did you mean {near}?" if near else f"the config has: {', '.join(names) or 'nothing here'}"
        )
        message = "there is no such key to remove"
        raise Unreadable(Problem(place, (*path, key), message, suggestion=suggestion))
    entries = dict(node.entries)
    if rest:
        entries[key] = Entry(entries[key].key_place, _without(entries[key].node, rest, (*path, key)))
    else:
        del entries[key]
    return Mapping(entries, place=node.place)
