"""Components inside components: layers of blocks, wrapped layers, initializers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bigmodel_cli.config.components import Component


def walk(value: Any, into: Callable[[Component], bool] = lambda _: True) -> Iterator[Component]:
    """Every component in a component, a list or a mapping, from the outside to the inside.

    Args:
        value: The component, list or mapping.
        into: Whether what is in a component is looked at, too.
    """
    if isinstance(value, Component):
        yield value
        if not into(value):
            return
        options = vars(value.options) if value.options is not None else {}
        value = [*value.arguments.values(), *options.values()]
    elif isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from walk(item, into)
