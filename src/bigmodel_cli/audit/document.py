"""An audit as one JSON document, which the text and the page are made of too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bigmodel_cli.audit.audited import Audited
from bigmodel_cli.audit.features import describe_channels, describe_files, imbalance
from bigmodel_cli.audit.finding import Finding
from bigmodel_cli.audit.groups import Group
from bigmodel_cli.audit.measured import short_name
from bigmodel_cli.sources.base import SplitName

VERSION = 1


def make_document(audited: Audited, findings: Sequence[Finding]) -> dict[str, Any]:
    """All that was found; docs/data-audit.md describes it."""
    splits, measured = audited.splits, audited.measured
    kind, task = splits.signature.kind, splits.signature.task
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
            "labels": task.labels,
            **task.numbers,
            "examples": sum(splits.sizes.values()),
            "examined": len(measured),
            "sampled": audited.sampled,
        },
        "splits": {name: _split(audited, name) for name in splits.parts},
        "classes": audited.classes,
        "targets": audited.targets,
        "files": describe_files(measured, audited.names, kind),
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
            {"split": split, "name": short_name(audited.splits.parts[split], index), "label": label.tolist()}
            for split, indices in audited.outliers.items()
            for index, label in zip(
                indices.tolist(), audited.splits.parts[split].labels[indices], strict=True
            )
        ],
    }


def _split(audited: Audited, name: SplitName) -> dict[str, Any]:
    measured, here = audited.measured, audited.numbers_in(name)
    sums = measured.sums.get(name)
    return {
        "examples": len(audited.splits.parts[name]),
        "examined": len(here),
        "origin": audited.splits.origins[name],
        "imbalance": imbalance(audited.classes, name),
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
