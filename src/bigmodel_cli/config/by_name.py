"""Which mappings of a config have names of the user's own for keys, and which have components.

A column may be called `Survived` and a target `Age`, so that letters do not decide it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bigmodel_cli.config.tree import ConfigPathKeys, Mapping, node_at, to_plain

CAMEL_CASE = re.compile(r"[A-Z][A-Za-z0-9]*")
SOURCE_PATH: ConfigPathKeys = ("data", "source")
_BY_COLUMN = frozenset({("preprocessing",), ("augmentation",)})
BY_TARGET = frozenset({("loss",), ("metrics",)})
_BY_OWN_NAMES = frozenset({("loss_weights",), ("expect",), ("data", "class_weights")})


def targets_in(tree: Mapping) -> frozenset[str]:
    """The columns that a config's source is told to predict, read before anything is checked."""
    source = node_at(tree, SOURCE_PATH)
    if not isinstance(source, Mapping) or len(source.entries) != 1:
        return frozenset()
    (options,) = source.entries.values()
    target = options.node.child("target") if isinstance(options.node, Mapping) else None
    told = () if target is None else to_plain(target)
    names = [told] if isinstance(told, str) else told if isinstance(told, list | dict) else ()
    return frozenset(name for name in names if isinstance(name, str))


# What is one choice, so that another one replaces it.
REPLACED = frozenset({("data", "split_by")})


@dataclass(frozen=True)
class Sections:
    """What the keys of a config's mappings are.

    Attributes:
        targets: The columns that the config's source is told to predict.
    """

    targets: frozenset[str]

    def are_names(self, keys: Iterable[str], path: ConfigPathKeys) -> bool:
        """Whether keys at a path are names of columns, targets, classes or gates."""
        if path in BY_TARGET:
            return any(key in self.targets for key in keys)
        is_in_source = len(path) > len(SOURCE_PATH) and path[: len(SOURCE_PATH)] == SOURCE_PATH
        return path in _BY_COLUMN or path in _BY_OWN_NAMES or is_in_source

    def is_component(self, node: Mapping, path: ConfigPathKeys) -> bool:
        """Whether a mapping is a name with its arguments."""
        if len(node.entries) != 1 or self.are_names(node.entries, path):
            return False
        return self.is_name(next(iter(node.entries)), path)

    def is_name(self, key: str, path: ConfigPathKeys) -> bool:
        """Whether a key at a path is the name of a component."""
        if self.are_names((key,), path):
            return False
        return path == SOURCE_PATH or CAMEL_CASE.fullmatch(key) is not None
