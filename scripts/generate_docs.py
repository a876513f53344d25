"""Write the pages of docs/ that are made from the code, or check that they are current (--check)."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from bigmodel_cli.cli.main import bigmodel
from bigmodel_cli.config import schema
from bigmodel_cli.config.checks.pitfalls.table import PITFALLS
from bigmodel_cli.config.components import Component
from bigmodel_cli.config.compress import Compress, Distill, Prune
from bigmodel_cli.config.fields import fields_of, whole_description
from bigmodel_cli.config.tune import FORMS, MORE, Budget, Tune
from bigmodel_cli.modeling.language import language

DOCS = Path(__file__).resolve().parents[1] / "docs"
SECTIONS = {
    "The config": schema.Experiment,
    "data": schema.Data,
    "data.split_by": schema.SplitBy,
    "data.fold": schema.Fold,
    "training": schema.Training,
    "training.checkpoint": schema.Checkpoint,
    "compress": Compress,
    "compress.prune": Prune,
    "compress.distill": Distill,
    "tune": Tune,
    "tune.budget": Budget,
}


def reference() -> str:
    """Every key of the config with its default and its sentence."""
    lines = [
        "# Reference of the config",
        "",
        "Generated from the code by `scripts/generate_docs.py`; `bigmodel list` has it too, with Keras.",
        "",
    ]
    for title, model in SECTIONS.items():
        lines += [f"## {title}", "", *_table(model), ""]
    lines += [*_space(), ""]
    titles = {
        "sources": "Data sources",
        "blocks": "Blocks",
        "encodings": "Encodings",
        "augmentations": "Augmentations",
        "trackers": "Trackers",
    }
    for family, title in titles.items():
        lines += [f"## {title}", ""]
        for name, model in sorted(language().own[family].items()):
            lines += [
                f"### {name}",
                "",
                _sentence(model),
                "",
                "```yaml",
                model.example,
                "```",
                "",
                *_table(model),
            ]
            lines += [""] if fields_of(model) else []
    return "\n".join(lines).rstrip() + "\n"


def _table(model: type[BaseModel]) -> list[str]:
    if not fields_of(model):
        return []
    rows = [
        f"| `{name}` | {_default(field)} | {_cell(whole_description(field))} |"
        for name, field in _fields(model)
    ]
    return ["| key | default | what |", "|---|---|---|", *rows]


def _space() -> list[str]:
    """What a key of a space may be."""
    lines = [
        "## tune.space",
        "",
        "Each key is one of the config's own, dotted as on the command line, such as `model.1.Dense.units`;",
        "a key that begins with `preset` is a choice of several of them at once. What would make the scores",
        "of trials incomparable is refused: other splits or examples, another metric, the loss where trials",
        "are compared by it.",
        "",
        "| form | beside it | what |",
        "|---|---|---|",
    ]
    for form in FORMS.values():
        beside = ", ".join(f"`{key}`" for key in form.beside)
        lines.append(f"| `{form.example}` | {beside} | {_cell(form.doc)} |")
    more = "; ".join(f"`{key}`: {text['description'].rstrip('.')}" for key, text in MORE.items())
    return [
        *lines,
        "",
        f"{more}. A grid takes the numbers that `step` or `points` say.",
        "On the command line: `tune.space.optimizer.Adam.learning_rate={log: [1e-4, 1e-2]}` searches a key,",
        "`~tune.space.model.1` searches it no more.",
    ]


def _fields(model: type[BaseModel]) -> Iterator[tuple[str, Any]]:
    yield from fields_of(model).items()


def _cell(text: str | None) -> str:
    return (text or "").replace("|", "\\|").replace("\n", " ")


def _default(field: Any) -> str:
    if field.default is PydanticUndefined:
        return "required" if field.default_factory is None else ""
    if isinstance(field.default, BaseModel):
        return "see below"
    if isinstance(field.default, Component):
        return f"`{field.default.name}`"
    return f"`{json.dumps(field.default, default=str)}`"


def _sentence(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split())


def commands() -> str:
    """The help of every command."""
    lines = ["# Commands", "", "Generated from the code by `scripts/generate_docs.py`.", ""]
    context = click.Context(bigmodel, info_name="bigmodel", max_content_width=100, terminal_width=100)
    for inner in _below(bigmodel, context):
        help_text = inner.command.get_help(inner).rstrip()
        lines += [f"## {inner.command_path}", "", "```text", help_text, "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def _below(group: click.Group, context: click.Context) -> Iterator[click.Context]:
    """The commands of a group, each followed by its own."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(
            command, info_name=name, parent=context, max_content_width=100, terminal_width=100
        )
        yield inner
        if isinstance(command, click.Group):
            yield from _below(command, inner)


def pitfalls() -> str:
    """Defaults of Keras that bite: what `check`, `show` and `train` look for."""
    lines = [
        "# Defaults that bite",
        "",
        "Generated from the code by `scripts/generate_docs.py`.",
        "",
        "Keras takes these without a word, and training goes wrong or nowhere. `bigmodel check` warns of",
        "them with the line, as far as they can be known without the data; `show` and `train` once more",
        "when it is loaded, before TensorFlow starts. `--strict` makes errors of them.",
        "",
        "| | what Keras does | what comes of it | write |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {pitfall.name} | {_cell(pitfall.keras)} | {_cell(pitfall.harm)} | {_cell(pitfall.instead)} |"
        for pitfall in PITFALLS
    ]
    return "\n".join(lines) + "\n"


PAGES = {"reference.md": reference, "commands.md": commands, "defaults-that-bite.md": pitfalls}


def main() -> int:
    stale = []
    for name, make in PAGES.items():
        path, text = DOCS / name, make()
        if "--check" in sys.argv[1:]:
            if not path.exists() or path.read_text("utf-8") != text:
                stale.append(name)
        else:
            path.write_text(text, "utf-8")
    if stale:
        print(f"stale: {', '.join(stale)}; run: make docs")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
