"""Blocks: steps of a model that bigmodel adds to Keras's. One module each; nothing else lists them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache

from bigmodel_cli.modeling.blocks.base import Block


@cache
def block_options() -> Mapping[str, type[Block]]:
    """All blocks by the name that configs use."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return {block.block_name: block for block in sorted(_named(Block), key=lambda b: b.block_name)}


def _named(base: type[Block]) -> Iterator[type[Block]]:
    """The blocks that a config can name; what several share has no name."""
    for block in base.__subclasses__():
        if "block_name" in vars(block):
            yield block
        yield from _named(block)
