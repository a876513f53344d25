"""Kinds and tasks are asked, not asked about: whoever wants to know whether an example is an image, or
whether there are classes, has found something that a kind or a task should own (docs/design.md, Recipes).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "bigmodel_cli"
# Where the answers are.
OWNERS = ("kinds", "tasks")
# None of these where there is no image, no class.
_MAY_BE_NONE = {"image_format", "class_names", "num_classes"}
# What an example or a target of one sort alone has.
_OF_ONE_SORT = {"image_format", "target_shape"}
_CLASSES = {"ImageKind", "ArrayKind", "Classification", "Regression"}
# `are_images`, `is_classification`: an answer that was carried off.
_ANSWERS = re.compile(
    r"(is|has)_(an?_)?(images?|array|classification|regression)"
    r"|(are|have|shows|takes)_(images|drawings|arrays|classes|class_names|numbers)"
)
# What a kind's part may be asked, `part_of(kind, Show).are_photographs`, but no function of the signature.
_ANSWERS_OF_PARTS = {"are_photographs", "are_pictures", "are_pixels"}
# A module without any of this is not even parsed, a function or class without it not looked at.
_MAY_ASK = re.compile(
    r"image_format|target_shape|class_names|num_classes|(Image|Array)Kind|Classification|Regression"
    r"|_(images?|photographs|pictures|pixels|drawings|arrays?|classes|numbers|classification|regression)\b"
    r"|\b(kind|task)\.(name|labels|noun)\b|[\"']labels[\"']|IMAGE\.png|ARRAY\.npy"
)
_PLACEHOLDER = re.compile(r"\b(IMAGE\.png|ARRAY\.npy)\b")


def _name(node: ast.AST) -> str | None:
    """The last word of `names`, `signature.names` and `names[0]`."""
    if isinstance(node, ast.NamedExpr):
        return _name(node.value)
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else None


def _is_known_elsewhere(node: ast.AST) -> bool:
    """Whether None means something else: an option that was left out, or what only the data will tell."""
    return isinstance(node, ast.Attribute) and _name(node.value) in ("self", "facts")


def _truths(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions of which a node asks whether they are true."""
    if isinstance(node, ast.If | ast.IfExp | ast.While | ast.Assert):
        yield node.test
    elif isinstance(node, ast.comprehension):
        yield from node.ifs
    elif isinstance(node, ast.BoolOp):
        yield from node.values
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand


def _compares(node: ast.Compare) -> bool:
    """Whether something is compared that only one kind or task has, or a kind's or a task's own name."""
    sides = [side for side in (node.left, *node.comparators) if not _is_known_elsewhere(side)]
    names = {_name(side) for side in sides}
    constants = {side.value for side in sides if isinstance(side, ast.Constant)}
    if None in constants and names & _MAY_BE_NONE:
        return True
    owners = {_name(side.value) for side in sides if isinstance(side, ast.Attribute)}
    is_of_one = bool(owners & {"kind", "task"}) and bool(names & {"name", "labels", "noun"})
    words = {
        side.slice.value
        for side in sides
        if isinstance(side, ast.Subscript) and isinstance(side.slice, ast.Constant)
    }
    is_of_one = is_of_one or ("labels" in words and bool(constants & {"classes", "numbers"}))
    is_type = any(isinstance(side, ast.Call) and _name(side.func) == "type" for side in sides)
    return is_of_one or (is_type and bool(names & _CLASSES))


def _asks(node: ast.AST) -> bool:
    """Whether a node asks what a kind or a task should be asked."""
    if isinstance(node, ast.Compare):
        return _compares(node)
    if isinstance(node, ast.Call):
        words = {_name(each) for argument in node.args[1:] for each in ast.walk(argument)}
        return _name(node.func) in ("isinstance", "issubclass") and bool(words & _CLASSES)
    if isinstance(node, ast.MatchClass):
        return _name(node.cls) in _CLASSES
    if isinstance(node, ast.Attribute):
        is_own = _name(node.value) == "self"
        return node.attr in _OF_ONE_SORT and not is_own
    if isinstance(node, ast.FunctionDef):
        return bool(_ANSWERS.fullmatch(node.name))
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return bool(_PLACEHOLDER.search(node.value))
    return False


def _carries(node: ast.AST) -> bool:
    """Whether a node uses an answer that somebody else asked for."""
    if isinstance(node, ast.Name) and node.id in _ANSWERS_OF_PARTS:
        return True
    name = node.arg if isinstance(node, ast.arg | ast.keyword) else _name(node)
    return bool(name and _ANSWERS.fullmatch(name))


def _nodes(source: str) -> Iterator[ast.AST]:
    """All of a module that may ask."""
    lines = source.splitlines()
    for statement in ast.parse(source).body:
        if _MAY_ASK.search("\n".join(lines[statement.lineno - 1 : statement.end_lineno])):
            yield from ast.walk(statement)


def questions(source: str) -> list[int]:
    """The lines of a module that ask what a kind or a task should own."""
    lines = []
    for node in _nodes(source):
        if _asks(node) or (not isinstance(node, ast.NamedExpr) and _carries(node)):
            lines.append(getattr(node, "lineno", 0))
        lines += [
            each.lineno
            for each in _truths(node)
            if _name(each) in _MAY_BE_NONE and not _is_known_elsewhere(each)
        ]
    return sorted(lines)


def test_nobody_asks_what_a_kind_or_a_task_should_own() -> None:
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name, source = path.relative_to(PACKAGE), path.read_text("utf-8")
        if name.parts[0] not in OWNERS and _MAY_ASK.search(source) and (lines := questions(source)):
            found[name.as_posix()] = lines
    assert not found, "ask a kind or a task instead, or give it what it lacks (docs/design.md, Recipes)"


@pytest.mark.parametrize(
    "source",
    [
        "signature.image_format",
        "signature.task.target_shape",
        "if class_names is None: pass",
        "x = 1 if signature.class_names is not None else 2",
        "None is num_classes",
        "if signature.num_classes: pass",
        "x = class_names and 1",
        "not image_format",
        "[x for x in y if x.class_names]",
        "isinstance(kind, ImageKind)",
        "isinstance(signature.task, (Classification, Regression))",
        "isinstance(signature.task, Classification | Regression)",
        "type(kind) is ArrayKind",
        "signature.kind.name == 'image'",
        "task.labels != 'classes'",
        "match kind:\n    case ImageKind(): pass",
        "are_images(signature)",
        "are_photographs(signature)",
        "document['labels'] == 'classes'",
        "def is_image(self): pass",
        "f(outputs, are_classes=True)",
        "def f(*, are_classes): pass",
        "f'bigmodel predict IMAGE.png --run {run}'",
        "'ARRAY.npy'",
    ],
)
def test_is_seen(source: str) -> None:
    assert questions(source)
    assert _MAY_ASK.search(source)


@pytest.mark.parametrize(
    "source",
    [
        "signature.kind.shape",
        "part_of(signature.kind, Show).thumbnail(value)",
        "ImageKind(ImageFormat(size))",
        "Classification(class_names)",
        "class Folder:\n    def f(self): return self.image_format",
        "for name, task in signature.targets.items(): task.described",
        "if labels is None: pass",
        "part_of(signature.kind, Show).are_photographs",
        "report.facts.num_classes is None",
        "class Source:\n    def f(self): return self.num_classes is None",
        "is_class = labels == index",
        "run.name == 'image'",
        "len(class_names)",
        "'IMAGES.png'",
    ],
)
def test_is_no_question(source: str) -> None:
    assert not questions(source)
