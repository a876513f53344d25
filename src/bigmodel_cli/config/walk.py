"""Components inside components: layers of blocks, wrapped layers, initializers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bigmodel_cli.config.components import Component


def walk(value: Any) -> Iterator[Component]:
    """Every component in a component, a list or a mapping, from the outside to the inside."""
    if isinstance(value, Component):
        yield value
        options = vars(value.options) if value.options is not None else {}
        value = [*value.arguments.values(), *options.values()]
    elif isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from walk(item)
