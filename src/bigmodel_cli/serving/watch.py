"""New versions of runs, taken up while the ones before go on answering."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from bigmodel_cli.errors import BigmodelError
from bigmodel_cli.inference.opened import open_folder
from bigmodel_cli.run_search import find_run
from bigmodel_cli.serving.served import Served, serve_run
from bigmodel_cli.serving.serving import Serving
from bigmodel_cli.serving.start import Wanted, described

_SECONDS = 2.0


class Watcher:
    """Looks for newer completed runs of some names.

    Args:
        serving: What is served.
        wanted: The names, and how they are served.
        warn: Is told of a run that cannot be served.
        say: Is told of each new version.
    """

    def __init__(
        self, serving: Serving, wanted: Wanted, warn: Callable[[str], None], say: Callable[[str], None]
    ) -> None:
        self._serving, self._wanted = serving, wanted
        self._warn, self._say = warn, say
        self._refused: set[Path] = set()

    async def run(self) -> None:
        """Look every two seconds, until it is cancelled."""
        while True:
            await asyncio.sleep(_SECONDS)
            for name in self._wanted.watched:
                found = await asyncio.to_thread(self._newer, name)
                if found is not None:
                    self._say(described(found))
                    await self._serving.replace(name, found)

    def _newer(self, name: str) -> Served | None:
        """The newest run of a name, loaded and warm; None where it is served already, or cannot be."""
        before = self._serving.models[name].opened.folder
        try:
            folder = find_run(name, self._wanted.runs_dir)
        except BigmodelError:
            # It was removed; what is loaded goes on.
            return None
        if folder.path == before.path or folder.path in self._refused:
            return None
        try:
            opened = open_folder(folder)
            return serve_run(name, opened, self._wanted.engine, self._warn, trust=self._wanted.trust)
        except Exception as error:
            # Whatever is wrong with a new run, the one before goes on; it is said once.
            reason = error.message if isinstance(error, BigmodelError) else f"{type(error).__name__}: {error}"
            self._refused.add(folder.path)
            self._warn(f"{name}: {reason}; {before.title} is served on")
            return None
