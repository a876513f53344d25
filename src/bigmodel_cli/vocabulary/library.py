"""Hugging Face's tokenizers, which are an extra."""

from __future__ import annotations

import os
from typing import Any

from bigmodel_cli.errors import DataError


def library() -> Any:
    """The package `tokenizers`.

    Raises:
        DataError: If it is not installed.
    """
    # Its threads would warn of every process that is started later, and gain little.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        import tokenizers
    except ImportError as error:
        raise DataError(
            f"tokenizers, which cuts texts into subwords, cannot be loaded: {error}",
            hint="pip install 'bigmodel-cli[text]'; tokenizer: bytes needs nothing",
        ) from None
    return tokenizers
