"""Whatever stands in a config or on the command line: a clean load, or problems with their places.

`BIGMODEL_FUZZ_CASES=20000 pytest tests/config/test_fuzz.py` runs that many cases, with new random numbers
each time; without it, some hundreds run, the same ones every time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_configs import DIGITS

from bigmodel_cli.config.dump import plain, to_yaml
from bigmodel_cli.config.load import load_with_search
from bigmodel_cli.config.problems import MAX_SHOWN
from bigmodel_cli.config.reader import read_text
from bigmodel_cli.config.tree import COMMAND_LINE, to_plain
from bigmodel_cli.errors import ConfigError, UsageError
from bigmodel_cli.modeling.language import language

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = {path.name: path.read_text("utf-8") for path in sorted((ROOT / "configs").glob("*.yaml"))}
TREES = {name: to_plain(read_text(text, origin=name, folder=Path())) for name, text in CONFIGS.items()}

# Of a table with two targets, everything by name.
TABLE = """\
data:
  source:
    table:
      path: people.csv
      test: [a.csv, b.csv]
      target: {Survived: {}, fare: {log: true}}
      columns: {age: number, day: {date: {parts: [year, month]}}, name: {from: Name, text: {}}, id: ignore}
      sample_weight: weight
      missing: ["?", NA]
      missing_target: drop
  split_by: {group: family}
preprocessing:
  number: [{impute: {with: median, flag: true}}, {quantile: {}}]
  category: [{StringLookup: {output_mode: one_hot}}]
  age: [impute, {periodic: {}}]
model:
  - Concatenate: {inputs: [numbers, categories, age]}
  - Dense: {name: trunk, units: 8, activation: relu}
  - Dense: {name: Survived, inputs: [trunk], units: 1, activation: sigmoid}
  - Dense: {name: fare, inputs: [trunk], units: 1}
loss: {Survived: BinaryCrossentropy, fare: MeanSquaredError}
loss_weights: {Survived: 1, fare: 0.01}
metrics: {Survived: [AUC], fare: [mae]}
optimizer: {Adam: {learning_rate: 1e-3}}
"""
# With everything that a search may ask for.
SEARCH = (
    DIGITS
    + """\
tune:
  space:
    optimizer.Adam.learning_rate: {log: [1e-4, 1e-2], points: 3}
    data.batch_size: {choice: [32, 64]}
    model.1.Dense.units: {integer: [8, 64], log: true, points: 3}
    model.2: {choice: [{Dropout: {rate: {uniform: [0.1, 0.5], step: 0.2}}}, null]}
    augmentation: {choice: [[], [{RandomRotation: {factor: {choice: [0.05, 0.1]}}}]]}
    preset: {choice: [{training.epochs: {integer: [2, 4]}, loss: mse}, {training.epochs: 9}]}
  metric: val_accuracy
  mode: max
  trials: 40
  search: grid
  stop_early: true
  keep: 3
  budget: {time: 2 hours, disk: 5 GB}
"""
)
TREES_OF_SEARCHES = {"search.yaml": to_plain(read_text(SEARCH, origin="search.yaml", folder=Path()))}
TREES_OF_TABLES = {"table.yaml": to_plain(read_text(TABLE, origin="table.yaml", folder=Path()))}

_LONG = int(os.environ.get("BIGMODEL_FUZZ_CASES", "0"))
# How the cases are shared out: mutations find the most.
_SHARES = {
    "mutated": 0.4,
    "typed": 0.15,
    "grammar": 0.2,
    "text": 0.08,
    "bytes": 0.05,
    "words": 0.12,
    "tables": 0.2,
    "searches": 0.1,
}
_SHORT = 500


def _cases(kind: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    number = max(1, round((_LONG or _SHORT) * _SHARES[kind]))
    return settings(
        max_examples=number,
        derandomize=not _LONG,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(autouse=True, scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One folder for all cases: hypothesis runs a test many times within one fixture."""
    before = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("fuzz"))
    for name, text in CONFIGS.items():
        Path(name).write_text(text, "utf-8")
    yield
    os.chdir(before)


def check(content: str | bytes, *words: str) -> None:
    """Read a config: it loads, and reads back from its dump; or it is refused as it must be."""
    data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    Path("case.yaml").write_bytes(data)
    try:
        loaded = load_with_search(Path("case.yaml"), words, language())
    except ConfigError as error:
        _check_refusal(error)
        return
    except UsageError as error:
        assert error.message
        return
    _check_dump(plain(loaded.experiment), to_yaml(loaded.experiment))


