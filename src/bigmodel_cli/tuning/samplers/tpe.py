"""By what earlier trials came to: the tree-structured Parzen estimator of Optuna (Bergstra et al. 2011)."""

from __future__ import annotations

import warnings
from functools import partial
from hashlib import blake2b

from bigmodel_cli.config.space import Point, Space
from bigmodel_cli.errors import UsageError
from bigmodel_cli.tuning.journal import Journal
from bigmodel_cli.tuning.studies import EXTRA_HINT, has_optuna, optuna, study_of, suggest

# So many trials are drawn at random first.
_FIRST_AT_RANDOM = 10


class TPESampler:
    """Draws where good trials are dense and bad ones are not, trials that are running counted as bad.

    Args:
        space: What is searched.
        seed: Of the config.

    Raises:
        UsageError: If Optuna is not installed.
    """

    def __init__(self, space: Space, seed: int) -> None:
        if not has_optuna():
            raise UsageError(
                "tune.search: tpe needs the package optuna, which is not installed", hint=EXTRA_HINT
            )
        self._space, self._seed = space, seed

    def draw(self, number: int, journal: Journal) -> Point | None:
        own = int.from_bytes(blake2b(f"{self._seed}/{number}".encode(), digest_size=4).digest(), "big")
        with warnings.catch_warnings():
            # That `group` is experimental.
            warnings.simplefilter("ignore")
            sampler = optuna().samplers.TPESampler(
                seed=own, n_startup_trials=_FIRST_AT_RANDOM, multivariate=True, group=True, constant_liar=True
            )
            trial = study_of(journal, self._space, sampler).ask()
            return self._space.draw(partial(suggest, trial))
