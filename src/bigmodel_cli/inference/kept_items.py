"""What a run keeps of its items and users, so that who recommends needs no model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast

import numpy as np

from bigmodel_cli.inference.catalogue import latest, vectors_of_latest
from bigmodel_cli.kinds.row.blocks.columns import Written
from bigmodel_cli.kinds.row.kind import RowKind
from bigmodel_cli.kinds.set.cells import words_of
from bigmodel_cli.known_items import KnownItems
from bigmodel_cli.modeling.towers import sides
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.recommending.catalogue import Catalogue, open_catalogue, write_catalogue
from bigmodel_cli.recommending.columns import Column
from bigmodel_cli.recommending.names import Names
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.tables.joined import Keyed, canonical
from bigmodel_cli.sources.tables.lists import items_of
from bigmodel_cli.tasks.retrieval.task import Retrieval


def keep_items(
    run: RunFolder,
    signature: Signature,
    model: Any,
    splits: Splits,
    written: Callable[[], Mapping[str, Any] | None],
) -> None:
    """Write the catalogue of a run that finds items; of others nothing.

    Args:
        run: Its folder.
        signature: As `with_items` gives it.
        model: From raw features to outputs.
        splits: Those that it was trained on: a user is as right behind the latest row.
        written: Says how rows are written, with the tables that are joined to them.
    """
    if not signature.finds_items:
        return
    ((name, task),) = cast(Mapping[str, Retrieval], signature.targets).items()
    known, of_user = task.known, sides(model)[0]
    assert known is not None and known.vectors is not None, "what was evaluated has vectors"
    found = splits.train.sought[name]
    last = latest(found["user"], len(known.users), found["time"])
    rows_written = Written.of(written(), cast(RowKind, signature.kind))
    columns: dict[str, Column] = {}
    for keyed in rows_written.joined_by(name):
        columns |= columns_of(keyed, known.items, rows_written, signature)
    write_catalogue(
        run,
        Catalogue(
            user_column=task.user,
            item_column=name,
            items=Names.of(list(known.items)),
            item_vectors=known.vectors,
            prior=np.zeros(len(known.items), np.float32) if known.prior is None else known.prior,
            counts=known.counts,
            users=Names.of(list(known.users)),
            user_vectors=vectors_of_latest(of_user, splits.train, signature, last, later=True),
            had=known.had,
            columns=columns,
            leaves_out_seen=task.leaves_out,
        ),
    )


def columns_of(
    keyed: Keyed, items: Iterable[str], written: Written, signature: Signature
) -> dict[str, Column]:
    """What a joined table says of items, in words; of a column of sets, or of lists, each word by itself.

    Args:
        keyed: The table.
        items: Their names.
        written: Says what the run's config calls its columns.
        signature: Says which of them are sets.
    """
    rows = np.array([keyed.place_of.get(canonical(item), -1) for item in items], np.int64)
    found = {}
    for there, cells in keyed.columns.items():
        texts, places = cells.taken(rows).encoded()
        name = written.here(there)
        separator = getattr(signature.inputs.get(name), "separator", None)
        split: Callable[[str], Sequence[str]] | None = None
        if there in keyed.lists:
            split = items_of
        elif separator is not None:
            split = partial(words_of, separator=separator)
        found[name] = Column.of(texts, np.array([*places], np.int64), split)
    return found


def with_kept(signature: Signature, run: RunFolder) -> Signature:
    """The same whose tasks that find items know what the run keeps of them.

    Raises:
        DataError: If that is damaged.
    """
    kept = open_catalogue(run)
    known = KnownItems(
        kept.items, kept.users, kept.had, kept.counts, vectors=kept.item_vectors, prior=kept.prior
    )
    targets = {
        name: replace(cast(Retrieval, task), known=known) if task.finds_items else task
        for name, task in signature.targets.items()
    }
    return replace(signature, targets=targets)
