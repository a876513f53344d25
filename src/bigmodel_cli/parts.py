"""What a kind or a task is for one storey of the house, found by the names of files.

`kinds/show.py` says what every kind must be able to do to be shown; `kinds/image/show.py` has how an image
does it, in `ImageShow`. So what a storey needs stands in that storey, imports point downwards, and nobody
lists kinds or tasks.
"""

from __future__ import annotations

import importlib
from typing import Any, TypeVar

Part = TypeVar("Part")


def called(name: str) -> str:
    """The name of a kind or a task as classes have it: `question_answering` is `QuestionAnswering`."""
    return "".join(word.capitalize() for word in name.split("_"))


def class_called(family: str, name: Any, module: str, suffix: str = "") -> Any:
    """The class of a kind or a task by the name that a file gives it.

    Args:
        family: `kinds` or `tasks`.
        name: As it is written; anything, where the file is damaged.
        module: The file of its folder that has the class.
        suffix: What the class is called behind the name.

    Raises:
        TypeError: If there is none of the name.
    """
    if not isinstance(name, str) or not name.isidentifier():
        raise TypeError(f"none of the {family} is called {name!r}")
    place = f"bigmodel_cli.{family}.{name}.{module}"
    try:
        found = importlib.import_module(place)
    except ModuleNotFoundError as error:
        # What a folder that is there lacks is a failure of ours.
        if error.name is None or not place.startswith(error.name):
            raise
        raise TypeError(f"none of the {family} is called {name!r}") from None
    return getattr(found, called(name) + suffix)


def part_of(owner: Any, base: type[Part]) -> Part:
    """The part of a kind or a task that a storey asks for.

    Args:
        owner: A kind or a task, of `kinds/<name>/kind.py` or `tasks/<name>/task.py`.
        base: The class of `kinds/<storey>.py` or `tasks/<storey>.py` that says what the storey needs.

    Returns:
        The class of the same storey in the owner's folder, called by both names, made with the owner alone.
    """
    folder = type(owner).__module__.rpartition(".")[0]
    storey = base.__module__.rpartition(".")[2]
    module = importlib.import_module(f"{folder}.{storey}")
    part: Part = getattr(module, called(type(owner).name) + base.__name__)(owner)
    return part
