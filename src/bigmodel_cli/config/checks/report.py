"""Where checks put what they find."""

from __future__ import annotations

from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.config.problems import Problem, Problems
from bigmodel_cli.config.tree import ConfigPathKeys, Mapping, Place, place_at


class Report:
    """Collects contradictions with their places.

    Args:
        tree: The config with places.
        problems: What was found so far.
        facts: What is known of the data.
        gets_weights: Whether the model is to start from another run's weights.
    """

    def __init__(
        self, tree: Mapping, problems: Problems, facts: DataFacts, *, gets_weights: bool = False
    ) -> None:
        self.tree = tree
        self.problems = problems
        self.facts = facts
        self.gets_weights = gets_weights

    def place(self, path: ConfigPathKeys) -> Place:
        """Where a key, or the deepest part of its path that is there, stands."""
        return place_at(self.tree, path)

    def of_target(self, target: str) -> Report:
        """The same for one of several targets."""
        facts = self.facts.of_target(target)
        return Report(self.tree, self.problems, facts, gets_weights=self.gets_weights)

    @property
    def has_errors(self) -> bool:
        return any(not problem.is_warning for problem in self.problems.found)

    def error(self, path: ConfigPathKeys, message: str, suggestion: str | None = None) -> None:
        """Something that cannot be meant."""
        place = self.place(path)
        self.problems.tell(place, path, message, suggestion=suggestion)

    def warning(self, path: ConfigPathKeys, message: str, suggestion: str | None = None) -> None:
        """Something that may be meant, but seldom is."""
        place = self.place(path)
        self.problems.add(Problem(place, path, message, suggestion=suggestion, is_warning=True))
