"""What people really get wrong: each mistake is shown in its place, explained, and put right.

The tables in `wrong_configs/` hold one case under each `###`: a part of a config, the report under its
lines, and the same part mended. What a case leaves out is taken from `BASE`; `$` begins a word of the
command line, `→` is a tab. `python tests/config/test_wrong_configs.py` writes what the reports are now.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import unified_diff
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from bigmodel_cli.config.dump import plain
from bigmodel_cli.config.load import LoadedConfig, load_config, load_with_search
from bigmodel_cli.config.problems import MAX_SHOWN, width
from bigmodel_cli.config.reader import read_text
from bigmodel_cli.config.tree import to_plain
from bigmodel_cli.errors import ConfigError
from bigmodel_cli.modeling.language import language

TABLES = Path(__file__).with_name("wrong_configs")
BASE = {
    "data": "data: {source: digits}",
    "preprocessing": "preprocessing: [{Rescaling: {scale: 1/255}}]",
    "model": "model: [Flatten, {Dense: {units: num_classes, activation: softmax}}]",
    "loss": "loss: MeanSquaredError",
    "optimizer": "optimizer: {Adam: {learning_rate: 1e-3}}",
    "training": "training: {epochs: 3}",
}
# Of a table, for the cases in `tables.txt`.
BASE_OF_TABLES = {
    "data": "data: {source: {table: {path: p.csv, target: [income, hours], "
    "columns: {age: number, id: ignore}}}}",
    "preprocessing": "preprocessing: {number: [Normalization]}",
    "model": "model: [{Dense: {units: 8, name: trunk}}, "
    "{Dense: {units: 1, name: income, activation: sigmoid}}, {Dense: {units: 1, name: hours}}]",
    "loss": "loss: {income: BinaryCrossentropy, hours: MeanSquaredError}",
    "optimizer": "optimizer: {Adam: {learning_rate: 1e-3}}",
    "training": "training: {epochs: 3}",
}
# With something to search, for the cases in `spaces.txt`.
BASE_OF_SPACES = {
    **BASE,
    "model": "model: [Flatten, {Dense: {units: 16, activation: relu}}, {Dropout: {rate: 0.1}}, "
    "{Dense: {units: num_classes, activation: softmax}}]",
    "loss": "loss: CategoricalCrossentropy",
}
_BASES = {"tables": BASE_OF_TABLES, "spaces": BASE_OF_SPACES}
# What `extends` finds beside the config.
BESIDE = {"base.yaml": "\n".join(BASE.values()) + "\n", "loop.yaml": "extends: c.yaml\n"}
_REPORT = re.compile(r" *(\^|= )|! ")


@dataclass(frozen=True)
class Case:
    """One mistake.

    Attributes:
        lines: The part of a config with the mistake.
        mended: The same part without it.
        shown: `lines` with the report under them, as the table has it.
        base: What it leaves out.
    """

    title: str
    lines: tuple[str, ...]
    mended: tuple[str, ...]
    shown: str
    base: dict[str, str] = field(default_factory=lambda: BASE, repr=False)

    @property
    def text(self) -> str:
        return _completed(self.lines, but=self.mended, base=self.base)

    @property
    def mended_text(self) -> str:
        return _completed(self.mended, base=self.base)


def _completed(lines: Iterable[str], but: Iterable[str] = (), base: Mapping[str, str] = BASE) -> str:
    """A whole config: what the lines have, then what `base` has and they and `but` have not."""
    own = [line for line in lines if not line.startswith("$ ")]
    named = {key for line in (*own, *but) for key in re.findall(r"^(\w+):", line)}
    return "\n".join([*own, *(section for key, section in base.items() if key not in named)]) + "\n"


def words(lines: Iterable[str]) -> list[str]:
    return [line[2:] for line in lines if line.startswith("$ ")]


def read_cases(path: Path) -> list[Case]:
    blocks = re.split(r"^### ", path.read_text("utf-8"), flags=re.MULTILINE)[1:]
    base = _BASES.get(path.stem, BASE)
    return [_case(block, base) for block in blocks]


def _case(block: str, base: dict[str, str]) -> Case:
    title, _, rest = block.rstrip("\n").partition("\n")
    shown, _, mended = rest.partition("\n--- mended\n")
    lines = [line.replace("→", "\t") for line in shown.split("\n") if not _REPORT.match(line)]
    return Case(title, tuple(lines), tuple(mended.split("\n")), shown, base)


def load(text: str, overrides: list[str]) -> LoadedConfig:
    Path("c.yaml").write_text(text, "utf-8")
    return load_with_search(Path("c.yaml"), overrides, language())


def report(text: str, overrides: list[str]) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(text, overrides)
    return caught.value


def shown(case: Case) -> str:
    """The lines of a case with the report under them, as the tables have it."""
    error = report(case.text, words(case.lines))
    below: dict[int, list[str]] = {}
    for problem, block in zip(error.problems, _blocks(error.message), strict=True):
        below.setdefault(_line(problem, block, case), []).extend(_under(problem, block))
    texts = below.pop(-1, [])
    for index, line in enumerate(case.lines):
        texts += [line.replace("\t", "→"), *below.get(index, [])]
    return "\n".join(texts)


def _blocks(message: str) -> list[list[str]]:
    """The lines of a report, problem by problem."""
    blocks: list[list[str]] = []
    for line in message.split("\n"):
        if re.match(r" +\d* +[|=] ", line):
            blocks[-1].append(line)
        elif not re.fullmatch(r"\d+ problems", line):
            blocks.append([line])
    return blocks


def _line(problem: dict[str, Any], block: list[str], case: Case) -> int:
    """Which of the case's lines a problem is shown under; -1 where it stands in none of them."""
    if len(block) < 2 or "|" not in block[1]:
        return -1
    if problem["file"] == "command line":
        return case.lines.index("$ " + block[1][len("      | ") :])
    return problem["line"] - 1 if problem["file"] == "c.yaml" and problem["line"] <= len(case.lines) else -1


