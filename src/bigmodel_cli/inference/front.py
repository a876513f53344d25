"""What stands before a run's LiteRT model that takes no texts."""

from __future__ import annotations

import json
from pathlib import Path

from bigmodel_cli.errors import DataError
from bigmodel_cli.inference.lookups.front import Front


def read_front(path: Path) -> Front:
    """The description that a run keeps.

    Raises:
        DataError: If it is damaged, or of a version that is not known.
    """
    try:
        return Front.read(json.loads(path.read_text("utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = f"{error}" if type(error) is ValueError else f"damaged: {error!r}"
        raise DataError(f"{path}: {reason}") from None
