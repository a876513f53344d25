"""What is wrong with a config, and how it is shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bigmodel_cli.config.tree import COMMAND_LINE, ConfigPathKeys, Place, dotted
from bigmodel_cli.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a config.

    Attributes:
        place: Where it stands.
        path: Keys from the root of the config, for instance ("optimizer", "AdamW", "lr").
        message: What is wrong, in one sentence with no full stop.
        suggestion: What was probably meant, or what to do.
        doc: What Keras or bigmodel says of the key.
        is_warning: It may be meant; only `--strict` refuses it.
    """

    place: Place
    path: ConfigPathKeys
    message: str
    expected: str | None = None
    found: str | None = None
    suggestion: str | None = None
    doc: str | None = None
    is_warning: bool = False

    def render(self) -> str:
        """The problem as a compiler shows it: place, reason, the line, a caret under it, advice."""
        head = (
            f"{self.place}: {dotted(self.path)}: {self.message}"
            if self.path
            else f"{self.place}: {self.message}"
        )
        lines = [head, *self._excerpt()]
        if self.suggestion:
            lines.append(f"      = {self.suggestion}")
        if self.doc:
            lines.append(f"      = {self.doc}")
        return "\n".join(lines)

    def _excerpt(self) -> list[str]:
        if not self.place.text.strip():
            return []
        number = "" if self.place.origin == COMMAND_LINE else str(self.place.line)
        caret = " " * (self.place.column - 1) + "^" * max(1, self.place.length)
        return [f" {number:>4} | {self.place.text}", f"      | {caret}"]

    def as_json(self) -> dict[str, Any]:
        return {
            "path": dotted(self.path),
            "file": self.place.origin,
            "line": self.place.line,
            "column": self.place.column,
            "message": self.message,
            "expected": self.expected,
            "found": self.found,
            "suggestion": self.suggestion,
            "severity": "warning" if self.is_warning else "error",
        }


class Problems:
    """Collects problems, so that all of them are reported at once."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, problem: Problem) -> None:
        if problem not in self.found:
            self.found.append(problem)

    def raise_if_any(self, *, strict: bool = False) -> None:
        """Raises:
        ConfigError: If an error was collected, or under `strict` anything at all; it shows all of them.
        """
        if any(strict or not problem.is_warning for problem in self.found):
            raise config_error(self.found)


def config_error(problems: Iterable[Problem]) -> ConfigError:
    """The error that shows these problems in the order of their places, warnings behind errors."""
    ordered = sorted(problems, key=lambda p: (p.is_warning, p.place.origin, p.place.line, p.place.column))
    has_error = any(not problem.is_warning for problem in ordered)
    shown = [
        f"warning: {problem.render()}" if problem.is_warning and has_error else problem.render()
        for problem in ordered
    ]
    if len(ordered) > 1:
        shown.append(f"{len(ordered)} problems")
    return ConfigError("\n".join(shown), problems=[problem.as_json() for problem in ordered])
