"""The formats that a model can be exported to. Each is one module here; nothing else lists them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from bigmodel_cli.exporting.format import Format


@cache
def formats() -> Mapping[str, Format]:
    """All formats by the name that `--format` has for them."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return {one.name: one() for one in sorted(Format.__subclasses__(), key=lambda one: one.name)}
