"""What a config asks of its model once it is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bigmodel_cli.config.aim import Aim, aims_of
from bigmodel_cli.config.group_measures import columns_of_gates
from bigmodel_cli.config.preprocessing import never_missing
from bigmodel_cli.config.reading import Reading
from bigmodel_cli.config.schema import Calibrate, Experiment
from bigmodel_cli.signature import Signature


@dataclass(frozen=True)
class Asked:
    """What a config asks of its trained model.

    Attributes:
        aims: By what it is measured and decided, by target.
        gates: What `expect` wants.
        grouped_by: The columns by which it wants groups.
        never_missing: The columns of numbers whose missing values nothing fills.
        batch_size: No larger than in training: what fits there fits here.
        seed: Of the resampling for intervals.
        skips_bad_files: Whether files that cannot be read are left out.
    """

    aims: Mapping[str, Aim]
    gates: Mapping[str, str]
    grouped_by: Sequence[str]
    never_missing: Sequence[str]
    batch_size: int
    seed: int
    skips_bad_files: bool

    @property
    def readings(self) -> dict[str, Reading]:
        """How the loss reads the output of each target."""
        return {name: aim.reading for name, aim in self.aims.items()}

    @property
    def calibrated(self) -> dict[str, Calibrate]:
        """What `calibrate` asks for, by the targets that it is asked for."""
        return {name: aim.calibrate for name, aim in self.aims.items() if aim.calibrate is not None}

    @classmethod
    def by(cls, experiment: Experiment, signature: Signature) -> Asked:
        """What an experiment asks whose `auto`s are decided, of examples of a signature."""
        return cls(
            aims_of(experiment, signature.targets),
            experiment.expect,
            columns_of_gates(experiment.expect, experiment.targets),
            never_missing(experiment, signature.inputs),
            experiment.data.pinned_batch_size,
            experiment.seed,
            experiment.data.on_bad_file == "skip",
        )
