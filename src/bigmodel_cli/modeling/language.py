"""All names that a config may use: Keras's from the catalogue, and our sources and blocks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from bigmodel_cli.config.catalogue import load_catalogue
from bigmodel_cli.config.components import Language
from bigmodel_cli.config.load import LoadedConfig, load_config, load_with_search
from bigmodel_cli.config.own_code.read import CODE, with_code
from bigmodel_cli.config.problems import Problems
from bigmodel_cli.config.searched import Searched
from bigmodel_cli.config.tree import COMMAND_LINE, Entry, Mapping, Node, Place, Scalar
from bigmodel_cli.config.tree import Sequence as Sequence_
from bigmodel_cli.modeling.augmentations import augmentation_options
from bigmodel_cli.modeling.blocks import block_options
from bigmodel_cli.modeling.encodings import encoding_options
from bigmodel_cli.modeling.teachers import with_teacher
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.sources import source_options
from bigmodel_cli.tracking import tracker_options


@cache
def language() -> Language:
    """The language of configs; needs no TensorFlow."""
    own = {
        "sources": source_options(),
        "blocks": block_options(),
        "encodings": encoding_options(),
        "augmentations": augmentation_options(),
        "trackers": tracker_options(),
    }
    return Language(load_catalogue(), own)


def language_with(files: Sequence[Path]) -> Language:
    """The same with the names of Python files of the user's own.

    Raises:
        ConfigError: With every mistake that was found in them.
    """
    problems = Problems()
    places = [Place(COMMAND_LINE, 1, 1, len(str(file)), str(file), Path.cwd()) for file in files]
    items: list[Node] = [Scalar(str(file), place) for file, place in zip(files, places, strict=True)]
    if not items:
        return language()
    entry = Entry(places[0], Sequence_(items, places[0]))
    found = with_code(language(), Mapping({CODE: entry}, place=places[0]), problems)
    problems.raise_if_any()
    return found


def read_config(
    path: Path,
    overrides: Sequence[str] = (),
    *,
    strict: bool = False,
    was_trained: bool = False,
    gets_weights: bool = False,
    runs_dir: Path | None = None,
) -> LoadedConfig:
    """Read and check a config.

    Args:
        path: The file.
        overrides: `KEY=VALUE` and `~KEY` words of the command line.
        strict: Whether warnings are errors.
        was_trained: Whether it is the config of a run, in which contradictions are looked for no more; its
            own code is what the run has a copy of.
        gets_weights: Whether the model is to start from another run's weights.
        runs_dir: Where the runs are that it may name; None: where they are by default.

    Raises:
        UsageError: If there is no such file.
        ConfigError: With every mistake that was found.
    """
    copies = RunFolder(path.parent).code if was_trained else None
    how = {"strict": strict, "gets_weights": gets_weights}
    loaded = load_config(path, overrides, language(), copies=copies, **how)
    return loaded if was_trained else with_teacher(loaded, runs_dir)


def read_with_search(path: Path, overrides: Sequence[str] = (), *, strict: bool = False) -> LoadedConfig:
    """Read and check a config, and where it has a `tune` section all that its trials would be.

    Raises:
        UsageError: If there is no such file.
        ConfigError: With every mistake that was found.
    """
    return with_teacher(load_with_search(path, overrides, language(), strict=strict))


def read_searched(path: Path, overrides: Sequence[str] = (), *, strict: bool = False) -> Searched:
    """Likewise, where it must have one.

    Raises:
        UsageError: If there is no such file.
        ConfigError: With every mistake that was found; also if the config has no `tune`.
    """
    return Searched.of(read_with_search(path, overrides, strict=strict))
