"""The best trial becomes a whole run: evaluated on the test split, once, exported, drawn, reported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bigmodel_cli.config.dump import to_flow
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.reporting.report.page import write_report
from bigmodel_cli.run_folder import CHOSEN, COMPLETED, CONCLUDED, RunFolder, update_record
from bigmodel_cli.run_lock import record_files
from bigmodel_cli.tuning.folder import SearchFolder
from bigmodel_cli.tuning.journal import Journal
from bigmodel_cli.tuning.watcher import Watcher
from bigmodel_cli.workers.failing import why_failed
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
    folder: SearchFolder,
    journal: Journal,
    gates: Mapping[str, str],
    pool: Pool,
    watcher: Watcher,
    *,
    offline: bool = False,
) -> None:
    """Evaluate the best trial on the test split, export it and write its report; no other trial ever is.

    What was done before is not done again, unless something else is expected of it now. Where it fails, the
    record of the run says why.

    Args:
        folder: Of the search.
        journal: Its trials, which have all ended.
        gates: What the config expects, whatever it did when the trial began.
        pool: Whose workers have nothing to do.
        watcher: Is told how it goes.
        offline: No download may be made.
    """
    if not journal.ranked:
        return
    best = journal.ranked[0]
    run, chosen = folder.run(best.number), chosen_of(journal)
    words = _words(run, gates)
    is_new = run.read_record().get(CHOSEN) != chosen
    if is_new:
        update_record(run, {CHOSEN: chosen})
    if is_concluded(run) and words:
        update_record(run, {CONCLUDED: False})
    if is_concluded(run):
        if is_new:
            # It is the best of more trials by now.
            write_report(run)
            record_files(run, [run.report])
        return
    watcher.concluding(best)
    job = Job(best.number, str(run.config), str(run.path), words, is_trial=False, offline=offline)
    pool.submit(job)
    while pool.jobs:
        for told in pool.told(_PATIENCE_SECONDS):
            watcher.told(best, told)
            if (reason := why_failed(told)) is not None:
                # The run itself knows nothing of what came before its session, or ended its process.
                update_record(run, {"error": reason})


def _words(run: RunFolder, gates: Mapping[str, str]) -> tuple[str, ...]:
    """What a run is gone on with, so that it is asked for what is expected now."""
    expected = read_config(run.config, was_trained=True).experiment.expect
    return () if expected == gates else (f"expect={to_flow(gates)}",)
