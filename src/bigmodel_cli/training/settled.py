"""What is still asked of a config once its model is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bigmodel_cli.config.compress import Compress
from bigmodel_cli.config.dump import to_yaml
from bigmodel_cli.config.losses_and_metrics import Direction, takes_logits
from bigmodel_cli.config.naming import directions
from bigmodel_cli.config.schema import Experiment, Training
from bigmodel_cli.inference.asked import Asked
from bigmodel_cli.modeling.compilation import lacks_decay_steps
from bigmodel_cli.run_folder import BETTER, LOSES_CHANNELS, OUTPUTS, ROWS_WRITTEN
from bigmodel_cli.signature import Signature


@dataclass(frozen=True)
class Settled:
    """A config whose `auto`s are decided, as the loop and the run's folder need it.

    Attributes:
        text: All of it, as YAML.
        training: How long, and with which callbacks and checkpoints.
        asked: What it asks of the trained model.
        directions: Which value of each metric is better.
        schedule_follows_epochs: Whether the number of epochs decides the schedule of the learning rate.
        has_files: Whether its examples are the user's own, and not such as come with bigmodel.
        facts: What run.json says of it.
        compress: What makes the model smaller meanwhile.
        tables_beside: Files that the run keeps, by their names there.
    """

    text: str
    training: Training
    asked: Asked
    directions: Mapping[str, Direction]
    schedule_follows_epochs: bool
    has_files: bool
    facts: Mapping[str, Any]
    compress: Compress | None = None
    tables_beside: Mapping[str, Path] = field(default_factory=dict)

    @property
    def whole_from(self) -> int:
        """The first epoch, from 1, after which the model is what was asked for."""
        return 1 if self.compress is None else self.compress.whole_from

    @classmethod
    def by(cls, experiment: Experiment, signature: Signature) -> Settled:
        """What an experiment says whose `auto`s are decided, of examples of a signature."""
        asked, better = Asked.by(experiment, signature), directions(experiment.metrics)
        source, compress = experiment.data.source.options, experiment.compress
        written = {} if source.rows_written is None else {ROWS_WRITTEN: source.rows_written}
        return cls(
            to_yaml(experiment),
            experiment.training,
            asked,
            better,
            lacks_decay_steps(experiment.optimizer),
            hasattr(source, "path"),
            {
                "name": experiment.name,
                "seed": experiment.seed,
                **_outputs(asked),
                # As far as the config tells.
                **written,
                BETTER: better,
                **({LOSES_CHANNELS: True} if compress is not None and compress.loses_channels else {}),
            },
            experiment.compress,
            source.tables_beside,
        )


def _outputs(asked: Asked) -> dict[str, Any]:
    """How the outputs of the model become scores; of several targets by target."""
    readings = {name: aim.reading.as_json() for name, aim in asked.aims.items()}
    if len(readings) > 1:
        return {OUTPUTS: readings}
    ((name, aim),) = asked.aims.items()
    return {"from_logits": takes_logits(aim.loss), OUTPUTS: readings[name]}
