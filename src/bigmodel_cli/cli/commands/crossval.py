"""`bigmodel crossval`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bigmodel_cli.cli.numbers import WholeNumber
from bigmodel_cli.cli.options import (
    config_argument,
    example,
    json_option,
    offline_option,
    overrides_argument,
    plain_option,
    strict_option,
)

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from bigmodel_cli.crossvalidation.crossval import Watcher
    from bigmodel_cli.crossvalidation.folder import CrossvalFolder


@click.command(
    epilog=example(
        "bigmodel crossval configs/digits.yaml",
        "bigmodel crossval configs/digits.yaml --folds 10 --repeats 3 training.epochs=5",
        "bigmodel crossval flowers.yaml --suspects suspects.csv",
    )
)
@config_argument
@overrides_argument
@click.option(
    "--folds", type=WholeNumber(min=2), default=5, show_default=True, help="How many parts there are."
)
@click.option(
    "--repeats",
    type=WholeNumber(min=1),
    default=1,
    show_default=True,
    help="How often the examples are dealt into folds, each time otherwise.",
)
@click.option(
    "--workers",
    type=WholeNumber(min=1),
    default=1,
    show_default=True,
    help="How many folds are trained at a time; cores and GPUs are shared out.",
)
@click.option("--keep-weights", is_flag=True, help="Keep checkpoints of folds, and export their models.")
@click.option(
    "--by",
    multiple=True,
    metavar="COLUMN",
    help="Show scores of the groups that a column of the data makes, and gaps between them; may be repeated.",
)
@click.option(
    "--suspects",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the labels that may be wrong into a CSV file, with what is suggested instead.",
)
@click.option(
    "--crossvals-dir",
    type=click.Path(path_type=Path),
    default=Path("crossvals"),
    show_default=True,
    help="Where cross-validations are kept.",
)
@offline_option
@strict_option
@plain_option
@json_option
def command(
    config: Path,
    overrides: tuple[str, ...],
    folds: int,
    repeats: int,
    suspects: Path | None,
    crossvals_dir: Path,
    strict: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Cross-validate CONFIG: train a run for each fold, and evaluate what each predicts of its fold.

    Folds are stratified by class; by data.split_by they are whole groups, or follow each other in time. A
    fold is a run like any other. The same command goes on with a cross-validation that was interrupted.
    """
    from bigmodel_cli.cli.crossvalidated import show_results
    from bigmodel_cli.cli.output import echo_json, show_warnings
    from bigmodel_cli.crossvalidation.crossval import Crossval, How
    from bigmodel_cli.crossvalidation.folder import CrossvalFolder
    from bigmodel_cli.errors import Interrupted
    from bigmodel_cli.gates import require_gates
    from bigmodel_cli.inference.label_problems import listed, write_suspects
    from bigmodel_cli.modeling.language import read_config
    from bigmodel_cli.training.record import command_line

    loaded = read_config(config, overrides, strict=strict)
    show_warnings(loaded.warnings)
    folder = CrossvalFolder(crossvals_dir / loaded.experiment.name)
    how = How(options["workers"], options["offline"], options["keep_weights"], options["by"])
    try:
        with _watching(folder, plain=options["plain"]) as watcher:
            results = Crossval(loaded, folder, folds, repeats, watcher, how).run()
    except Interrupted as error:
        hint = f"go on with: {shlex.join(command_line())}"
        raise Interrupted(error.signal_number, f"interrupted; {folder.path} is kept", hint=hint) from error
    if suspects is not None:
        write_suspects(suspects, listed([results.label_problems]))
    if as_json:
        echo_json({"crossval": str(folder.path), **results.as_json()})
    else:
        show_results(results, folder)
    require_gates(list(results.gates))


def _watching(folder: CrossvalFolder, *, plain: bool) -> AbstractContextManager[Watcher]:
    """Who shows how it goes, as a context: a display must be taken away."""
    import sys
    from contextlib import closing, nullcontext

    from bigmodel_cli.cli.crossvalidated import FoldLines

    if plain or not sys.stderr.isatty():
        return nullcontext(FoldLines(folder))
    from bigmodel_cli.cli.crossvalidated_live import LiveFolds

    return closing(LiveFolds(folder))
