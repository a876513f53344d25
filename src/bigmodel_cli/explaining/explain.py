"""What in images a run's model decides by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.class_names import class_name
from bigmodel_cli.config.spelling import closest
from bigmodel_cli.cut import some
from bigmodel_cli.errors import UsageError
from bigmodel_cli.explaining.attribution import Attribution, Subject
from bigmodel_cli.explaining.evidence import evidence_in
from bigmodel_cli.explaining.feature_maps import (
    OTHER_METHODS,
    is_flattened,
    last_feature_map,
    named_feature_map,
    no_feature_map,
)
from bigmodel_cli.explaining.findings import Explanation, Finding
from bigmodel_cli.explaining.geometry import geometry_of
from bigmodel_cli.explaining.grad_cam import grad_cam
from bigmodel_cli.explaining.integrated_gradients import integrated_gradients
from bigmodel_cli.explaining.network import Network
from bigmodel_cli.explaining.occlusion import occlusion
from bigmodel_cli.inference.inputs import batch_size_for
from bigmodel_cli.inference.opened import OpenRun, reading_of_run
from bigmodel_cli.kinds.inputs import Input

GRAD_CAM, ALL = "grad-cam", "all"
METHODS: Mapping[str, Callable[[Network, Subject], list[Attribution]]] = {
    GRAD_CAM: grad_cam,
    "integrated-gradients": integrated_gradients,
    "occlusion": occlusion,
}


@dataclass(frozen=True)
class Request:
    """What is to be explained, and how.

    Attributes:
        class_names: Classes to explain; where there are none, those that the model ranks first.
        top: How many of these.
        method: One of `METHODS`, or `all`.
        layer: The layer that Grad-CAM looks at; None: the one that closes the last convolution.
        invert: Whether bright becomes dark first.
        trust: Load the model even if it can run code.
    """

    class_names: Sequence[str] = ()
    top: int = 3
    method: str = ALL
    layer: str | None = None
    invert: bool = False
    trust: bool = False


class Explainer:
    """A run's model, ready to be asked about images.

    Args:
        opened: The run.
        request: What is to be explained.

    Attributes:
        methods: The names of those that are used.
        notes: What a user should know of them, as sentences.
        explained: The number whose changes are followed: `log-odds`, or `output`.
        layer: The name of the layer that Grad-CAM looks at.

    Raises:
        UsageError: If the request does not fit the run.
        DataError: If its model is missing or damaged.
    """

    def __init__(self, opened: OpenRun, request: Request) -> None:
        self._opened = opened
        self._request = request
        self._chosen = [_class_index(name, opened) for name in dict.fromkeys(request.class_names)]
        self.methods, self.notes = _methods(request, opened)
        self._model = _load(opened, trust=request.trust)
        tapped = self._tapped()
        self.layer: str | None = None if tapped is None else tapped.name
        self._reading = reading_of_run(opened)
        self._network = Network(
            self._model,
            opened.signature,
            of_logits=self._reading.activation,
            temperature=opened.rule.temperature,
            tapped=tapped,
        )
        self.explained = self._network.explained

    def _tapped(self) -> Any:
        if GRAD_CAM not in self.methods:
            return None
        wanted = self._request.layer
        found = last_feature_map(self._model) if wanted is None else named_feature_map(self._model, wanted)
        if found is None:
            if self._request.method != ALL:
                raise no_feature_map(f"--method {GRAD_CAM}")
            self.methods.remove(GRAD_CAM)
            self.notes.append("grad-cam is left out: this model has no convolution that it could look at")
        elif is_flattened(self._model, found):
            self.notes.append(
                f"grad-cam averages over all places, but behind {found.name} this model flattens them: "
                "where the other methods disagree with it, believe them"
            )
        return found

    def explain(self, item: Input) -> Explanation:
        """Explain one image.

        Raises:
            DataError: If it cannot be read.
            UsageError: If a method cannot be used with this model.
        """
        signature = self._opened.signature
        pixels = item.read(signature, invert=self._request.invert).array
        geometry = geometry_of(item, signature, invert=self._request.invert)
        values, targets = self._ranked(pixels)
        subject = Subject(pixels, targets, batch_size_for(signature))
        found = {method: METHODS[method](self._network, subject) for method in self.methods}
        findings = []
        for number, target in enumerate(targets):
            attributions = {method: found[method][number] for method in self.methods}
            evidence = {method: evidence_in(one.values, geometry) for method, one in attributions.items()}
            label = self._label(target, len(values))
            findings.append(Finding(label, float(values[target]), attributions, evidence))
        are_classes = signature.class_names is not None
        return Explanation(item, pixels, findings, are_classes, self._reading.are_probabilities)

    def _ranked(self, pixels: np.ndarray) -> tuple[np.ndarray, list[int]]:
        """A value per class or output, and the indices to explain, as `predict` ranks them."""
        outputs = np.asarray(self._model(pixels[np.newaxis], training=False), np.float32)
        are_classes = self._opened.signature.class_names is not None
        scores = self._opened.predictions.values(outputs, self._reading)
        if not are_classes:
            values = scores.reshape(-1)
            return values, list(range(min(self._request.top, len(values))))
        probabilities = self._opened.rule.probabilities(scores)
        ranking = self._opened.rule.ranking(probabilities)[0].tolist()
        return probabilities[0], self._chosen or ranking[: self._request.top]

    def _label(self, target: int, count: int) -> str | None:
        names = self._opened.signature.class_names
        if names is not None:
            return names[target]
        return f"output {target + 1}" if count > 1 else None


def require_images(opened: OpenRun) -> None:
    """Find out before anything is loaded whether the run is about images.

    Raises:
        UsageError: If not.
    """
    if opened.signature.image_format is None:
        shape = " × ".join(map(str, opened.signature.shape))
        raise UsageError(
            f"{opened.folder.title}: explain shows what in an image a model decides by; "
            f"this model takes {opened.signature.dtype} arrays of shape {shape}",
            hint="name a run that was trained on images with --run",
        )


def _class_index(name: str, opened: OpenRun) -> int:
    names = opened.signature.class_names
    if names is None:
        raise UsageError(f"--class {name}: this run predicts numbers and has no classes", hint="leave it out")
    if class_name(name) in names:
        return names.index(class_name(name))
    near = closest(name, names)
    known = f"classes: {some(names)}"
    raise UsageError(
        f"--class {name}: the run has no such class", hint=f"did you mean {near}?" if near else known
    )


def _methods(request: Request, opened: OpenRun) -> tuple[list[str], list[str]]:
    """The methods to use, and the reason for which one is left out."""
    if request.layer is not None and request.method not in (ALL, GRAD_CAM):
        raise UsageError(f"--layer is for grad-cam, not for --method {request.method}")
    chosen = list(METHODS) if request.method == ALL else [request.method]
    if opened.signature.class_names is not None or GRAD_CAM not in chosen:
        return chosen, []
    if request.method == GRAD_CAM or request.layer is not None:
        raise UsageError(
            "--method grad-cam: it shows what speaks for a class, and this run predicts numbers",
            hint=OTHER_METHODS,
        )
    chosen.remove(GRAD_CAM)
    return chosen, ["grad-cam is left out: it shows what speaks for a class, and this run predicts numbers"]


def _load(opened: OpenRun, *, trust: bool) -> Any:
    from bigmodel_cli.inference.loading import load_for_inference
    from bigmodel_cli.modeling.backend import start
    from bigmodel_cli.modeling.devices import choose_device

    choose_device("auto")
    start(seed=0)
    return load_for_inference(opened.folder, "best", trust=trust)
