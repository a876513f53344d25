"""The configs that come with bigmodel: their names, what they are for, and what was measured."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bigmodel_cli.config.spelling import closest
from bigmodel_cli.errors import UsageError

# In a clone, `configs/` beside `src/` is the same folder.
FOLDER = Path(__file__).resolve().parents[1] / "configs"
_COMMAND = re.compile(r"^  +bigmodel ", re.MULTILINE)
_RESULT = re.compile(r"^Measured|Not trained")
_EXTENDS = re.compile(r"^extends:", re.MULTILINE)


@dataclass(frozen=True)
class ShippedConfig:
    """A config of the package.

    Attributes:
        path: Its file.
    """

    path: Path

    @property
    def name(self) -> str:
        return self.path.stem

    @cached_property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @property
    def header(self) -> str:
        """The comment that it begins with."""
        lines = self.text.splitlines()
        length = next(number for number, line in enumerate(lines) if not line.startswith("#"))
        return "\n".join(lines[:length])

    @property
    def doc(self) -> str:
        """What it is for."""
        return " ".join(self._paragraphs[0].split())

    @property
    def result(self) -> str:
        """What was measured with it, or why nothing was."""
        found = next(part for part in self._paragraphs if _RESULT.search(part))
        return " ".join(found.split()).removeprefix("Measured: ")

    @property
    def _paragraphs(self) -> list[str]:
        text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in self.header.splitlines())
        return [part for part in text.split("\n\n") if not _COMMAND.match(part)]

    def text_for(self, place: str) -> str:
        """Its text for a file elsewhere: one whole config, whose header has the command for that file."""
        # The reader of configs, which these import, knows this module.
        from bigmodel_cli.config.dump import to_yaml
        from bigmodel_cli.config.merge import read_layers
        from bigmodel_cli.config.tree import to_plain

        header, body = self.header, self.text.removeprefix(self.header)
        if _EXTENDS.search(body):
            merged = to_plain(read_layers(self.path))
            assert isinstance(merged, dict)
            body = "\n" + to_yaml({key: value for key, value in merged.items() if key != "extends"})
        return header.replace(f"configs/{self.path.name}", place) + body


def shipped_configs() -> Mapping[str, ShippedConfig]:
    """All of them by name."""
    return {path.stem: ShippedConfig(path) for path in sorted(FOLDER.glob("*.yaml"))}


def find_shipped(word: str) -> ShippedConfig:
    """The config that a word means: `mnist`, `mnist.yaml` or `configs/mnist.yaml`.

    Raises:
        UsageError: If there is none.
    """
    known = shipped_configs()
    name = _name_in(word)
    if name in known:
        return known[name]
    near = closest(name, known)
    raise UsageError(
        f"no config {word} comes with bigmodel",
        hint=f"did you mean {near}?" if near else f"there are {', '.join(known)}: bigmodel list configs",
    )


def how_to_get(path: Path) -> str | None:
    """How to come by a config that is not there, where one of its name comes with bigmodel.

    Only what may well mean it counts: the bare name, or a file in a folder `configs`.
    """
    if str(path.parent) != "." and path.parent.name != "configs":
        return None
    name = _name_in(path.name)
    if name not in shipped_configs():
        return None
    return f"{name} comes with bigmodel: bigmodel init --config {name} -o {name}.yaml writes it here"


def _name_in(word: str) -> str:
    path = Path(word)
    return path.stem if path.suffix in (".yaml", ".yml") else path.name
