"""A small catalogue of items and users, as a run keeps it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bigmodel_cli.interactions import Had
from bigmodel_cli.recommending.catalogue import Catalogue, write_catalogue
from bigmodel_cli.recommending.columns import Column
from bigmodel_cli.recommending.names import Names
from bigmodel_cli.run_folder import COMPLETED, RunFolder, update_record

ITEMS, USERS = 30, 12


def small_catalogue() -> Catalogue:
    """Users' vectors follow from the mean of their items'; the last one had all items."""
    rng = np.random.default_rng(4)
    items = rng.standard_normal((ITEMS, 5)).astype(np.float32)
    pairs = [(user, item) for user in range(USERS) for item in rng.choice(ITEMS, 6, replace=False)]
    pairs += [(USERS - 1, item) for item in range(ITEMS)]
    users, of_items = np.array(pairs).T
    had = Had.of(users, of_items, USERS, ITEMS)
    means = np.stack([items[had[user]].mean(axis=0) for user in range(USERS)])
    return Catalogue(
        user_column="user",
        item_column="film",
        items=Names.of([f"i{number}" for number in range(ITEMS)]),
        item_vectors=items,
        prior=rng.standard_normal(ITEMS).astype(np.float32),
        counts=np.bincount(of_items, minlength=ITEMS),
        users=Names.of([f"u{number}" for number in range(USERS)]),
        user_vectors=(means @ rng.standard_normal((5, 5)) + 1).astype(np.float32),
        had=had,
        columns={
            "genres": Column.of(["Drama|War", "Comedy", ""], np.arange(ITEMS) % 3, lambda t: t.split("|")),
            "year": Column.of(["1999", "2010"], np.arange(ITEMS) % 2),
        },
    )


def catalogue_run(path: Path) -> RunFolder:
    """A folder of a run that keeps it."""
    path.mkdir(parents=True)
    run = RunFolder(path)
    update_record(run, {"status": COMPLETED, "id": "1"})
    write_catalogue(run, small_catalogue())
    return run