def _check_refusal(error: ConfigError) -> None:
    """Every problem has a place inside its line, and a message of one line."""
    assert error.message.strip()
    for problem in error.problems:
        assert problem["message"] and "\n" not in problem["message"], problem
        assert "Traceback" not in problem["message"] and "pydantic" not in problem["message"], problem
        assert "<class" not in problem["message"], problem
        line = _line_of(problem)
        assert problem["line"] >= 1 and problem["column"] >= 1 and problem["length"] >= 0, problem
        # An empty value stands just behind the last sign of its line.
        assert problem["column"] - 1 + problem["length"] <= max(1, len(line) + 1), (problem, line)
    places = [
        (p["severity"] == "warning", p["file"] == COMMAND_LINE, p["file"], p["line"], p["column"])
        for p in error.problems
    ]
    assert places == sorted(places)
    for line_shown in error.message.split("\n"):
        if line_shown.startswith("      | "):
            assert len(line_shown) <= 4 * MAX_SHOWN, line_shown


def _line_of(problem: dict[str, Any]) -> str:
    if problem["file"] == COMMAND_LINE:
        return "x" * 10_000
    text = Path(problem["file"]).read_bytes().decode("utf-8-sig")
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    for end in "\x85\u2028\u2029":
        lines = lines.replace(end, "\n")
    split = lines.split("\n")
    assert problem["line"] <= len(split), problem
    return split[problem["line"] - 1]


def _check_dump(settings_before: dict[str, Any], dumped: str) -> None:
    Path("dumped.yaml").write_text(dumped, "utf-8")
    again = load_with_search(Path("dumped.yaml"), [], language())
    assert repr(plain(again.experiment)) == repr(settings_before)


# Mutations of the shipped configs, as trees.

_SOME_NAMES = (
    "units filters lr name inputs rate Dense Conv2D Adam repeat layers times path source epochs monitor "
    "Flatten << 0 null extends accuracy 😀 a_b "
    "table columns target number numbers age Survived impute from group"
)
_NAMES = st.sampled_from(_SOME_NAMES.split())
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats()
    | st.text(max_size=8)
    | _NAMES
    | st.sampled_from(
        ["1/255", "1/0", "num_classes", "input", "previous", "auto", "yes", "10%", "3x3", ">= 0.9"]
    )
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(_NAMES | st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


def _spots(tree: Any) -> list[tuple[Any, Any]]:
    """Every place of a tree: its container, and the key or index in it."""
    keys = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    spots = []
    for key, value in keys:
        spots += [(tree, key), *_spots(value)]
    return spots


def _rename(container: Any, key: Any, draw: Callable[..., Any]) -> None:
    if isinstance(container, dict):
        new = draw(_NAMES | st.just(f"{key}x") | st.just(str(key).swapcase()) | st.just(str(key)[1:]))
        items = [(new if old == key else old, value) for old, value in container.items()]
        container.clear()
        container.update(items)


def _drop(container: Any, key: Any, draw: Callable[..., Any]) -> None:
    del container[key]


def _retype(container: Any, key: Any, draw: Callable[..., Any]) -> None:
    container[key] = draw(_VALUES)


def _nest(container: Any, key: Any, draw: Callable[..., Any]) -> None:
    value = container[key]
    container[key] = draw(st.sampled_from([[value], {"Dense": value}, {"layers": value}, [[value], [value]]]))


def _repeat(container: Any, key: Any, draw: Callable[..., Any]) -> None:
    if isinstance(container, list):
        container.insert(key, container[key])
    else:
        container[f"{key}_"] = container[key]


def _empty(container: Any, key: Any, draw: Callable[..., Any]) -> None:
    container[key] = draw(st.sampled_from([[], {}, None, "", [None]]))


_MUTATIONS = [_rename, _drop, _retype, _nest, _repeat, _empty]


def _copy(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _copy(value) for key, value in tree.items()}
    return [_copy(item) for item in tree] if isinstance(tree, list) else tree


@st.composite
def mutated(draw: Callable[..., Any], trees: Mapping[str, Any] = TREES) -> str:
    """A config with one to four mistakes, in one of the styles of YAML."""
    tree = _copy(trees[draw(st.sampled_from(sorted(trees)))])
    for _ in range(draw(st.integers(1, 4))):
        spots = _spots(tree)
        if spots:
            container, key = draw(st.sampled_from(spots))
            draw(st.sampled_from(_MUTATIONS))(container, key, draw)
    if draw(st.booleans()):
        _swap(tree, draw)
    style = {"default_flow_style": draw(st.sampled_from([True, False, None]))}
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=10_000, **style)


