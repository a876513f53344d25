"""What training has come to, before anything is made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bigmodel_cli.config.compress import Compress
from bigmodel_cli.modeling.build import BuiltModel
from bigmodel_cli.pipeline.bad_files import SkippedFiles
from bigmodel_cli.pipeline.cache_choice import CacheChoice
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.sources.base import Examples, SplitName
from bigmodel_cli.stopped import Stopped
from bigmodel_cli.training.state import Row
from bigmodel_cli.training.trace import Trace


@dataclass(frozen=True)
class Trained:
    """What training has come to.

    Attributes:
        built: The model as the last step left it.
        splits: Its data.
        cache: Where something is kept of the examples.
        rows: Of metrics.csv, one for each complete epoch.
        best: Epoch, monitor and value of the best checkpoint.
        stopped: What ended training before its last epoch; None where nothing did.
        replicas: Of the model, that trained together.
        seconds: Of the run's earlier sessions.
        skipped: Training files that turned out to be bad; None where they are an error.
        trace: Of some training steps, which has ended; None where nobody wanted one.
        compress: What made the model smaller meanwhile; None: nothing.
        fronts: By split, what the layers that do not learn give for examples; None where that was not kept.
    """

    built: BuiltModel
    splits: Splits
    cache: CacheChoice
    rows: Sequence[Row]
    best: Mapping[str, Any]
    stopped: Stopped | None
    replicas: int
    seconds: float
    skipped: SkippedFiles | None = None
    trace: Trace | None = None
    fronts: Mapping[SplitName, Examples] | None = None
    compress: Compress | None = None

    @property
    def best_epoch(self) -> int | None:
        """That of the best checkpoint."""
        return self.best.get("epoch")

    @property
    def best_row(self) -> Row:
        """The metrics of that epoch; nothing of a model that was trained elsewhere."""
        return next((row for row in self.rows if row["epoch"] == self.best_epoch), {})

    @property
    def throughput(self) -> dict[str, float]:
        """The median of the epochs' examples per second, in all and for each device."""
        if not self.rows:
            return {}
        # The first epoch also compiles.
        rate = median(row["examples_per_second"] for row in self.rows[1:] or self.rows)
        return {"examples_per_second": round(rate, 3), "per_device": round(rate / self.replicas, 3)}
