"""What trials of a space would be, read as any other config: what is wrong with them, told at its place."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence as SequenceOf
from dataclasses import replace

from bigmodel_cli.config.experiment import Reading
from bigmodel_cli.config.overrides import with_value
from bigmodel_cli.config.problems import Problem, Problems
from bigmodel_cli.config.reader import Unreadable
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.space import Choice, Dimension, Keys, Space, written_in
from bigmodel_cli.config.space_assignments import config_tree
from bigmodel_cli.config.space_clashes import clashes
from bigmodel_cli.config.space_corners import Corner, corners, told_at
from bigmodel_cli.config.tree import ConfigPathKeys, Mapping, Node, Place, Scalar, Sequence, node_at

# Stands for a value that cannot be read, where only its key is looked at.
_STAND_IN = "?"
# Where it stands, without how long it is.
_Spot = tuple[str, int, int]


class Trials:
    """Reads what trials would be, and tells what is wrong with them.

    Args:
        space: What can be read of the space.
        bare: The config without `tune`.
        experiment: What it says; None where that cannot be read, so that contradictions cannot be told from
            its mistakes.
        reading: How trees are read.
        problems: What was found in the config, and where mistakes are collected.
    """

    def __init__(
        self,
        space: Space,
        bare: Mapping,
        experiment: Experiment | None,
        reading: Reading,
        problems: Problems,
    ) -> None:
        self._space, self._bare = space, bare
        self._experiment, self._reading, self._problems = experiment, reading, problems
        # Layers that are left out move others, whose numbers are in their paths; keys of the space bring
        # places of their own.
        self._known = {(_spot(problem.place), problem.message) for problem in problems.found}
        self._known_paths = {(problem.path, problem.message) for problem in problems.found}
        self._told: set[tuple[str, ConfigPathKeys, str]] = set()
        self._sound: list[Corner] = []
        self._spots = {_spot(place) for place in _places(bare)}

    def look_at(self, top: Dimension) -> None:
        """Tell what is wrong with the configs in which one thing of a dimension is another."""
        met = [(corner, self._met_in_all([corner])) for corner in corners(Space((top,)))]
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
            for problem in clashes(self._sound, self._met_in_all):
                self._problems.add(problem)

    def _met_in_all(self, together: SequenceOf[Corner]) -> list[Problem]:
        """What is wrong with values whatever the others are: no trial has what the config has of those."""
        met = self._met(together)
        tops = [corner.top for corner in together]
        at = {_spot(problem.place) for problem in met if not problem.is_warning}
        for other in self._space.dimensions if at else ():
            if other in tops or not at & self._spots_under(other):
                continue
            for corner in corners(Space((other,))):
                if all(problem.is_warning for problem in self._met([*together, corner])):
                    return [problem for problem in met if problem.is_warning]
        return met

    def _spots_under(self, dimension: Dimension) -> set[_Spot]:
        """Where in the config that stands which a dimension gives other values."""
        paths = [tuple(int(k) if k.isdigit() else k for k, _ in keys) for keys in written_in(dimension)]
        nodes = [node for path in paths if (node := node_at(self._bare, path)) is not None]
        return {_spot(place) for node in nodes for place in _places(node)}

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
