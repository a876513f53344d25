"""The parts of kinds and tasks, found by looking into their folders."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

import bigmodel_cli
from bigmodel_cli.parts import called

_PACKAGE = Path(bigmodel_cli.__file__).parent


def names_of(family: str) -> list[str]:
    """The kinds, or the tasks: `names_of("kinds")`."""
    return sorted(path.parent.name for path in (_PACKAGE / family).glob("*/__init__.py"))


def storeys_of(family: str) -> list[str]:
    """The modules that say what a storey needs of a kind, or of a task."""
    return sorted(path.stem for path in (_PACKAGE / family).glob("[!_]*.py"))


def parts_of(family: str) -> Iterator[tuple[str, str]]:
    """A storey and the class that says what it needs, for all that any kind or task has a part for.

    `("show", "Show")`, since `kinds/image/show.py` has an `ImageShow`.
    """
    for storey in storeys_of(family):
        module = importlib.import_module(f"bigmodel_cli.{family}.{storey}")
        for base, cls in inspect.getmembers(module, inspect.isclass):
            is_own = cls.__module__ == module.__name__
            if is_own and any(part_named(family, name, storey, base) for name in names_of(family)):
                yield storey, base


def part_named(family: str, name: str, storey: str, base: str) -> object | None:
    """The part of one kind or task, as `part_of` finds it; None where it lacks it."""
    if not (_PACKAGE / family / name / f"{storey}.py").exists():
        return None
    module = importlib.import_module(f"bigmodel_cli.{family}.{name}.{storey}")
    return getattr(module, called(name) + base, None)
