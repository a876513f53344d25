"""Folders of runs that trackers are sent."""

from __future__ import annotations

from pathlib import Path

import pytest
from tracked_runs import begin_run, complete, train

from bigmodel_cli.run_folder import RunFolder


@pytest.fixture
def finished(tmp_path: Path) -> RunFolder:
    """A complete run of five epochs."""
    run = begin_run(tmp_path / "small" / "one")
    train(run, range(1, 6))
    complete(run)
    return run
