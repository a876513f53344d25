"""The house: imports point downwards, and what must start at once imports nothing heavy."""

from __future__ import annotations

import ast
import json
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "bigmodel_cli"
# From the ground up; a unit may import those before it.
STOREYS = [
    [
        "errors",
        "native_output",
        "native_crash",
        "listener",
        "runs_dir",
        "byte_sizes",
        "cut",
        "class_names",
        "plain_numbers",
        "process_memory",
        "parts",
        "markup",
        "geometry",
    ],
    [
        "whole_files",
        "csv_rows",
        "network",
        "vocabulary",
        "words",
        "spans",
        "alignment",
        "interactions",
        "distinct",
        "kinds.classes",
    ],
    ["known_items"],
    ["kinds.kind", "tasks.task"],
    ["tasks.target", "tasks.decoding", "tasks.drawing", "tasks.sought"],
    ["kinds.redrawing"],
    ["kinds.files", "kinds.shrinking", "kinds.standard_input"],
    ["kinds.read", "kinds.cells"],
    ["signature", "kinds.show"],
    ["config"],
    ["run_folder", "gates", "stopped", "evaluation_parts", "tasks.checks"],
    ["figures", "advice"],
    ["tasks.figures", "tasks.sections", "tasks.advice"],
    ["run_files", "new_run", "run_search"],
    ["run_lock", "metrics_file", "sources", "scoring"],
    ["tracking", "recommending"],
    ["tasks.ranking"],
    ["kinds.blocks", "pipeline", "run_removal", "cluster", "tasks.predictions", "kinds.profile"],
    ["tasks.scores", "alone"],
    ["tasks.bound"],
    ["modeling"],
    ["kinds.inputs", "kinds.familiar", "kinds.snippet"],
    ["inference"],
    ["reporting"],
    ["kinds.audit", "tasks.audit", "kinds.explain", "tasks.explain"],
    ["kinds.baseline", "tasks.baseline"],
    ["baselines"],
    ["compressing"],
    ["training", "exporting", "explaining", "audit", "reference", "starter"],
    ["workers", "adopting", "serving"],
    ["tuning", "crossvalidation"],
    ["doctor"],
    ["cli"],
    ["api"],
]
# Kinds and tasks have a file for each storey, which stands in that storey.
PARTED = ("kinds", "tasks")
STOREY = {unit: number for number, units in enumerate(STOREYS) for unit in units}
HEAVY = {"tensorflow", "keras", "numpy", "matplotlib", "sklearn", "PIL", "ai_edge_litert"}
COMMANDS = sorted(module.name for module in pkgutil.iter_modules([str(PACKAGE / "cli" / "commands")]))


def unit_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    if parts[0] in PARTED and parts[-1] != "__init__":
        return f"{parts[0]}.{parts[1] if len(parts) == 2 else parts[2]}"
    return "__init__" if parts[0] in PARTED else parts[0]


def unit_named(name: str) -> str:
    """The unit that a module, or a name in one, belongs to; `kinds.image.show` is of `kinds.show`."""
    parts = name.split(".")
    if parts[0] not in PARTED:
        return parts[0]
    # A folder of a kind has modules, a module of all kinds has classes.
    is_folder = (PACKAGE / parts[0] / parts[1]).is_dir()
    return ".".join([parts[0], *parts[2:3]] if is_folder else parts[:2])


# What looks like an import of this package is parsed; the rest of a file takes ten times as long.
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+bigmodel_cli\b.*\([^)]*\)|(?:from|import)[ \t].*\bbigmodel_cli\b.*)", re.MULTILINE
)


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """The units of this package that a file imports, also inside functions, with the line."""
    text = path.read_text("utf-8")
    for found in _IMPORT.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield from ((unit, line) for unit in _imported(found.group().strip()))


def _imported(statement: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(statement)):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            package, _, rest = name.partition(".")
            if package == "bigmodel_cli" and (unit := unit_named(rest)) in STOREY:
                yield unit


def upwards(path: Path) -> Iterator[str]:
    """What a file imports that stands no lower than itself."""
    unit, name = unit_of(path), path.relative_to(PACKAGE)
    if unit in ("__init__", "__main__"):
        yield from (
            f"{name}:{line}: imports {other}" for other, line in imports(path) if other not in ("cli", "api")
        )
    elif unit not in STOREY:
        yield f"{name}: {unit} has no storey: add it to STOREYS"
    else:
        for other, line in imports(path):
            if other != unit and STOREY[other] >= STOREY[unit]:
                yield f"{name}:{line}: {unit} imports {other}"


def test_imports_point_downwards() -> None:
    paths = sorted(PACKAGE.rglob("*.py"))
    assert len(paths) > 300
    assert not [found for path in paths for found in upwards(path)]


# Each command in turn, and the packages that it was the first to load.
_LOADED = """
import contextlib, io, json, sys
from bigmodel_cli.cli.main import run

found, seen = [], set()
for words in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()):
        code = run(words)
    loaded = {name.split(".")[0] for name in sys.modules}
    found.append([code, sorted(loaded - seen)])
    seen |= loaded
print(json.dumps(found))
"""


Loaded = dict[str, set[str]]


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    """The packages that each command is the first to load; all in one process, apart from this one."""
    configs = sorted((ROOT / "configs").glob("*.yaml"))
    assert len(configs) > 5
    commands = [
        ["--version"],
        ["schema"],
        ["--help"],
        *([command, "--help"] for command in COMMANDS),
        *(["check", str(config)] for config in configs),
        ["list", "layers", "Conv2D"],
    ]
    done = subprocess.run(
        [sys.executable, "-c", _LOADED],
        input=json.dumps(commands),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = dict(zip(map(" ".join, commands), json.loads(done.stdout), strict=True))
    failed = [command for command, (code, _) in found.items() if code]
    assert not failed, done.stderr
    return {command: set(modules) for command, (_, modules) in found.items()}


def test_there_is_the_expected_set_of_commands() -> None:
    expected = {"train", "evaluate", "predict", "check", "show", "data", "init", "list", "doctor", "schema"}
    assert expected <= set(COMMANDS)


def test_no_help_check_or_list_imports_anything_heavy(loaded: Loaded) -> None:
    assert {command: found for command, names in loaded.items() if (found := HEAVY & names)} == {}


def test_what_is_loaded_is_seen_with_the_command_that_loads_it(loaded: Loaded) -> None:
    assert [command for command, names in loaded.items() if "yaml" in names] == ["schema"]
