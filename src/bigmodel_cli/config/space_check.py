"""What is wrong with a search, all of it at once: its space, its options, and what its trials would be.

Each option and each end of each range is put into the config, one at a time, and the config is read: what it
does not take is a mistake of the space, at its place. Then two of them at a time: what goes wrong there, a
search passes over.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence as SequenceOf
from dataclasses import replace

from bigmodel_cli.config.checks.searches import Asked, check_options
from bigmodel_cli.config.experiment import Reading
from bigmodel_cli.config.fields import fields_of
from bigmodel_cli.config.fill import Filler
from bigmodel_cli.config.overrides import with_value
from bigmodel_cli.config.problems import Problem, Problems
from bigmodel_cli.config.reader import Unreadable
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.space import SPACE_PATH, Choice, Dimension, Keys, Space, written_in
from bigmodel_cli.config.space_assignments import config_tree
from bigmodel_cli.config.space_clashes import clashes
from bigmodel_cli.config.space_corners import Corner, corners, told_at
from bigmodel_cli.config.space_reader import look_at_space
from bigmodel_cli.config.tree import (
    ConfigPathKeys,
    Entry,
    Mapping,
    Node,
    Place,
    Scalar,
    Sequence,
    is_null,
    node_at,
)
from bigmodel_cli.config.tune import Tune
from bigmodel_cli.config.unsearchable import why_not

_TUNE, _SPACE = map(str, SPACE_PATH)
# Stands for a value that cannot be read, where only its key is looked at.
_STAND_IN = "?"
# Where it stands, without how long it is.
_Spot = tuple[str, int, int]


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
    trials = _Trials(bare, experiment, reading, problems)
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


class _Trials:
    """Reads what trials would be, and tells what is wrong with them.

    Args:
        bare: The config without `tune`.
        experiment: What it says; None where that cannot be read, so that contradictions cannot be told from
            its mistakes.
        reading: How trees are read.
        problems: What was found in the config, and where mistakes are collected.
    """

    def __init__(
        self, bare: Mapping, experiment: Experiment | None, reading: Reading, problems: Problems
    ) -> None:
        self._bare, self._experiment, self._reading, self._problems = bare, experiment, reading, problems
        # Layers that are left out move others, whose numbers are in their paths; keys of the space bring
        # places of their own.
        self._known = {(_spot(problem.place), problem.message) for problem in problems.found}
        self._known_paths = {(problem.path, problem.message) for problem in problems.found}
        self._told: set[tuple[str, ConfigPathKeys, str]] = set()
        self._sound: list[Corner] = []
        self._spots = {_spot(place) for place in _places(bare)}

    def look_at(self, top: Dimension) -> None:
        """Tell what is wrong with the configs in which one thing of a dimension is another."""
        met = [(corner, self._met([corner])) for corner in corners(Space((top,)))]
        self._sound += [corner for corner, found in met if all(problem.is_warning for problem in found)]
        at_keys = {_spot(place) for keys in written_in(top) for _, place in keys}
        told = [{(problem.path, problem.message) for problem in problems} for _, problems in met]
        for corner, problems in met:
            for problem in problems:
                # What may be meant, a search tries; unless it is so whatever is tried.
                if problem.is_warning and not all((problem.path, problem.message) in one for one in told):
                    continue
                # What is wrong with a key is wrong whatever its value is.
                is_at_key = _spot(problem.place) in at_keys
                is_of_value = is_at_key and not all(problem in others for _, others in met)
                if is_of_value or self._is_of_config(problem):
                    self._tell(corner, problem)
                else:
                    self._problems.add(problem)

    def look_at_pairs(self) -> None:
        """Tell which values do not go together, where nothing else is wrong."""
        if not self._problems.has_errors:
            for problem in clashes(self._sound, self._met):
                self._problems.add(problem)

    def _met(self, together: SequenceOf[Corner]) -> list[Problem]:
        """What is wrong with a config that is not wrong with the one it is made from."""
        met, space = Problems(), Space(tuple(corner.top for corner in together))
        point = {name: value for corner in together for name, value in corner.point.items()}
        try:
            tree = config_tree(space, self._bare, point)
        except Unreadable as error:
            met.found += error.problems
        else:
            self._reading.experiment(tree, met)
        return [problem for problem in met.found if not self._is_known(problem)]

    def _is_known(self, problem: Problem) -> bool:
        spot = _spot(problem.place)
        return (spot, problem.message) in self._known or (problem.path, problem.message) in self._known_paths

    def _tell(self, corner: Corner, problem: Problem) -> None:
        """Tell of a mistake elsewhere: once for a range, and what is inside an option not again."""
        if self._experiment is None:
            return
        key = (corner.top.name, problem.path, problem.message)
        is_option = corner.dimension is corner.top and isinstance(corner.dimension.of, Choice)
        if key not in self._told or is_option:
            self._problems.add(told_at(corner, problem, "with this value"))
        self._told.add(key)

    def look_at_key(self, keys: Keys) -> None:
        """Tell where a key leads nowhere of which no value can be read."""
        path = tuple(int(key) if key.isdigit() else key for key, _ in keys)
        if node_at(self._bare, path) is not None:
            return
        met = Problems()
        # Where it stands tells what is wrong with it from what is wrong with its key.
        stand_in = Scalar(_STAND_IN, replace(keys[-1][1], column=0))
        try:
            tree = with_value(self._bare, keys, stand_in)
        except Unreadable as error:
            met.found += error.problems
        else:
            self._reading.experiment(tree, met)
        spots = {_spot(place) for _, place in keys}
        for problem in met.found:
            if _spot(problem.place) in spots:
                self._problems.add(problem)

    def _is_of_config(self, problem: Problem) -> bool:
        """Whether it stands in the config itself, or nowhere, and not in the space."""
        return not problem.place.text or _spot(problem.place) in self._spots


def _spot(place: Place) -> _Spot:
    return place.origin, place.line, place.column


def _places(node: Node) -> Iterator[Place]:
    """Where all of a config stands, keys too."""
    yield node.place
    if isinstance(node, Mapping):
        for entry in node.entries.values():
            yield entry.key_place
            yield from _places(entry.node)
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _places(item)
