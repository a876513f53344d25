"""What in images a run's model decides by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

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
from bigmodel_cli.explaining.grad_cam import grad_cam
from bigmodel_cli.explaining.integrated_gradients import integrated_gradients
from bigmodel_cli.explaining.network import Network
from bigmodel_cli.explaining.occlusion import occlusion
from bigmodel_cli.explaining.region import Region
from bigmodel_cli.geometry import Geometry, Side
from bigmodel_cli.inference.inputs import batch_size_for
from bigmodel_cli.inference.opened import OpenRun, reading_of_run
from bigmodel_cli.kinds.array.kind import ArrayKind
from bigmodel_cli.kinds.explain import Places
from bigmodel_cli.kinds.inputs import Input
from bigmodel_cli.modeling.cut import Cut
from bigmodel_cli.parts import part_of
from bigmodel_cli.signature import INPUT, Signature
from bigmodel_cli.tasks.explain import Explained
from bigmodel_cli.tasks.predictions import Answer

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
        region: The part of each image whose pixels are explained, as `Region` has it; None: all of it.
        invert: Whether bright becomes dark first.
        trust: Load the model even if it can run code.
    """

    class_names: Sequence[str] = ()
    top: int = 3
    method: str = ALL
    layer: str | None = None
    region: tuple[int, ...] | None = None
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
        self._explained = part_of(opened.signature.task, Explained)
        if request.region is not None and not self._explained.has_places:
            raise UsageError("--region is for models of masks: others say nothing of single places")
        self._chosen = [self._explained.index(name) for name in dict.fromkeys(request.class_names)]
        self.methods, self.notes = _methods(request, self._explained)
        self._model = _load(opened, trust=request.trust)
        self._places = part_of(opened.signature.kind, Places)
        self._cut: Cut | None = None if self._places.are_in_values else self._places.cut(self._model)
        seeing, signature = self._seeing()
        tapped = self._tapped(seeing)
        self.layer: str | None = None if tapped is None else tapped.name
        self._reading = reading_of_run(opened)
        self._network = Network(
            seeing,
            signature,
            of_logits=self._reading.activation,
            temperature=opened.rule.temperature,
            tapped=tapped,
        )
        self.explained = self._network.explained

    def _seeing(self) -> tuple[Any, Signature]:
        """The part of the model that gets what has places, and what that is."""
        signature = self._opened.signature
        if self._cut is None:
            return self._model, signature
        given = self._cut.back.input
        return self._cut.back, Signature({INPUT: ArrayKind(tuple(given.shape[1:]))}, signature.targets)

    def _tapped(self, model: Any) -> Any:
        if GRAD_CAM not in self.methods:
            return None
        wanted = self._request.layer
        found = last_feature_map(model) if wanted is None else named_feature_map(model, wanted)
        if found is None:
            if self._request.method != ALL:
                raise no_feature_map(f"--method {GRAD_CAM}")
            self.methods.remove(GRAD_CAM)
            self.notes.append("grad-cam is left out: this model has no convolution that it could look at")
        elif is_flattened(model, found):
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
        signature, invert = self._opened.signature, self._request.invert
        value = item.read(signature, invert=invert).array
        pixels = value if self._cut is None else np.asarray(self._cut.front(value[np.newaxis]))[0]
        drawn = self._places.drawn(pixels)
        geometry = self._geometry(item, drawn)
        answer = self._answer(value)
        places = self._places_asked(item, geometry, answer)
        if places is not None:
            answer = self._explained.within(answer, places)
        values = self._explained.values(answer)
        targets = self._chosen or self._explained.ranked(answer)[: self._request.top]
        behind = None if self._cut is None else float(pixels.mean())
        subject = Subject(pixels, targets, batch_size_for(signature), behind, places)
        found = {method: self._maps(method, subject) for method in self.methods}
        findings = []
        for number, target in enumerate(targets):
            attributions = {method: found[method][number] for method in self.methods}
            evidence = {method: evidence_in(one.values, geometry) for method, one in attributions.items()}
            label = self._explained.label(target, answer)
            findings.append(Finding(label, float(values[target]), attributions, evidence))
        shown = drawn if self._cut is None else _as_grey(drawn)
        return Explanation(item, shown, findings, self._explained, self._reading.are_probabilities, places)

    def _places_asked(self, item: Input, geometry: Geometry, answer: Answer) -> np.ndarray | None:
        if self._request.region is None:
            return None
        return Region(self._request.region).places(item.name, geometry, self._explained, answer)

    def _maps(self, method: str, subject: Subject) -> list[Attribution]:
        """What a method finds for each target, as people look at it."""
        return [
            replace(one, values=self._places.drawn(one.values))
            for one in METHODS[method](self._network, subject)
        ]

    def _geometry(self, item: Input, drawn: np.ndarray) -> Geometry:
        """Where places of a map are in the file; of what a model makes of it, where they are in that."""
        if self._cut is None:
            return self._places.geometry(item, invert=self._request.invert)
        height, width = drawn.shape[:2]
        return Geometry(Side(width, 0, 1), Side(height, 0, 1))

    def _answer(self, pixels: np.ndarray) -> Answer:
        """What `predict` says of an example."""
        outputs = np.asarray(self._model(pixels[np.newaxis], training=False), np.float32)
        values = self._opened.predictions.values(outputs, self._reading)
        (answer,) = self._opened.predictions.answers(values, self._reading, self._opened.rule)
        return answer


def _as_grey(values: np.ndarray) -> np.ndarray:
    """Numbers from the least to the most as uint8 of the same shape."""
    low, high = float(values.min()), float(values.max())
    return np.asarray(np.round((values - low) * (255 / max(high - low, 1e-12))), np.uint8)


def require_images(opened: OpenRun) -> None:
    """Find out before anything is loaded whether the run is about images.

    Raises:
        UsageError: If not.
    """
    why_not = part_of(opened.signature.kind, Places).why_not
    if why_not is not None:
        raise UsageError(
            f"{opened.folder.title}: explain shows what in an image a model decides by; {why_not}",
            hint="name a run that was trained on images with --run",
        )


def _methods(request: Request, explained: Explained) -> tuple[list[str], list[str]]:
    """The methods to use, and the reason for which one is left out."""
    if request.layer is not None and request.method not in (ALL, GRAD_CAM):
        raise UsageError(f"--layer is for grad-cam, not for --method {request.method}")
    chosen = list(METHODS) if request.method == ALL else [request.method]
    if explained.grad_cam_alone is not None:
        if request.method not in (ALL, GRAD_CAM):
            raise UsageError(
                f"--method {request.method}: {explained.grad_cam_alone}", hint=f"write --method {GRAD_CAM}"
            )
        return [GRAD_CAM], []
    if explained.no_grad_cam is None or GRAD_CAM not in chosen:
        return chosen, []
    if request.method == GRAD_CAM or request.layer is not None:
        raise UsageError(f"--method grad-cam: {explained.no_grad_cam}", hint=OTHER_METHODS)
    chosen.remove(GRAD_CAM)
    return chosen, [f"grad-cam is left out: {explained.no_grad_cam}"]


def _load(opened: OpenRun, *, trust: bool) -> Any:
    from bigmodel_cli.inference.loading import load_for_inference
    from bigmodel_cli.modeling.backend import start
    from bigmodel_cli.modeling.devices import choose_device

    choose_device("auto")
    start(seed=0)
    return load_for_inference(opened.folder, "best", trust=trust)
