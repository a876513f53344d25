"""The batch size against the size of the data, and lengths of batches against what is in them."""

from __future__ import annotations

from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.facts import DataFacts, epoch_size
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.parts import class_called


def check(experiment: Experiment, report: Report) -> None:
    """There is more than one batch, and lengths are those of texts."""
    examples = epoch_size(experiment, report.facts)
    batch_size = experiment.data.batch_size
    if examples is not None and batch_size != "auto" and batch_size > examples:
        report.warning(
            ("data", "batch_size"),
            f"a batch of {batch_size:,} is larger than the training split ({examples:,} examples): "
            "an epoch is one step",
            f"write a smaller number, for instance batch_size: {max(1, examples // 20)}",
        )
    asked = experiment.data.length_buckets
    if asked not in ("auto", 1) and not _may_have_texts(report.facts):
        message = f"length_buckets is for texts, and {experiment.data.source.name} has none"
        report.error(("data", "length_buckets"), message, "remove it")


def _may_have_texts(facts: DataFacts) -> bool:
    """Whether a column may be one of texts, as far as is known."""
    if facts.columns is None:
        return not facts.has_files
    kinds: list[type[Kind]] = [
        class_called("kinds", name, "kind", Kind.__name__) for name in facts.columns.values() if name
    ]
    is_known = facts.has_all_columns and len(kinds) == len(facts.columns)
    return not is_known or any(kind.may_be_padded for kind in kinds)
