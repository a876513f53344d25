"""Methods of single objects, replaced for a moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def replaced(owner: Any, method: str, replacement: Callable[..., Any]) -> Iterator[None]:
    """Let an object have another method of that name inside the block."""
    setattr(owner, method, replacement)
    try:
        yield
    finally:
        delattr(owner, method)
