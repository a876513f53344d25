"""Encodings: steps for numbers that bigmodel adds to Keras's. One module each; nothing else lists them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache

from bigmodel_cli.modeling.encodings.base import Encoding


@cache
def encoding_options() -> Mapping[str, type[Encoding]]:
    """All encodings by the name that configs use."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return {found.encoding_name: found for found in sorted(_named(Encoding), key=_name)}


def _named(base: type[Encoding]) -> Iterator[type[Encoding]]:
    """The encodings that a config can name; what several share has no name."""
    for encoding in base.__subclasses__():
        if "encoding_name" in vars(encoding):
            yield encoding
        yield from _named(encoding)


def _name(encoding: type[Encoding]) -> str:
    return encoding.encoding_name
