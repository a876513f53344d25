"""What a run's folder has of a model that was adopted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bigmodel_cli.config.load import LoadedConfig
from bigmodel_cli.csv_rows import csv_row
from bigmodel_cli.errors import BigmodelError, Interrupted, ResourceError
from bigmodel_cli.metrics_file import FIRST_COLUMNS
from bigmodel_cli.modeling.build import BuiltModel
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.run_files import CHECKPOINT, CHECKPOINT_RUN, PREVIOUS
from bigmodel_cli.run_folder import ADOPTED, AUTO, BEST, RUN_ID, RunFolder
from bigmodel_cli.training.plan import ExecutionPlan
from bigmodel_cli.training.record import begin_session, data_record, end_session, first_facts
from bigmodel_cli.training.settled import Settled
from bigmodel_cli.training.stopwatch import Stopwatch
from bigmodel_cli.whole_files import sha256_of, whole_place, write_sealed, write_text


@dataclass(frozen=True)
class Adopted:
    """A model from elsewhere with its data.

    Attributes:
        settled: The config.
        splits: Its data.
        plan: How it is evaluated.
        built: The model.
        sha256: Of the file that it is from.
    """

    settled: Settled
    splits: Splits
    plan: ExecutionPlan
    built: BuiltModel
    sha256: str


@contextmanager
def recorded(
    run: RunFolder, adopted: Adopted, config: LoadedConfig, file: Path, watch: Stopwatch
) -> Iterator[None]:
    """Begin a run's record, and keep in it how that ended where something goes wrong inside the block."""
    write_text(run.source_config, config.path.read_text("utf-8"))
    write_text(run.metrics, csv_row([*FIRST_COLUMNS, *adopted.built.tasks.names]))
    begin_session(
        run,
        adopted,
        reached=f"{file}",
        overrides=config.overrides,
        changes={
            **first_facts(adopted, config, run.source_config),
            AUTO: [],
            "parent": None,
            ADOPTED: {"file": str(file.absolute()), "bytes": file.stat().st_size, "sha256": adopted.sha256},
            **data_record(adopted.splits),
        },
    )
    try:
        yield
    except BaseException as error:
        message = error.message if isinstance(error, BigmodelError | Interrupted) else repr(error)
        status = "interrupted" if isinstance(error, Interrupted | KeyboardInterrupt) else "failed"
        with suppress(ResourceError):
            end_session(run, status, watch.total, {"error": message, "epochs": 0}, watch.as_json())
        raise


def keep_model(run: RunFolder, model: Any) -> None:
    """Save a model as the best checkpoint of a run, with the file that vouches for it."""
    path = run.checkpoint(BEST)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_place(path) as temporary:
        model.save(temporary)
        entry: dict[str, Any] = {"epoch": 0, "step": 0, "monitor": None, "value": None, "iterations": 0}
        entry |= {"bytes": temporary.stat().st_size, "sha256": sha256_of(temporary)}
        entry |= {CHECKPOINT: BEST, CHECKPOINT_RUN: run.read_record().get(RUN_ID), PREVIOUS: None}
        write_sealed(run.checkpoint_state(BEST), entry)
