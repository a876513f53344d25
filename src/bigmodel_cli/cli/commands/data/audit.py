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
    strict_option,
)

if TYPE_CHECKING:
    from bigmodel_cli.audit.audit import Audit

# Rows of classes from which on only the largest and the smallest are printed, and pairs that are.
_MAX_CLASSES = 40
_ENDS = 10
_MAX_PAIRS = 10
_MAX_CHANNELS = 20


@click.command(
    epilog=example(
        "bigmodel data configs/mnist.yaml",
        "bigmodel data flowers.yaml --out flowers-data",
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
    with listening(plain=plain) as listener:
        found = audit(loaded.experiment, listener, max_examples=max_examples, offline=offline)
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
    document = found.document
    _show_splits(document, found.audited.described)
    _show_classes(document)
    _show_targets(document["targets"] or {})
    _show_files(document["files"])
    _show_channels(document["splits"])
    _show_pairs(document["duplicates"])
    _show_findings(document["findings"])


def _show_splits(document: Mapping[str, Any], described: str) -> None:
    from bigmodel_cli.cli.output import one_line, table

    data = document["data"]
    seen = f", {data['examined']:,} of them looked at" if data["sampled"] else ""
    source = data["source"] if data["root"] is None else f"{data['source']} {data['root']}"
    click.echo(
        f"{one_line(document['name'])}: {data['examples']:,} examples of {one_line(source)}{seen}; "
        f"{described}"
    )
    columns = ["split", "examples", "from", "largest / smallest class", "cannot be read", "one value"]
    rows = [
        [
            split,
            f"{of_split['examples']:,}",
            of_split["origin"],
            "" if of_split["imbalance"] is None else f"{of_split['imbalance']:.2f}",
            f"{of_split['unreadable']:,}",
            f"{of_split['constant']:,}",
        ]
        for split, of_split in document["splits"].items()
    ]
    table(columns, rows, numeric=[column for column in columns if column not in ("split", "from")])


def _show_classes(document: Mapping[str, Any]) -> None:
    from bigmodel_cli.cli.output import note, table

    classes, splits = document["classes"], list(document["splits"])
    if not classes:
        return
    shown = classes
    if len(classes) > _MAX_CLASSES:
        ordered = sorted(classes, key=lambda row: -row["examples"]["train"])
        shown = [*ordered[:_ENDS], *ordered[-_ENDS:]]
    rows = [
        [row["class"], *(f"{row['examples'][split]:,} ({row['shares'][split]:.1%})" for split in splits)]
        for row in shown
    ]
    table(["class", *splits], rows, numeric=splits)
    if len(shown) < len(classes):
        note(f"the {_ENDS} largest and the {_ENDS} smallest of {len(classes):,} classes; --json has all")


def _show_targets(targets: Mapping[str, Sequence[Mapping[str, float]]]) -> None:
    from bigmodel_cli.cli.output import table

    keys = ["min", "quartile_1", "median", "quartile_3", "max", "mean", "std"]
    rows = [
        [split, str(output), *(f"{spread[key]:.6g}" if key in spread else "" for key in keys)]
        for split, outputs in targets.items()
        for output, spread in enumerate(outputs[:_MAX_CHANNELS])
    ]
    columns = ["labels", "output", *(key.replace("_", " ") for key in keys)]
    if rows:
        table(columns, rows, numeric=columns[1:])


def _show_files(files: Mapping[str, Any] | None) -> None:
    from bigmodel_cli.cli.output import one_line, table

    if files is None:
        return
    keys = ["min", "median", "max"]
    rows = [
        [side.replace("_", " "), *(f"{files[side][key]:,.4g}" for key in keys)]
        for side in ("width", "height", "aspect_ratio")
    ]
    table(["image files", *keys], rows, numeric=keys)
    modes = ", ".join(f"{mode} {count:,}" for mode, count in files["modes"].items())
    click.echo(f"pixels: {modes}; smaller than what training takes: {files['smaller_than_training']:,}")
    for file in files["extreme"]:
        click.echo(f"long and narrow: {one_line(file['name'])} ({file['width']:,} × {file['height']:,})")


def _show_channels(splits: Mapping[str, Mapping[str, Any]]) -> None:
    from bigmodel_cli.cli.output import note, table

    keys = ["mean", "std", "min", "max"]
    rows = [
        [split, str(number), *(f"{channel[key]:.6g}" for key in keys)]
        for split, of_split in splits.items()
        for number, channel in enumerate(of_split["channels"][:_MAX_CHANNELS])
    ]
    table(["numbers", "channel", *keys], rows, numeric=["channel", *keys])
    most = max(len(of_split["channels"]) for of_split in splits.values())
    if most > _MAX_CHANNELS:
        note(f"the first {_MAX_CHANNELS} of {most:,} features; --json has all")


def _show_pairs(duplicates: Mapping[str, Any]) -> None:
    from bigmodel_cli.cli.output import note, table

    rows = [
        ["exact", *(_titled(found) for found in group["examples"][:2]), str(len(group["examples"]))]
        for group in sorted(duplicates["exact"], key=lambda group: not group["leak"])
    ]
    rows += [
        [
            f"{pair['similarity']:.3f}{' mirrored' if pair['mirrored'] else ''}",
            _titled(pair["first"]),
            _titled(pair["second"]),
            "",
        ]
        for pair in sorted(
            duplicates["near_pairs"], key=lambda pair: pair["first"]["split"] == pair["second"]["split"]
        )
    ]
    if rows:
        table(["similarity", "one", "other", "copies"], rows[:_MAX_PAIRS], numeric=["copies"])
    if len(rows) > _MAX_PAIRS:
        note(f"the first {_MAX_PAIRS} of {len(rows):,} duplicates; --json has all, --out shows them")
    if not duplicates["near_search"]["complete"]:
        note("there are too many images, or too many alike, to compare all of them: not all pairs were found")


def _titled(found: Mapping[str, Any]) -> str:
    return f"{found['name']} ({found['split']}, {found['label']})"


def _show_findings(findings: Sequence[Mapping[str, str]]) -> None:
    from bigmodel_cli.cli.output import label, one_line

    for finding in findings:
        color = "red" if finding["severity"] == "error" else "yellow"
        click.echo(f"{label(finding['severity'], color)}: {one_line(finding['message'])}")
        click.echo(f"  {one_line(finding['hint'])}")
    if not findings:
        click.echo("nothing was found that would spoil training")
