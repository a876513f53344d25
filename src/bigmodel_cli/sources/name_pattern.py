"""What the names of files say: `{patient}_*` finds the patient in `cat/p07_2.png`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.audio.files.names import SOUND_SUFFIXES
from bigmodel_cli.kinds.image.files.names import image_suffixes
from bigmodel_cli.sources.sought_texts import TEXT_SUFFIXES

_PART = re.compile(r"\{([^{}]*)\}|(\*)")


@dataclass(frozen=True)
class NamePattern:
    """How paths of files are made up.

    Attributes:
        written: As the config has it: `{NAME}` is a part of the path that is called so, `*` any part; neither
            goes over a `/`. As many folders are looked at, from the file upwards, as it has.

    Raises:
        ValueError: If it names nothing, or the same part twice, or no text tells two parts apart.
    """

    written: str

    def __post_init__(self) -> None:
        if not self.names:
            raise ValueError("expected a part in braces, such as {patient}_*")
        if "" in self.names:
            raise ValueError("expected a name in braces, found {}; * stands for what needs no name")
        if len(set(self.names)) < len(self.names):
            raise ValueError("expected names that differ")
        rest = _PART.sub("", self.written)
        if "{" in rest or "}" in rest:
            raise ValueError("a brace is not closed, or not opened")
        if re.search(r"[}*][{*]", self.written):
            raise ValueError("nothing stands between two parts, by which they could be told apart")

    @cached_property
    def names(self) -> Sequence[str]:
        """What the parts are called."""
        return [found[1] for found in _PART.finditer(self.written) if found[2] is None]

    @cached_property
    def _expression(self) -> re.Pattern[str]:
        pieces, at, number = [], 0, 0
        pattern = _without_suffix(self.written)
        for found in _PART.finditer(pattern):
            pieces.append(re.escape(pattern[at : found.start()]))
            is_named = found[2] is None
            pieces.append(rf"(?P<part{number}>[^/]+?)" if is_named else "[^/]*")
            number, at = number + is_named, found.end()
        return re.compile("".join([*pieces, re.escape(pattern[at:])]))

    def parts(self, path: str) -> dict[str, str] | None:
        """The parts of a path by name; None where it is made up otherwise.

        >>> NamePattern("{digit}_{speaker}_*").parts("train/7/7_jackson_32.png")
        {'digit': '7', 'speaker': 'jackson'}
        """
        depth = self.written.count("/") + 1
        found = self._expression.fullmatch("/".join(_without_suffix(path).split("/")[-depth:]))
        if found is None:
            return None
        return {name: found[f"part{number}"] for number, name in enumerate(self.names)}

    def columns(self, paths: Sequence[str], root: str, names: Sequence[str]) -> dict[str, list[str]]:
        """The parts of all paths that are called by some names.

        Args:
            paths: Relative paths with `/` between their parts.
            root: The folder that they are relative to, for errors.
            names: Of the parts.

        Raises:
            DataError: If a path is made up otherwise.
        """
        found = [self.parts(path) for path in paths]
        others = [path for path, parts in zip(paths, found, strict=True) if parts is None]
        if others:
            raise DataError(
                f"{root}/{others[0]}: not named as name_pattern says: {self.written} "
                f"({len(others):,} of {len(paths):,} files)",
                hint="* stands for any text, and / for a folder; the suffix is left out",
            )
        return {name: list(_each(found, name)) for name in names}


def _each(found: Sequence[dict[str, str] | None], name: str) -> Iterator[str]:
    return (parts[name] for parts in found if parts is not None)


def _without_suffix(path: str) -> str:
    suffix = next(
        (one for one in image_suffixes() | TEXT_SUFFIXES | SOUND_SUFFIXES if path.lower().endswith(one)), ""
    )
    return path[: len(path) - len(suffix)]
