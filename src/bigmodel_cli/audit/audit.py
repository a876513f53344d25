"""The audit of a data set before training: load it, look at every example once, say what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bigmodel_cli.audit.audited import Audited, TargetLabels
from bigmodel_cli.audit.document import make_document
from bigmodel_cli.audit.finding import Finding, errors_first
from bigmodel_cli.audit.findings import find_all
from bigmodel_cli.audit.groups import exact_groups, near_groups, representatives
from bigmodel_cli.audit.label_problems import LABEL_PROBLEMS, label_findings, suspects_in
from bigmodel_cli.audit.measured import Measured, Unreadable, measure
from bigmodel_cli.audit.near import Search, find_pairs
from bigmodel_cli.audit.rows import document as of_rows
from bigmodel_cli.audit.rows import findings as found_in_rows
from bigmodel_cli.audit.rows.look import look
from bigmodel_cli.audit.rows.looked import LookedTable
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.errors import DataError
from bigmodel_cli.inference.run_data import load_context
from bigmodel_cli.listener import Listener
from bigmodel_cli.pipeline.splits import Splits, split_source
from bigmodel_cli.sources.base import SplitName
from bigmodel_cli.tasks.audit import BySplit


@dataclass(frozen=True, eq=False)
class Audit:
    """What was found of a data set.

    Attributes:
        audited: All of it: examples one by one, or a table.
        findings: What is to be said of it, errors first.
        document: The same for machines.
    """

    audited: Audited | LookedTable
    findings: Sequence[Finding]
    document: dict[str, Any]

    def require_good(self, *, strict: bool) -> None:
        """Fail where the data would spoil training.

        Args:
            strict: Whether what only may spoil it counts too.

        Raises:
            DataError: If it would; names the first finding.
        """
        bad = [finding for finding in self.findings if strict or finding.severity == "error"]
        if bad:
            more = f" ({len(bad)} findings in all)" if len(bad) > 1 else ""
            raise DataError(f"the data is not fit for training: {bad[0].message}{more}", hint=bad[0].hint)


def audit(
    experiment: Experiment,
    listener: Listener,
    *,
    max_examples: int | None = None,
    offline: bool = False,
    label_problems: Sequence[Mapping[str, Any]] | None = None,
) -> Audit:
    """Look at all examples of a config's data, as its splits are cut for training.

    Args:
        experiment: The config.
        listener: Is told how it goes.
        max_examples: Look at so many of them only, by the seed; labels are still counted in full.
        offline: No download may be made.
        label_problems: What a run or a cross-validation has found of wrong labels, as
            label_problems_<split>.json has it; None: nobody was asked.

    Raises:
        DataError: If the data is missing, or so damaged that no splits can be made.
    """
    loaded = _load(experiment, listener, offline=offline)
    chosen = _chosen(loaded.splits, max_examples, experiment.seed)
    of_kind = _audit_rows if loaded.splits.signature.seen.is_composed else _audit_alone
    found = of_kind(experiment, loaded, chosen, listener)
    return found if label_problems is None else _with_label_problems(found, label_problems, loaded.splits)


def _with_label_problems(found: Audit, documents: Sequence[Mapping[str, Any]], splits: Splits) -> Audit:
    """An audit that says, too, which labels may be wrong."""
    suspects = suspects_in(documents, splits)
    findings = errors_first([found.findings, label_findings(documents, len(suspects))])
    document = {
        **found.document,
        "findings": [finding.as_json() for finding in findings],
        LABEL_PROBLEMS: suspects,
    }
    return replace(found, findings=findings, document=document)


def _audit_rows(
    experiment: Experiment, loaded: _Loaded, chosen: Mapping[SplitName, np.ndarray], listener: Listener
) -> Audit:
    """The audit of examples that are several columns."""
    splits = loaded.splits
    parts = {name: part.take(chosen[name]) for name, part in splits.parts.items()}
    table = look(
        experiment, replace(splits, parts=parts), splits.parts, loaded.left_out_columns, listener.download
    )
    findings = found_in_rows.find_all(table)
    return Audit(table, findings, of_rows.make_document(table, findings))


def _audit_alone(
    experiment: Experiment, loaded: _Loaded, chosen: Mapping[SplitName, np.ndarray], listener: Listener
) -> Audit:
    """The audit of examples that are one value each."""
    splits, unreadable = loaded.splits, loaded.unreadable
    for part in splits.parts.values():
        for name, known in part.known.items():
            raise DataError(
                f"{part.place(int(known.argmin()))}, {name}: no target; the audit of examples of one "
                f"{splits.signature.seen.noun} looks at labels that all of them have",
                hint="write missing_target: drop to look at the others",
            )
    measured, of_all = measure(splits, chosen, listener.download), _labels(splits)
    if not len(measured):
        first = measured.unreadable[0]
        raise DataError(f"no example can be read, the first: {first.name}: {first.reason}")
    targets = {
        name: TargetLabels.of(task, of_all[name], measured) for name, task in splits.signature.targets.items()
    }
    labels = {name: of.of_measured for name, of in targets.items()}
    exact = exact_groups(measured, labels)
    kept = representatives(measured, exact)
    search = _search(splits, measured, kept, listener)
    audited = Audited(
        experiment,
        splits,
        measured,
        targets,
        sum(map(len, chosen.values())) < sum(splits.sizes.values()),
        [*unreadable, *measured.unreadable],
        exact,
        search,
        near_groups(search.pairs, exact, measured, labels),
    )
    findings = find_all(audited)
    return Audit(audited, findings, make_document(audited, findings))


def _labels(splits: Splits) -> dict[str, BySplit]:
    """Of all examples, by target and split."""
    return {
        target: {split: part.targets[target] for split, part in splits.parts.items()}
        for target in splits.signature.targets
    }


@dataclass(frozen=True, eq=False)
class _Loaded:
    """Data as training cuts it.

    Attributes:
        splits: Without files whose headers are broken, whatever training does with them.
        unreadable: These.
        left_out_columns: Columns from which nothing can be learned, and why.
    """

    splits: Splits
    unreadable: list[Unreadable]
    left_out_columns: Mapping[str, str]


def _load(experiment: Experiment, listener: Listener, *, offline: bool) -> _Loaded:
    unreadable: list[Unreadable] = []
    columns: dict[str, str] = {}

    def leave_out(split: SplitName, name: str, problem: DataError) -> None:
        unreadable.append(Unreadable.of(split, name, problem))

    context = load_context(experiment, listener, offline=offline)
    context = replace(context, skip_bad_files=True, left_out=leave_out, column_left_out=columns.__setitem__)
    data = experiment.data
    source = data.source.options.load(context)
    splits = split_source(source, data, experiment.seed, listener.warn)
    return _Loaded(splits, unreadable, columns)


def _chosen(splits: Splits, max_examples: int | None, seed: int) -> Mapping[SplitName, np.ndarray]:
    """Which examples are looked at, by split: all, or each split's share of a sample."""
    total = sum(splits.sizes.values())
    if max_examples is None or max_examples >= total:
        return {name: np.arange(len(part)) for name, part in splits.parts.items()}
    random = np.random.default_rng(seed)
    chosen: dict[SplitName, np.ndarray] = {}
    for name, part in splits.parts.items():
        count = max(1, round(max_examples * len(part) / total))
        chosen[name] = np.sort(random.choice(len(part), count, replace=False))
    return chosen


def _search(splits: Splits, measured: Measured, kept: np.ndarray, listener: Listener) -> Search:
    """Pairs of images that show the same, among those that are no exact copies."""
    if measured.thumbs is None:
        return Search((), 0, complete=True, threshold=None)
    shape = splits.signature.seen.shape
    # What is no picture itself has as many pixels as it is compared by.
    side = min(shape[:2] if len(shape) > 1 else measured.thumbs.shape[1:])
    found = find_pairs(measured.thumbs[kept], side, listener.download)
    pairs = [
        replace(pair, first=int(kept[pair.first]), second=int(kept[pair.second])) for pair in found.pairs
    ]
    return replace(found, pairs=pairs)
