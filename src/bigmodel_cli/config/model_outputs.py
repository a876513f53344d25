"""What a model's outputs are, as its last steps and its loss say: probabilities, logits, or other scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bigmodel_cli.config.components import Component, entry_of
from bigmodel_cli.config.losses_and_metrics import loss_facts, takes_logits
from bigmodel_cli.config.reading import Reading

# What makes probabilities, and whether those of the classes sum to 1. All others give other values.
PROBABILITIES: Mapping[str, bool] = {
    "softmax": True,
    "sparsemax": True,
    "sigmoid": False,
    "hard_sigmoid": False,
    "sparse_sigmoid": False,
}
# Layers that hand on or choose from what they get, so that probabilities stay what they are.
_HANDING_ON = frozenset(
    {
        "ActivityRegularization",
        "Average",
        "Concatenate",
        "Dropout",
        "Flatten",
        "Identity",
        "Masking",
        "Maximum",
        "Minimum",
        "Multiply",
        "Permute",
        "RepeatVector",
        "Reshape",
        *(f"Cropping{n}D" for n in (1, 2, 3)),
        *(f"SpatialDropout{n}D" for n in (1, 2, 3)),
        *(f"UpSampling{n}D" for n in (1, 2, 3)),
        *(
            f"{kind}{way}Pooling{n}D"
            for kind in ("", "Global", "Adaptive")
            for way in ("Average", "Max")
            for n in (1, 2, 3)
        ),
    }
)
# Layers around another one, whose activation is theirs.
_AROUND = frozenset({"TimeDistributed", "Bidirectional", "SpectralNormalization"})
_AS_LAYERS = frozenset({"Softmax", "ReLU", "ELU", "LeakyReLU", "PReLU"})


@dataclass(frozen=True)
class Ending:
    """What a model ends in.

    Attributes:
        step: The step that makes the values of the output.
        activation: Its activation; None where it has none and is no layer that could have one.
    """

    step: Component
    activation: str | None

    @property
    def gives_probabilities(self) -> bool:
        return self.activation in PROBABILITIES

    @property
    def gives_distribution(self) -> bool:
        return PROBABILITIES.get(self.activation or "", False)

    def describe(self) -> str:
        """As the end of a sentence about it: `the last layer has no activation`."""
        if self.activation is None or self.step.name in _AS_LAYERS:
            return f"the model ends in {self.step.name}"
        if self.activation == "linear":
            return "the last layer has no activation"
        return f"the last layer has the activation {self.activation}"


def last_step(steps: Sequence[Component]) -> Component:
    """The step that makes the output: the last one, or the last one inside the last `repeat`."""
    step = steps[-1]
    inner = getattr(step.options, "layers", None)
    return last_step(inner) if inner and step.name == "repeat" else step


def ending(steps: Sequence[Component]) -> Ending:
    """What makes the values that come out, looked for behind layers that only hand them on."""
    step = steps[-1]
    before = steps[:-1]
    if step.family == "blocks":
        return _of_block(step)
    if step.name in _AROUND and isinstance(inner := step.arguments.get("layer"), Component):
        return ending([inner])
    if step.name not in _HANDING_ON:
        return Ending(step, _activation(step))
    sources = [_named(name, before) for name in step.inputs] if step.inputs else [list(before)]
    found = [ending(source) for source in sources if source]
    if not found:
        return Ending(step, None)
    return next((one for one in found if not one.gives_probabilities), found[0])


def _named(name: str, before: Sequence[Component]) -> list[Component]:
    """The steps up to the one that `inputs` names."""
    if name == "previous":
        return list(before)
    last = max((number for number, step in enumerate(before) if step.step == name), default=-1)
    return list(before[: last + 1])


def _of_block(step: Component) -> Ending:
    """What a block of ours ends in: its last layers, or all branches where they are only put together."""
    options: Any = step.options
    if step.name == "repeat":
        return ending(options.layers)
    if step.name == "token_logits":
        return Ending(step, "linear")
    if step.name == "saved_model":
        return Ending(step, options.activation)
    if step.name == "branches":
        merge = options.merge
        if merge is None or merge.name in _HANDING_ON:
            found = [ending(path) for path in options.paths if path]
            # An empty path hands on what no step made.
            if len(found) == len(options.paths):
                return next((one for one in found if not one.gives_probabilities), found[0])
    return Ending(step, None)


def _activation(step: Component) -> str | None:
    """A layer's activation as a short string: `linear` where it has none, None where it takes none."""
    if step.name in _AS_LAYERS:
        return {"Softmax": "softmax", "ReLU": "relu"}.get(step.name, step.name.lower())
    key = "activation"
    if step.family == "applications":
        key = "classifier_activation"
        if step.arguments.get("include_top") is False:
            return None
    entry = entry_of(step)
    if entry is None or key not in entry.parameters:
        return None
    given = step.arguments.get(key, entry.parameters[key].default)
    if isinstance(given, Component):
        return _activation(given) if given.name in _AS_LAYERS else given.name
    return "linear" if given is None else str(given)


def _are_several(last: Ending) -> bool:
    return all(last.step.arguments.get(key) != 1 for key in ("units", "filters"))


def reading_of(loss: Component, steps: Sequence[Component]) -> Reading:
    """How the loss reads what the last of some steps gives."""
    facts, last = loss_facts(loss), ending(steps)
    if facts.outputs == "frames":
        return Reading("softmax")
    if takes_logits(loss):
        is_over_classes = facts.outputs == "distribution" or (facts.outputs == "any" and _are_several(last))
        return Reading("softmax" if is_over_classes else "sigmoid")
    are_probabilities = facts.takes_probabilities or last.gives_probabilities
    decided_by_sign = facts.outputs == "margins" and not last.gives_probabilities
    return Reading(None, are_probabilities, 0.0 if decided_by_sign else 0.5)
