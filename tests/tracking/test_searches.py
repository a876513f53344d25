"""What trackers get of a search."""

from __future__ import annotations

from pathlib import Path

import pytest
from searches import search, write_config

from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.tuning.folder import SearchFolder

pytestmark = [pytest.mark.tf, pytest.mark.slow]


def tags(run: RunFolder) -> set[str]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    return set(EventAccumulator(str(run.tracking / "tensorboard")).Reload().Tags()["scalars"])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_each_trial_arrives_and_of_the_best_one_its_test_score(tmp_path: Path) -> None:
    folder = tmp_path / "tunes" / "small"
    words = ("track=[tensorboard]", "tune.trials=2", "training.epochs=2")
    journal, _ = search(write_config(tmp_path), folder, *words)
    best = journal.ranked[0].number
    for number in journal.trials:
        found = tags(SearchFolder(folder).run(number))
        assert {"loss", "val_accuracy"} <= found
        assert ("test_accuracy" in found) == (number == best), "the test split is looked at once"
