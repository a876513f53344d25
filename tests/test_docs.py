"""Docs that cannot lie: generated pages are current, commands parse, configs in the text are right."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from bigmodel_cli import __version__
from bigmodel_cli.cli.main import bigmodel, run
from bigmodel_cli.modeling.language import read_config

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
GUIDE = ROOT / "docs" / "guide.md"
COMMAND = re.compile(r"^\s*(?:#\s+)?(bigmodel [a-z][^#&|;>\n]*)", re.MULTILINE)
FENCE = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)


def commands() -> Iterator[tuple[str, str]]:
    """Every command line in the pages, the configs' headers and the help texts, with where it stands."""
    for path in [*PAGES, *sorted((ROOT / "configs").glob("*.yaml"))]:
        for found in COMMAND.finditer(path.read_text("utf-8")):
            yield path.name, found.group(1).strip()
    for name in bigmodel.list_commands(click.Context(bigmodel)):
        command = bigmodel.get_command(click.Context(bigmodel), name)
        assert command is not None
        assert command.epilog, f"{name} --help has no example"
        for found in COMMAND.finditer(command.epilog):
            yield f"{name} --help", found.group(1).strip()


@pytest.mark.parametrize(("place", "line"), sorted(set(commands())))
def test_a_command_in_the_text_parses(place: str, line: str) -> None:
    line = re.sub(r"\[[A-Z][^\]]*\]|…|`.*", "", line)
    _, name, *words = shlex.split(line)
    command = bigmodel.get_command(click.Context(bigmodel), name)
    assert command is not None, f"{place}: there is no command {name}"
    if not words and any(isinstance(p, click.Argument) and p.required for p in command.params):
        return  # named in a sentence, not given to be pasted
    context = click.Context(command, info_name=name)
    command.parse_args(context, words)


def test_there_are_many_commands_in_the_text() -> None:
    assert len(set(commands())) > 40


@pytest.mark.slow
def test_generated_pages_are_current() -> None:
    script = ROOT / "scripts" / "generate_docs.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_first_config_of_the_readme_is_right(tmp_path: Path) -> None:
    config = tmp_path / "digits.yaml"
    config.write_text(_fences("README.md", "yaml")[0])
    assert read_config(config).experiment.name == "digits"


def test_the_error_in_the_readme_is_what_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = _fences("README.md", "yaml")[0].replace("kernel_size", "kernal_size")
    (tmp_path / "digits.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    assert run(["check", "digits.yaml"]) == 2
    shown = re.sub(r"\n  ", "\n", "\n" + _fences("README.md", "text")[0]).strip()
    assert [line.strip() for line in capsys.readouterr().err.strip().splitlines()[:4]] == [
        line.strip() for line in shown.splitlines()
    ]


def _fences(name: str, language: str) -> list[str]:
    return [text for tag, text in FENCE.findall((ROOT / name).read_text("utf-8")) if tag == language]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", path.read_text("utf-8")):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_the_changelog_has_this_version() -> None:
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_config_in_the_guide_is_the_shipped_one() -> None:
    shown = read_text_config(_fences("docs/guide.md", "yaml")[0])
    shipped = read_text_config((ROOT / "configs" / "mnist_mlp.yaml").read_text("utf-8"))
    assert shown == shipped


def read_text_config(text: str) -> object:
    from bigmodel_cli.config.reader import read_text
    from bigmodel_cli.config.tree import to_plain

    return to_plain(read_text(text, origin="text", folder=ROOT))


def said_lines() -> Iterator[tuple[str, str]]:
    """How the lines begin that `train` says, with the module that says them."""
    for path in sorted((ROOT / "src/bigmodel_cli/training").glob("*.py")):
        for found in re.finditer(r'\.say\(\s*f?"([A-Za-z][A-Za-z ]+)', path.read_text("utf-8")):
            yield path.name, found.group(1).strip()


@pytest.mark.parametrize(("module", "beginning"), sorted(set(said_lines())))
def test_what_train_says_is_explained(module: str, beginning: str) -> None:
    assert beginning in (ROOT / "docs/output.md").read_text("utf-8")


def test_the_sweep_of_the_guide_varies_the_rate_inside_the_schedule():
    (word,) = set(re.findall(r"configs/digits.yaml (optimizer\S+)=\$rate", GUIDE.read_text("utf-8")))
    digits = ROOT / "configs" / "digits.yaml"

    def rate(word):
        return read_config(digits, [f"{word}=1e-2"]).experiment.optimizer.arguments["learning_rate"]

    assert (rate(word).name, rate(word).arguments) == ("CosineDecay", {"initial_learning_rate": 0.01})
    assert rate("optimizer.Adam.learning_rate") == 0.01, "which replaces the schedule, as the guide says"
