"""`calibrate`: the decision rule of a run, chosen on its validation split."""

from __future__ import annotations

from typing import Any

from bigmodel_cli.config.schema import Calibrate, Experiment
from bigmodel_cli.inference.evaluation import Evaluation, evaluate_model
from bigmodel_cli.listener import Listener
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.scoring.calibration import fit_temperature, fit_threshold
from bigmodel_cli.scoring.classes import class_scores
from bigmodel_cli.scoring.probabilities import are_probabilities
from bigmodel_cli.scoring.rule import AS_IT_IS, DecisionRule
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.whole_files import write_json

# What is told before and after.
_TOLD = ("log_loss", "expected_calibration_error", "brier_score", "balanced_accuracy")


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
    calibrate, names = experiment.calibrate, signature.class_names
    if calibrate is None or names is None:
        return AS_IT_IS
    evaluation = evaluate_model(model, experiment, "validation", validation, signature)
    if not are_probabilities(evaluation.outputs):
        listener.warn(
            "calibrate: the model's outputs are no probabilities that sum to 1, so nothing was chosen"
        )
        return AS_IT_IS
    rule = _fitted(calibrate, evaluation, validation, names, listener)
    before = _told(validation, evaluation, names, AS_IT_IS, rule.positive)
    after = _told(validation, evaluation, names, rule, rule.positive)
    write_json(
        run.decision,
        {
            **rule.as_json(names),
            "chosen_for": calibrate.threshold,
            "split": "validation",
            "examples": len(validation),
            "before": before,
            "after": after,
        },
    )
    listener.say(_describe(rule, names, before, after))
    return rule


def _fitted(
    calibrate: Calibrate,
    evaluation: Evaluation,
    validation: Examples,
    names: tuple[str, ...],
    listener: Listener,
) -> DecisionRule:
    temperature = 1.0
    if calibrate.temperature:
        temperature = fit_temperature(validation.labels, evaluation.outputs)
    if calibrate.threshold is None:
        return DecisionRule(temperature)
    positive = names.index(calibrate.positive) if calibrate.positive is not None else 1
    probabilities = DecisionRule(temperature).probabilities(evaluation.outputs)
    is_positive = validation.labels == positive
    if not 0 < is_positive.sum() < len(is_positive):
        found = "only" if is_positive.any() else "no"
        listener.warn(
            f"calibrate: the validation split has {found} examples of {names[positive]}, "
            "so no threshold was chosen"
        )
        return DecisionRule(temperature)
    threshold, reached = fit_threshold(is_positive, probabilities[:, positive], calibrate.threshold)
    if not reached:
        listener.warn(
            f"calibrate: no threshold reaches {calibrate.threshold} on the validation split; "
            "the closest was taken"
        )
    return DecisionRule(temperature, positive, threshold)


def _told(
    validation: Examples,
    evaluation: Evaluation,
    names: tuple[str, ...],
    rule: DecisionRule,
    positive: int | None,
) -> dict[str, float]:
    """The scores that a rule can change, by it; those of the class that is looked for among them."""
    probabilities = rule.probabilities(evaluation.outputs)
    # Intervals are not told.
    scores = class_scores(validation.labels, rule.decide(probabilities), probabilities, names, seed=0)
    told = {name: scores.others[name] for name in _TOLD if name in scores.others}
    if positive is not None:
        row = scores.details["per_class"][positive]
        told |= {name: row[name] for name in ("precision", "recall", "f1")}
    return {**scores.headline, **told}


def _describe(
    rule: DecisionRule, names: tuple[str, ...], before: dict[str, float], after: dict[str, float]
) -> str:
    parts = [f"temperature {rule.temperature:.3g}"]
    if (decision := rule.describe(names)) is not None:
        parts.append(decision)
    changed = [
        f"{name} {before[name]:.4f} → {after[name]:.4f}"
        for name in before
        if name in after and before[name] != after[name]
    ]
    effect = f" ({', '.join(changed)} on the validation split)" if changed else ""
    return f"decision: {', '.join(parts)}{effect}"
