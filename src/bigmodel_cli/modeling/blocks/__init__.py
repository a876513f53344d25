"""Blocks: steps of a model that bigmodel adds to Keras's. One module each; nothing else lists them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from bigmodel_cli.modeling.blocks.base import Block


@cache
def block_options() -> Mapping[str, type[Block]]:
    """All blocks by the name that configs use."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return {block.block_name: block for block in sorted(Block.__subclasses__(), key=lambda b: b.block_name)}
