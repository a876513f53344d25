"""The runs that are to be served, found and loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bigmodel_cli.errors import UsageError
from bigmodel_cli.inference.opened import open_folder
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.run_search import find_run
from bigmodel_cli.serving.served import Served, serve_run


@dataclass(frozen=True)
class Wanted:
    """What is to be served.

    Attributes:
        words: Runs, each with or without a name before it: `people=runs/adult/…`.
        watched: Names whose newest run is served.
        runs_dir: Where runs are kept.
        engine: What computes, as `open_engines` has it.
        trust: Load a Keras model even if it can run code.
    """

    words: Sequence[str]
    watched: Sequence[str]
    runs_dir: Path
    engine: str
    trust: bool

    def found(self) -> dict[str, RunFolder]:
        """Folders by the names that clients call them.

        Raises:
            UsageError: If there is no such run, or two have one name.
        """
        found: dict[str, RunFolder] = {}
        pairs = [self._named(word) for word in self.words]
        pairs += [(name, find_run(name, self.runs_dir)) for name in self.watched]
        if not pairs:
            newest = find_run(None, self.runs_dir)
            pairs = [(name_of(newest), newest)]
        for name, folder in pairs:
            if name in found:
                raise UsageError(
                    f"two runs are called {name}: {found[name].title} and {folder.title}",
                    hint="give one another name: other=RUN",
                )
            if not name or set(name) & set("/:?#%"):
                raise UsageError(f"{name!r}: no name that an address could have")
            found[name] = folder
        return found

    def _named(self, word: str) -> tuple[str, RunFolder]:
        name, sign, run = word.partition("=")
        if sign and not Path(word).exists():
            return name, find_run(run, self.runs_dir)
        folder = find_run(word, self.runs_dir)
        return name_of(folder), folder


def name_of(folder: RunFolder) -> str:
    """What a run is called: by the folder that has all of its name."""
    return folder.path.resolve().parent.name


def load_all(wanted: Wanted, warn: Callable[[str], None], say: Callable[[str], None]) -> dict[str, Served]:
    """All models, ready.

    Args:
        wanted: Which.
        warn: Is told what is passed over.
        say: Is told what is served, and by what.

    Raises:
        UsageError, DataError: If one cannot be served.
    """
    found = wanted.found()
    # Of several one may be wrong; that is found before any is loaded.
    opened = {name: open_folder(folder) for name, folder in found.items()}
    models = {}
    for name, one in opened.items():
        models[name] = serve_run(name, one, wanted.engine, warn, trust=wanted.trust)
        say(described(models[name]))
    return models


def described(served: Served) -> str:
    """What is served, in a line."""
    size, seconds = served.batcher.most, served.batch_seconds
    together = "one example at a time"
    if size > 1:
        together = (
            f"up to {size} examples together ({1000 * seconds[1]:.2f} ms for one, "
            f"{1000 * seconds[size]:.2f} ms for each of {size})"
        )
    return (
        f"{served.name}: {served.opened.folder.title}, version {served.version}, by {served.engine}, "
        f"{served.reason}; {together}"
    )
