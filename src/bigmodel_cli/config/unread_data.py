"""What `check` cannot know, since it reads no data: said, so that nobody takes its silence for an answer."""

from __future__ import annotations

from pathlib import Path

from bigmodel_cli.config.facts import epoch_size, facts_of
from bigmodel_cli.config.load import LoadedConfig
from bigmodel_cli.config.problems import Problem
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.tree import place_at


def missing_data(config: LoadedConfig) -> list[Problem]:
    """Files and folders of the data source that are not there."""
    source = config.experiment.data.source
    options = vars(source.options) if source.options is not None else {}
    return [
        Problem(
            place_at(config.stack[-1], (*source.path, key)),
            (*source.path, key),
            f"there is no {path}, so that nothing of the data could be checked",
            suggestion="bigmodel train needs it",
            is_warning=True,
        )
        for key, path in options.items()
        if isinstance(path, Path) and not path.exists()
    ]


def not_checked(experiment: Experiment) -> list[str]:
    """What only the data tells, in words; `show` and `train` check it."""
    facts = facts_of(experiment)
    unknown = {
        "whether labels are classes or numbers": facts.labels is None,
        "the number of classes": facts.num_classes is None and facts.labels != "numbers",
        "the number of steps": epoch_size(experiment, facts) is None or experiment.data.batch_size == "auto",
        "the range of values": facts.value_range is None,
    }
    return [words for words, is_unknown in unknown.items() if is_unknown]
