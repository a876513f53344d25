"""Parts of Keras that wait until somebody asks for them, with the libraries that they alone need."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType

# The one imports all of scikit-learn, the other Matplotlib's pyplot: together nearly a third of what
# TensorFlow's import takes.
_PARTS = ("wrappers", "visualization")
_NAMES = frozenset(
    f"{package}.{part}" for package in ("keras", "keras.src", "keras._tf_keras.keras") for part in _PARTS
)


class _Later(MetaPathFinder):
    """Finds them as any others are found, and lets them be executed when a name of theirs is asked for."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in _NAMES:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec


@contextmanager
def seldom_used_parts_later() -> Iterator[None]:
    """While Keras is imported."""
    finder = _Later()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
