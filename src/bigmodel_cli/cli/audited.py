"""What `bigmodel data` found of examples, printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from bigmodel_cli.audit.document import counts_of_files, label_text, labels_by_target, spans_of_files
from bigmodel_cli.cli.output import note, one_line, table

# Rows of classes from which on only the largest and the smallest are printed, and pairs that are.
_MAX_CLASSES = 40
_ENDS = 10
_MAX_PAIRS = 10
_MAX_CHANNELS = 20


def show_examples(document: Mapping[str, Any], described: str) -> None:
    """Splits, classes, files, channels and duplicates.

    Args:
        document: What was found.
        described: What labels and examples are, in words.
    """
    _show_splits(document, described)
    for target, facts in labels_by_target(document).items():
        if target is not None:
            click.echo(one_line(f"target {target}:"))
        show_classes(facts["classes"], list(document["splits"]))
        show_labels(facts["numbers"] or {})
    _show_files(document["files"])
    _show_channels(document["splits"])
    _show_pairs(document["duplicates"])


def _show_splits(document: Mapping[str, Any], described: str) -> None:
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


def show_classes(classes: Sequence[Mapping[str, Any]], splits: Sequence[str]) -> None:
    """How many examples each class has, by split."""
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


def show_labels(targets: Mapping[str, Sequence[Mapping[str, float]]]) -> None:
    """How labels that are numbers are spread, by split."""
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
    if files is None:
        return
    keys = ["min", "median", "max"]
    rows = [
        [side.replace("_", " "), *(f"{files[side][key]:,.4g}" for key in keys)]
        for side in spans_of_files(files)
    ]
    table([f"{files.get('noun', 'image')} files", *keys], rows, numeric=keys)
    for words in counts_of_files(files):
        click.echo(words)
    if "modes" not in files:
        return
    modes = ", ".join(f"{mode} {count:,}" for mode, count in files["modes"].items())
    click.echo(f"pixels: {modes}; smaller than what training takes: {files['smaller_than_training']:,}")
    for file in files["extreme"]:
        click.echo(f"long and narrow: {one_line(file['name'])} ({file['width']:,} × {file['height']:,})")


def _show_channels(splits: Mapping[str, Mapping[str, Any]]) -> None:
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
    return f"{found['name']} ({found['split']}, {label_text(found['label'])})"
