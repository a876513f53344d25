"""What names of a Python file stand for: which it imports, and from where."""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from bigmodel_cli.config.own_code.parsed import ParsedFile
from bigmodel_cli.config.problems import Problem, Problems

# Where Keras's names may be taken from.
_KERAS_OF_TENSORFLOW = ("tensorflow.keras", "tensorflow.python.keras", "tensorflow.compat.v2.keras")
_NOT_KERAS_3 = ("tf_keras", "tensorflow.python.keras")


@dataclass
class Imports:
    """The names that a file imports.

    Attributes:
        names: What each stands for, with dots: `keras.layers.Layer`.
        files: Names of the config's other files, without `.py`, that it imports.
        has_stars: Whether it imports all names of some module of Keras.
    """

    names: dict[str, str] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    has_stars: bool = False


def dotted(node: ast.expr) -> str | None:
    """`keras.layers.Layer` of an expression that is a name or an attribute of one."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value)
        return None if owner is None else f"{owner}.{node.attr}"
    return None


def resolved(node: ast.expr, imports: Imports) -> str | None:
    """What an expression names, whatever the file calls it: `L.Dense` is `keras.layers.Dense`."""
    written = dotted(node)
    if written is None:
        return None
    first, _, rest = written.partition(".")
    whole = imports.names.get(first, first) + (f".{rest}" if rest else "")
    for prefix in _KERAS_OF_TENSORFLOW:
        if whole.startswith(f"{prefix}."):
            return f"keras.{whole.removeprefix(prefix + '.')}"
    return whole


def read_imports(file: ParsedFile, others: Mapping[str, ParsedFile], problems: Problems) -> Imports:
    """Find out what a file imports.

    Args:
        file: It.
        others: All files of the config, by their names without `.py`.
        problems: Where imports are told that a run could not make.
    """
    found = Imports()
    at_top = set(map(id, _at_top(file.tree.body)))
    for node in ast.walk(file.tree):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        reader = _Statement(file, node, found, others, problems, is_at_top=id(node) in at_top)
        reader.read()
    return found


def _at_top(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run when the file does, each time."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.If):
            yield from _at_top([*statement.body, *statement.orelse])
        elif isinstance(statement, ast.Try):
            handled = [one for handler in statement.handlers for one in handler.body]
            yield from _at_top([*statement.body, *handled, *statement.orelse, *statement.finalbody])
        elif isinstance(statement, ast.With):
            yield from _at_top(statement.body)


@dataclass
class _Statement:
    """One `import`."""

    file: ParsedFile
    node: ast.Import | ast.ImportFrom
    found: Imports
    others: Mapping[str, ParsedFile]
    problems: Problems
    is_at_top: bool

    def read(self) -> None:
        node = self.node
        if isinstance(node, ast.ImportFrom):
            self._from(node)
            return
        for alias in node.names:
            first = alias.name.partition(".")[0]
            self.found.names[alias.asname or first] = alias.name if alias.asname else first
            self._module(alias.name)

    def _from(self, node: ast.ImportFrom) -> None:
        names = [alias.name for alias in node.names]
        if node.level:
            if node.level > 1 or (node.module and "." in node.module):
                self._tell(
                    "it is beyond the file's folder; a run keeps single files", "put what it needs beside it"
                )
            elif node.module is None:
                for name in names:
                    self._tell(f"import {name} by its name: a run keeps single files", f"write import {name}")
            else:
                self._tell(
                    "there is no package around the file in a run", f"write from {node.module} import …"
                )
            return
        module = node.module or ""
        for alias in node.names:
            if alias.name != "*":
                self.found.names[alias.asname or alias.name] = f"{module}.{alias.name}"
            elif module.startswith(("keras", *_KERAS_OF_TENSORFLOW)):
                self.found.has_stars = True
            elif self._is_sibling(module):
                self._tell(
                    f"all names of {module}: nobody can tell which", f"write from {module} import NAME, …"
                )
                return
        self._module(module)

    def _is_sibling(self, module: str) -> bool:
        first = module.partition(".")[0]
        if first in self.others:
            return True
        folder = self.file.named.parent
        with suppress(OSError):
            return (folder / f"{first}.py").is_file() or (folder / first / "__init__.py").is_file()
        return False

    def _module(self, module: str) -> None:
        """Whether a run could import it too."""
        first = module.partition(".")[0]
        if first in self.others:
            if first == self.file.stem:
                self._tell("the file imports itself", "remove it")
            elif not self.is_at_top:
                self._tell(
                    f"{first} is imported inside a function or class", "import it at the top of the file"
                )
            elif first not in self.found.files:
                self.found.files.append(first)
        elif self._is_sibling(first):
            path = self.file.named.parent / f"{first}.py"
            if path.is_file():
                self._tell(
                    f"a run would lack {path.name}, which the config does not list",
                    f"add it to code: [{path.name}, …]",
                )
            else:
                self._tell(
                    f"{first} is a folder beside the file, which a run would lack",
                    "write what it needs into a file of code",
                )
        elif first in _NOT_KERAS_3 or module.startswith(_NOT_KERAS_3):
            self._tell(f"{first} is Keras 2, whose classes Keras 3 does not take", "write import keras")
        elif self.is_at_top and not self._is_guarded() and not _is_installed(first):
            self._tell(f"no module named {first!r} is installed", "pip install it, or remove the import")

    def _is_guarded(self) -> bool:
        """Whether the file says itself what happens without the module."""
        tries = (node for node in ast.walk(self.file.tree) if isinstance(node, ast.Try))
        return any(inner is self.node for one in tries for inner in ast.walk(one))

    def _tell(self, message: str, suggestion: str) -> None:
        self.problems.add(Problem(self.file.place(self.node), (), message, suggestion=suggestion))


def _is_installed(name: str) -> bool:
    if name in sys.stdlib_module_names or name in sys.modules:
        return True
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False
