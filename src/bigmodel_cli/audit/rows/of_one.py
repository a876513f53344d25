"""What is found of one column, or of one target, of a table."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bigmodel_cli.alone import alone
from bigmodel_cli.audit.rows.drift import drift
from bigmodel_cli.audit.rows.looked import Column, TargetFacts
from bigmodel_cli.audit.rows.spread import bars_of, by_split, mark_in, spread_of
from bigmodel_cli.kinds.profile import Profile, Seen
from bigmodel_cli.sources.base import Examples, SplitName
from bigmodel_cli.tasks.audit import Labels


@dataclass(frozen=True, eq=False)
class Learned:
    """Training rows from which it is learned what single columns tell.

    Attributes:
        rows: Which ones of all.
        columns: As they are there.
        seed: Which half of them is learned from.
    """

    rows: np.ndarray
    columns: dict[str, Seen]
    seed: int

    def having(self, known: np.ndarray) -> Learned:
        """Those of them that are among the rows which have a target."""
        chosen = np.flatnonzero(known[self.rows])
        return Learned(
            self.rows[chosen], {name: seen.take(chosen) for name, seen in self.columns.items()}, self.seed
        )


def look_at_column(
    seen: Seen,
    looked: Seen,
    profile: Profile,
    within: Mapping[str, np.ndarray],
    classes: Mapping[str, np.ndarray],
    missing: Mapping[str, np.ndarray],
) -> Column:
    """What is found of a column.

    Args:
        seen: Its values, of all splits.
        looked: Those of the rows by which columns are described.
        profile: Of its kind.
        within: The places of each split's rows among these.
        classes: Which of the training rows are of each class.
        missing: Whether it is missing, of all rows by split.
    """
    of_training = np.zeros(len(looked.missing), np.bool_)
    of_training[within["train"]] = True
    parts = by_split(looked, within)
    bars = bars_of(looked, profile, of_training)
    spreads = {split: spread_of(part, profile) for split, part in parts.items()}
    for split, gaps in missing.items():
        spreads[split] |= {"missing": int(gaps.sum()), "missing_share": round(float(gaps.mean()), 6)}
    numbers = parts["train"].numbers
    return Column(
        profile.kind,
        profile,
        spreads,
        {
            split: drift(parts["train"], part)
            for split, part in parts.items()
            if split != "train" and not seen.are_opaque
        },
        bars,
        {split: bars.counts(places) for split, places in within.items()},
        {label: bars.counts(within["train"][chosen]) for label, chosen in classes.items()},
        _digest(seen),
        None if numbers is None or seen.codes is not None else mark_in(numbers),
    )


def _digest(seen: Seen) -> bytes:
    """Columns of the same values have the same; names of categories count, their order does not."""
    digest = hashlib.sha256()
    for part in seen.whole:
        digest.update(np.ascontiguousarray(part).data)
    for name in seen.names if seen.codes is not None else ():
        digest.update(str(name).encode("utf-8", "surrogateescape") + b"\0")
    return digest.digest()


def look_at_target(
    labels: Labels,
    name: str,
    whole: Mapping[SplitName, Examples],
    looked: Mapping[SplitName, Examples],
    learned: Learned,
) -> TargetFacts:
    """What is found of a target, counted over all rows, and compared over those that are looked at."""
    seen = {str(split): labels.seen(part.labels_of(name)) for split, part in looked.items()}
    of_all = {split: part.labels_of(name) for split, part in whole.items()}
    train = seen["train"]
    drifts = {
        split: drift(train, part)
        for split, part in seen.items()
        if split != "train" and train is not None and part is not None
    }
    joined = np.concatenate([part.targets[name] for part in looked.values()])
    codes, missing = _codes(joined), {}
    if any(name in part.known for part in whole.values()):
        missing = {str(split): len(part) - len(of_all[split]) for split, part in whole.items()}
        known = np.concatenate(
            [np.isin(np.arange(len(part)), part.rows_of(name)) for part in looked.values()]
        )
        codes, learned = np.where(known, codes, -1), learned.having(known)
    return TargetFacts(
        labels,
        labels.classes(of_all),
        labels.spreads(of_all),
        {str(split): whole[split].rows_of(name)[found] for split, found in labels.outliers(of_all).items()},
        drifts,
        codes,
        alone(learned.columns, labels.seen(joined[learned.rows]), learned.seed),
        missing,
    )


def _codes(labels: np.ndarray) -> np.ndarray:
    if labels.ndim == 1 and labels.dtype.kind in "iub":
        return labels.astype(np.int64)
    if labels.dtype.kind == "O":
        labels = labels.astype(str)
    _, codes = np.unique(labels.reshape(len(labels), -1), axis=0, return_inverse=True)
    return codes.reshape(-1).astype(np.int64)