def _under(problem: dict[str, Any], block: list[str]) -> list[str]:
    """A problem as it is shown under its line: its caret with the message behind it, then the advice."""
    text = block[1][len("      | ") :] if len(block) > 1 else ""
    place = f"{problem['file']}:{problem['line']}:{problem['column']}: "
    head = block[0].removeprefix(f"command line: {text}: ").removeprefix(place)
    if len(block) < 2 or "|" not in block[1]:
        return [f"! {head}", *(f"  = {line.strip().removeprefix('= ')}" for line in block[1:])]
    if problem["file"] not in ("c.yaml", "command line"):
        return [f"! {line}" for line in block]
    assert_caret(problem, block)
    caret = block[2][len("      | ") :]
    indent = " " * (len(caret) - len(caret.lstrip()))
    prompt = "  " if problem["file"] == "command line" else ""
    return [f"{prompt}{caret} {head}", *(f"{prompt}{indent}{line.strip()}" for line in block[3:])]


def assert_caret(problem: dict[str, Any], block: list[str]) -> None:
    """The caret that is drawn is at the column and of the length that a script is told."""
    text, caret = block[1][len("      | ") :], block[2][len("      | ") :]
    before = text[: problem["column"] - 1]
    assert len(caret) - len(caret.lstrip()) == width(before)
    assert caret.count("^") == max(1, width(text[len(before) : len(before) + problem["length"]]))


@pytest.fixture(autouse=True)
def _beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in BESIDE.items():
        (tmp_path / name).write_text(text, "utf-8")


def _wrong(case: Case) -> str:
    """What is other than a table has it, with the case's title; nothing where all is as it should be."""
    try:
        found, expected = shown(case).split("\n"), case.shown.split("\n")
        difference = "" if found == expected else "\n".join(unified_diff(expected, found, lineterm="", n=99))
        assert load(case.mended_text, words(case.mended)).experiment
    except (Exception, pytest.fail.Exception) as error:
        difference = f"{type(error).__name__}: {error}"
    return f"### {case.title}\n{difference}" if difference else ""


def assert_all(cases: Iterable[Case]) -> None:
    """A test for each of hundreds of cases takes longer than the cases."""
    wrong = [told for case in cases if (told := _wrong(case))]
    assert not wrong, "\n\n".join(wrong)


PATHS = sorted(TABLES.glob("*.txt"))


def test_mistakes_of_every_table_are_placed_explained_and_put_right() -> None:
    """Some of each; the quick loop has no others."""
    assert_all(case for path in PATHS for case in read_cases(path)[::20])


@pytest.mark.slow
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_every_mistake_is_placed_explained_and_put_right(path: Path) -> None:
    assert_all(case for number, case in enumerate(read_cases(path)) if number % 20)


def test_what_is_wrong_is_told_with_its_case() -> None:
    case = read_cases(PATHS[0])[0]
    other = replace(case, shown=f"{case.shown}\n  and more")
    assert _wrong(other).startswith(f"### {case.title}\n--- ") and _wrong(other).endswith("\n-  and more")
    assert "Failed: DID NOT RAISE" in _wrong(replace(case, lines=case.mended))
    assert "ConfigError: " in _wrong(replace(case, mended=case.lines))


