"""How a run is executed: every `auto` of the config decided once."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from bigmodel_cli.config.schema import Training
from bigmodel_cli.modeling.backend import Device, choose_device, choose_precision


@dataclass(frozen=True)
class ExecutionPlan:
    """What `training` says of the execution, without any `auto`.

    Attributes:
        device: What the model runs on.
        precision: Keras dtype policy.
        jit_compile: Whether XLA compiles the training step.
        deterministic: Whether results repeat bit by bit.
        steps_per_execution: Training steps per call into TensorFlow; None until it was measured.
    """

    device: Device
    precision: str
    jit_compile: bool
    deterministic: bool
    steps_per_execution: int | None

    def describe(self) -> str:
        """The plan as one line for people."""
        steps = self.steps_per_execution
        parts = [
            f"{self.device.name} ({self.device.model})",
            self.precision,
            "XLA" if self.jit_compile else "no XLA",
            f"{steps} step{'s' * (steps != 1)} per execution" if steps else None,
            "deterministic" if self.deterministic else None,
        ]
        return ", ".join(part for part in parts if part)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def make_plan(training: Training) -> ExecutionPlan:
    """Decide what can be decided before the model is built.

    Raises:
        UsageError: If the device is not there, or the precision is not for it.
    """
    device = choose_device(training.device)
    # XLA slows convolutions on CPUs down (measured: a quarter of the speed), and determinism turns it off.
    jit = (
        device.is_gpu and not training.deterministic
        if training.jit_compile == "auto"
        else training.jit_compile
    )
    steps = None if training.steps_per_execution == "auto" else training.steps_per_execution
    precision = choose_precision(training.precision, device)
    return ExecutionPlan(device, precision, jit, training.deterministic, steps)
