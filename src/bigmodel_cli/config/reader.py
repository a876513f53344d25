"""YAML text to a tree with places, by the rules of YAML 1.2's core schema.

PyYAML speaks YAML 1.1, where `no` is false, `1e-3` a string and `010` eight; the table of plain
scalars below is that of https://yaml.org/spec/1.2.2/#103-core-schema instead.
"""

from __future__ import annotations

import dataclasses
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import yaml

from bigmodel_cli.config.problems import Problem, config_error
from bigmodel_cli.config.scalars import plain_scalar
from bigmodel_cli.config.shipped import how_to_get
from bigmodel_cli.config.syntax import explain
from bigmodel_cli.config.tree import (
    COMMAND_LINE,
    ConfigPathKeys,
    Entry,
    Mapping,
    Node,
    Place,
    Scalar,
    Sequence,
)
from bigmodel_cli.cut import some
from bigmodel_cli.errors import ConfigError, UsageError
from bigmodel_cli.plain_numbers import plain_integer

MAX_BYTES = 4 * 1024 * 1024
MAX_NODES = 100_000
MAX_DEPTH = 60

# What looks like a space in an editor and keeps a colon or a dash from being one.
_STRANGE_SPACE = re.compile("[\u00a0\u2000-\u200a\u202f\u3000]")
# What PyYAML counts as the end of a line; `str.splitlines` knows more.
_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


class _Composer(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser, yaml.composer.Composer):
    """PyYAML up to its node graph; what a plain scalar means is decided here, not by PyYAML."""

    def __init__(self, text: str) -> None:
        yaml.reader.Reader.__init__(self, text)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)
        yaml.composer.Composer.__init__(self)

    def descend_resolver(self, parent: object, index: object) -> None:
        pass

    def ascend_resolver(self) -> None:
        pass

    def resolve(self, kind: type, _value: object, implicit: object) -> str:
        if kind is yaml.ScalarNode:
            return "plain" if implicit[0] else "quoted"  # type: ignore[index]
        return "collection"


def _plain_piece(node: yaml.Node) -> str | None:
    """The text of an unquoted scalar."""
    return node.value if isinstance(node, yaml.ScalarNode) and node.tag == "plain" else None


def _end_of_cut(value: str | None, pieces: list[str | None], index: int) -> int:
    """The last key that is a piece of the value in front of it; `index` where the value is whole."""
    if not value:
        return index
    after = pieces[index + 1 : index + 8]
    if value.startswith("(") and ")" not in value:
        return next((index + 1 + i for i, p in enumerate(after) if p and p.endswith(")")), index)
    are_digits = plain_integer(value) is not None and bool(after) and plain_integer(str(after[0])) is not None
    return index + 1 if are_digits else index


def read_file(path: Path) -> Mapping:
    """Read a config file.

    Raises:
        UsageError: If there is no such file or it is not text.
        ConfigError: If it is not YAML, or is no mapping.
    """
    text = _read_text(path)
    root = read_text(text, origin=str(path), folder=path.resolve().parent)
    if isinstance(root, Mapping):
        return root
    if isinstance(root, Scalar) and root.value is None:
        raise ConfigError(
            f"{path}: the file is empty; expected a config",
            hint="start from an example: bigmodel init > config.yaml",
        )
    found = "a list" if isinstance(root, Sequence) else "a single value"
    message = f"expected a mapping of sections (data, model, loss, …), found {found}"
    raise config_error([Problem(root.place, (), message, "a mapping", found)])


def _read_text(path: Path) -> str:
    try:
        if path.is_dir():
            raise UsageError(f"{path}: expected a config file, found a folder")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file", hint=_where_else(path)) from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from None
    if len(content) > MAX_BYTES:
        raise ConfigError(f"{path}: larger than {MAX_BYTES // 2**20} MiB; this is no config")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path}: not a text file in UTF-8 (byte {error.start} is 0x{content[error.start]:02x})"
        ) from None
    if "\0" in text:
        raise ConfigError(f"{path}: not a text file (it has a zero byte at {text.index(chr(0))})")
    return text


