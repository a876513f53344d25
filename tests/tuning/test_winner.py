"""The best trial of a search, where it cannot be concluded: the run keeps why."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from searches import CONFIG, Notes

from bigmodel_cli.run_folder import update_record
from bigmodel_cli.tuning.folder import SearchFolder
from bigmodel_cli.tuning.winner import conclude_best
from bigmodel_cli.workers.job import Job, Told


class Failing:
    """A pool whose one worker comes to nothing."""

    def __init__(self, what: str, **values: Any) -> None:
        self.jobs: list[Job] = []
        self._what, self._values = what, values

    def submit(self, job: Job) -> None:
        self.jobs.append(job)

    def told(self, _seconds: float) -> Sequence[Told]:
        job = self.jobs.pop()
        return [Told(job.number, "said", {"message": "reading"}), Told(job.number, self._what, self._values)]


@pytest.mark.parametrize(
    ("pool", "reason"),
    [
        (Failing("failed", kind="DataError", message="rows.csv: No such file"), "rows.csv: No such file"),
        (
            Failing("died", status=-9),
            "its process ended with status -9 (killed, as Linux does where memory runs out)",
        ),
        (Failing("interrupted"), "a signal ended its process"),
    ],
)
def test_why_it_was_not_evaluated_is_kept(tmp_path: Path, pool: Any, reason: str) -> None:
    folder = SearchFolder(tmp_path / "some")
    run = folder.run(3)
    run.path.mkdir(parents=True)
    run.config.write_text(CONFIG.partition("tune:")[0])
    update_record(run, {"status": "completed", "concluded": False})
    best = SimpleNamespace(number=3, score=0.9)
    metric = SimpleNamespace(column="val_accuracy")
    journal: Any = SimpleNamespace(ranked=[best], trials={3: best}, metric=metric)
    conclude_best(folder, journal, {}, pool, Notes())
    record = run.read_record()
    assert record["error"] == reason
    assert record["chosen"] == {"trials": 1, "by": "val_accuracy"}
