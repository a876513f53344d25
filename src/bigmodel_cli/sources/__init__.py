"""Data sources: where labelled examples come from. One module each; nothing else lists them."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bigmodel_cli.sources.options import SourceOptions


@cache
def source_options() -> Mapping[str, type[SourceOptions]]:
    """All data sources by the name that configs use."""
    # Who needs only examples, as `predict` does, starts without pydantic.
    from bigmodel_cli.sources.options import SourceOptions

    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    found = sorted(_concrete(SourceOptions), key=lambda options: options.source_name)
    return {options.source_name: options for options in found}


def _concrete(options: type[SourceOptions]) -> Iterator[type[SourceOptions]]:
    """The subclasses at any depth, of modules of this package, that can be loaded."""
    for subclass in options.__subclasses__():
        if subclass.__module__.startswith(f"{__name__}.") and not inspect.isabstract(subclass):
            yield subclass
        yield from _concrete(subclass)
