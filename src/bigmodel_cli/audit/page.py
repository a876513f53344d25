"""The page of an audit: all that was found, with the pictures in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bigmodel_cli.audit.audited import Audited
from bigmodel_cli.audit.document import counts_of_files, label_text, labels_by_target, spans_of_files
from bigmodel_cli.audit.label_problems import LABEL_PROBLEMS, show_label_problems
from bigmodel_cli.audit.page_copies import show_copies
from bigmodel_cli.markup import data_uri, name, page, table, visible

MAX_LISTED = 200


def make_page(audited: Audited, document: Mapping[str, Any], pictures: Mapping[str, Sequence[bytes]]) -> str:
    """The page.

    Args:
        audited: For the thumbnails of duplicates.
        document: What was found.
        pictures: PNG files by the heading that they stand under.
    """
    title = f"{visible(document['name'])}: the data"
    parts = [
        f"<h1>{title}</h1>",
        f"<p class=quiet>{_summary(audited, document['data'])}</p>",
        *show_findings(document["findings"]),
        *_splits(document["splits"]),
        *_labels(document),
        *(part for heading, files in pictures.items() for part in _pictures(heading, files)),
        *_files(document["files"]),
        *_channels(document["splits"]),
        *show_label_problems(document.get(LABEL_PROBLEMS, ())),
        *show_copies(audited),
        *_listed("Cannot be read", document["unreadable"], ("split", "name", "reason")),
        *_listed("All of one value", document["constant"], ("split", "name", "label")),
        *_listed("Labels far outside", document["outliers"], ("split", "name", "label")),
    ]
    return page(title, parts)


def _summary(audited: Audited, data: Mapping[str, Any]) -> str:
    seen = f", {data['examined']:,} of them looked at" if data["sampled"] else ""
    source = visible(data["source"])
    source += "" if data["root"] is None else f" {name(data['root'])}"
    return f"{source}: {data['examples']:,} examples{seen}; {visible(audited.described)}"


def show_findings(findings: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """What is to be said of the data."""
    if not findings:
        yield "<p class=good>Nothing was found that would spoil training.</p>"
    for finding in findings:
        yield (
            f"<div class={finding['severity']}><b>{finding['severity']}</b> {visible(finding['message'])}"
            f"<br><span class=quiet>{visible(finding['hint'])}</span></div>"
        )


def _splits(splits: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield "<h2>Splits</h2>"
    columns = ["split", "examples", "from", "largest / smallest class", "cannot be read", "one value"]
    rows = [
        [
            split_name,
            f"{split['examples']:,}",
            visible(split["origin"]),
            "" if split["imbalance"] is None else f"{split['imbalance']:.2f}",
            f"{split['unreadable']:,}",
            f"{split['constant']:,}",
        ]
        for split_name, split in splits.items()
    ]
    yield table(columns, rows, [column for column in columns if column not in ("split", "from")])


def _labels(document: Mapping[str, Any]) -> Iterator[str]:
    for target, facts in labels_by_target(document).items():
        of_one = "" if target is None else f" of {name(target)}"
        yield from show_classes(facts["classes"], list(document["splits"]), f"Classes{of_one}")
        yield from show_labels(facts["numbers"], f"Labels{of_one}")


def show_classes(
    classes: Sequence[Mapping[str, Any]], splits: Sequence[str], heading: str | None = "Classes"
) -> Iterator[str]:
    """How many examples each class has, by split."""
    if not classes:
        return
    if heading is not None:
        yield f"<h2>{heading}</h2>"
    largest = max(1, *(row["examples"]["train"] for row in classes))
    rows = [
        [
            name(row["class"]),
            f'<span class="bar" style="width:{100 * row["examples"]["train"] / largest:.2f}%"></span>',
            *(f"{row['examples'][split]:,} ({row['shares'][split]:.1%})" for split in splits),
        ]
        for row in classes
    ]
    yield table(["class", "in train", *splits], rows, splits)


def show_labels(
    targets: Mapping[str, Sequence[Mapping[str, float]]] | None, heading: str | None = "Labels"
) -> Iterator[str]:
    """How labels that are numbers are spread, by split."""
    if not targets:
        return
    if heading is not None:
        yield f"<h2>{heading}</h2>"
    keys = ["min", "quartile_1", "median", "quartile_3", "max", "mean", "std", "nan", "infinite"]
    rows = [
        [split, str(number), *(f"{output[key]:.6g}" if key in output else "" for key in keys)]
        for split, outputs in targets.items()
        for number, output in enumerate(outputs)
    ]
    columns = ["split", "output", *(key.replace("_", " ") for key in keys)]
    yield table(columns, rows, columns[1:])


def _pictures(heading: str, files: Sequence[bytes]) -> Iterator[str]:
    if files:
        yield f"<h2>{visible(heading)}</h2>"
    for file in files:
        yield f'<div class=sheet><img alt="{visible(heading)}" src="{data_uri(file, "png")}"></div>'


def _files(files: Mapping[str, Any] | None) -> Iterator[str]:
    if files is None:
        return
    yield f"<h2>{files.get('noun', 'image').capitalize()} files</h2>"
    rows = [
        [side.replace("_", " "), *(f"{files[side][key]:,.6g}" for key in ("min", "median", "max"))]
        for side in spans_of_files(files)
    ]
    yield table(["", "min", "median", "max"], rows, ["min", "median", "max"])
    for words in counts_of_files(files):
        yield f"<p>{visible(words)}</p>"
    if "modes" not in files:
        return
    modes = ", ".join(f"{visible(mode)} {count:,}" for mode, count in files["modes"].items())
    smaller = f"Smaller than what training takes: {files['smaller_than_training']:,}."
    yield f"<p>Kinds of pixels: {modes}. {smaller}</p>"
    if files["extreme"]:
        yield f"<p>Long and narrow: {files['num_extreme']:,}, of which the most extreme:</p>"
        extreme = [
            [name(file["name"]), f"{file['width']:,} × {file['height']:,}"] for file in files["extreme"]
        ]
        yield table(["file", "width × height"], extreme, ["width × height"])


def _channels(splits: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield "<h2>Channels</h2>"
    keys = ["mean", "std", "min", "max"]
    rows = [
        [split_name, str(number), *(f"{channel[key]:.6g}" for key in keys)]
        for split_name, split in splits.items()
        for number, channel in enumerate(split["channels"][:MAX_LISTED])
    ]
    yield table(["split", "channel", *keys], rows, ["channel", *keys])


def _listed(heading: str, rows: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> Iterator[str]:
    if not rows:
        return
    more = f", the first {MAX_LISTED}" if len(rows) > MAX_LISTED else ""
    yield f"<h2>{heading}: {len(rows):,}{more}</h2>"
    cells = [[name(label_text(row[key])) for key in keys] for row in rows[:MAX_LISTED]]
    yield table(keys, cells)
