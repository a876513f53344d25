"""The libraries of data sets, each of which is an extra."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

from bigmodel_cli.errors import DataError
from bigmodel_cli.native_output import silenced


def library(module: str, package: str, extra: str) -> Any:
    """A library, without what it says while it is imported.

    Args:
        module: What is imported.
        package: What people call it.
        extra: The extra of bigmodel that installs it.

    Raises:
        DataError: If it is not installed, or does not load.
    """
    try:
        with warnings.catch_warnings(), silenced():
            warnings.simplefilter("ignore")
            return importlib.import_module(module)
    except ImportError as error:
        is_missing = isinstance(error, ModuleNotFoundError) and error.name == module
        raise DataError(
            f"{extra}: {package} is not installed"
            if is_missing
            else f"{extra}: {package} cannot be loaded: {error}",
            hint=f"pip install 'bigmodel-cli[{extra}]'",
        ) from None
