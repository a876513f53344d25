"""The page of a table's audit: all that was found, with a histogram of each column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bigmodel_cli.audit.label_problems import LABEL_PROBLEMS, show_label_problems
from bigmodel_cli.audit.page import MAX_LISTED, show_classes, show_findings, show_labels
from bigmodel_cli.audit.rows.picture import CLASS_COLORS, histogram
from bigmodel_cli.audit.rows.texts.look import MOST_COMPARED
from bigmodel_cli.cut import cut
from bigmodel_cli.markup import name, page, table, visible

_MAX_COLUMNS = 300
# Under which of a split's keys are pairs of texts that are nearly the same.
_NEAR = ("nearly_in_train", "nearly_the_same")


def make_page(document: Mapping[str, Any], described: str) -> str:
    """The page.

    Args:
        document: What was found.
        described: What labels and columns are, in words.
    """
    title = f"{visible(document['name'])}: the data"
    parts = [
        f"<h1>{title}</h1>",
        f"<p class=quiet>{visible(summary(document, described))}</p>",
        *show_findings(document["findings"]),
        *_splits(document["splits"]),
        *_targets(document),
        *show_label_problems(document.get(LABEL_PROBLEMS, ())),
        *_columns(document),
        *_left_out(document["left_out"]),
        *_copies(document["duplicates"]),
        *_near_copies(document["columns"]),
        *_contradictions(document["contradictions"]),
    ]
    return page(title, parts)


def summary(document: Mapping[str, Any], described: str) -> str:
    """How much data it is, and what it is."""
    data = document["data"]
    seen = f", {data['examined']:,} of them looked at" if data["sampled"] else ""
    if data["described"] < data["examined"]:
        seen += f"; columns are described by {data['described']:,} of them, taken by chance"
    targets = ", ".join(data["targets"])
    return f"{data['source']}: {data['examples']:,} examples{seen}; {targets}: {described}"


def _splits(splits: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield "<h2>Splits</h2>"
    columns = ["split", "examples", "from", "copies", "in train too"]
    rows = [
        [
            split_name,
            f"{split['examples']:,}",
            visible(split["origin"]),
            f"{split['copies']:,}",
            "" if split["in_train"] is None else f"{split['in_train']:,}",
        ]
        for split_name, split in splits.items()
    ]
    yield table(columns, rows, ["examples", "copies", "in train too"])


def _targets(document: Mapping[str, Any]) -> Iterator[str]:
    for target, facts in document["targets"].items():
        yield f"<h2>Target {name(target)}</h2>"
        yield from show_classes(facts["classes"], list(document["splits"]), heading=None)
        yield from show_labels(facts["numbers"], heading=None)


def _columns(document: Mapping[str, Any]) -> Iterator[str]:
    columns = in_order(document)
    shown = columns[:_MAX_COLUMNS]
    yield f"<h2>Columns: {len(columns):,}</h2>"
    if len(shown) < len(columns):
        yield f"<p class=quiet>The {len(shown):,} that tell most; all are in audit.json.</p>"
    yield f"<p class=quiet>{_legend(document)}</p>"
    yield "<div class=columns>"
    for column_name in shown:
        yield _card(column_name, document["columns"][column_name])
    yield "</div>"


def in_order(document: Mapping[str, Any]) -> list[str]:
    """Columns, those first that tell most of a target on their own."""
    columns = document["columns"]
    return sorted(columns, key=lambda one: -max(columns[one]["tells_alone"].values(), default=0.0))


def _legend(document: Mapping[str, Any]) -> str:
    first = next(iter(document["columns"].values()), None)
    classes = [] if first is None else list(first["histogram"]["classes"])
    bars = "bars: rows of train"
    if classes:
        named = (
            f'<span style="color:{color}">■</span> {name(label)}'
            for color, label in zip(CLASS_COLORS, classes, strict=False)
        )
        bars += f", by class: {' '.join(named)}"
    lines = [
        f"{how}: {split}"
        for how, split in (("dashed line", "validation"), ("dotted line", "test"))
        if split in document["splits"]
    ]
    lines.append("a bar apart at the right: missing")
    return "; ".join([bars, *lines])


def _card(column_name: str, column: Mapping[str, Any]) -> str:
    lines = [
        f"<b>{name(column_name)}</b> <span class=quiet>{visible(column['described'])}</span>",
        histogram(column),
        f"<span class=ends>{''.join(f'<span>{visible(end)}</span>' for end in _ends(column))}</span>",
        *(f"<span>{visible(text)}</span>" for text in facts_of(column)),
    ]
    return f"<div class=column>{''.join(lines)}</div>"


def _ends(column: Mapping[str, Any]) -> Sequence[str]:
    bars: Sequence[str] = column["histogram"]["bars"]
    if not column["histogram"]["ordered"] or len(bars) < 2:
        return bars[:1]
    return [bars[0].split(" to ")[0], bars[-1].rsplit(" to ", 1)[-1]]


def facts_of(column: Mapping[str, Any]) -> Iterator[str]:
    """What a person should know of a column, as short sentences."""
    train = column["splits"]["train"]
    most = max(column["tells_alone"].values(), default=0)
    parts = (
        f"{train['missing_share']:.1%} missing" if train["missing"] else "",
        f"{train['distinct']:,} different" if "distinct" in train else "",
        f"tells {most:.0%} alone" if most > 0 else "",
    )
    yield " · ".join(part for part in parts if part)
    if (text := values_of(column)) is not None:
        yield text
    repeated = [(text, count) for text, count in train.get("most_frequent", ())[:1] if count > 1]
    if "median" in train and repeated:
        yield f"most frequent: {cut(repeated[0][0], 40)} ({repeated[0][1]:,})"
    for split, drift in column["drift"].items():
        if drift["matters"]:
            yield f"{split}: other values than train (distance {drift['distance']:.2f})"
    yield from told_of_texts(column)


def told_of_texts(column: Mapping[str, Any]) -> Iterator[str]:
    """What a person should know of a column of texts beyond its lengths, as short sentences."""
    if (texts := column.get("texts")) is None:
        return
    train = texts["train"]
    scripts = train["scripts"]
    shares = ", ".join(
        f"{count / sum(scripts.values()):.1%} {name}" for name, count in [*scripts.items()][:4]
    )
    of_words = train["words"]
    yield f"{of_words['min']:,} to {of_words['max']:,} words, median {of_words['median']:,}"
    yield f"letters: {shares or 'none'}"
    if column["texts_compared"] == MOST_COMPARED:
        yield f"what is nearly the same was looked for among the first {MOST_COMPARED:,} different texts"
    for split, found in texts.items():
        if split != "train":
            near = found["nearly_in_train"]["rows"]
            yield f"{split}: {found['new_words']:.1%} of its words are new; {near:,} are nearly in train"


def values_of(column: Mapping[str, Any]) -> str | None:
    """The range of numbers, or the most frequent values of training; None where there are none."""
    train = column["splits"]["train"]
    if "median" in train:
        of = f" {column['counts']}" if column["counts"] else ""
        return f"{_shown(train['min'])} to {_shown(train['max'])}{of}, median {_shown(train['median'])}"
    frequent = train.get("most_frequent")
    return ", ".join(f"{value} {count:,}" for value, count in frequent[:3]) if frequent else None


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"


def _left_out(left_out: Mapping[str, str]) -> Iterator[str]:
    if left_out:
        yield "<h2>Left out</h2>"
        yield table(["column", "why"], [[name(one), visible(why)] for one, why in left_out.items()])


def _copies(duplicates: Mapping[str, Sequence[Mapping[str, str]]]) -> Iterator[str]:
    rows = [[name(one["row"]), name(one["same_as"])] for of_split in duplicates.values() for one in of_split]
    if rows:
        yield "<h2>Rows that are there more than once</h2>"
        yield table(["row", "has the inputs of"], rows[:MAX_LISTED])


def _near_copies(columns: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for column_name, column in columns.items():
        found = [of_split.get(key) for of_split in column.get("texts", {}).values() for key in _NEAR]
        rows = [[name(pair["row"]), name(pair["like"])] for near in found if near for pair in near["pairs"]]
        if rows:
            yield f"<h2>Nearly the same {name(column_name)}</h2>"
            yield table(["row", "is nearly like"], rows[:MAX_LISTED])


def _contradictions(contradictions: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    for target, found in contradictions.items():
        if found:
            yield f"<h2>The same inputs, another {name(target)}</h2>"
            ordered = sorted(found, key=lambda one: one["group"])
            rows = [[str(one["group"]), name(one["row"]), visible(one["label"])] for one in ordered]
            yield table(["group", "row", "label"], rows[:MAX_LISTED], ["group"])
