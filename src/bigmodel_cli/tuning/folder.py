"""The folder of a search: `tunes/<name>/`, and what is in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.run_search import SEARCH_RECORD


@dataclass(frozen=True)
class SearchFolder:
    """The folder of a search.

    Attributes:
        path: Where it is.
    """

    path: Path

    @property
    def record(self) -> Path:
        """What is searched: the config as it was read, the space, the seed."""
        return self.path / SEARCH_RECORD

    @property
    def journal(self) -> Path:
        """What happened, an event in a line."""
        return self.path / "journal.jsonl"

    @property
    def code(self) -> Path:
        """Copies of the Python files that its config names."""
        return self.path / "code"

    @property
    def lock(self) -> Path:
        """Held by the process that searches."""
        return self.path / ".lock"

    @property
    def log(self) -> Path:
        """What libraries print in workers."""
        return self.path / "workers.log"

    @property
    def best(self) -> Path:
        """The config of the best trial."""
        return self.path / "best.yaml"

    @property
    def page(self) -> Path:
        return self.path / "search.html"

    def config(self, number: int) -> Path:
        """The config of a trial."""
        return self.path / "configs" / f"{number:04d}.yaml"

    def run(self, number: int) -> RunFolder:
        """The run of a trial."""
        return RunFolder(self.path / "trials" / f"{number:04d}")
