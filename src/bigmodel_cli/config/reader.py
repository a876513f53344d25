"""YAML text to a tree with places, by the rules of YAML 1.2's core schema.

PyYAML speaks YAML 1.1, where `no` is false, `1e-3` a string and `010` eight; the table of plain
scalars below is that of https://yaml.org/spec/1.2.2/#103-core-schema instead.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import yaml

from bigmodel_cli.config.problems import Problem, config_error
from bigmodel_cli.config.tree import COMMAND_LINE, Entry, Mapping, Node, Place, Scalar, Sequence
from bigmodel_cli.errors import ConfigError, UsageError

MAX_BYTES = 4 * 1024 * 1024
MAX_NODES = 100_000
MAX_DEPTH = 60

_NULL = re.compile(r"(~|null|Null|NULL|)")
_TRUE = re.compile(r"(true|True|TRUE)")
_FALSE = re.compile(r"(false|False|FALSE)")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITY = re.compile(r"([-+]?)\.(inf|Inf|INF)")
_NAN = re.compile(r"\.(nan|NaN|NAN)")


def plain_scalar(text: str) -> str | int | float | bool | None:
    """The value of an unquoted scalar under YAML 1.2's core schema."""
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text):
        return True
    if _FALSE.fullmatch(text):
        return False
    return _number(text)


def _number(text: str) -> str | int | float:
    # Python refuses to convert integers of more than 4,300 digits; no config means one.
    if _INTEGER.fullmatch(text) and len(text) < 400:
        return int(text)
    if _OCTAL.fullmatch(text):
        return int(text[2:], 8)
    if _HEXADECIMAL.fullmatch(text):
        return int(text[2:], 16)
    if _FLOAT.fullmatch(text):
        return float(text)
    if infinite := _INFINITY.fullmatch(text):
        return -math.inf if infinite.group(1) == "-" else math.inf
    return math.nan if _NAN.fullmatch(text) else text


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
        raise UsageError(f"{path}: no such file", hint=_similar_files(path)) from None
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


def _similar_files(path: Path) -> str | None:
    from difflib import get_close_matches

    if not path.parent.is_dir():
        return None
    names = sorted(entry.name for entry in path.parent.iterdir() if entry.suffix in {".yaml", ".yml"})
    close = get_close_matches(path.name, names, n=1) or get_close_matches(f"{path.name}.yaml", names, n=1)
    if close:
        return f"did you mean {path.parent / close[0]}?"
    return f"configs there: {', '.join(names[:8])}" if names else None


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
    return _Reader(text, origin, folder, label, offset).read()


class _Reader:
    """One text on its way to a tree."""

    def __init__(self, text: str, origin: str, folder: Path, label: str | None, offset: int) -> None:
        self.text = text
        self.lines = text.splitlines() or [""]
        self.origin = origin
        self.folder = folder
        self.label = label
        self.offset = offset
        self.num_nodes = 0

    def read(self) -> Node:
        try:
            composer = _Composer(self.text)
            graph = composer.get_single_node()
        except yaml.MarkedYAMLError as error:
            raise self._syntax_error(error) from None
        except yaml.reader.ReaderError as error:
            before = self.text[: error.position].splitlines() or [""]
            place = self._place(len(before) - 1, len(before[-1]), 1)
            message = f"the character U+{int(error.character):04X} is not allowed in YAML"
            raise config_error([Problem(place, (), message)]) from None
        except RecursionError:
            raise config_error([Problem(self._place(0, 0, 1), (), "nested too deeply")]) from None
        if graph is None:
            return Scalar(None, self._place(0, 0, 1))
        return self._convert(graph, ())

    def _convert(self, node: yaml.Node, above: tuple[int, ...]) -> Node:
        place = self._place_of(node)
        self.num_nodes += 1
        if id(node) in above:
            raise config_error([Problem(place, (), "an alias (*name) that contains itself")])
        if self.num_nodes > MAX_NODES or len(above) > MAX_DEPTH:
            raise config_error([Problem(place, (), "nested too deeply, or too many aliases (*name)")])
        if node.tag not in {"plain", "quoted", "collection", "!"}:
            raise config_error([Problem(place, (), f"tags are not used in configs; found {node.tag!r}")])
        above = (*above, id(node))
        if isinstance(node, yaml.ScalarNode):
            return Scalar(plain_scalar(node.value) if node.tag == "plain" else node.value, place)
        if isinstance(node, yaml.SequenceNode):
            return Sequence([self._convert(item, above) for item in node.value], place)
        if not isinstance(node, yaml.MappingNode):
            raise AssertionError("YAML has scalars, sequences and mappings")
        return Mapping(self._entries(node, above), place=place)

    def _entries(self, node: yaml.MappingNode, above: tuple[int, ...]) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        for key_node, value_node in node.value:
            place = self._place_of(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                raise config_error([Problem(place, (), "a key must be a word, found a list or mapping")])
            key = key_node.value
            if key in entries:
                first = entries[key].key_place
                message = f"the key {key!r} is repeated; it stands already in line {first.line}"
                raise config_error([Problem(place, (key,), message, suggestion="remove one of the two")])
            entries[key] = Entry(place, self._convert(value_node, above))
        return entries

    def _place_of(self, node: yaml.Node) -> Place:
        start, end = node.start_mark, node.end_mark
        if isinstance(node, yaml.ScalarNode) and start.line == end.line:
            return self._place(start.line, start.column, end.column - start.column)
        first_word = re.match(r"[^\s:,\]}]+", self._line(start.line)[start.column :])
        return self._place(start.line, start.column, len(first_word.group()) if first_word else 1)

    def _line(self, index: int) -> str:
        return self.lines[index] if index < len(self.lines) else ""

    def _place(self, line: int, column: int, length: int) -> Place:
        if self.label is not None:
            return Place(COMMAND_LINE, 1, column + 1 + self.offset, length, self.label, self.folder)
        return Place(self.origin, line + 1, column + 1, length, self._line(line), self.folder)

    def _syntax_error(self, error: yaml.MarkedYAMLError) -> ConfigError:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line, mark.column) if mark else (0, 0)
        # PyYAML points at where it gave up: the end of the file, or the line after a key without ':'.
        gave_up = re.search(r"<stream end>|could not find expected ':'", error.problem or "")
        if error.context_mark and (gave_up or line >= len(self.lines)):
            line, column = error.context_mark.line, error.context_mark.column
        message, suggestion = _explain(error, self._line(line), column)
        return config_error([Problem(self._place(line, column, 1), (), message, suggestion=suggestion)])


def _explain(error: yaml.MarkedYAMLError, line: str, column: int) -> tuple[str, str | None]:
    """PyYAML's words in a user's: a message and what to do."""
    problem = error.problem or error.context or "not YAML"
    if "\t" in line[: column + 1]:
        return "a tab stands where YAML wants spaces", "indent with spaces"
    if "mapping values are not allowed" in problem:
        return (
            "a second ':' in this line, or a line above that is not finished",
            'quote a text that has ": " in it',
        )
    if "could not find expected ':'" in problem:
        return "a key with no ':' after it", None
    if "expected <block end>" in problem:
        return (
            "the indentation does not fit the lines above",
            "items of one mapping or list start in one column",
        )
    if "expected the node content" in problem or "expected ',' or" in problem:
        return f"a bracket or brace is not closed, or a comma is missing ({problem})", None
    if "expected a single document" in (error.context or ""):
        return "a config is one YAML document; found a second one", "remove the line ---"
    if "undefined alias" in problem:
        return problem.replace("found undefined alias", "no anchor (&name) for the alias"), None
    return f"not YAML: {problem}", None
