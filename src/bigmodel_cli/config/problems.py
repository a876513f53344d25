"""What is wrong with a config, and how it is shown."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bigmodel_cli.config.tree import COMMAND_LINE, ConfigPathKeys, Place, dotted
from bigmodel_cli.errors import ConfigError

# The longest line that is shown whole.
MAX_SHOWN = 120
# The longest message; what users write can be as long as they like.
MAX_MESSAGE = 600
_MOVES = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_SHOWN_AS = {"\t": "→", "\n": "⏎", "\r": "⏎", "\x85": "⏎", "\u2028": "⏎", "\u2029": "⏎"}


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
        where = dotted(self.path)
        named = not where or self.message.startswith(f"{where} ")
        head = f"{self.place}: {self.message}" if named else f"{self.place}: {where}: {self.message}"
        advice = [f"      = {one_line(text)}" for text in (self.suggestion, self.doc) if text]
        return "\n".join([one_line(head), *self._excerpt(), *advice])

    def _excerpt(self) -> list[str]:
        if not self.place.text.strip():
            return []
        number = "" if self.place.origin == COMMAND_LINE else str(self.place.line)
        before, marked, after = _window(self.place)
        caret = " " * width(before) + "^" * max(1, width(marked))
        return [f" {number:>4} | {before}{marked}{after}", f"      | {caret}"]

    def as_json(self) -> dict[str, Any]:
        return {
            "path": one_line(dotted(self.path)),
            "file": self.place.origin,
            "line": self.place.line,
            "column": self.place.column,
            "length": self.place.length,
            "message": one_line(self.message),
            "expected": self.expected,
            "found": self.found,
            "suggestion": one_line(self.suggestion) if self.suggestion else None,
            "severity": "warning" if self.is_warning else "error",
        }


def _window(place: Place) -> tuple[str, str, str]:
    """The line before, under and after the caret, cut where it is too long for a terminal."""
    line = _visible(place.text)
    start, end = place.column - 1, place.column - 1 + max(1, place.length)
    before, marked, after = line[:start], line[start:end], line[end:]
    if len(line) <= MAX_SHOWN:
        return before, marked, after
    marked = marked if len(marked) <= MAX_SHOWN // 2 else f"{marked[: MAX_SHOWN // 2]}…"
    room = MAX_SHOWN - len(marked)
    before = before if len(before) <= room * 2 // 3 else f"…{before[len(before) - room * 2 // 3 :]}"
    room -= len(before)
    return before, marked, after if len(after) <= room else f"{after[:room]}…"


def width(text: str) -> int:
    """Columns that a text takes on a terminal: wide characters take two, combining ones none."""
    return sum(_columns(character) for character in text)


def one_line(text: str) -> str:
    """A message that quotes a config's words, whatever is in them: one line, and not endless."""
    return _visible(text if len(text) <= MAX_MESSAGE else f"{text[:MAX_MESSAGE]}…")


def _visible(text: str) -> str:
    """Signs that end a line, move the caret or turn the text around, as signs of one column."""
    return _MOVES.sub(lambda sign: _SHOWN_AS.get(sign.group(), "�"), text)


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


class Problems:
    """Collects problems, so that all of them are reported at once."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, problem: Problem) -> None:
        if problem not in self.found:
            self.found.append(problem)

    def tell(
        self,
        place: Place,
        path: ConfigPathKeys,
        message: str,
        *,
        suggestion: str | None = None,
        doc: str | None = None,
    ) -> None:
        """Add one by what it says."""
        self.add(Problem(place, path, message, suggestion=suggestion, doc=doc))

    def forget(self, known: Problems) -> None:
        """Leave out what is known and accepted."""
        self.found = [problem for problem in self.found if problem not in known.found]

    @property
    def has_errors(self) -> bool:
        """Whether something was collected that cannot be meant."""
        return any(not problem.is_warning for problem in self.found)

    def raise_if_any(self, *, strict: bool = False) -> None:
        """Raises:
        ConfigError: If an error was collected, or under `strict` anything at all; it shows all of them.
        """
        if any(strict or not problem.is_warning for problem in self.found):
            raise config_error(self.found)


def _order(problem: Problem) -> tuple[bool, bool, str, int, int]:
    """By place; what the command line says comes behind all files, and warnings behind errors."""
    place = problem.place
    return problem.is_warning, place.origin == COMMAND_LINE, place.origin, place.line, place.column


def config_error(problems: Iterable[Problem]) -> ConfigError:
    """The error that shows these problems in the order of their places, warnings behind errors."""
    ordered = sorted(problems, key=_order)
    has_error = any(not problem.is_warning for problem in ordered)
    shown = [
        f"warning: {problem.render()}" if problem.is_warning and has_error else problem.render()
        for problem in ordered
    ]
    if len(ordered) > 1:
        shown.append(f"{len(ordered)} problems")
    return ConfigError("\n".join(shown), problems=[problem.as_json() for problem in ordered])
