"""Where runs and searches are kept."""

from __future__ import annotations

import os
from pathlib import Path

RUNS_VARIABLE = "BIGMODEL_RUNS"
TUNES_VARIABLE = "BIGMODEL_TUNES"


def default_runs_dir() -> Path:
    """Where runs are kept: $BIGMODEL_RUNS, else `runs` in the current folder."""
    return Path(os.environ.get(RUNS_VARIABLE) or "runs")


def default_tunes_dir() -> Path:
    """Where searches are kept: $BIGMODEL_TUNES, else `tunes` in the current folder."""
    return Path(os.environ.get(TUNES_VARIABLE) or "tunes")
