"""What of a data set would spoil training, and what may."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from bigmodel_cli.audit.audited import Audited
from bigmodel_cli.audit.features import constant_features
from bigmodel_cli.audit.finding import NAMED, Finding, class_findings, count_of, errors_first, some_of
from bigmodel_cli.audit.groups import Group
from bigmodel_cli.audit.measured import short_name
from bigmodel_cli.sources.file_checks import SKIP_HINT


def find_all(audited: Audited) -> list[Finding]:
    """Everything that is to be said of the data, errors first."""
    finders: tuple[Callable[[Audited], Iterator[Finding]], ...] = (
        _unreadable,
        _leaks,
        _contradictions,
        _of_classes,
        _no_numbers,
        _copies,
        _constants,
        _faults,
        _outliers,
    )
    return errors_first(finder(audited) for finder in finders)


def _unreadable(audited: Audited) -> Iterator[Finding]:
    files = audited.unreadable
    if not files:
        return
    stops = audited.experiment.data.on_bad_file == "stop"
    message = f"{count_of(len(files), 'file')} cannot be read, the first: {files[0].name}: {files[0].reason}"
    hint = f"repair them, or remove them; {SKIP_HINT}" if stops else "they are left out of training"
    yield Finding("error" if stops else "warning", "unreadable", message, hint)


def _leaks(audited: Audited) -> Iterator[Finding]:
    hint = "remove the copies; what training sees says nothing about new examples"
    known: set[int] = set()
    for kind, groups, how in (
        ("leak", audited.exact, "in train too"),
        ("near_leak", audited.near, "nearly the same in train too"),
    ):
        leaks = [group for group in groups if group.is_leak]
        for split in ("validation", "test"):
            held_out = _members(audited, leaks, split) - known
            known |= held_out
            if held_out:
                first = min(held_out)
                group = next(group for group in leaks if first in group.members)
                twin = next(other for other in group.members if audited.measured.split_of(other) == "train")
                message = (
                    f"{count_of(len(held_out), 'example')} of {split} {_are(held_out)} {how}, the first: "
                )
                yield Finding("error", kind, message + _twins(audited, first, twin), hint)
    joined = [group for group in (*audited.exact, *audited.near) if group.joins_held_out]
    if joined:
        shared = _members(audited, joined, "validation")
        message = f"{count_of(len(shared), 'example')} of validation {_are(shared)} in test too, "
        first, twin = joined[0].members[0], joined[0].members[-1]
        yield Finding(
            "warning",
            "held_out_copies",
            f"{message}the first: {_twins(audited, first, twin)}",
            "remove the copies",
        )


def _members(audited: Audited, groups: Sequence[Group], split: str) -> set[int]:
    of_split = audited.measured.split_of
    return {number for group in groups for number in group.members if of_split(number) == split}


def _contradictions(audited: Audited) -> Iterator[Finding]:
    for target, labels in audited.targets.items():
        of_one = audited.of_one(target)
        exact = [group for group in audited.exact if target in group.differ]
        if exact and labels.facts.contradiction is not None:
            message = (
                f"{count_of(len(exact), 'example')} {_have(exact)} different labels{of_one}, the first: "
            )
            yield Finding(
                labels.facts.contradiction,
                "contradiction",
                message + _labelled(audited, exact[0], target),
                "decide for one label, or remove them",
            )
        known = {number for group in exact for number in group.members}
        near = [group for group in audited.near if target in group.differ and not known & set(group.members)]
        if near and labels.facts.tell_apart:
            message = f"{count_of(len(near), 'image')} nearly the same as one with another label{of_one}: "
            yield Finding(
                "warning",
                "near_contradiction",
                message + _labelled(audited, near[0], target),
                "look which label is right",
            )


def _of_classes(audited: Audited) -> Iterator[Finding]:
    for target, labels in audited.targets.items():
        data = audited.experiment.of_target(target).data
        yield from class_findings(labels.classes, list(audited.splits.parts), data, audited.of_one(target))


def _no_numbers(audited: Audited) -> Iterator[Finding]:
    counts: list[tuple[str, int, int]] = [
        (f"features of {split}", sums.nan, sums.infinite) for split, sums in audited.measured.sums.items()
    ]
    for target, labels in audited.targets.items():
        for split, outputs in (labels.spreads or {}).items():
            nan, infinite = (sum(output[key] for output in outputs) for key in ("nan", "infinite"))
            counts.append((f"labels{audited.of_one(target)} of {split}", nan, infinite))
    for where, nan, infinite in counts:
        if nan or infinite:
            message = f"the {where} have {nan:,} NaN and {infinite:,} infinite numbers"
            yield Finding("error", "no_number", message, "fill them in, or leave these examples out")


def _copies(audited: Audited) -> Iterator[Finding]:
    for kind, groups, how in (
        ("copies", audited.exact, "a copy of another one"),
        ("near_copies", audited.near, "nearly the same as another one"),
    ):
        for split in audited.splits.sizes:
            inside = [[n for n in group.members if audited.measured.split_of(n) == split] for group in groups]
            inside = [members for members in inside if len(members) > 1]
            if kind == "near_copies":
                inside = [
                    members for members in inside if len({audited.measured.digests[n] for n in members}) > 1
                ]
            count = sum(len(members) - 1 for members in inside)
            if count:
                first, twin = inside[0][:2]
                message = f"{count_of(count, 'example')} of {split} {_are(range(count))} {how}, the first: "
                hint = "remove them, unless they are to count more"
                yield Finding("warning", kind, message + _twins(audited, twin, first), hint)


def _constants(audited: Audited) -> Iterator[Finding]:
    kind, measured = audited.splits.signature.seen, audited.measured
    blank = np.flatnonzero(measured.constant) if kind.shape not in ((), (1,)) else np.zeros(0, int)
    if len(blank):
        names = some_of([audited.names[number] for number in blank[: NAMED + 1].tolist()], len(blank))
        message = f"{count_of(len(blank), kind.noun)} {_are(blank)} {audited.features.constant}: {names}"
        yield Finding("warning", "constant", message, "remove them, or find out what happened to them")
    if len(kind.shape) != 1 or "train" not in measured.sums:
        return
    features = constant_features(measured.sums["train"])
    if features and len(measured) > 1:
        numbers = some_of([str(feature) for feature in features])
        message = f"{count_of(len(features), 'feature')} {_are(features)} the same in all of train: {numbers}"
        yield Finding("warning", "constant_feature", message, "they say nothing; leave them out")


def _faults(audited: Audited) -> Iterator[Finding]:
    noun = audited.splits.signature.seen.noun
    for words, has in audited.measured.faults.items():
        found = np.flatnonzero(has)
        if len(found):
            names = some_of([audited.names[number] for number in found[: NAMED + 1].tolist()], len(found))
            message = f"{count_of(len(found), noun)} {_are(found)} {words}: {names}"
            yield Finding("warning", "fault", message, "listen to them; record them anew, or leave them out")


def _outliers(audited: Audited) -> Iterator[Finding]:
    for target, labels in audited.targets.items():
        for split, indices in labels.outliers.items():
            if not len(indices):
                continue
            part = audited.splits.parts[split]
            named = [
                f"{short_name(part, i)} ({np.round(labels.of_all[split][i], 6)})"
                for i in indices[: NAMED + 1].tolist()
            ]
            message = (
                f"{count_of(len(indices), 'label')}{audited.of_one(target)} of {split} {_are(indices)} far "
                f"outside of what is usual in train: {some_of(named, len(indices))}"
            )
            yield Finding("warning", "outlier", message, "look whether they are mistakes")


def _are(found: Sequence[Any] | set[int] | np.ndarray) -> str:
    return "is" if len(found) == 1 else "are"


def _have(found: Sequence[Any]) -> str:
    return "has" if len(found) == 1 else "have"


def _twins(audited: Audited, first: int, twin: int) -> str:
    return " and ".join(
        f"{audited.names[number]} ({audited.measured.split_of(number)})" for number in (first, twin)
    )


def _labelled(audited: Audited, group: Group, target: str) -> str:
    """The first member of a group, and the first one with another label."""
    of = audited.targets[target]
    labels = {number: of.facts.shown(of.of_measured[number]) for number in group.members}
    first = group.members[0]
    other = next(number for number in group.members if labels[number] != labels[first])
    return " and ".join(f"{audited.names[number]} ({labels[number]})" for number in (first, other))
