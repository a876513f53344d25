"""Columns that tell the target on their own: a model that learns from them is good for nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from bigmodel_cli.alone import alone
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.cut import cut
from bigmodel_cli.kinds.profile import Profile, Seen
from bigmodel_cli.parts import part_of
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.sources.tables.names import shown
from bigmodel_cli.tasks.audit import Labels

# Cells that are looked at, so that it takes a moment, and of how many rows at least and at most.
_MAX_CELLS = 200_000
_ROWS = (500, 20_000)
_LETTERS = 100
_NAMED = 3


def warn_of_giveaways(experiment: Experiment, splits: Splits, warn: Callable[[str], None]) -> None:
    """Say which columns give the target away, but for those that the config names: they are meant.

    Args:
        experiment: A config.
        splits: Its data; where an example is one value alone, nothing is said.
        warn: Is told a sentence for each target that has such columns.
    """
    signature = splits.signature
    if not signature.kind.is_composed:
        return
    named = experiment.data.source.options.named_columns
    columns = {name: kind for name, kind in signature.given.items() if name not in named}
    if not columns:
        return
    seed = experiment.seed
    count = int(np.clip(_MAX_CELLS // len(columns), *_ROWS))
    # In an order of chance: one half is learnt from, the other one tried.
    chosen = np.random.default_rng(seed).permutation(len(splits.train))[:count]
    rows = splits.train.take(chosen)
    profiles = {name: part_of(kind, Profile) for name, kind in columns.items()}
    seen = {name: profile.seen([rows.inputs[name]]) for name, profile in profiles.items()}
    looked = {name: one for name, one in seen.items() if not one.are_opaque}
    for target, task in signature.targets.items():
        there = rows.rows_of(target)
        labels = part_of(task, Labels).seen(rows.targets[target][there])
        _warn_of(target, {name: one.take(there) for name, one in looked.items()}, labels, seed, warn)


def _warn_of(
    target: str, columns: Mapping[str, Seen], labels: Seen | None, seed: int, warn: Callable[[str], None]
) -> None:
    found = [one for one in alone(columns, labels, seed).values() if one.reason]
    found.sort(key=lambda one: -one.explained)
    if found:
        told = ", ".join(f"{shown(one.column)} ({cut(one.reason, _LETTERS)})" for one in found[:_NAMED])
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        warn(
            f"given away: {shown(target)} by {told}{more}; if nobody knows that when a prediction is made, "
            f"write columns: {{{shown(found[0].column)}: ignore}}, else name its kind"
        )
