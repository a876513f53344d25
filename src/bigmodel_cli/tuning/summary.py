"""A search as it stands, from its folder alone: whoever looks at it needs no config."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any

from bigmodel_cli.config.dump import to_flow
from bigmodel_cli.config.reader import read_yaml
from bigmodel_cli.config.space import Choice, Dimension, Point, Space, Value
from bigmodel_cli.config.space_reader import read_space
from bigmodel_cli.config.tree import Mapping as Tree
from bigmodel_cli.config.tree import is_null, to_plain
from bigmodel_cli.cut import cut
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.run_search import SEARCH_RECORD
from bigmodel_cli.tuning.folder import SearchFolder
from bigmodel_cli.tuning.identity import TRIALS
from bigmodel_cli.tuning.journal import STOPPED, Journal, Trial
from bigmodel_cli.tuning.length import Length
from bigmodel_cli.whole_files import read_sealed

RUNNING, COMPLETED, INTERRUPTED = "running", "completed", "interrupted"
# Letters of an option in a table.
_OPTION = 22


@dataclass(frozen=True)
class Key:
    """Something that is searched.

    Attributes:
        name: As the journal has it.
        short: The shortest end of it that no other key shares.
        dimension: What may be chosen.
    """

    name: str
    short: str
    dimension: Dimension

    @property
    def is_number(self) -> bool:
        of = self.dimension.of
        if not isinstance(of, Choice):
            return True
        values = [to_plain(option.node) for option in of.options]
        return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)

    def text(self, value: Value) -> str:
        """A value that was drawn, as a table has it."""
        of = self.dimension.of
        if not isinstance(of, Choice):
            return f"{value:.4g}" if isinstance(value, float) else str(value)
        option = of.options[int(value)]
        if is_null(option.node):
            return "none"
        if option.inner and isinstance(option.node, Tree):
            # What is drawn inside has columns of its own.
            return cut("+".join(option.node.entries), _OPTION)
        return cut(to_flow(to_plain(option.node)), _OPTION)

    def plain(self, value: Value) -> Any:
        """The same as plain data; of an option with ranges in it, how it is written."""
        of = self.dimension.of
        return to_plain(of.options[int(value)].node) if isinstance(of, Choice) else value


@dataclass(frozen=True)
class Epochs:
    """Epochs of the trials that have ended with a score.

    Attributes:
        trained: Those that were trained.
        planned: Those that there would have been without early ends.
    """

    trained: int
    planned: int

    @property
    def saved(self) -> int:
        return self.planned - self.trained


@dataclass(frozen=True)
class SearchSummary:
    """A search as it stands.

    Attributes:
        folder: Where it is.
        journal: Its trials.
        space: What is searched.
        length: Of a trial that does not end early, where that is not searched itself.
        num_trials: As many as there are to be.
        status: running, completed or interrupted.
    """

    folder: SearchFolder
    journal: Journal
    space: Space
    length: Length
    num_trials: int
    status: str

    @cached_property
    def keys(self) -> tuple[Key, ...]:
        """What is searched, those inside of choices too."""
        return keys_of(self.space)

    @cached_property
    def worth(self) -> dict[str, float]:
        """How much each key has decided, by its name, the most first; nothing of too few trials."""
        from bigmodel_cli.tuning.importance import importance

        return dict(importance(self.space, self.journal))

    @property
    def title(self) -> str:
        return RunFolder(self.folder.path).title

    @property
    def best(self) -> Trial | None:
        """The best trial; None where none has a score."""
        return next(iter(self.journal.ranked), None)

    @property
    def ended(self) -> list[Trial]:
        return [trial for trial in self.journal.trials.values() if trial.has_ended]

    @property
    def failed(self) -> list[Trial]:
        return [trial for trial in self.ended if trial.failed]

    @property
    def stopped(self) -> list[Trial]:
        """Those that the search has ended early."""
        return [trial for trial in self.ended if trial.status == STOPPED]

    @property
    def epochs(self) -> Epochs:
        scored = [trial for trial in self.ended if trial.score is not None]
        trained = sum(len(trial.scores) for trial in scored)
        # What a callback of the config has ended would have ended without the search too.
        others = sum(self.planned(trial) - len(trial.scores) for trial in self.stopped)
        return Epochs(trained, trained + others)

    def planned(self, trial: Trial) -> int:
        """Epochs that a trial was to have."""
        return planned_epochs(self.keys, trial, self.length)

    def values(self, point: Point) -> dict[str, str]:
        """What was drawn, as a table has it, by short names; what does not count there is left out."""
        return {key.short: key.text(point[key.name]) for key in self.keys if key.name in point}

    def describe(self, point: Point) -> str:
        """The same in a line."""
        return " ".join(f"{name}={text}" for name, text in self.values(point).items())


def short_names(names: list[str]) -> dict[str, str]:
    """The shortest end of each dotted name that no other one has; a number alone says nothing.

    >>> short_names(["optimizer.Adam.learning_rate", "model.1.Dense.units", "model.3.Dense.units", "model.2"])
    {'optimizer.Adam.learning_rate': 'learning_rate', 'model.1.Dense.units': '1.Dense.units', \
'model.3.Dense.units': '3.Dense.units', 'model.2': 'model.2'}
    """
    found = {}
    for name in names:
        words = name.split(".")
        for count in range(1, len(words) + 1):
            short = ".".join(words[-count:])
            others = (other for other in names if other != name)
            is_shared = any(other == short or other.endswith(f".{short}") for other in others)
            if (not is_shared and not short.isdigit()) or count == len(words):
                found[name] = short
                break
    return found


def keys_of(space: Space) -> tuple[Key, ...]:
    """What is searched, with short names."""
    dimensions = list(space.all())
    short = short_names([dimension.name for dimension in dimensions])
    return tuple(Key(one.name, short[one.name], one) for one in dimensions)


def planned_epochs(keys: Sequence[Key], trial: Trial, length: Length) -> int:
    """Epochs that a trial that has ended was to have: those of the config, unless they are searched."""
    for key in keys:
        if key.name == "training.epochs" and key.name in trial.point:
            return int(key.plain(trial.point[key.name]))
    return length.planned(trial)


def summarise_search(folder: SearchFolder) -> SearchSummary:
    """Read how a search stands.

    Raises:
        DataError: If its record or its journal is missing or damaged.
    """
    record = read_sealed(folder.record)
    journal = Journal(folder.journal, is_ours=False)
    # Written by ourselves: what is read is what was checked then.
    space, _ = read_space(read_yaml(record["tune.space"], origin=str(folder.record), folder=folder.path))
    config = to_plain(read_yaml(record["config"], origin=str(folder.record), folder=folder.path))
    asked = record.get(TRIALS, len(journal.trials))
    status = _status(folder, journal)
    length = Length(config["training"]["epochs"], config["training"].get("time"))
    return SearchSummary(folder, journal, space, length, asked, status)


def _status(folder: SearchFolder, journal: Journal) -> str:
    if is_searched(folder):
        return RUNNING
    is_open = any(not trial.has_ended for trial in journal.trials.values())
    return INTERRUPTED if is_open or not folder.best.exists() else COMPLETED


def is_searched(folder: SearchFolder) -> bool:
    """Whether a process searches here right now."""
    import filelock

    if not folder.lock.exists():
        return False
    lock = filelock.FileLock(folder.lock)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return True
    except OSError:
        # A folder that may only be read: nobody can tell.
        return False
    lock.release()
    return False


def all_searches(tunes_dir: Path) -> Iterator[SearchFolder]:
    """Every search under a folder, the newest first."""
    records = sorted(
        tunes_dir.glob(f"[!.]*/{SEARCH_RECORD}"), key=lambda path: path.stat().st_mtime, reverse=True
    )
    yield from (SearchFolder(path.parent) for path in records)


def named_searches(names: Sequence[str], tunes_dir: Path) -> Iterator[SearchFolder]:
    """Those of which a name or a pattern is given; without any, all of them."""
    for folder in all_searches(tunes_dir):
        if not names or any(fnmatchcase(folder.path.name, name) for name in names):
            yield folder


def find_search(word: str, tunes_dir: Path) -> SearchFolder | None:
    """The search that a word names: its folder, or its name under `tunes_dir`; None where it names none."""
    folders = (SearchFolder(Path(word)), SearchFolder(tunes_dir / word))
    return next((folder for folder in folders if word and folder.record.is_file()), None)
