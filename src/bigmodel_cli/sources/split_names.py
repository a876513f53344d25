"""What people call the splits of their data: names of folders and arrays, and words in tables."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bigmodel_cli.sources.base import SplitName

# The only list of such names: folders, the split column of a CSV file and the arrays of an .npz file use it.
SPLIT_NAMES: Mapping[str, SplitName] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "validate": "validation",
    "validating": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
# `train_set`, `Test Images`, `trainset`.
_WHAT_IT_IS_OF = re.compile(r"[ _-]*(set|data|dataset|images|texts|split)$")


def split_named(name: str) -> SplitName | None:
    """The split that a name stands for, whatever its case; None where it is the name of none.

    >>> split_named("Training"), split_named("TEST_SET"), split_named("plane")
    ('train', 'test', None)
    """
    folded = name.strip().casefold()
    return SPLIT_NAMES.get(folded) or SPLIT_NAMES.get(_WHAT_IT_IS_OF.sub("", folded))
