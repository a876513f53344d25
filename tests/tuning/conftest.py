"""A search that several tests look at."""

from __future__ import annotations

import pytest
from searches import Done, search, write_config


@pytest.fixture(scope="session")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """A search of four trials that nothing interrupted."""
    parent = tmp_path_factory.mktemp("search")
    config = write_config(parent)
    journal, notes = search(config, parent / "tunes" / "small")
    return Done(config, parent / "tunes" / "small", journal, notes)