def _swap(tree: Any, draw: Callable[..., Any]) -> None:
    spots = _spots(tree)
    if len(spots) < 2:
        return
    (first, a), (second, b) = draw(st.sampled_from(spots)), draw(st.sampled_from(spots))
    one, other = _copy(first[a]), _copy(second[b])
    first[a] = other
    if b in second if isinstance(second, dict) else b < len(second):
        second[b] = one


@_cases("mutated")
@given(mutated())
def test_mutated_configs(text: str) -> None:
    check(text)


@_cases("tables")
@given(mutated(TREES_OF_TABLES))
def test_mutated_configs_of_tables(text: str) -> None:
    check(text)


@_cases("searches")
@given(mutated(TREES_OF_SEARCHES))
def test_mutated_configs_with_searches(text: str) -> None:
    check(text)


@st.composite
def typed(draw: Callable[..., Any]) -> str:
    """A shipped config with the slips of a keyboard: signs and lines that are lost, doubled or swapped."""
    text = CONFIGS[draw(st.sampled_from(sorted(CONFIGS)))]
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(0, len(text) - 1)))
        length = draw(st.integers(0, 3))
        sign = draw(
            st.sampled_from(["", " ", "  ", "\n", "\t", ":", "- ", "[", "}", "'", '"', "#", "&a ", "*a"])
        )
        sign = draw(st.just(sign) | st.text(max_size=2) | st.just(text[at : at + 9]))
        text = text[:at] + sign + text[at + length :]
    return text


@_cases("typed")
@given(typed())
def test_typing_errors(text: str) -> None:
    check(text)


# Configs made from the catalogue: right names, and values that may be right.


def _component(family: str, draw: Callable[..., Any], depth: int = 0) -> Any:
    entry = draw(st.sampled_from(language().catalogue.entries(family)))
    parameters = draw(st.lists(st.sampled_from([*entry.parameters.values(), None]), max_size=3))
    wanted = [p for p in entry.parameters.values() if p.required] + [p for p in parameters if p]
    arguments = {parameter.name: _argument(parameter, draw, depth) for parameter in wanted}
    return {entry.name: arguments} if arguments else entry.name


def _argument(parameter: Any, draw: Callable[..., Any], depth: int) -> Any:
    choices: list[st.SearchStrategy[Any]] = [_SCALARS] if draw(st.integers(0, 9)) == 0 else []
    choices += [st.sampled_from(parameter.choices)] if parameter.choices else []
    kinds = {
        "integer": st.integers(1, 64),
        "number": st.floats(0, 1) | st.just("1/255"),
        "boolean": st.booleans(),
        "string": st.just(str(parameter.default)),
        "list": st.lists(st.integers(1, 3), max_size=3),
        "null": st.none(),
        "mapping": st.just({}),
    }
    choices += [kinds[kind] for kind in parameter.accepts if kind in kinds]
    families = [f for f in parameter.families if f != "activations"]
    if families and depth < 3 and draw(st.booleans()):
        return _component(draw(st.sampled_from(families)), draw, depth + 1)
    return draw(st.one_of(choices)) if choices else draw(_SCALARS)


def _step(draw: Callable[..., Any], depth: int = 0) -> Any:
    kind = draw(st.integers(0, 9))
    if kind > 2 or depth > 2:
        return _component(draw(st.sampled_from(["layers", "layers", "applications"])), draw)
    steps = [_step(draw, depth + 1) for _ in range(draw(st.integers(0, 2)))]
    blocks = {
        "repeat": {"times": draw(st.integers(0, 3)), "layers": steps},
        "residual": {"layers": steps},
        "branches": {"paths": [steps, []], "merge": draw(st.sampled_from(["Add", None, "Dense"]))},
    }
    return {name: blocks[name] for name in [draw(st.sampled_from(sorted(blocks)))]}


