"""The packages that serving needs."""

from __future__ import annotations

import importlib.util

from bigmodel_cli.errors import UsageError

_PACKAGES = ("starlette", "uvicorn", "python_multipart")


def require_extra() -> None:
    """Find out whether they are there, before a model is loaded.

    Raises:
        UsageError: If one is not.
    """
    lacking = [package for package in _PACKAGES if importlib.util.find_spec(package) is None]
    if lacking:
        raise UsageError(
            f"bigmodel serve needs the package {lacking[0]}, which is not installed",
            hint="pip install 'bigmodel-cli[serve]'",
        )
