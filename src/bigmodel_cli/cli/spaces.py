"""What a config's `tune` section asks for, as `check` and `show` say it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bigmodel_cli.config.checks.searches import Asked
    from bigmodel_cli.config.load import LoadedConfig
    from bigmodel_cli.config.space import Choice, Range


def asked_of(loaded: LoadedConfig) -> Asked | None:
    """The search that a config asks for; None where it asks for none."""
    from bigmodel_cli.config.checks.searches import Asked
    from bigmodel_cli.config.space import SPACE_PATH
    from bigmodel_cli.config.space_reader import read_space
    from bigmodel_cli.config.tree import node_at

    experiment, tree = loaded.experiment, loaded.stack[-1]
    if experiment.tune is None:
        return None
    space, _ = read_space(node_at(tree, SPACE_PATH))
    return Asked(experiment.tune, experiment, tree, space)


def space_as_json(asked: Asked) -> dict[str, Any]:
    """The keys of a space with what each may be, and how many combinations and trials there are."""
    return {
        "space": asked.tune.space,
        "combinations": asked.space.size,
        "trials": asked.tune.trials,
        "search": asked.tune.search,
        "metric": asked.metric,
    }


def space_line(asked: Asked) -> str:
    """`3 keys, 24 combinations; 30 trials compared by val_accuracy`."""
    count, size = len(asked.space.dimensions), asked.space.size
    keys = f"{count} key{'s' * (count != 1)}"
    combinations = "any number of" if size is None else f"{size:,}"
    trials = f"{asked.tune.trials:,} trial{'s' * (asked.tune.trials != 1)}"
    return f"{keys}, {combinations} combinations; {trials} compared by {asked.metric}"


def show_space(asked: Asked) -> None:
    """A row for each key, those inside of options below theirs, and the line."""
    import click

    from bigmodel_cli.cli.output import table, yaml_line

    rows = []
    for dimension in asked.space.all():
        of = dimension.of
        rows.append([dimension.name, yaml_line(_plain(of)), "any" if of.size is None else f"{of.size:,}"])
    table(["searched", "may be", "values"], rows, numeric=["values"])
    click.echo(f"{'search':<12} {space_line(asked)}")


def _plain(of: Range | Choice) -> Any:
    """What may be chosen, as the config writes it."""
    from bigmodel_cli.config.space import Choice
    from bigmodel_cli.config.tree import to_plain

    if isinstance(of, Choice):
        return {"choice": [to_plain(option.node) for option in of.options]}
    form = "integer" if of.is_integer else "log" if of.is_log else "uniform"
    more = {"log": True} if of.is_integer and of.is_log else {}
    given = {key: value for key, value in (("step", of.step), ("points", of.points)) if value is not None}
    return {form: list(of.ends), **more, **given}
