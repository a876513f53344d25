"""`calibrate`: the decision rule of a run, chosen on its validation split."""

from __future__ import annotations

from typing import Any

from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.inference.evaluation import evaluate_model
from bigmodel_cli.listener import Listener
from bigmodel_cli.parts import part_of
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.scoring.rule import AS_IT_IS, DecisionRule
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.tasks.scores import Scoring
from bigmodel_cli.whole_files import write_json


def choose_rule(
    run: RunFolder,
    model: Any,
    experiment: Experiment,
    validation: Examples,
    signature: Signature,
    listener: Listener,
) -> DecisionRule:
    """Choose what `calibrate` asks for, keep it in the run, and say what it changes.

    Args:
        run: Whose rule it is.
        model: The best checkpoint's model.
        experiment: Its config.
        validation: Examples that the weights have not been fitted to.
        signature: What one of them is.
        listener: Is told of it.
    """
    if experiment.calibrate is None:
        return AS_IT_IS
    scored = evaluate_model(model, experiment, "validation", validation, signature).scored
    scoring = part_of(signature.task, Scoring)
    found = scoring.calibrated(experiment.calibrate, scored.labels, scored.values, listener.warn)
    if found is None:
        return AS_IT_IS
    write_json(run.decision, found.document)
    listener.say(found.described)
    return found.rule
