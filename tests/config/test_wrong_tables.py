"""What tables really have wrong: each is refused, or pointed out, with its file, line and column.

The tables in `wrong_tables/` hold one case under each `###`: files, each under `>>> NAME`, parts of a config
that differ from `BASE`, and behind `---` what is said, errors with `!` and warnings with `?`. In a file `\\x`
and its like are bytes, `→` is a tab, and `LINE * N` stands for as many lines, in which `#` is the number of
each. `python tests/config/test_wrong_tables.py` writes what is said now.
"""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bigmodel_cli.errors import BigmodelError
from bigmodel_cli.inference.run_data import load_splits
from bigmodel_cli.listener import Silent
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.training.known_data import fit_to_data

TABLES = Path(__file__).with_name("wrong_tables")
BASE = {
    "data": "data: {batch_size: 4, source: {table: {path: t.csv, target: y}}}",
    "preprocessing": "preprocessing: {number: [Normalization], "
    "category: [StringLookup: {output_mode: one_hot}]}",
    "model": "model: [{Dense: {units: num_classes, activation: softmax}}]",
    "loss": "loss: CategoricalCrossentropy",
    "optimizer": "optimizer: Adam",
}


@dataclass(frozen=True)
class Case:
    """One table that is wrong.

    Attributes:
        title: What is wrong with it.
        text: Files and config, as they are written.
        said: What is said of them.
    """

    title: str
    text: str
    said: str

    def write(self) -> None:
        """The files and the config, into the current folder."""
        *blocks, config = re.split(r"^(?=>>> |%%%)", self.text, flags=re.MULTILINE)[1:]
        for block in blocks:
            name, _, content = block.removeprefix(">>> ").partition("\n")
            data = _content(content)
            path = Path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
        lines = config.removeprefix("%%%").strip("\n").split("\n")
        named = {match for line in lines for match in re.findall(r"^(\w+):", line)}
        Path("c.yaml").write_text(
            "\n".join([*lines, *(text for key, text in BASE.items() if key not in named)]), "utf-8"
        )


@dataclass
class Warned(Silent):
    """Keeps what is warned of."""

    warnings: list[str] = field(default_factory=list)

    def warn(self, message: str) -> None:
        self.warnings.append(message)


def _content(text: str) -> bytes:
    lines = []
    for line in text.replace("→", "\t").split("\n"):
        many = re.fullmatch(r"(.*) \* (\d+)", line)
        lines += [many[1].replace("#", str(n)) for n in range(int(many[2]))] if many else [line]
    # Escapes are bytes, everything else is UTF-8.
    parts = re.split(r"(\\x[0-9a-f]{2})", "\n".join(lines))
    return b"".join(bytes.fromhex(p[2:]) if p.startswith("\\x") else p.encode() for p in parts)


def read_cases(path: Path) -> list[Case]:
    cases = []
    for block in re.split(r"^### ", path.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        title, _, rest = block.partition("\n")
        text, _, said = rest.partition("\n---\n")
        cases.append(Case(title, text + "\n", said.strip("\n")))
    return cases


CASES = [
    pytest.param(case, id=f"{path.stem}: {case.title}", marks=[pytest.mark.slow] if number % 5 else [])
    for path in sorted(TABLES.glob("*.txt"))
    for number, case in enumerate(read_cases(path))
]


def said_of(case: Case) -> str:
    """What is said before training of a case, which is written into the current folder."""
    case.write()
    return _said().replace(f"{Path.cwd()}/", "")


def _said() -> str:
    listener = Warned()
    try:
        config = read_config(Path("c.yaml"))
        listener.warnings += [problem.render() for problem in config.warnings]
        splits = load_splits(config.experiment, listener, offline=True)
        fit_to_data(config, splits, listener.warn)
    except BigmodelError as error:
        hint = [f"  = {error.hint}"] if error.hint else []
        return "\n".join([*_marked("?", listener.warnings), *_marked("!", [error.message]), *hint])
    return "\n".join(_marked("?", listener.warnings))


def _marked(mark: str, messages: Iterable[str]) -> list[str]:
    return [f"{mark} {message}" for message in messages]


@pytest.mark.parametrize("case", CASES)
def test_it_is_said_once_with_its_place(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = said_of(case)
    assert said == case.said
    assert said.startswith(("!", "?"))
    # One error each, with the file, or the place in the config, and no trace of Python.
    assert said.count("\n! ") + said.startswith("! ") <= 1
    assert re.search(r"\.(csv|tsv|jsonl|parquet|xlsx|yaml)|t\.d|(data|expect)[.:]", said)
    assert not re.search(r"Traceback|Error\(|<class|pyarrow\.", said)


def _write_what_is_said() -> None:
    """Bring the tables up to date; what changed is then read, and committed where it is better."""
    for path in sorted(TABLES.glob("*.txt")):
        blocks = []
        for case in read_cases(path):
            with TemporaryDirectory() as folder:
                os.chdir(folder)
                blocks.append(f"### {case.title}\n{case.text}---\n{said_of(case)}\n")
        path.write_text("\n".join(blocks), "utf-8")


if __name__ == "__main__":
    _write_what_is_said()
