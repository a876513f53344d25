"""Where runs are kept."""

from __future__ import annotations

import os
from pathlib import Path

RUNS_VARIABLE = "BIGMODEL_RUNS"


def default_runs_dir() -> Path:
    """Where runs are kept: $BIGMODEL_RUNS, else `runs` in the current folder."""
    return Path(os.environ.get(RUNS_VARIABLE) or "runs")
