"""A cross-validation that several tests look at."""

from __future__ import annotations

import pytest
from crossvals import Done, crossval, write_config

from bigmodel_cli.crossvalidation.folder import CrossvalFolder


@pytest.fixture(scope="session")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """Three folds that nothing interrupted."""
    parent = tmp_path_factory.mktemp("crossval")
    config = write_config(parent)
    results, notes = crossval(config, parent / "small")
    return Done(config, CrossvalFolder(parent / "small"), results, notes)
