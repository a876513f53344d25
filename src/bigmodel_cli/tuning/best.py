"""The config of the best trial, ready to be trained, with nothing of the search in it."""

from __future__ import annotations

from bigmodel_cli.config.dump import to_yaml
from bigmodel_cli.config.searched import Searched
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.tuning.folder import SearchFolder
from bigmodel_cli.tuning.journal import Journal
from bigmodel_cli.whole_files import write_text


def write_best(searched: Searched, folder: SearchFolder, journal: Journal) -> None:
    """Write `best.yaml`: training it gives what the trial came to, to the last digit on the same machine.

    Args:
        searched: The config and its space.
        folder: Of the search.
        journal: Its trials.
    """
    if not journal.ranked or journal.metric is None:
        return
    best = journal.ranked[0]
    experiment = read_config(folder.run(best.number).config, was_trained=True).experiment
    asked = searched.config_at(best.point).experiment
    # What a clock has decided, and no digit depends on, is decided anew.
    steps = asked.training.steps_per_execution
    training = experiment.training.model_copy(update={"steps_per_execution": steps})
    # A trial names copies of the user's own code that lie in the search.
    update = {"training": training, "expect": asked.expect, "code": asked.code}
    ended = sum(trial.has_ended for trial in journal.trials.values())
    head = [
        f"The best of {ended} trials: {journal.metric.column} {best.score:.6g} after epoch {best.epoch}, by",
        *(f"  {word}" for word in best.words),
        "It was chosen on the validation split, so that score is a little too good; the test split tells.",
    ]
    comment = "".join(f"# {line}\n" for line in head)
    write_text(folder.best, comment + to_yaml(experiment.model_copy(update=update)))
