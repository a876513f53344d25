"""The files under `code` to names of the config language, beside Keras's and ours."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from bigmodel_cli.config.catalogue import Entry
from bigmodel_cli.config.components import OWN_FAMILIES, Language
from bigmodel_cli.config.own_code.classes import BETTER, OwnClass, read_class
from bigmodel_cli.config.own_code.contracts import check_class, check_function
from bigmodel_cli.config.own_code.files import Code, Own, OwnFile
from bigmodel_cli.config.own_code.functions import OwnFunction, read_function
from bigmodel_cli.config.own_code.imports import Imports, dotted, read_imports
from bigmodel_cli.config.own_code.parameters import argument_docs, first_sentence, signature
from bigmodel_cli.config.own_code.parsed import ParsedFile, parse
from bigmodel_cli.config.problems import Problems
from bigmodel_cli.config.tree import Mapping as Tree
from bigmodel_cli.config.tree import Node, Scalar, Sequence, is_null
from bigmodel_cli.config.wording import with_article

CODE = "code"
_TAKEN_FILES = frozenset({"keras", "tensorflow", "numpy", "bigmodel_cli"})


def with_code(language: Language, tree: Tree, problems: Problems, copies: Path | None = None) -> Language:
    """A language with the names of the files that a config lists.

    Args:
        language: Keras's names and ours.
        tree: The config.
        problems: Where it is told what is wrong with the files, and with what they define.
        copies: A run's folder of copies, which are read in place of the files; None: the files are.
    """
    node = tree.child(CODE)
    if node is None or is_null(node):
        return replace(language, code=Code())
    files = _parsed(node, copies, problems)
    return _Reader(language, files, problems, is_copy=copies is not None).language()


def _parsed(node: Node, copies: Path | None, problems: Problems) -> dict[str, ParsedFile]:
    """The files by their names without `.py`; those that cannot be read are told."""
    found: dict[str, ParsedFile] = {}
    for item in node.items if isinstance(node, Sequence) else [node]:
        if not isinstance(item, Scalar) or not isinstance(item.value, str) or not item.value:
            # What is no path is told where the section is filled.
            continue
        # Where a run was made its config has whole paths; another one names whatever came with the run.
        written = Path(item.value)
        path = item.place.folder / written.expanduser() if copies is None else written
        stem = path.stem
        if stem in sys.stdlib_module_names | _TAKEN_FILES:
            message = f"{path.name} is called like a module of Python, Keras or bigmodel"
            problems.tell(item.place, (CODE,), message, suggestion=f"rename it, for instance my_{path.name}")
            continue
        if stem in found:
            same = found[stem].named == path
            message = f"{item.value} is listed twice" if same else f"two files are called {path.name}"
            advice = "list it once" if same else "rename one: a run keeps both in one folder"
            problems.tell(item.place, (CODE,), message, suggestion=advice)
            continue
        copy = None if copies is None else copies / path.name
        parsed = parse(path, copy, item, problems)
        if parsed is not None:
            found[stem] = parsed
    return found


@dataclass
class _Reader:
    """Reads what all files define."""

    base: Language
    files: Mapping[str, ParsedFile]
    problems: Problems
    is_copy: bool
    classes: dict[str, OwnClass] = field(default_factory=dict)
    functions: list[OwnFunction] = field(default_factory=list)
    unusable: dict[str, str] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)

    @cached_property
    def imports(self) -> dict[str, Imports]:
        return {stem: read_imports(file, self.files, self.problems) for stem, file in self.files.items()}

    def language(self) -> Language:
        order = list(self._in_order())
        for stem in order:
            self._definitions(self.files[stem])
        made: dict[str, OwnFile] = {}
        for stem in order:
            made[stem] = self._file(stem, made)
        entries = list(self._entries(made))
        return replace(
            self.base,
            catalogue=self.base.catalogue.with_own(entries),
            code=Code(tuple(made.values())),
            unusable=MappingProxyType(self.unusable),
        )

    def _in_order(self) -> Iterator[str]:
        """Each file behind those that it imports; which import each other is told."""
        done: list[str] = []
        waiting = dict(self.files)
        while waiting:
            ready = [s for s in waiting if not set(self.imports[s].files) & (set(waiting) - {s})]
            if not ready:
                first = next(iter(waiting))
                file = self.files[first]
                others = " and ".join(f"{name}.py" for name in self.imports[first].files)
                message = f"{file.named.name} and {others} import each other"
                self.problems.tell(file.node.place, (CODE,), message, suggestion="put both into one file")
                ready = list(waiting)
            for stem in ready:
                del waiting[stem]
            done += ready
        yield from done

    def _file(self, stem: str, made: Mapping[str, OwnFile]) -> OwnFile:
        parsed = self.files[stem]
        names = [c.node.name for c in self.classes.values() if c.file is parsed and c.family]
        names += [f.node.name for f in self.functions if f.file is parsed and f.families]
        imports = tuple(made[name] for name in self.imports[stem].files if name in made)
        return OwnFile(
            parsed.path, parsed.named, parsed.text, tuple(names), imports, self.is_copy, parsed.is_as_named
        )

    def _definitions(self, file: ParsedFile) -> None:
        imports = self.imports[file.stem]
        for node in file.tree.body:
            if isinstance(node, ast.ClassDef):
                found = read_class(file, node, imports, self.classes, self.base.catalogue)
                if self._is_first(file, node) and self._is_free(found):
                    self.classes[f"{file.stem}.{node.name}"] = found
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                function = read_function(file, node)
                if node.name.startswith("_"):
                    continue
                if self._is_first(file, node) and self._is_free(function):
                    self.functions.append(function)
        self._note_unusable(file)

    def _is_first(
        self, file: ParsedFile, node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    ) -> bool:
        """Whether nothing before it has its name."""
        place = f"{file.named.name}:{node.lineno}"
        if (before := self.owners.setdefault(node.name, place)) == place:
            return True
        message = f"{node.name} is defined twice: also at {before}"
        self.problems.tell(file.name_place(node), (), message, suggestion="rename one of them")
        return False

    def _is_free(self, found: OwnClass | OwnFunction) -> bool:
        """Whether neither Keras nor bigmodel has the name; what no config can name may be called anything."""
        name = found.node.name
        is_named = found.family if isinstance(found, OwnClass) else found.families
        if not is_named:
            return True
        whose = self._whose(name)
        if whose is None:
            return True
        message = f"{name} is the name of {whose}, which it would hide"
        self.problems.tell(
            found.file.name_place(found.node),
            (),
            message,
            suggestion=f"rename it, for instance {_other(name)}",
        )
        return False

    def _whose(self, name: str) -> str | None:
        if families := self.base.catalogue.families_knowing(name):
            return f"{with_article(families[0])} of Keras"
        ours = (family for family in OWN_FAMILIES if name in self.base.own[family])
        if (family := next(ours, None)) is not None:
            return f"{with_article(family)} of bigmodel"
        return "a number that the data tell" if name in ("num_classes", "auto", "previous") else None

    def _note_unusable(self, file: ParsedFile) -> None:
        """Why names of the file that someone may try are none of the config."""
        shown = file.named.name
        for node in ast.walk(file.tree):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        reason = (
                            f"{shown}:{node.lineno} has it as a lambda, which Keras cannot save: write def"
                        )
                        self.unusable.setdefault(target.id, reason)
            elif isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                why = self._why_unusable(file, node)
                if why is not None:
                    self.unusable.setdefault(node.name, f"{shown}:{node.lineno}: {why}")

    def _why_unusable(
        self, file: ParsedFile, node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    ) -> str | None:
        if node not in file.tree.body:
            return f"{node.name} is inside something else; define it at the top level of the file"
        if isinstance(node, ast.ClassDef):
            found = self.classes.get(f"{file.stem}.{node.name}")
            if found is None or found.family is not None:
                return None
            bases = ", ".join(ast.unparse(base) for base in node.bases) or "nothing"
            expected = "expected a class of Keras, such as keras.layers.Layer"
            return f"the class {node.name} is derived from {bases}; {expected}"
        if any(function.node is node and function.families for function in self.functions):
            return None
        if node.name.startswith("_"):
            return f"{node.name} begins with _, which says that it is for the file alone"
        takes = ast.unparse(node.args)
        return f"{node.name}({takes}) is no loss or metric (y_true, y_pred), no activation (x)"

    def _entries(self, made: Mapping[str, OwnFile]) -> Iterator[Entry]:
        for found in self.classes.values():
            if found.family is None:
                continue
            check_class(found, self.problems)
            doc = first_sentence(ast.get_docstring(found.node))
            own = Own(made[found.file.stem], found.node.lineno, found.base, better=found.better[1])
            reason = None
            if found.positional:
                reason = f"{own}: {found.positional[0]} can only be given by its place"
            yield Entry(
                found.node.name, found.family, doc, MappingProxyType(dict(found.parameters)), reason, own
            )
        for function in self.functions:
            if function.families:
                check_function(function, self.problems)
            for family in function.families:
                yield self._function_entry(function, family, made)

    def _function_entry(self, function: OwnFunction, family: str, made: Mapping[str, OwnFile]) -> Entry:
        node, file = function.node, function.file
        text = ast.get_docstring(node)
        given = signature(node, self.imports[file.stem], skip=function.skip, docs=argument_docs(text))
        parameters = {p.name: p for p in given.parameters} if family in ("losses", "metrics") else {}
        if family == "metrics":
            mean = self.base.catalogue.entry("metrics", "Mean")
            assert mean is not None
            parameters.setdefault("name", mean.parameters["name"])
        own = Own(made[file.stem], node.lineno, is_function=True, better=_direction(file, node.name))
        return Entry(node.name, family, first_sentence(text), MappingProxyType(parameters), None, own)


def _direction(file: ParsedFile, name: str) -> Literal["min", "max"] | None:
    """What `name._direction = "up"` says, Keras's own way of metrics."""
    for node in file.tree.body:
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Constant):
            continue
        if any(dotted(target) == f"{name}._direction" for target in node.targets):
            return BETTER.get(str(node.value.value))
    return None


def _other(name: str) -> str:
    return f"My{name}" if name[:1].isupper() else f"my_{name}"
