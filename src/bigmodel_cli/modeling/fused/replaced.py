"""Methods of single objects, replaced for a moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bigmodel_cli.modeling.relied_on import relied_on


@contextmanager
def replaced(owner: Any, method: str, replacement: Callable[..., Any]) -> Iterator[None]:
    """Let an object have another method of that name inside the block.

    Raises:
        BigmodelError: If it has no such method, so that nothing would call the other one.
    """
    relied_on(owner, method)
    setattr(owner, method, replacement)
    try:
        yield
    finally:
        delattr(owner, method)
