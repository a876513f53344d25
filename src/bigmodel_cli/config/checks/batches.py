"""The batch size against the size of the data."""

from __future__ import annotations

from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.facts import epoch_size
from bigmodel_cli.config.schema import Experiment


def check(experiment: Experiment, report: Report) -> None:
    """There is more than one batch."""
    examples = epoch_size(experiment, report.facts)
    batch_size = experiment.data.batch_size
    if examples is not None and batch_size != "auto" and batch_size > examples:
        report.warning(
            ("data", "batch_size"),
            f"a batch of {batch_size:,} is larger than the training split ({examples:,} examples): "
            "an epoch is one step",
            f"write a smaller number, for instance batch_size: {max(1, examples // 20)}",
        )
