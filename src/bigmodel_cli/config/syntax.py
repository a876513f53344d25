"""What PyYAML complains about, in a user's words: where the mistake really is, and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import yaml

_CLOSED_BY = {"[": "]", "{": "}"}
_Explain = Callable[[yaml.MarkedYAMLError, list[str]], "Explained | None"]


@dataclass(frozen=True)
class Explained:
    """A mistake in the YAML itself; line and column count from 0.

    Attributes:
        needs_quotes: Whether the marked words are a text that has to be in quotes.
    """

    line: int
    column: int
    length: int
    message: str
    suggestion: str | None = None
    needs_quotes: bool = False


def explain(error: yaml.MarkedYAMLError, lines: list[str]) -> Explained:
    """The explanation of the first kind of mistake that fits; PyYAML's own words where none does."""
    for candidate in _EXPLANATIONS:
        if explained := candidate(error, lines):
            return explained
    line, column = _at(error.problem_mark or error.context_mark, lines)
    return Explained(line, column, 1, f"not YAML: {error.problem or error.context or 'cannot be read'}")


def _at(mark: yaml.Mark | None, lines: list[str]) -> tuple[int, int]:
    """A mark's line and column; behind the last line, the end of the last line that has words."""
    if mark is None:
        return 0, 0
    if mark.line < len(lines):
        return mark.line, mark.column
    last = next((i for i in range(len(lines) - 1, -1, -1) if lines[i].strip()), 0)
    return last, max(0, len(lines[last]) - 1)


def _tab(error: yaml.MarkedYAMLError, lines: list[str]) -> Explained | None:
    line, _ = _at(error.problem_mark or error.context_mark, lines)
    indent = re.match(r"[ \t]*", lines[line])
    if not indent or "\t" not in indent.group():
        return None
    at = indent.group().index("\t")
    return Explained(line, at, 1, "a tab stands where YAML wants spaces", "indent with spaces")


def _second_document(error: yaml.MarkedYAMLError, lines: list[str]) -> Explained | None:
    if "expected a single document" not in (error.context or ""):
        return None
    line, column = _at(error.problem_mark, lines)
    message = "a config is one YAML document; found a second one"
    return Explained(line, column, 3, message, "remove the line ---")


def _alias(error: yaml.MarkedYAMLError, lines: list[str]) -> Explained | None:
    if "undefined alias" not in (error.problem or ""):
        return None
    line, column = _at(error.problem_mark, lines)
    message = (error.problem or "").replace("found undefined alias", "no anchor (&name) for the alias")
    name = re.match(r"\*[\w-]*", lines[line][column:])
    return Explained(line, column, len(name.group()) if name else 1, message)


def _quote(error: yaml.MarkedYAMLError, lines: list[str]) -> Explained | None:
    if "quoted scalar" not in (error.context or ""):
        return None
    if "end of stream" in (error.problem or "") or "document separator" in (error.problem or ""):
        line, column = _at(error.context_mark, lines)
        return Explained(
            line, column, 1, "this quote is not closed", f"end the text with {lines[line][column]}"
        )
    if "escape" not in (error.problem or ""):
        return None
    line, column = _at(error.problem_mark, lines)
    if column >= len(lines[line]):
        # The text ends behind the backslash.
        line, column = _at(error.context_mark, lines)
        return Explained(
            line, column, 1, "this quote is not closed", f"end the text with {lines[line][column]}"
        )
    message = rf"\{lines[line][column]} means nothing between double quotes"
    return Explained(line, column - 1, 2, message, r"use single quotes, which take every \ as it is")


def _forbidden_start(error: yaml.MarkedYAMLError, lines: list[str]) -> Explained | None:
    """`@x`, `%x`, `*.npz`, `>= 0.99`: a sign that means something to YAML, or is reserved."""
    line, column = _at(error.problem_mark, lines)
    problem = error.problem or ""
    if "expected alphabetic or numeric character" in problem or "chomping" in problem:
        column = max(0, column - 1)
    elif "cannot start any token" not in problem:
        return None
    text = re.match(r"[^\s,\]}]*( [^\s,\]}:#]+)*", lines[line][column:])
    words = text.group() if text else ""
    if not words:
        return None
    message = f"a text cannot begin with {words[0]}"
    return Explained(line, column, len(words), message, f'put it in quotes: "{words}"', True)


def _comma(error: yaml.MarkedYAMLError, lines: list[str]) -> Explained | None:
    """Between brackets: an end, a value or a comma is missing."""
    if "flow" not in (error.context or "") or not error.context_mark:
        return None
    line, column = _at(error.problem_mark, lines)
    opened = _at(error.context_mark, lines)
    if "flow node" in (error.context or ""):
        opened = _last_open(lines, line, column) or opened
    at_end = "stream end" in (error.problem or "") or not lines[line][column:].strip()
    if at_end or line != opened[0]:
        return _not_closed(opened, lines)
    if lines[line][column] in ",]}" and "node content" in (error.problem or ""):
        return Explained(line, column, 1, "a value is missing in front of this")
    bracket = lines[opened[0]][opened[1] : opened[1] + 1]
    if lines[line][column] in "]}" and bracket in _CLOSED_BY:
        message = f"this {lines[line][column]} cannot close the {bracket} in column {opened[1] + 1}"
        return Explained(line, column, 1, message, f"write {_CLOSED_BY[bracket]}")
    words = re.search(r"[^\s,{\[]*$", lines[line][:column])
    start = words.start() if words and words.group() else column
    message = "a comma is missing in front of this, or a bracket or brace is not closed"
    return Explained(line, start, max(1, column - start), message)


