"""Shell completion, as a shell asks for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

CONFIG = """\
data: {source: digits}
model: [Flatten, {Dense: {units: num_classes, activation: softmax}}]
loss: CategoricalCrossentropy
optimizer: {AdamW: {learning_rate: 0.1}}
"""


def complete(folder: Path, line: str) -> list[str]:
    """What bash is offered at the end of a line, by the program in a process of its own."""
    words = line.split(" ")
    environment = {
        **os.environ,
        "_BIGMODEL_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
        "BIGMODEL_RUNS": "runs",
    }
    program = "from bigmodel_cli.cli.main import main; main([])"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.stderr == ""
    return [offered.partition(",")[2] for offered in done.stdout.splitlines() if offered]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "a.yaml").write_text(CONFIG)
    (tmp_path / "configs" / "broken.yaml").write_text("data: [")
    (tmp_path / "configs" / "notes.txt").write_text("")
    for run in ("mnist/20260101-000000", "mnist/20260102-000000", "digits/20260103-000000"):
        (tmp_path / "runs" / run).mkdir(parents=True)
        (tmp_path / "runs" / run / "run.json").write_text("{}")
    return tmp_path


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("bigmodel tra", ["track", "train"]),
        ("bigmodel runs ver", ["verify"]),
        ("bigmodel runs best d", ["digits", "digits/20260103-000000"]),
        ("bigmodel train con", ["configs/"]),
        ("bigmodel train configs/", ["configs/a.yaml", "configs/broken.yaml"]),
        ("bigmodel train configs/a.yaml training.ep", ["training.epochs="]),
        (
            "bigmodel train configs/a.yaml opt",
            ["optimizer=", "optimizer.AdamW=", "optimizer.AdamW.learning_rate="],
        ),
        ("bigmodel train configs/a.yaml model.1.Dense.u", ["model.1.Dense.units="]),
        ("bigmodel train configs/a.yaml ~los", ["~loss", "~loss_weights"]),
        ("bigmodel train configs/a.yaml seed=1 optimizer.AdamW.l", ["optimizer.AdamW.learning_rate="]),
        (
            "bigmodel train configs/a.yaml training.rollback.",
            ["training.rollback.factor=", "training.rollback.times="],
        ),
        ("bigmodel train configs/a.yaml seed=", []),
        ("bigmodel train training.ep", []),
        ("bigmodel train configs/broken.yaml se", ["seed="]),
        ("bigmodel train --resume mnist training.ep", ["training.epochs="]),
        ("bigmodel train --resume mnist con", []),
        ("bigmodel train --resume mnist training.epochs=9 ~exp", ["~expect"]),
        ("bigmodel train --resume mn", ["mnist", "mnist/20260102-000000", "mnist/20260101-000000"]),
        ("bigmodel train configs/a.yaml --from di", ["digits", "digits/20260103-000000"]),
        ("bigmodel train --tr", ["--trust"]),
        ("bigmodel evaluate mn", ["mnist", "mnist/20260102-000000", "mnist/20260101-000000"]),
        ("bigmodel predict x.png --run di", ["digits", "digits/20260103-000000"]),
        ("bigmodel list lay", ["layers"]),
        ("bigmodel list layers MaxPooling2", ["MaxPooling2D"]),
        ("bigmodel completion z", ["zsh"]),
    ],
)
def test_the_shell_is_offered(folder: Path, line: str, offered: list[str]) -> None:
    assert complete(folder, line) == offered


@pytest.mark.parametrize("shell", ["bash", "fish", "zsh"])
def test_the_script_is_for_the_shell(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    from bigmodel_cli.cli.main import run

    assert run(["completion", shell]) == 0
    printed = capsys.readouterr()
    assert f"{shell}_complete" in printed.out
    assert printed.err.startswith("for every new shell: ~/.")
