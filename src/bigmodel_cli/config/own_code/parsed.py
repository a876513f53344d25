"""One Python file to its syntax tree, with problems that stand where the file is wrong."""

from __future__ import annotations

import ast
import codecs
import os
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from bigmodel_cli.config.problems import Problem, Problems
from bigmodel_cli.config.tree import Place, Scalar
from bigmodel_cli.cut import some

# A file of a thousand classes is smaller.
MAX_BYTES = 2**20


@dataclass(frozen=True)
class ParsedFile:
    """A file that is Python.

    Attributes:
        path: Where it was read.
        named: The file that the config names.
        text: All of it.
        tree: What it says.
        node: Where the config names it.
        is_as_named: Whether the file that the config names has the same bytes.
    """

    path: Path
    named: Path
    text: str
    tree: ast.Module
    node: Scalar
    is_as_named: bool = True
    lines: list[str] = field(default_factory=list, repr=False)

    @property
    def stem(self) -> str:
        return self.named.stem

    def place(self, node: ast.AST, length: int | None = None) -> Place:
        """Where something of it stands."""
        line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        # Columns of `ast` are bytes of UTF-8.
        start = len(text.encode()[:column].decode(errors="ignore"))
        end = getattr(node, "end_col_offset", None)
        if length is None and end is not None and getattr(node, "end_lineno", line) == line:
            length = len(text.encode()[column:end].decode(errors="ignore"))
        return Place(shown(self.named), line, start + 1, length or 1, text, self.named.parent)

    def name_place(self, node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> Place:
        """Where the name of a class or function stands in its first line."""
        whole = self.place(node, len(node.name))
        start = whole.text.find(node.name, whole.column - 1)
        return Place(whole.origin, whole.line, start + 1, len(node.name), whole.text, whole.folder)


def parse(named: Path, copy: Path | None, node: Scalar, problems: Problems) -> ParsedFile | None:
    """Read a file and parse it; nothing of it runs.

    Args:
        named: The file that the config names.
        copy: A run's copy of it, which is read in its place; None: there is none.
        node: Where the config names it.
        problems: Where it is told why it cannot be read.
    """
    path = named if copy is None else copy
    content = _content(path, node, problems)
    if content is None:
        return None
    is_as_named = copy is None or _has(named, content)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        where = Place(shown(named), line, 1, 1, "", named.parent)
        problems.tell(where, (), f"not UTF-8: {error.reason}", suggestion="save it as UTF-8")
        return None
    lines = text.split("\n")
    try:
        with warnings.catch_warnings():
            # Escapes that may go one day are no business of a check.
            warnings.simplefilter("ignore")
            tree = ast.parse(text, str(named))
    except SyntaxError as error:
        line = error.lineno or 1
        shown_line = lines[line - 1] if line <= len(lines) else ""
        length = (error.end_offset or 0) - (error.offset or 0) if error.end_lineno == line else 1
        where = Place(shown(named), line, max(1, error.offset or 1), max(1, length), shown_line, named.parent)
        problems.tell(where, (), f"not Python: {error.msg}")
        return None
    except (ValueError, RecursionError, MemoryError) as error:
        where = Place(shown(named), 1, 1, 1, "", named.parent)
        problems.tell(where, (), f"not Python: {error or type(error).__name__}")
        return None
    return ParsedFile(path, named, text, tree, node, is_as_named, lines)


def _content(path: Path, node: Scalar, problems: Problems) -> bytes | None:
    wrong, advice = _unreadable(path)
    if wrong is None:
        try:
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
            if len(content) <= MAX_BYTES:
                return content
            wrong = f"more than {MAX_BYTES:,} bytes"
        except OSError as error:
            wrong = error.strerror or str(error)
    problems.add(Problem(node.place, ("code",), f"{shown(path)}: {wrong}", suggestion=advice))
    return None


def _unreadable(path: Path) -> tuple[str | None, str | None]:
    """Why a path is no file of Python, and what to do."""
    try:
        if path.is_dir():
            files = [f"{path.name}/{file.name}" for file in sorted(path.glob("*.py"))]
            listed = f"list its files: code: [{some(files, 3)}]" if files else None
            return "expected a Python file, found a folder", listed
        if not path.exists():
            return "no such file", _near(path)
        if not path.is_file():
            return "expected a Python file, found something else", None
    except (OSError, ValueError) as error:
        return str(getattr(error, "strerror", None) or error), None
    if path.suffix != ".py":
        return f"expected a Python file (.py), found {path.suffix or 'no ending'}", None
    return None, None


def _near(path: Path) -> str | None:
    from bigmodel_cli.config.spelling import closest

    try:
        names = [one.name for one in path.parent.iterdir() if one.suffix == ".py"]
    except OSError:
        return f"there is no folder {shown(path.parent)}"
    near = closest(path.name, names)
    return f"did you mean {near}?" if near else None


def _has(path: Path, content: bytes) -> bool:
    """Whether a file is there and has these bytes."""
    try:
        # A mark of Windows says nothing, and no copy has it.
        return path.stat().st_size <= MAX_BYTES and _unmarked(path.read_bytes()) == _unmarked(content)
    except (OSError, ValueError):
        return False


def _unmarked(content: bytes) -> bytes:
    return content.removeprefix(codecs.BOM_UTF8)


def shown(path: Path) -> str:
    """A path as a user would write it: relative to the current folder where that is shorter."""
    try:
        return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
    except OSError:
        return str(path)
