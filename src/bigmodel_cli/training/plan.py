"""How a run is executed: every `auto` of the config decided once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bigmodel_cli.cluster.environment import Cluster
from bigmodel_cli.config.schema import Training
from bigmodel_cli.errors import UsageError
from bigmodel_cli.modeling.backend import uses_onednn
from bigmodel_cli.modeling.devices import Device, choose_device, choose_precision, has_bfloat16


@dataclass(frozen=True)
class Trial:
    """One way to execute a run that was compared with others, or why it was not.

    Attributes:
        precision: Keras dtype policy.
        jit_compile: Whether XLA compiles the training step.
        milliseconds: Per training step; None where it was not measured.
        reason: Why it was not.
        expected: The share of the time that it was expected to save, by the kind of model and processor and
            by what earlier runs on this machine have shown; None for what the others are compared with.
    """

    precision: str
    jit_compile: bool
    milliseconds: float | None
    reason: str | None = None
    expected: float | None = None

    def describe(self) -> str:
        return (
            f"{self.precision}{' with XLA' if self.jit_compile else ''} {self.milliseconds:.3g} ms per step"
        )


@dataclass(frozen=True)
class ExecutionPlan:
    """What `training` says of the execution, without any `auto`.

    Attributes:
        device: What the model runs on.
        precision: Keras dtype policy.
        jit_compile: Whether XLA compiles the training step.
        deterministic: Whether results repeat bit by bit.
        steps_per_execution: Training steps per call into TensorFlow; None until it was measured.
        processes: How many train together, each on such a device.
        onednn: Whether TensorFlow uses oneDNN's kernels on the CPU.
        trials: What was compared to decide; empty where nothing was.
    """

    device: Device
    precision: str
    jit_compile: bool
    deterministic: bool
    steps_per_execution: int | None
    processes: int = 1
    onednn: bool = False
    trials: tuple[Trial, ...] = ()

    @property
    def replicas(self) -> int:
        """How many replicas of the model there are, in all processes."""
        return self.processes * self.device.replicas

    def describe(self) -> str:
        """The plan as one line for people."""
        steps = self.steps_per_execution
        parts = [
            f"{self.processes} processes" if self.processes > 1 else None,
            self.device.describe(),
            self.precision,
            "oneDNN" if self.onednn and not self.device.is_gpu else None,
            "XLA" if self.jit_compile else "no XLA",
            f"{steps} step{'s' * (steps != 1)} per execution" if steps else None,
            "deterministic" if self.deterministic else None,
        ]
        return ", ".join(part for part in parts if part)

    def describe_trials(self) -> str | None:
        """What was measured as one line for people; None where there was nothing to compare."""
        measured = [trial.describe() for trial in self.trials if trial.milliseconds is not None]
        return ", ".join(measured) if len(measured) > 1 else None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def make_plan(training: Training, cluster: Cluster | None = None) -> ExecutionPlan:
    """Decide what can be decided before the model is built.

    Args:
        training: The config's section.
        cluster: The processes that train together; None: this one alone.

    Raises:
        UsageError: If the device is not there, or precision or compilation are not for it.
    """
    device = choose_device(training.device)
    processes = 1 if cluster is None else len(cluster.addresses)
    if processes > 1 and device.replicas > 1 and not device.is_gpu:
        raise UsageError(
            f"training.device: {device.name}: of several processes each has one device of the CPU",
            hint="write training.device=cpu, and start more processes",
        )
    replicas = processes * device.replicas
    # XLA makes most models faster on GPUs and slower on CPUs (convolutions: a quarter of the speed);
    # determinism turns it off, and it knows nothing of replicas.
    jit = (
        device.is_gpu and replicas == 1 and not training.deterministic
        if training.jit_compile == "auto"
        else training.jit_compile
    )
    if jit and replicas > 1:
        raise UsageError(
            f"training.jit_compile: XLA compiles for one replica of the model, and there are {replicas}",
            hint="write training.jit_compile=auto",
        )
    steps = None if training.steps_per_execution == "auto" else training.steps_per_execution
    precision = choose_precision(training.precision, device)
    return ExecutionPlan(device, precision, jit, training.deterministic, steps, processes, uses_onednn())


def alternatives(
    plan: ExecutionPlan, training: Training, *, has_any_length: bool = False
) -> list[Mapping[str, Any]]:
    """Changes to a plan that may make it faster, which only a measurement tells.

    There are none where the result is to repeat bit by bit, since a measurement does not, nor where several
    processes would have to measure the same.

    Args:
        plan: As `make_plan` gives it.
        training: The config's section.
        has_any_length: Whether texts have another length in each batch, for each of which XLA would compile
            anew.
    """
    if training.deterministic or plan.processes > 1:
        return []
    changes: list[Mapping[str, Any]] = []
    if training.precision == "auto" and not plan.device.is_gpu and has_bfloat16():
        changes.append({"precision": "mixed_bfloat16"})
    if training.jit_compile == "auto" and plan.replicas == 1 and not has_any_length:
        changes.append({"jit_compile": not plan.jit_compile})
    return changes