def _not_closed(opened: tuple[int, int], lines: list[str]) -> Explained:
    line, column = opened
    bracket = lines[line][column : column + 1]
    missing = f": this {bracket} has no {_CLOSED_BY[bracket]}" if bracket in _CLOSED_BY else ""
    return Explained(line, column, 1, f"a bracket or brace is not closed{missing}")


def _last_open(lines: list[str], line: int, column: int) -> tuple[int, int] | None:
    """The innermost bracket that is open at a place; quotes are not looked at."""
    open_brackets: list[tuple[int, int]] = []
    for number, text in enumerate(lines[: line + 1]):
        for at, sign in enumerate(text if number < line else text[: column + 1]):
            if sign in "[{":
                open_brackets.append((number, at))
            elif sign in "]}" and open_brackets and (number, at) < (line, column):
                open_brackets.pop()
    return open_brackets[-1] if open_brackets else None


def _closes_nothing(error: yaml.MarkedYAMLError, lines: list[str]) -> Explained | None:
    line, column = _at(error.problem_mark, lines)
    if "expected" not in (error.problem or "") or lines[line][column : column + 1] not in ("]", "}"):
        return None
    return Explained(line, column, 1, f"this {lines[line][column]} closes nothing", "remove it")


def _colon(error: yaml.MarkedYAMLError, lines: list[str]) -> Explained | None:
    """PyYAML met a `:` in a text: a second one in its line, or the text began in the line above."""
    if "mapping values are not allowed" not in (error.problem or ""):
        return None
    line, column = _at(error.problem_mark, lines)
    if re.search(r":\s", lines[line][:column]):
        message = "a second ':' in this line"
        return Explained(line, column, 1, message, 'quote a text that has ": " in it')
    above = next((i for i in range(line - 1, -1, -1) if _has_words(lines[i])), None)
    return _unfinished(above, line, lines) if above is not None else None


def _has_words(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _unfinished(above: int, line: int, lines: list[str]) -> Explained:
    """The line above was read as one text with this one: why?"""
    text = lines[above].strip()
    indent = len(lines[above]) - len(lines[above].lstrip())
    own_indent = len(lines[line]) - len(lines[line].lstrip())
    if re.match(r"-\w", text):
        return Explained(above, indent, 1, "a space is missing after -", f"write - {text[1:]}")
    if re.search(r":(\s|$)", text) or text.startswith("- "):
        word = re.match(r"\S+", lines[line].strip())
        message = "this line is indented more than the one above"
        suggestion = f"begin it in column {indent + 1}, under the line above"
        return Explained(line, own_indent, len(word.group()) if word else 1, message, suggestion)
    if lines[line].strip().startswith("- "):
        return Explained(above, indent, len(text), "a dash is missing in front of this", f"write - {text}")
    return _without_colon(above, indent, text)


def _without_colon(line: int, column: int, text: str) -> Explained:
    key, _, value = re.sub(r"\s*[=]\s*|\s+|:", " ", text, count=1).partition(" ")
    meant = f"{key}: {value}".strip() if re.fullmatch(r"\w+", key) else None
    found = "a ':' with a space after it" if ":" in text else "a ':'"
    message = f"{found} is missing after {key}" if meant else "no ':' after it, so this is no key"
    return Explained(line, column, len(text), message, f"write {meant}" if meant else None)


def _key(error: yaml.MarkedYAMLError, lines: list[str]) -> Explained | None:
    if "could not find expected ':'" not in (error.problem or "") or not error.context_mark:
        return None
    line, column = _at(error.context_mark, lines)
    text = lines[line][column:].split(" #")[0].strip()
    explained = _without_colon(line, column, text)
    return Explained(line, column, len(text), f"a key with no ':' after it: {text}", explained.suggestion)


def _indentation(error: yaml.MarkedYAMLError, lines: list[str]) -> Explained | None:
    if "expected <block end>" not in (error.problem or ""):
        return None
    line, column = _at(error.problem_mark, lines)
    word = re.match(r"[^\s:]+", lines[line][column:])
    message = "the indentation does not fit the lines above"
    fitting = " or ".join(str(indent + 1) for indent in _open_columns(lines[:line]) if indent != column)
    suggestion = f"begin it in column {fitting}, as the lines above do" if fitting else None
    if "block collection" in (error.context or "") and not lines[line][column:].startswith("-"):
        suggestion = "an item of a list begins with '- '; a new section begins further left"
    return Explained(line, column, len(word.group()) if word else 1, message, suggestion)


def _open_columns(lines: list[str]) -> list[int]:
    """Where the mappings and lists that are still open begin, the innermost first."""
    columns: list[int] = []
    for line in reversed([line for line in lines if _has_words(line)]):
        indent = len(line) - len(line.lstrip())
        if not columns or indent < columns[-1]:
            columns.append(indent)
    return columns


_EXPLANATIONS: tuple[_Explain, ...] = (
    _second_document,
    _tab,
    _alias,
    _quote,
    _forbidden_start,
    _comma,
    _closes_nothing,
    _colon,
    _key,
    _indentation,
)
