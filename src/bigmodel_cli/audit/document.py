"""An audit as one JSON document, which the text and the page are made of too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bigmodel_cli.audit.audited import Audited
from bigmodel_cli.audit.features import describe_channels, imbalance
from bigmodel_cli.audit.finding import Finding
from bigmodel_cli.audit.groups import Group
from bigmodel_cli.audit.measured import short_name
from bigmodel_cli.sources.base import SplitName
from bigmodel_cli.sources.tables.names import shown

VERSION = 1


def make_document(audited: Audited, findings: Sequence[Finding]) -> dict[str, Any]:
    """All that was found; docs/data-audit.md describes it."""
    splits, measured = audited.splits, audited.measured
    kind = splits.signature.seen
    return {
        "version": VERSION,
        "name": audited.experiment.name,
        "ok": not any(finding.severity == "error" for finding in findings),
        "findings": [finding.as_json() for finding in findings],
        "data": {
            "source": audited.experiment.data.source.name,
            "root": None if audited.root is None else str(audited.root),
            "shape": list(kind.shape),
            "dtype": kind.dtype,
            **_what_labels_are(audited),
            "examples": sum(splits.sizes.values()),
            "examined": len(measured),
            "sampled": audited.sampled,
        },
        "splits": {name: _split(audited, name) for name in splits.parts},
        **_labels(audited),
        "files": audited.features.describe_files(measured.files, audited.names) if measured.files else None,
        "unreadable": [vars(file) for file in audited.unreadable],
        "constant": [audited.example(number) for number in np.flatnonzero(measured.constant).tolist()],
        "duplicates": {
            "exact": [_group(audited, group) for group in audited.exact],
            "near": [_group(audited, group) for group in audited.near],
            "near_pairs": [
                {
                    "first": audited.example(pair.first),
                    "second": audited.example(pair.second),
                    "similarity": round(pair.similarity, 4),
                    "mirrored": pair.mirrored,
                }
                for pair in audited.search.pairs
            ],
            "near_search": {
                "compared": audited.search.searched,
                "complete": audited.search.complete,
                "threshold": audited.search.threshold,
            },
        },
        "outliers": [
            {
                "split": split,
                "name": short_name(audited.splits.parts[split], index),
                "label": of.of_all[split][index].tolist(),
                **({"target": target} if len(audited.targets) > 1 else {}),
            }
            for target, of in audited.targets.items()
            for split, indices in of.outliers.items()
            for index in indices.tolist()
        ],
    }


def labels_by_target(document: Mapping[str, Any]) -> dict[str | None, dict[str, Any]]:
    """Of a document, `classes` and `numbers` by target; one target alone has no name there."""
    if "targets" in document["data"]:
        return dict(document["targets"])
    return {None: {"classes": document["classes"], "numbers": document["targets"]}}


def spans_of_files(files: Mapping[str, Any]) -> list[str]:
    """What of files has a least and a largest value, of a document's `files`."""
    return [name for name, value in files.items() if isinstance(value, Mapping) and "median" in value]


def counts_of_files(files: Mapping[str, Any]) -> list[str]:
    """What of files is counted, each as a line; kinds of pixels are told elsewhere."""
    return [
        f"{name.replace('_', ' ')}: {', '.join(f'{one} {count:,}' for one, count in value.items())}"
        for name, value in files.items()
        if isinstance(value, Mapping) and "median" not in value and name != "modes"
    ]


def label_text(label: Any) -> str:
    """A label as a document has it, in words; those of several targets each with its name."""
    if not isinstance(label, Mapping):
        return str(label)
    return ", ".join(f"{shown(target)}: {one}" for target, one in label.items())


def _what_labels_are(audited: Audited) -> dict[str, Any]:
    tasks = audited.splits.signature.targets
    if len(tasks) > 1:
        return {"targets": list(tasks)}
    (task,) = tasks.values()
    return {"labels": task.labels, **task.numbers}


def _labels(audited: Audited) -> dict[str, Any]:
    if len(audited.targets) == 1:
        (only,) = audited.targets.values()
        return {"classes": only.classes, "targets": only.spreads}
    targets = {
        name: {
            "classes": of.classes,
            "imbalance": {split: imbalance(of.classes, split) for split in of.of_all},
            "numbers": of.spreads,
            "outliers": {split: len(indices) for split, indices in of.outliers.items()},
        }
        for name, of in audited.targets.items()
    }
    return {"classes": [], "targets": targets}


def _split(audited: Audited, name: SplitName) -> dict[str, Any]:
    measured, here = audited.measured, audited.numbers_in(name)
    sums = measured.sums.get(name)
    return {
        "examples": len(audited.splits.parts[name]),
        "examined": len(here),
        "origin": audited.splits.origins[name],
        "imbalance": imbalance(next(iter(audited.targets.values())).classes, name)
        if len(audited.targets) == 1
        else None,
        "unreadable": sum(file.split == name for file in audited.unreadable),
        "constant": int(measured.constant[here].sum()),
        "channels": [] if sums is None else describe_channels(sums),
        "nan": 0 if sums is None else sums.nan,
        "infinite": 0 if sums is None else sums.infinite,
    }


def _group(audited: Audited, group: Group) -> dict[str, Any]:
    return {
        "examples": [audited.example(number) for number in group.members],
        "labels_differ": group.labels_differ,
        "leak": group.is_leak,
    }