def _where_else(path: Path) -> str | None:
    """What may be meant by a file that is not there: one beside it, or a config that comes with bigmodel."""
    from difflib import get_close_matches

    names: list[str] = []
    if path.parent.is_dir():
        names = sorted(entry.name for entry in path.parent.iterdir() if entry.suffix in {".yaml", ".yml"})
    if f"{path.name}.yaml" not in names and (shipped := how_to_get(path)):
        return shipped
    close = get_close_matches(path.name, names, n=1) or get_close_matches(f"{path.name}.yaml", names, n=1)
    if close:
        return f"did you mean {path.parent / close[0]}?"
    return f"configs there: {some(names)}" if names else None


@dataclass(frozen=True)
class Word:
    """A word of the command line with YAML in it.

    Attributes:
        text: The whole word, which messages show as the line.
        number: Which word it is, from 1.
        offset: Where in it the YAML begins.
    """

    text: str
    number: int = 1
    offset: int = 0


class Unreadable(Exception):
    """What keeps a text from being read as a config."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("the text cannot be read")
        self.problems = problems


def read_text(text: str, *, origin: str, folder: Path, label: str | None = None, offset: int = 0) -> Node:
    """Read YAML.

    Args:
        text: The YAML.
        origin: What messages call it.
        folder: What relative paths in it are relative to.
        label: For an override: the whole word of the command line, shown as the line.
        offset: For an override: where in that word the YAML begins.

    Raises:
        ConfigError: If it is not YAML, repeats a key, or uses tags.
    """
    word = None if label is None else Word(label, offset=offset)
    try:
        return read_yaml(text, origin=origin, folder=folder, word=word)
    except Unreadable as error:
        raise config_error(error.problems) from None


def read_yaml(text: str, *, origin: str, folder: Path, word: Word | None = None) -> Node:
    """As `read_text`, but the problems stay objects.

    Raises:
        Unreadable: With every problem.
    """
    return _Reader(text, origin, folder, word).read()


class _Reader:
    """One text on its way to a tree."""

    def __init__(self, text: str, origin: str, folder: Path, word: Word | None) -> None:
        self.text = text
        self.lines = _LINE_END.split(text)
        self.origin = origin
        self.folder = folder
        self.word = word
        self.num_nodes = 0
        self.problems: list[Problem] = []

    def read(self) -> Node:
        graph = self._compose()
        if graph is None:
            return Scalar(None, self._place(0, 0, 1))
        tree = self._convert(graph, (), ())
        if self.problems:
            raise Unreadable(*self.problems)
        return tree

    def _compose(self) -> yaml.Node | None:
        try:
            composer = _Composer(self.text)
            node: yaml.Node | None = composer.get_single_node()
        except yaml.MarkedYAMLError as error:
            raise Unreadable(self._syntax_error(error)) from None
        except yaml.reader.ReaderError as error:
            before = _LINE_END.split(self.text[: error.position])
            place = self._place(len(before) - 1, len(before[-1]), 1)
            message = f"the character U+{int(error.character):04X} is not allowed in YAML"
            raise Unreadable(Problem(place, (), message, suggestion="remove it")) from None
        except RecursionError:
            raise Unreadable(Problem(self._place(0, 0, 1), (), "nested too deeply")) from None
        return node

    def _convert(self, node: yaml.Node, above: tuple[int, ...], path: ConfigPathKeys) -> Node:
        place = self._place_of(node)
        self.num_nodes += 1
        if id(node) in above:
            raise Unreadable(*self.problems, Problem(place, path, "an alias (*name) that contains itself"))
        if self.num_nodes > MAX_NODES or len(above) > MAX_DEPTH:
            message = "nested too deeply, or too many aliases (*name)"
            raise Unreadable(*self.problems, Problem(place, path, message))
        if node.tag not in {"plain", "quoted", "collection", "!"}:
            self._refuse_tag(node.tag, place, path)
        above = (*above, id(node))
        if isinstance(node, yaml.ScalarNode):
            return Scalar(plain_scalar(node.value) if node.tag == "plain" else node.value, place)
        if isinstance(node, yaml.SequenceNode):
            return Sequence(
                [self._convert(item, above, (*path, i)) for i, item in enumerate(node.value)], place
            )
        if not isinstance(node, yaml.MappingNode):
            raise AssertionError("YAML has scalars, sequences and mappings")
        return Mapping(self._entries(node, above, path), place=place)

    def _refuse_tag(self, tag: str, place: Place, path: ConfigPathKeys) -> None:
        written = tag.replace("tag:yaml.org,2002:", "!!")
        message = f"tags are not used in configs; found {written!r}"
        place = dataclasses.replace(place, length=min(len(written), place.length))
        self.problems.append(Problem(place, path, message, suggestion="remove it"))

    def _entries(
        self, node: yaml.MappingNode, above: tuple[int, ...], path: ConfigPathKeys
    ) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        if node.flow_style:
            self._refuse_cut_values(node, path)
        for key_node, value_node in node.value:
            place = self._place_of(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                self._refuse_key(place, path)
                continue
            key = key_node.value
            plain = key_node.tag == "plain"
            if plain and (strange := _STRANGE_SPACE.search(place.text[place.column - 1 :][: place.length])):
                self._refuse_space(strange, place, path)
                continue
            if key in entries:
                first = entries[key].key_place
                message = f"the key {key!r} is repeated; it stands already in line {first.line}"
                self.problems.append(
                    Problem(place, (*path, key), message, suggestion="remove one of the two")
                )
                continue
            entries[key] = Entry(place, self._convert(value_node, above, (*path, key)))
        return entries

    def _refuse_cut_values(self, node: yaml.MappingNode, path: ConfigPathKeys) -> None:
        """`{size: (3, 3)}` and `{rate: 0,5}`: between braces a comma ends a value."""
        pieces = [_plain_piece(key) if _plain_piece(value) == "" else None for key, value in node.value]
        for index, (key, value) in enumerate(node.value):
            last = _end_of_cut(_plain_piece(value), pieces, index)
            if last > index:
                text = ", ".join([value.value, *(str(piece) for piece in pieces[index + 1 : last + 1])])
                place = self._place_of(value)
                end = node.value[last][0].end_mark
                if end.line == value.start_mark.line:
                    place = dataclasses.replace(place, length=end.column - value.start_mark.column)
                meant = f"[{text.strip('()')}]" if text.startswith("(") else text.replace(", ", ".")
                message = "a comma between braces ends the value"
                where = (*path, str(key.value))
                self.problems.append(Problem(place, where, message, suggestion=f"write {meant}"))
                del pieces[index + 1 : last + 1]
                del node.value[index + 1 : last + 1]

    def _refuse_space(self, strange: re.Match[str], place: Place, path: ConfigPathKeys) -> None:
        message = f"the space here (U+{ord(strange.group()):04X}) is none for YAML"
        place = dataclasses.replace(place, column=place.column + strange.start(), length=1)
        self.problems.append(Problem(place, path, message, suggestion="type a plain space"))

    def _refuse_key(self, place: Place, path: ConfigPathKeys) -> None:
        template = "{{" in place.text
        suggestion = "put a value here, in place of the template {{ … }}" if template else None
        message = "a key must be a word, found a list or mapping"
        self.problems.append(Problem(place, path, message, suggestion=suggestion))

    def _place_of(self, node: yaml.Node) -> Place:
        start, end = node.start_mark, node.end_mark
        in_one_line = isinstance(node, yaml.ScalarNode) or getattr(node, "flow_style", False)
        if in_one_line and start.line == end.line and end.column > start.column:
            return self._place(start.line, start.column, end.column - start.column)
        first_word = re.match(r"[^\s:,\]}]+", self._line(start.line)[start.column :])
        return self._place(start.line, start.column, len(first_word.group()) if first_word else 1)

    def _line(self, index: int) -> str:
        return self.lines[index] if index < len(self.lines) else ""

    def _place(self, line: int, column: int, length: int) -> Place:
        if self.word is not None:
            above = sum(len(text) + 1 for text in self.lines[:line])
            start = above + column + 1 + self.word.offset
            return Place(COMMAND_LINE, self.word.number, start, length, self.word.text, self.folder)
        return Place(self.origin, line + 1, column + 1, length, self._line(line), self.folder)

    def _syntax_error(self, error: yaml.MarkedYAMLError) -> Problem:
        found = explain(error, self.lines)
        place = self._place(found.line, found.column, found.length)
        suggestion = found.suggestion
        if self.word is not None and found.needs_quotes:
            # The shell has taken the user's own quotes away.
            start, end = place.column - 1, place.column - 1 + found.length
            word = self.word.text
            meant = shlex.quote(f'{word[:start]}"{word[start:end]}"{word[end:]}')
            suggestion = f"the shell takes quotes away, so put the whole word in single ones: {meant}"
        return Problem(place, (), found.message, suggestion=suggestion)
