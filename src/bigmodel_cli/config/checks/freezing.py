"""What does not learn: whether it is written so that it can be meant."""

from __future__ import annotations

import re

from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.components import Component
from bigmodel_cli.config.frozen import KEYS, applications, problems_of
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.spelling import closest

EXCLUDED = "exclude_from_weight_decay"
# Optimizers whose default is not 0.
_DECAYING = frozenset({"AdamW", "Muon"})


def check(experiment: Experiment, report: Report) -> None:
    """Layers that learn are named as they can be, and what is frozen has something to give."""
    for application in applications(experiment.model):
        said = application.arguments.get("trainable", True)
        found = list(problems_of(said))
        for keys, message in found:
            near = closest(keys[-1], KEYS) if keys and keys[-1] not in KEYS else None
            advice = f"did you mean {near}?" if near else "write trainable: {last: 20}"
            report.error((*application.path, "trainable", *keys), message, advice)
        rank = application.arguments.get("lora_rank")
        if isinstance(rank, int) and rank < 1:
            report.error(
                (*application.path, "lora_rank"),
                f"expected a rank from 1 on, found {rank}",
                "write lora_rank: 4",
            )
        has_random_weights = application.arguments.get("weights", "") is None
        if said is not True and not found and has_random_weights and not report.gets_weights:
            report.warning(
                (*application.path, "weights"),
                f"{application.name} is frozen and has random weights, which it keeps",
                "write weights: imagenet, or a file; or take a run's: bigmodel train CONFIG --from RUN",
            )
    _check_excluded(experiment.optimizer, report)


def _check_excluded(optimizer: Component, report: Report) -> None:
    path, patterns = (*optimizer.path, EXCLUDED), optimizer.arguments.get(EXCLUDED)
    if patterns is None:
        return
    listed = [patterns] if isinstance(patterns, str) else patterns
    for pattern in listed:
        if not isinstance(pattern, str) or not _is_pattern(pattern):
            report.error(
                path, f"expected parts of variables' names, found {pattern!r}", "write [bias, gamma, beta]"
            )
    if optimizer.arguments.get("weight_decay") is None and optimizer.name not in _DECAYING:
        report.warning(path, f"{EXCLUDED} has no effect: there is no weight_decay", "add weight_decay: …")


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return bool(text)
