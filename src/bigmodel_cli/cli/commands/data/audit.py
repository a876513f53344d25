"""`bigmodel data`, or `bigmodel data audit`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
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
    runs_dir_option,
    strict_option,
)

if TYPE_CHECKING:
    from bigmodel_cli.audit.audit import Audit


@click.command(
    epilog=example(
        "bigmodel data configs/mnist.yaml",
        "bigmodel data flowers.yaml --out flowers-data",
        "bigmodel data flowers.yaml --labels-from flowers --out flowers-data",
        "bigmodel data flowers.yaml --max-examples 5000 --strict --json",
        "bigmodel data pack flowers.yaml --out flowers-packed",
    )
)
@config_argument
@overrides_argument
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Write a page with examples, duplicates and augmentation, and audit.json, into this folder.",
)
@click.option("--max-examples", type=WholeNumber(min=1), help="Look at a sample of so many examples.")
@click.option(
    "--no-augmentation",
    is_flag=True,
    help="With --out: leave out what augmentation does, which starts TensorFlow.",
)
@click.option(
    "--labels-from",
    metavar="RUN",
    help="Say which labels may be wrong by what this run has found, or this cross-validation.",
)
@runs_dir_option
@offline_option
@strict_option
@plain_option
@json_option
def command(
    config: Path,
    overrides: tuple[str, ...],
    out: Path | None,
    max_examples: int | None,
    no_augmentation: bool,
    labels_from: str | None,
    runs_dir: Path,
    offline: bool,
    strict: bool,
    plain: bool,
    as_json: bool,
) -> None:
    """Look at the data of CONFIG before training: classes, duplicates, leaks, broken files, outliers.

    Exits with 3 if something would spoil training: files that cannot be read, examples of validation or
    test that are in train too, one image under two labels, a class without training examples; with
    --strict also if something may, such as imbalance or duplicates within a split.
    """
    from bigmodel_cli.audit.audit import audit
    from bigmodel_cli.audit.folder import check_folder, write_audit
    from bigmodel_cli.cli.output import echo_json, note, show_warnings
    from bigmodel_cli.cli.progress import listening
    from bigmodel_cli.modeling.language import read_config

    loaded = read_config(config, overrides, strict=strict)
    show_warnings(loaded.warnings)
    if out is not None:
        check_folder(out)
    problems = None if labels_from is None else _label_problems(labels_from, runs_dir)
    with listening(plain=plain) as listener:
        found = audit(
            loaded.experiment, listener, max_examples=max_examples, offline=offline, label_problems=problems
        )
    if as_json:
        echo_json(found.document)
    else:
        _show(found)
    if out is not None:
        write_audit(out, found, augmentation=not no_augmentation)
        note(f"written: {out / 'index.html'}")
    if not as_json:
        _say_next(found, out, shlex.join([str(loaded.path), *loaded.overrides]))
    found.require_good(strict=strict)


def _label_problems(word: str, runs_dir: Path) -> list[dict[str, Any]]:
    """What the run, or cross-validation, that a user names has found of wrong labels.

    Raises:
        UsageError: If there is none of that name, or it has not looked for any.
        DataError: If what it found is damaged.
    """
    from bigmodel_cli.crossvalidation.folder import read_label_problems_of
    from bigmodel_cli.errors import UsageError
    from bigmodel_cli.inference.label_problems import read_label_problems
    from bigmodel_cli.run_search import find_run

    for candidate in (Path(word), Path("crossvals") / word):
        if (found := read_label_problems_of(candidate)) is not None:
            return [found]
    run = find_run(word, runs_dir)
    documents = read_label_problems(run)
    if not documents:
        raise UsageError(
            f"--labels-from {word}: {run.title} has not looked for labels that may be wrong",
            hint=f"bigmodel evaluate {shlex.quote(run.title)} --split validation does",
        )
    return documents


def _say_next(found: Audit, out: Path | None, words: str) -> None:
    from bigmodel_cli.cli.output import next_command

    commands = []
    if out is None:
        folder = shlex.quote(f"{found.document['name']}-data")
        commands.append(f"bigmodel data {words} --out {folder}")
    if found.document["ok"]:
        commands.append(f"bigmodel train {words}")
    next_command(*commands) if commands else None


def _show(found: Audit) -> None:
    from bigmodel_cli.cli.audited import show_examples
    from bigmodel_cli.cli.audited_rows import show_rows

    show = show_rows if "columns" in found.document else show_examples
    show(found.document, found.audited.described)
    _show_findings(found.document["findings"])


def _show_findings(findings: Sequence[Mapping[str, str]]) -> None:
    from bigmodel_cli.cli.output import label, one_line

    for finding in findings:
        color = "red" if finding["severity"] == "error" else "yellow"
        click.echo(f"{label(finding['severity'], color)}: {one_line(finding['message'])}")
        click.echo(f"  {one_line(finding['hint'])}")
    if not findings:
        click.echo("nothing was found that would spoil training")
