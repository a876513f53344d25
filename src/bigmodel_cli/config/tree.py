"""The config as a tree that remembers where each of its words stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ConfigPathKeys = tuple[str | int, ...]
COMMAND_LINE = "command line"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was written.

    Attributes:
        origin: A file as the user named it, or `command line`.
        line: From 1; of the command line, which of its words it is.
        column: From 1.
        length: Characters to underline.
        text: The whole line.
        folder: What a relative path written here is relative to.
    """

    origin: str
    line: int
    column: int
    length: int
    text: str
    folder: Path

    def __str__(self) -> str:
        if self.origin == COMMAND_LINE:
            return f"{self.origin}: {shorten(self.text, 100)}"
        return f"{self.origin}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Scalar:
    """A string, number, boolean or null."""

    value: str | int | float | bool | None
    place: Place


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: list[Node]
    place: Place


@dataclass(frozen=True, slots=True)
class Entry:
    """A key's place and its value."""

    key_place: Place
    node: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values in the order written."""

    entries: dict[str, Entry] = field(default_factory=dict)
    place: Place = field(kw_only=True)

    def child(self, key: str) -> Node | None:
        entry = self.entries.get(key)
        return entry.node if entry else None


Node = Scalar | Sequence | Mapping


def is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None


def to_plain(node: Node) -> Any:
    """The tree as dicts, lists and scalars."""
    if isinstance(node, Mapping):
        return {key: to_plain(entry.node) for key, entry in node.entries.items()}
    if isinstance(node, Sequence):
        return [to_plain(item) for item in node.items]
    return node.value


def describe(node: Node) -> str:
    """What a message calls a value that was found: its kind and, where short, its text."""
    if isinstance(node, Mapping):
        keys = ", ".join(list(node.entries)[:3])
        return f"a mapping ({keys}{', …' if len(node.entries) > 3 else ''})"
    if isinstance(node, Sequence):
        return f"a list of {len(node.items)}"
    if node.value is None:
        return "nothing"
    if isinstance(node.value, str):
        return f"the text {shorten(node.value)!r}"
    return str(node.value).lower() if isinstance(node.value, bool) else str(node.value)


def written(node: Node) -> str:
    """A value as it stands in its line, for a suggestion to repeat it."""
    start = node.place.column - 1
    return node.place.text[start : start + node.place.length]


def shorten(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"


def dotted(path: ConfigPathKeys) -> str:
    return ".".join(str(key) for key in path)


def place_at(root: Node, path: ConfigPathKeys) -> Place:
    """The place of the deepest part of `path` that exists; of the key where the value is a mapping."""
    place = root.place
    for found in _descend(root, path):
        place = found
    return place


def node_at(root: Node, path: ConfigPathKeys) -> Node | None:
    """The value at `path`; None where there is none."""
    node: Node | None = root
    for key in path:
        if isinstance(node, Mapping):
            node = node.child(str(key))
        elif isinstance(node, Sequence) and isinstance(key, int) and key < len(node.items):
            node = node.items[key]
        else:
            return None
    return node


def _descend(root: Node, path: ConfigPathKeys) -> Iterator[Place]:
    node: Node = root
    for key in path:
        if isinstance(node, Mapping) and key in node.entries:
            entry = node.entries[str(key)]
            node = entry.node
            yield node.place if isinstance(node, Scalar) and node.value is not None else entry.key_place
        elif isinstance(node, Sequence) and isinstance(key, int) and key < len(node.items):
            node = node.items[key]
            yield node.place
        else:
            return
