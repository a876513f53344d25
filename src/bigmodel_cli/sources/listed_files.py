"""Files with their labels, as sources of files list them before any of them is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bigmodel_cli.sources.stores import Store

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class ListedFiles:
    """The files of one split as a source lists them.

    Attributes:
        paths: Relative to the source's root, with `/` between their parts.
        labels: As for all examples.
        beside: The same.
    """

    paths: Sequence[str]
    labels: np.ndarray
    beside: Mapping[str, Store] = field(default_factory=dict)
