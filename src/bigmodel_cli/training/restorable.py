"""What trains, as a state that can be saved and put back: weights, optimizer, random state, callbacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bigmodel_cli.errors import DataError, DivergedError
from bigmodel_cli.inference.loading import first_line
from bigmodel_cli.modeling.cut import leaves
from bigmodel_cli.modeling.fused.late_rows import says_late
from bigmodel_cli.training.callback_state import (
    callback_counters,
    go_on_writing,
    is_of_callback,
    restore_counters,
)
from bigmodel_cli.training.learning_rate import has_schedule, multiply_learning_rate
from bigmodel_cli.training.prepared import Prepared
from bigmodel_cli.training.state import Moment, State, read_state


@dataclass
class Restorable:
    """What trains, between memory and checkpoints.

    Attributes:
        prepared: What trains.
    """

    prepared: Prepared
    _applied_factor: float = 1.0

    @property
    def model(self) -> Any:
        return self.prepared.built.model

    def take(self) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
        """The callbacks' counters, and what else a `.keras` file does not hold, by name."""
        counters, arrays = callback_counters(self.prepared.callbacks.callbacks)
        loose = self._loose_variables()
        if self.prepared.training.is_settled:
            # So steps that are computed otherwise can go on from there, too.
            loose = {name: loose[name] for name in loose if name not in self._of_late_rows()}
        values = self.prepared.distribution.read(list(loose.values()))
        return counters, {**dict(zip(loose, values, strict=True)), **arrays}

    def put_back(self, path: Path, entry: Mapping[str, Any]) -> State:
        """Take weights, optimizer and random state out of a checkpoint; callbacks follow after their start.

        Args:
            path: The checkpoint.
            entry: What is known of it.

        Returns:
            The whole state.

        Raises:
            DataError: If it does not fit the model.
        """
        loose = self._loose_variables()
        state = read_state(path, list(loose))
        self._require_fit(path, state)
        if has_schedule(self.model.optimizer):
            self._apply_factor(state.learning_rate_factor)
        self._load_weights(path)
        if int(self.model.optimizer.iterations.numpy()) != entry["iterations"]:
            raise DataError(f"{path}: its optimizer is not the config's")
        late = {name: array for name, array in state.arrays.items() if says_late(name)}
        is_same = set(late) == self._of_late_rows()
        if not is_same:
            self.prepared.training.take_as_settled(late)
        for name, variable in self._loose_variables().items():
            if is_same or not says_late(name):
                variable.assign(state.arrays[name])
        go_on_writing(self.prepared.callbacks.callbacks)
        return state

    def put_back_callbacks(self, state: State) -> None:
        """Give the callbacks their counters again, after `on_train_begin`, which starts them anew."""
        restore_counters(self.prepared.callbacks.callbacks, state.callbacks, state.arrays)

    def lower_learning_rate(self, factor: float, state: State) -> None:
        """Bring the learning rate to `factor` × the config's, from that of a state which was put back."""
        if has_schedule(self.model.optimizer):
            self._apply_factor(factor)
        else:
            multiply_learning_rate(self.model.optimizer, factor / state.learning_rate_factor)

    def require_finite_weights(self, moment: Moment) -> None:
        """A loss that is a number says nothing of the weights that its step left.

        Raises:
            DivergedError: If a weight is not a number any more.
        """
        import tensorflow as tf

        for variable in self.model.trainable_variables:
            if not tf.reduce_all(tf.math.is_finite(variable.value)):
                raise DivergedError(f"{variable.path} holds numbers that are none at {moment}")

    def _loose_variables(self) -> dict[str, Any]:
        """Seeds and metrics by name: what a step may change and a `.keras` file does not hold.

        Of layers with low-rank weights it holds the sum, in which Keras merges them.
        """
        merged = {
            id(weight)
            for layer in leaves(self.model)
            if getattr(layer, "lora_enabled", False)
            for weight in layer.weights
        }
        saved = {id(variable) for variable in (*self.model.weights, *self.model.optimizer.variables)} - merged
        variables = self.prepared.training.variables().items()
        return {name: variable for name, variable in variables if id(variable) not in saved}

    def _of_late_rows(self) -> set[str]:
        return set(self.prepared.training.of_late_rows())

    def _require_fit(self, path: Path, state: State) -> None:
        shapes = {name: tuple(variable.shape) for name, variable in self._loose_variables().items()}
        found = {name: array.shape for name, array in state.arrays.items() if not is_of_callback(name)}
        if set(filter(says_late, found)) != self._of_late_rows():
            # Which rows are late is another matter where steps are computed otherwise, as on a GPU.
            shapes, found = (
                {name: shape for name, shape in one.items() if not says_late(name)} for one in (shapes, found)
            )
        classes = [type(callback).__name__ for callback in self.prepared.callbacks.callbacks]
        if shapes != found or classes != [item["class"] for item in state.callbacks]:
            raise DataError(
                f"{path}: its training state is not that of the run's config",
                hint="it was saved by another version of Keras or of the config; start a new run from its "
                "weights: bigmodel train CONFIG --from RUN",
            )

    def _load_weights(self, path: Path) -> None:
        try:
            self.model.load_weights(path)
        except (ValueError, KeyError) as error:
            raise DataError(
                f"{path}: its weights are not those of the model in the run's config: {first_line(error)}",
                hint="was the run's config.yaml changed by hand?",
            ) from error

    def _apply_factor(self, factor: float) -> None:
        """Multiply the schedule of the config; compiled steps hold on to the old one."""
        if factor != self._applied_factor:
            multiply_learning_rate(self.model.optimizer, factor / self._applied_factor)
            self._applied_factor = factor
            self.prepared.trace_again()
