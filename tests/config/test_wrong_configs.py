"""What people really get wrong: each mistake is shown in its place, explained, and put right.

The tables in `wrong_configs/` hold one case under each `###`: a part of a config, the report under its
lines, and the same part mended. What a case leaves out is taken from `BASE`; `$` begins a word of the
command line, `→` is a tab. `python tests/config/test_wrong_configs.py` writes what the reports are now.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bigmodel_cli.config.load import LoadedConfig, load_config
from bigmodel_cli.errors import ConfigError
from bigmodel_cli.modeling.language import language

TABLES = Path(__file__).with_name("wrong_configs")
BASE = {
    "data": "data: {source: digits}",
    "model": "model: [Flatten, {Dense: {units: num_classes, activation: softmax}}]",
    "loss": "loss: MeanSquaredError",
    "optimizer": "optimizer: {Adam: {learning_rate: 1e-3}}",
    "training": "training: {epochs: 3}",
}
# What `extends` finds beside the config.
BESIDE = {"base.yaml": "\n".join(BASE.values()) + "\n", "loop.yaml": "extends: c.yaml\n"}
_REPORT = re.compile(r" *(\^|= |elsewhere: )")


@dataclass(frozen=True)
class Case:
    """One mistake.

    Attributes:
        lines: The part of a config with the mistake.
        mended: The same part without it.
        shown: `lines` with the report under them, as the table has it.
    """

    title: str
    lines: tuple[str, ...]
    mended: tuple[str, ...]
    shown: str

    @property
    def text(self) -> str:
        return _completed(self.lines, but=self.mended)

    @property
    def mended_text(self) -> str:
        return _completed(self.mended)


def _completed(lines: Iterable[str], but: Iterable[str] = ()) -> str:
    """A whole config: what the lines have, then what `BASE` has and they and `but` have not."""
    own = [line for line in lines if not line.startswith("$ ")]
    named = {key for line in (*own, *but) for key in re.findall(r"^(\w+):", line)}
    return "\n".join([*own, *(section for key, section in BASE.items() if key not in named)]) + "\n"


def words(lines: Iterable[str]) -> list[str]:
    return [line[2:] for line in lines if line.startswith("$ ")]


def read_cases(path: Path) -> list[Case]:
    blocks = re.split(r"^### ", path.read_text("utf-8"), flags=re.MULTILINE)[1:]
    return [_case(block) for block in blocks]


def _case(block: str) -> Case:
    title, _, rest = block.rstrip("\n").partition("\n")
    shown, _, mended = rest.partition("\n--- mended\n")
    lines = [line.replace("→", "\t") for line in shown.split("\n") if not _REPORT.match(line)]
    return Case(title, tuple(lines), tuple(mended.split("\n")), shown)


CASES = [pytest.param(case, id=f"{path.stem}: {case.title}") for path in sorted(TABLES.glob("*.txt"))
         for case in read_cases(path)]  # fmt: skip


def load(text: str, overrides: list[str]) -> LoadedConfig:
    Path("c.yaml").write_text(text, "utf-8")
    return load_config(Path("c.yaml"), overrides, language())


def report(text: str, overrides: list[str]) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(text, overrides)
    return caught.value


def shown(case: Case) -> str:
    """The lines of a case with its report under them, as the tables have it."""
    error = report(case.text, words(case.lines))
    below: dict[int, list[str]] = {}
    for problem, block in zip(error.problems, _blocks(error), strict=True):
        below.setdefault(_line(problem, case), []).extend(_under(problem, block))
    lines = [line.replace("\t", "→") for line in case.lines]
    annotated = [text for i, line in enumerate(lines) for text in (line, *below.pop(i, []))]
    return "\n".join([*annotated, *(text for texts in below.values() for text in texts)])


def _blocks(error: ConfigError) -> list[list[str]]:
    """The report's lines, problem by problem."""
    blocks: list[list[str]] = []
    for line in error.message.split("\n"):
        if re.match(r" +\d* +[|=] ", line) or re.match(r" +\d+ \|", line):
            blocks[-1].append(line)
        elif not re.fullmatch(r"\d+ problems", line):
            blocks.append([line])
    return blocks


def _line(problem: dict[str, Any], case: Case) -> int:
    """Which of the case's lines a problem is shown under; -1 where it stands elsewhere."""
    if problem["file"] == "command line":
        return case.lines.index("$ " + problem["text"])
    return problem["line"] - 1 if problem["file"] == "c.yaml" and problem["line"] <= len(case.lines) else -1


def _under(problem: dict[str, Any], block: list[str]) -> list[str]:
    place = f"{problem['file']}:{problem['line']}:{problem['column']}"
    return [place, *block]


@pytest.fixture(autouse=True)
def _beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in BESIDE.items():
        (tmp_path / name).write_text(text, "utf-8")


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_placed_explained_and_put_right(case: Case) -> None:
    assert shown(case) == case.shown


@pytest.mark.parametrize("case", CASES)
def test_the_mended_config_loads(case: Case) -> None:
    assert load(case.mended_text, words(case.mended)).experiment
