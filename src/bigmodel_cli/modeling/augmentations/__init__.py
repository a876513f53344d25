"""Augmentations: what bigmodel adds to Keras's, for training. One module each; nothing else lists them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from bigmodel_cli.modeling.augmentations.base import Augmenting


@cache
def augmentation_options() -> Mapping[str, type[Augmenting]]:
    """All augmentations by the name that configs use."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    found = sorted(Augmenting.__subclasses__(), key=lambda one: one.augmentation_name)
    return {one.augmentation_name: one for one in found}
