"""Python files of one's own that are wrong, and wrong uses of right ones: each is told where it is.

`wrong_code.txt` has a case under each `###`: files, each behind its `--- NAME`, lines of a config, and the
report. What a case leaves out of the config is taken from `BASE`.
`python tests/config/test_wrong_code.py` writes what the reports are now.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bigmodel_cli.config.load import load_with_search
from bigmodel_cli.errors import ConfigError
from bigmodel_cli.modeling.language import language

TABLE = Path(__file__).with_name("wrong_code.txt")
BASE = {
    "data": "data: {source: digits}",
    "preprocessing": "preprocessing: [{Rescaling: {scale: 1/255}}]",
    "model": "model: [Flatten, {Dense: {units: num_classes, activation: softmax}}]",
    "loss": "loss: CategoricalCrossentropy",
    "optimizer": "optimizer: {Adam: {learning_rate: 1e-3}}",
    "training": "training: {epochs: 3}",
    "code": "code: my.py",
}
_PART = re.compile(r"^--- (.+)\n", re.MULTILINE)


@dataclass(frozen=True)
class Case:
    """A mistake.

    Attributes:
        title: What is wrong.
        files: Texts of files by their names.
        config: Lines of the config.
        shown: The report.
    """

    title: str
    files: dict[str, str]
    config: str
    shown: str

    def __str__(self) -> str:
        parts = {**self.files, "config": self.config, "report": self.shown}
        texts = (f"--- {name}\n{text}" for name, text in parts.items() if text or name == "report")
        return f"### {self.title}\n{''.join(texts)}"


def cases() -> list[Case]:
    blocks = re.split(r"^### ", TABLE.read_text("utf-8"), flags=re.MULTILINE)[1:]
    return [_case(block) for block in blocks]


def _case(block: str) -> Case:
    title, _, rest = block.partition("\n")
    pieces = _PART.split(rest.rstrip("\n") + "\n")[1:]
    parts = dict(zip(pieces[::2], pieces[1::2], strict=True))
    shown, config = parts.pop("report", ""), parts.pop("config", "")
    return Case(title, parts, config, shown)


def report(case: Case, folder: Path) -> str:
    """What `check` says of a case."""
    for name, text in case.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode().replace(b"<ff>", b"\xff").replace(b"<nul>", b"\0"))
    own = set(re.findall(r"^(\w+):", case.config, re.MULTILINE))
    lines = [line for key, line in BASE.items() if key not in own]
    (folder / "c.yaml").write_text(case.config + "\n".join(lines) + "\n", "utf-8")
    try:
        loaded = load_with_search(Path("c.yaml"), [], language())
    except ConfigError as error:
        return f"{error.message}\n"
    return "".join(f"warning: {problem.render()}\n" for problem in loaded.warnings)


def test_every_mistake_is_told_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = []
    for number, case in enumerate(cases()):
        folder = tmp_path / str(number)
        folder.mkdir()
        monkeypatch.chdir(folder)
        found = report(case, folder)
        if found != case.shown:
            wrong.append(f"### {case.title}\nexpected:\n{case.shown}found:\n{found}")
    assert not wrong, "\n".join(wrong)


def test_there_are_sixty_and_each_names_a_line() -> None:
    assert len(cases()) >= 60
    assert len({case.title for case in cases()}) == len(cases())
    for case in cases():
        assert re.search(r"^(warning: )?[\w./]+:\d+:\d+: ", case.shown), case.title


def _write_what_the_reports_are() -> None:
    """Bring the table up to date; what changed is then read, and committed where it is better."""
    found = []
    for case in cases():
        with TemporaryDirectory() as folder:
            os.chdir(folder)
            shown = report(case, Path(folder).resolve())
        found.append(str(Case(case.title, case.files, case.config, shown)))
    TABLE.write_text("\n".join(found), "utf-8")


if __name__ == "__main__":
    _write_what_the_reports_are()
