"""What values arrive at the network."""

from __future__ import annotations

from collections.abc import Iterator

from bigmodel_cli.config.catalogue import load_catalogue
from bigmodel_cli.config.checks.pitfalls.pitfall import Finding
from bigmodel_cli.config.components import Component
from bigmodel_cli.config.facts import DataFacts, ValueRange
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.value_ranges import reaching_network

# Wider than this nothing begins to learn well, narrower than this there is nothing to learn from.
_WIDE, _NARROW = 100, 0.05
# Layers that bring values to a scale, or take whole numbers as they are.
_SCALING = ("Normalization", "Rescaling", "Embedding", "CategoryEncoding", "Discretization", "Hashing")
_MOVING = frozenset(
    {"Flatten", "Identity", "MaxPooling2D", "Permute", "Reshape", "Resizing", "ZeroPadding2D"}
)
# Applications that rescale by themselves without an argument for it.
_RESCALING = ("EfficientNetB",)
# What ImageNet's weights were trained on: from -1 to 1, or pixels less their means.
_AROUND_ZERO = ("MobileNet", "MobileNetV2", "InceptionV3", "InceptionResNetV2", "Xception", "NASNetLarge",
                "NASNetMobile", "ResNet50V2", "ResNet101V2", "ResNet152V2")  # fmt: skip
_PIXELS = ("VGG16", "VGG19", "ResNet50", "ResNet101", "ResNet152")


def unscaled(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:
    """Pixels from 0 to 255 go into weights that are made for values around 1."""
    values, first = reaching_network(experiment, facts), _first(experiment)
    if values is None or values[1] - values[0] < _WIDE or _scales(first):
        return
    yield Finding(
        first.path,
        f"values from {values[0]:g} to {values[1]:g} reach {first.name}: Keras's initial weights are made "
        "for values around 1",
        f"write preprocessing: [{{Rescaling: {{scale: 1/{values[1]:g}}}}}]",
    )


def scaled_twice(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:
    """Values were divided by 255 more than once."""
    values, first = reaching_network(experiment, facts), _first(experiment)
    if values is not None and values[1] - values[0] < _NARROW and not first.name.endswith("Normalization"):
        yield Finding(
            ("preprocessing",),
            f"values from {values[0]:.3g} to {values[1]:.3g} reach {first.name}: they were rescaled twice, "
            "or lie in a smaller range than was thought",
            "remove Rescaling, or write another scale",
        )


def scales_by_itself(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:
    """An application with preprocessing of its own gets what is preprocessed already."""
    values = reaching_network(experiment, facts)
    for step in experiment.model[:1]:
        if values is not None and values[1] <= 1 and _rescales(step):
            yield Finding(
                step.path,
                f"{step.name} rescales pixels by itself, and gets values from {values[0]:g} to {values[1]:g}",
                "leave Rescaling out" + _or_argument(step),
            )


def unlike_imagenet(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:
    """ImageNet's weights get values from another range than they were trained on."""
    values = reaching_network(experiment, facts)
    for step in experiment.model[:1]:
        if values is None or step.arguments.get("weights", "imagenet") != "imagenet":
            continue
        if step.name in _AROUND_ZERO and not _is_near(values, (-1, 1)):
            wanted, advice = "values from -1 to 1", "write Rescaling: {scale: 1/127.5, offset: -1}"
        elif step.name in _PIXELS and values[1] - values[0] < _WIDE:
            wanted = "pixels less ImageNet's means"
            advice = "write Normalization: {mean: [123.68, 116.78, 103.94], variance: [1, 1, 1]}"
        else:
            continue
        yield Finding(
            step.path,
            f"{step.name}'s weights were trained on {wanted}, and get {values[0]:g} to {values[1]:g}",
            advice,
        )


def _first(experiment: Experiment) -> Component:
    """The first step that does more than to move values."""
    steps = experiment.model
    found: Component = next((step for step in steps if step.name not in _MOVING), steps[-1])
    return found


def _scales(step: Component) -> bool:
    return step.name.endswith(_SCALING) or _rescales(step) or step.family in ("blocks", "applications")


def _rescales(step: Component) -> bool:
    if step.family != "applications":
        return False
    entry = load_catalogue().entry("applications", step.name)
    has_argument = entry is not None and "include_preprocessing" in entry.parameters
    wants = step.arguments.get("include_preprocessing", True) is True
    return (has_argument and wants) or step.name.startswith(_RESCALING)


def _or_argument(step: Component) -> str:
    return "" if step.name.startswith(_RESCALING) else ", or write include_preprocessing: false"


def _is_near(values: ValueRange, wanted: ValueRange) -> bool:
    return all(abs(value - bound) < 0.2 for value, bound in zip(values, wanted, strict=True))
