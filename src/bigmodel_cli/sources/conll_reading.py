"""Files with a word and its tag in each line, or a sentence in each line of JSON."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bigmodel_cli.cut import cut, some
from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.plain_text import file_text, is_json_lines
from bigmodel_cli.sources.tables.files import unpacked

# Begins a document, and is no word.
_DOCUMENT = "-DOCSTART-"
_BLANKS = re.compile(r"[ \t]+")
# What lists of words and of tags are called in JSON lines.
_WORDS = ("words", "tokens")
_TAGS = ("tags", "ner_tags", "pos_tags", "labels")
# More than a sentence takes.
_BEGINNING = 2**20


@dataclass(frozen=True)
class Sentence:
    """Words with their tags.

    Attributes:
        words: None of them is empty.
        tags: One for each word, as the file has them.
        path: The file.
        line: Where it begins there, from 1.
        has_lines: Whether each word has a line of its own.
    """

    words: Sequence[str]
    tags: Sequence[str]
    path: Path
    line: int
    has_lines: bool = True

    @property
    def name(self) -> str:
        """Where it begins."""
        return f"{self.path}:{self.line}"

    def place(self, word: int) -> str:
        """Where a word stands, as errors name it."""
        if self.has_lines:
            return f"{self.path}:{self.line + word}"
        return f"{self.path}:{self.line}, word {word + 1}"


@dataclass(frozen=True)
class Layout:
    """What is where in a line.

    Attributes:
        words: The column of words, from 1.
        tags: That of tags; None: the last one.
        encoding: Of the characters; None: recognised.
    """

    words: int = 1
    tags: int | None = None
    encoding: str | None = None


def read_sentences(path: Path, layout: Layout) -> list[Sentence]:
    """The sentences of a file.

    Raises:
        DataError: If a line is not like the others, or there is no sentence; names the line.
    """
    text = file_text(path, layout.encoding)
    lines = text.split("\n")
    found = list(_of_json(path, lines) if is_json_lines(path) else _of_lines(path, lines, layout))
    if not found:
        raise DataError(
            f"{path}: no sentence in it", hint="expected a word and its tag in each line: London B-place"
        )
    return found


def has_tagged_words(path: Path) -> bool:
    """Whether a file of JSON lines begins with an object of words and a tag for each."""
    if not is_json_lines(path) or not path.is_file():
        return False
    with unpacked(path) as stream:
        first = stream.read(_BEGINNING).lstrip().split(b"\n", 1)[0]
    try:
        row = json.loads(first)
    except ValueError:
        return False
    if not isinstance(row, dict):
        return False
    words, tags = (next((row[name] for name in names if name in row), None) for names in (_WORDS, _TAGS))
    return isinstance(words, list) and isinstance(tags, list) and len(words) == len(tags)


def _of_lines(path: Path, lines: Sequence[str], layout: Layout) -> Iterator[Sentence]:
    separator = _separator(lines)
    expected = _usual([len(_cells(line, separator)) for line in lines if line.strip()])
    words, tags = _columns(path, layout, expected)
    held: list[tuple[str, str]] = []
    first = 1
    for number, line in enumerate([*lines, ""], 1):
        cells = _cells(line, separator) if line.strip() else []
        if not cells or cells[0] == _DOCUMENT:
            if held:
                yield Sentence([word for word, _ in held], [tag for _, tag in held], path, first)
            held = []
        elif len(cells) != expected:
            if line.startswith("#") and not held:
                continue
            raise _other_count(f"{path}:{number}", line, len(cells), expected, separator)
        else:
            if not cells[words] or not cells[tags]:
                lacking = "word" if not cells[words] else "tag"
                raise DataError(f"{path}:{number}: expected a word and its tag, found no {lacking}")
            first = first if held else number
            held.append((cells[words], cells[tags]))


def _separator(lines: Sequence[str]) -> str | None:
    """A tab where half of the lines have one, or more; else spaces and tabs (None)."""
    filled = [line for line in lines if line.strip()]
    return "\t" if filled and 2 * sum("\t" in line for line in filled) >= len(filled) else None


def _cells(line: str, separator: str | None) -> list[str]:
    # A space that does not break a line is part of a word: "10\N{NO-BREAK SPACE}000".
    cells = line.split(separator) if separator else _BLANKS.split(line.strip(" \t"))
    return [cell.strip() for cell in cells]


def _usual(counts: Sequence[int]) -> int:
    """How many columns most lines have."""
    return Counter(counts).most_common(1)[0][0] if counts else 0


def _columns(path: Path, layout: Layout, count: int) -> tuple[int, int]:
    """The places of words and tags, from 0.

    Raises:
        DataError: If lines have no such column.
    """
    if count == 1:
        raise DataError(
            f"{path}: expected a word and its tag in each line, found one column",
            hint="they stand side by side, with a tab or a space between: London B-place",
        )
    wanted = {"word_column": layout.words, "tag_column": layout.tags or count}
    for option, column in wanted.items():
        if count and column > count:
            raise DataError(f"{path}: {option} is {column}, and lines have {count} columns")
    if len(set(wanted.values())) == 1 and count:
        raise DataError(f"{path}: words and tags are both taken from column {layout.words} of {count}")
    return layout.words - 1, (layout.tags or count) - 1


def _other_count(place: str, line: str, found: int, expected: int, separator: str | None) -> DataError:
    between = "tabs" if separator else "white space"
    return DataError(
        f"{place}: expected {expected} columns with {between} between, found {found}: {cut(line, 60)!r}",
        hint="an empty line ends a sentence; what is no word begins with # before it",
    )


def _of_json(path: Path, lines: Sequence[str]) -> Iterator[Sentence]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        place = f"{path}:{number}"
        try:
            row = json.loads(line)
        except ValueError as error:
            raise DataError(f"{place}: expected a JSON object in each line: {error}") from None
        if not isinstance(row, dict):
            raise DataError(f"{place}: expected a JSON object, found {cut(line, 60)!r}")
        words, tags = _list(row, _WORDS, place), _list(row, _TAGS, place)
        if len(words) != len(tags):
            raise DataError(f"{place}: {len(words)} words, and {len(tags)} tags")
        if words:
            yield Sentence(words, tags, path, number, has_lines=False)


def _list(row: dict[str, object], names: Sequence[str], place: str) -> list[str]:
    """The list of texts that a row has under one of some names."""
    name = next((name for name in names if name in row), None)
    if name is None:
        raise DataError(f"{place}: expected a list {names[0]!r}, found {some(row, 8)}")
    items = row[name]
    if not isinstance(items, list) or not all(isinstance(item, str) and item.strip() for item in items):
        raise DataError(
            f"{place}: expected a list of texts in {name!r}, none of them empty",
            hint="tags that are numbers have names, which belong there" if name in _TAGS else None,
        )
    return [item.strip() for item in items]