@pytest.mark.parametrize(
    "lines",
    [
        ["optimizer: adam"],
        ["optimizer: {adam: {learning_rate: 1e-4}}"],
        ["model: [{Conv2D: {filters: 8, kernel_size: 3, padding: SAME}}]"],
        ["model: [MaxPool2D, Flatten, {Dense: {units: 1}}]"],
        ["preprocessing: [{Rescaling: {scale: 1./255}}]"],
        ["metrics: [acc, mae]", "loss: mse"],
        ["extends:", "augmentation:", "training:"],
        ["training: {epochs: 3}", "$ training.device=gpu:1"],
        ["training: {device: gpu:1}"],
        ["$ model.-1.Dense.units=3", "$ ~training", "$ name=a-b"],
    ],
    ids=str,
)
def test_what_looks_odd_and_is_right(lines: list[str]) -> None:
    assert load(_completed(lines), words(lines)).warnings == ()


def test_json_is_yaml() -> None:
    text = _completed([])
    as_json = json.dumps(to_plain(read_text(text, origin="c.yaml", folder=Path())))
    assert plain(load(as_json, []).experiment) == plain(load(text, []).experiment)


@pytest.mark.parametrize("change", [lambda text: text.replace("\n", "\r\n"), lambda text: f"\ufeff{text}"])
def test_line_ends_and_marks_of_windows(change: Callable[[str], str]) -> None:
    Path("c.yaml").write_bytes(change(_completed(["training: {epochs: 7}"])).encode())
    assert load_config(Path("c.yaml"), [], language()).experiment.training.epochs == 7


def test_a_mistake_behind_windows_line_ends_stands_where_it_stands() -> None:
    Path("c.yaml").write_bytes("\ufeffname: a\r\n\r\ntraining: {epoch: 3}\r\n".encode())
    with pytest.raises(ConfigError) as caught:
        load_config(Path("c.yaml"), [], language())
    assert "c.yaml:3:12: training.epoch: training has no key 'epoch'\n" in caught.value.message


def test_a_very_long_line_is_cut_around_the_caret() -> None:
    steps = ", ".join(["{Dense: {units: 10}}"] * 60)
    message = report(_completed([f"model: [{steps}, Flaten, {steps}]"]), []).message
    head, line, caret, advice = message.split("\n")
    assert head == "c.yaml:1:1329: model.60: there is no layer 'Flaten'"
    assert len(line) <= MAX_SHOWN + 10
    assert line[caret.index("^") : caret.rindex("^") + 1] == "Flaten"
    assert advice == "      = did you mean Flatten?"


def test_texts_that_are_no_config() -> None:
    for text, words_of_it in (("", "the file is empty"), ("hello", "expected a mapping of sections")):
        assert words_of_it in report(text, []).message


MANY = Path(__file__).with_name("wrong_configs") / "fifty_mistakes.yaml"


def test_fifty_mistakes_are_one_report_in_the_order_of_their_places() -> None:
    """Each line of the file that has a mistake ends with a comment that says how many."""
    text = MANY.read_text("utf-8")
    expected = [
        (number, int(count))
        for number, line in enumerate(text.splitlines(), 1)
        for count in re.findall(r"# (\d) wrong", line)
    ]
    error = report(text, [])
    lines = [problem["line"] for problem in error.problems]
    assert [(line, lines.count(line)) for line in dict.fromkeys(lines)] == expected
    assert len(lines) == 50
    places = [(problem["line"], problem["column"]) for problem in error.problems]
    assert places == sorted(places)
    assert error.message.endswith("\n50 problems")
    assert len({problem["path"] for problem in error.problems}) == 50


def test_twenty_five_mistakes_of_a_search_are_one_report() -> None:
    """Those of the space, of its options, of the configs that trials would have, and of the config itself."""
    text = MANY.with_name("twenty_five_in_a_space.yaml").read_text("utf-8")
    expected = [
        (number, int(column))
        for number, line in enumerate(text.splitlines(), 1)
        for column in re.findall(r" at (\d+)", line)
    ]
    error = report(text, [])
    assert [(problem["line"], problem["column"]) for problem in error.problems] == expected
    assert error.message.endswith("\n25 problems")
    assert len({problem["message"] for problem in error.problems}) >= 20


def _write_what_the_reports_are() -> None:
    """Bring the tables up to date; what changed is then read, and committed where it is better."""
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        for name, text in BESIDE.items():
            Path(name).write_text(text, "utf-8")
        for path in sorted(TABLES.glob("*.txt")):
            blocks = [
                f"### {case.title}\n{shown(case)}\n--- mended\n" + "\n".join(case.mended) + "\n"
                for case in read_cases(path)
            ]
            path.write_text("\n".join(blocks), "utf-8")


if __name__ == "__main__":
    _write_what_the_reports_are()
