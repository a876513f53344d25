"""The best trial becomes a whole run: evaluated on the test split, once, exported, drawn, reported."""

from __future__ import annotations

from typing import Any

from bigmodel_cli.reporting.report.page import write_report
from bigmodel_cli.run_folder import CHOSEN, COMPLETED, CONCLUDED, RunFolder, update_record
from bigmodel_cli.run_lock import record_files
from bigmodel_cli.tuning.folder import SearchFolder
from bigmodel_cli.tuning.journal import Journal
from bigmodel_cli.tuning.watcher import Watcher
from bigmodel_cli.workers.job import Job
from bigmodel_cli.workers.pool import Pool

_PATIENCE_SECONDS = 1.0


def chosen_of(journal: Journal) -> dict[str, Any]:
    """Of how many trials the best one was chosen, and by what, as its run.json has it."""
    assert journal.metric is not None
    trials = sum(trial.score is not None for trial in journal.trials.values())
    return {"trials": trials, "by": journal.metric.column}


def is_concluded(run: RunFolder) -> bool:
    """Whether a trial was evaluated, exported and drawn."""
    record = run.read_record()
    return record["status"] == COMPLETED and bool(record.get(CONCLUDED))


def conclude_best(
    folder: SearchFolder, journal: Journal, pool: Pool, watcher: Watcher, *, offline: bool = False
) -> None:
    """Evaluate the best trial on the test split, export it and write its report; no other trial ever is.

    What was done before is not done again. Where it fails, the record of the run says why.

    Args:
        folder: Of the search.
        journal: Its trials, which have all ended.
        pool: Whose workers have nothing to do.
        watcher: Is told how it goes.
        offline: No download may be made.
    """
    if not journal.ranked:
        return
    best = journal.ranked[0]
    run, chosen = folder.run(best.number), chosen_of(journal)
    is_new = run.read_record().get(CHOSEN) != chosen
    if is_new:
        update_record(run, {CHOSEN: chosen})
    if is_concluded(run):
        if is_new:
            # It is the best of more trials by now.
            write_report(run)
            record_files(run, [run.report])
        return
    watcher.concluding(best)
    pool.submit(Job(best.number, str(run.config), str(run.path), is_trial=False, offline=offline))
    while pool.jobs:
        for told in pool.told(_PATIENCE_SECONDS):
            watcher.told(best, told)
