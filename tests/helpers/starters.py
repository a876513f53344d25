"""Starter configs, read back as configs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bigmodel_cli.config.components import Component
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.starter import Wishes, make_starter

# No test looks for weights in a network.
SCRATCH = Wishes(weights="none")


def experiment(text: str) -> Experiment:
    """What a config in the current folder would say; a warning is an error."""
    Path("c.yaml").write_text(text)
    return read_config(Path("c.yaml"), strict=True).experiment


def made(data: Path | None, wishes: Wishes = SCRATCH) -> Experiment:
    """What `init` writes for some data."""
    return experiment(make_starter(data, wishes).text)


def names(steps: Sequence[Component]) -> list[str]:
    return [step.name for step in steps]
