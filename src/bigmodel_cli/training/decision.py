"""`calibrate`: the decision rule of a run, chosen on its validation split."""

from __future__ import annotations

from bigmodel_cli.config.schema import Calibrate
from bigmodel_cli.inference.evaluation import Evaluator
from bigmodel_cli.listener import Listener
from bigmodel_cli.parts import part_of
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.scoring.rule import AS_IT_IS, DecisionRule
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.tasks.scores import Scoring
from bigmodel_cli.whole_files import write_json


def choose_rule(
    run: RunFolder, asked: Calibrate, evaluator: Evaluator, validation: Examples, listener: Listener
) -> DecisionRule:
    """Choose what `calibrate` asks for, keep it in the run, and say what it changes.

    Args:
        run: Whose rule it is.
        asked: The config's.
        evaluator: Of the best checkpoint's model.
        validation: Examples that the weights have not been fitted to.
        listener: Is told of it.
    """
    scored = evaluator.evaluate("validation", validation).scored
    scoring = part_of(evaluator.signature.task, Scoring)
    found = scoring.calibrated(asked, scored.labels, scored.values, listener.warn)
    if found is None:
        return AS_IT_IS
    write_json(run.decision, found.document)
    listener.say(found.described)
    return found.rule