@st.composite
def grammar(draw: Callable[..., Any]) -> str:
    def several(make: Callable[[], Any], most: int) -> list[Any]:
        return [make() for _ in range(draw(st.integers(0, most)))]

    tree = {
        "data": {"source": "digits", "batch_size": draw(st.integers(0, 64))},
        "preprocessing": several(lambda: _component("layers", draw), 1),
        "model": [*several(lambda: _step(draw), 3), {"Dense": {"units": "num_classes"}}],
        "loss": _component("losses", draw) if draw(st.booleans()) else "MeanSquaredError",
        "optimizer": _component("optimizers", draw),
        "metrics": several(lambda: _component("metrics", draw), 2),
        "training": {"callbacks": several(lambda: _component("callbacks", draw), 2)},
    }
    if draw(st.booleans()):
        options = st.dictionaries(
            st.sampled_from(["metric", "trials", "search", "keep"]), _SCALARS, max_size=1
        )
        space = {draw(_SEARCHED): _may_be(draw) for _ in range(draw(st.integers(1, 3)))}
        tree["tune"] = {"space": space, **draw(options)}
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)


_SOME_PATHS = (
    "data.batch_size model.0 model.0.Dense.units model.-1.Dense.units optimizer loss training.epochs "
    'training preset seed augmentation preprocessing.0 a .. "a.b" data..batch_size'
)
_SEARCHED = st.sampled_from([*_SOME_PATHS.split(), ""])


def _may_be(draw: Callable[..., Any], depth: int = 0) -> Any:
    """A range, a choice, or nearly one."""
    form = draw(st.sampled_from(["log", "uniform", "integer", "choice", "choice", "loguniform", None]))
    if form is None:
        return draw(_SCALARS)
    if form != "choice":
        numbers = st.integers(-3, 300) if form == "integer" else st.floats(0, 10)
        beside = st.dictionaries(
            st.sampled_from(["log", "step", "points"]), st.just(2) | _SCALARS, max_size=1
        )
        return {form: draw(st.lists(numbers, min_size=2, max_size=2)), **draw(beside)}
    options = [st.integers(1, 64), st.sampled_from([None, [], "mse", {"training.epochs": 2}]), _SCALARS]
    values = draw(st.lists(st.one_of(options), min_size=1, max_size=3))
    if depth < 2 and draw(st.booleans()):
        values.append({"Dropout": {"rate": _may_be(draw, depth + 1)}})
    return {"choice": values}


@_cases("grammar")
@given(grammar())
def test_configs_made_from_the_catalogue(text: str) -> None:
    check(text)


_SYNTAX = st.sampled_from(
    [
        *"a1:[]{},'\"#|>%@`\t\r\n \x85\u2028\ufeffé漢😀~?\\",
        "data",
        ": ",
        "- ",
        "\n  ",
        "&x ",
        "*x",
        "!",
        "---",
        "...",
    ]
)


@_cases("text")
@given(st.lists(_SYNTAX, max_size=25).map("".join) | st.text(max_size=60))
def test_any_text(text: str) -> None:
    check(text)


@_cases("bytes")
@given(st.binary(max_size=60) | st.text(max_size=20).map(lambda text: text.encode("utf-16")))
def test_any_bytes(content: bytes) -> None:
    check(content)


_SOME_KEYS = (
    "model 0 1 -1 99 Dense Conv2D units optimizer Adam SGD learning_rate lr data source mnist path training "
    "epochs metrics expect name ² - [0] /"
)
_KEY = st.sampled_from(_SOME_KEYS.split())
_WORD_VALUE = st.sampled_from(
    ["3", "relu", "[1, 2]", "{a: 1", "{Dense: {units: 3}}", "", "null", "a=b", "&x [*x]"]
)
_WORD = st.text(max_size=12) | st.builds(
    lambda start, keys, equals, value: f"{start}{'.'.join(keys)}{equals}{value}",
    st.sampled_from(["", "", "", "~", "-", "+", "--"]),
    st.lists(_KEY, max_size=5),
    st.sampled_from(["=", "=", "=", "", ":", "=="]),
    _WORD_VALUE | st.text(max_size=6),
)


@_cases("words")
@given(st.sampled_from(sorted(CONFIGS)), st.lists(_WORD, max_size=3))
def test_any_words_of_the_command_line(name: str, words: list[str]) -> None:
    check(CONFIGS[name], *words)
