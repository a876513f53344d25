"""What is wrong with a search, all of it at once: its space, its options, and what its trials would be.

Each option and each end of each range is put into the config, one at a time, and the config is read: what it
does not take is a mistake of the space, at its place. Then two of them at a time: what goes wrong there, a
search passes over.
"""

from __future__ import annotations

from dataclasses import replace

from bigmodel_cli.config.checks.searches import Asked, check_options
from bigmodel_cli.config.experiment import Reading
from bigmodel_cli.config.fields import fields_of
from bigmodel_cli.config.fill import Filler
from bigmodel_cli.config.problems import Problem, Problems
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.space import SPACE_PATH, Keys, Space, written_in
from bigmodel_cli.config.space_reader import look_at_space
from bigmodel_cli.config.space_trials import Trials
from bigmodel_cli.config.tree import (
    Entry,
    Mapping,
    Node,
    Scalar,
    is_null,
    node_at,
)
from bigmodel_cli.config.tune import Tune
from bigmodel_cli.config.unsearchable import why_not

_TUNE, _SPACE = map(str, SPACE_PATH)


def check_search(tree: Mapping, experiment: Experiment | None, reading: Reading, problems: Problems) -> None:
    """Collect everything that is wrong with what `tune` asks for; nothing where there is no `tune`.

    Args:
        tree: The config.
        experiment: What it says; None where that cannot be read.
        reading: How trees are read.
        problems: What was found in the config, and where mistakes are collected.
    """
    section = tree.child(_TUNE)
    if section is None or is_null(section):
        return
    bare = Mapping({key: entry for key, entry in tree.entries.items() if key != _TUNE}, place=tree.place)
    if experiment is None:
        # What is wrong in `tune` alone keeps nothing else from being looked at.
        met = Problems()
        experiment = reading.experiment(bare, met)
        for problem in met.found:
            problems.add(problem)
    read = look_at_space(node_at(tree, SPACE_PATH))
    asked = Asked(_readable(section, reading), experiment, tree, read.space)
    check_options(asked, problems)
    trials = Trials(read.space, bare, experiment, reading, problems)
    refused = _refuse(read.space, read.unread, asked, problems)
    for keys in read.unread:
        if keys not in refused:
            trials.look_at_key(keys)
    for dimension in read.space.dimensions:
        if not set(written_in(dimension)) & refused:
            trials.look_at(dimension)
    trials.look_at_pairs()


def check_written(tree: Mapping, problems: Problems) -> None:
    """Collect what is wrong with the space as it is written, whatever trials would be.

    Args:
        tree: The config.
        problems: Where mistakes are collected.
    """
    for problem in look_at_space(node_at(tree, SPACE_PATH)).problems:
        problems.add(problem)


def _readable(section: Node, reading: Reading) -> Tune:
    """The section without what is wrong in it, which is told already."""
    found: dict[str, object] = {"space": {"": None}}
    for key, entry in section.entries.items() if isinstance(section, Mapping) else ():
        if key in fields_of(Tune) and key != _SPACE:
            any_space = Mapping(
                {"": Entry(entry.key_place, Scalar(None, entry.key_place))}, place=section.place
            )
            alone = {key: entry, _SPACE: Entry(entry.key_place, any_space)}
            filled = Filler(reading.language, Problems()).fill(
                Tune, Mapping(alone, place=section.place), (_TUNE,)
            )
            found |= {} if filled is None else {key: getattr(filled, key)}
    return Tune.model_validate(found)


def _refuse(space: Space, unread: list[Keys], asked: Asked, problems: Problems) -> set[Keys]:
    """Tell of keys that may not be searched.

    Returns:
        Those that cannot be.
    """
    refused = set()
    written = [(one.name, keys) for one in space.dimensions for keys in written_in(one)]
    written += [(".".join(key for key, _ in keys), keys) for keys in unread]
    for name, keys in written:
        why = why_not(tuple(key for key, _ in keys), asked.metric, asked.others)
        if why is None:
            continue
        first, last = keys[0][1], keys[-1][1]
        place = replace(first, length=last.column + last.length - first.column)
        problem = Problem(
            place, (*SPACE_PATH, name), why.message, suggestion=why.suggestion, is_warning=why.is_warning
        )
        problems.add(problem)
        if not why.is_warning:
            refused.add(keys)
    return refused
