"""What the shell completes: configs, keys of overrides, runs, names of the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from click.shell_completion import CompletionItem

from bigmodel_cli.runs_dir import default_runs_dir

if TYPE_CHECKING:
    import click
    from pydantic import BaseModel

    from bigmodel_cli.config.tree import Node


def configs(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Folders, and the YAML files in them."""
    folder = Path(incomplete).parent if not incomplete.endswith("/") else Path(incomplete)
    items = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        name = str(path)
        if path.name.startswith(".") or not name.startswith(incomplete.removeprefix("./")):
            continue
        if path.is_dir():
            items.append(CompletionItem(f"{name}/", type="plain"))
        elif path.suffix in (".yaml", ".yml"):
            items.append(CompletionItem(name))
    return items


def config_and_overrides(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The first word is a config, unless a run goes on; the others change it."""
    words = context.params.get("words") or ()
    if not words and context.params.get("resume") is None:
        return configs(context, parameter, incomplete)
    return _overrides(words[0] if words else None, incomplete)


def overrides(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Dotted keys: those that the config has, and those that its sections may have."""
    return _overrides(context.params.get("config"), incomplete)


def _overrides(config: Any, incomplete: str) -> list[CompletionItem]:
    sign = "~" if incomplete.startswith("~") else ""
    word = incomplete.removeprefix("~")
    if "=" in word:
        return []
    keys = sorted(set(_keys(config)))
    end = "" if sign else "="
    return [CompletionItem(f"{sign}{key}{end}") for key in keys if key.startswith(word)]


def _keys(config: Any) -> Iterator[str]:
    from bigmodel_cli.config import schema
    from bigmodel_cli.config.fields import fields_of
    from bigmodel_cli.config.merge import read_layers
    from bigmodel_cli.config.tune import Budget, Tune
    from bigmodel_cli.errors import BigmodelError

    sections: dict[str, type[BaseModel]] = {
        "": schema.Experiment,
        "data.": schema.Data,
        "data.split_by.": schema.SplitBy,
        "data.fold.": schema.Fold,
        "training.": schema.Training,
        "training.checkpoint.": schema.Checkpoint,
        "training.rollback.": schema.Rollback,
        "tune.": Tune,
        "tune.budget.": Budget,
    }
    for prefix, section in sections.items():
        yield from (f"{prefix}{name}" for name in fields_of(section))
    if config is not None:
        try:
            keys = list(_keys_of(read_layers(Path(config)), ""))
            yield from keys
            # Each of them may be searched.
            yield from (f"tune.space.{key}" for key in keys if not key.startswith("tune"))
        except BigmodelError:
            # The shell is no place to complain; `check` is.
            return


def _keys_of(node: Node, prefix: str) -> Iterator[str]:
    from bigmodel_cli.config.dotted_keys import quoted_key
    from bigmodel_cli.config.tree import Mapping, Sequence

    children: list[tuple[str, Node]] = []
    if isinstance(node, Mapping):
        children = [(key, entry.node) for key, entry in node.entries.items()]
    elif isinstance(node, Sequence):
        children = [(str(index), item) for index, item in enumerate(node.items)]
    for key, child in children:
        # A key of a space is written with its dots.
        name = key if prefix == "tune.space" else quoted_key(key)
        path = f"{prefix}.{name}" if prefix else name
        yield path
        yield from _keys_of(child, path)


def runs(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of runs, and their folders as `<name>/<time>`."""
    from bigmodel_cli.run_search import all_runs

    given = context.params.get("runs_dir") or default_runs_dir()
    folders = [run.path for run in all_runs(Path(given))]
    names = dict.fromkeys(path.parent.name for path in folders)
    words = [*names, *(f"{path.parent.name}/{path.name}" for path in folders)]
    return [CompletionItem(word) for word in words if word.startswith(incomplete)]


def configs_and_runs(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Either."""
    return [*configs(context, parameter, incomplete), *runs(context, parameter, incomplete)]


def families(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Families of names."""
    from bigmodel_cli.reference import families as all_families

    found = [(family["family"], family["doc"]) for family in all_families()]
    return [CompletionItem(name, help=doc) for name, doc in found if name.startswith(incomplete)]


def names(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of the family that was given."""
    from bigmodel_cli.errors import BigmodelError
    from bigmodel_cli.reference import find_family, names_in

    try:
        found = names_in(find_family(context.params.get("family") or ""))
    except BigmodelError:
        return []
    return [CompletionItem(e["name"], help=e["doc"]) for e in found if e["name"].startswith(incomplete)]


def shipped(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Configs that come with bigmodel."""
    from bigmodel_cli.config.shipped import shipped_configs

    found = shipped_configs().values()
    return [CompletionItem(c.name, help=c.doc) for c in found if c.name.startswith(incomplete)]
