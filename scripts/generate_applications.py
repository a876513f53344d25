"""Write starter/applications.json: what each of Keras's applications is, by its weights and its pixels.

`init` recognises by it which application a file of weights is of, and writes the preprocessing that the
weights were trained with. Run it with `make catalogue` after an upgrade of Keras.
"""

from __future__ import annotations

import importlib
import json
import math
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bigmodel_cli.modeling.backend import import_tensorflow

TARGET = Path(__file__).resolve().parents[1] / "src" / "bigmodel_cli" / "starter" / "applications.json"
# Where a width is an argument, each one that ImageNet's weights exist for.
ALPHAS = {
    "MobileNet": (0.25, 0.5, 0.75, 1.0),
    "MobileNetV2": (0.35, 0.5, 0.75, 1.0, 1.3, 1.4),
    "MobileNetV3Small": (0.75, 1.0),
    "MobileNetV3Large": (0.75, 1.0),
}
SIDE = 224


def describe(name: str, alpha: float | None) -> dict[str, Any]:
    """One application: its arguments, pixels, work and arrays.

    Returns:
        `arguments` beyond Keras's defaults; `pixels`, how it wants them (see `_pixels`); `multiply_adds` for
        an image of 224 × 224; `parameters` and `arrays` (shape to count) without the classifying top.
    """
    import keras

    keras.backend.clear_session()
    arguments = {} if alpha in (None, 1.0) else {"alpha": alpha}
    # NASNetLarge has weights for one size alone; without weights it takes any.
    model = getattr(keras.applications, name)(
        weights=None, include_top=False, input_shape=(SIDE, SIDE, 3), **arguments
    )
    shapes = Counter("x".join(map(str, variable.shape)) for variable in model.weights)
    return {
        "name": name,
        "arguments": arguments,
        "pixels": _pixels(name),
        "multiply_adds": sum(_multiply_adds(layer) for layer in _leaves(model)),
        "parameters": model.count_params(),
        "features": int(model.output.shape[-1]),
        "arrays": dict(sorted(shapes.items())),
    }


def _leaves(model: Any) -> Iterator[Any]:
    for layer in model.layers:
        yield from _leaves(layer) if hasattr(layer, "layers") else [layer]


def _multiply_adds(layer: Any) -> int:
    kind = type(layer).__name__
    if kind not in ("Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Dense"):
        return 0
    positions = math.prod(side or 1 for side in layer.output.shape[1:-1])
    return positions * sum(math.prod(v.shape) for v in layer.weights if len(v.shape) > 1)


def _pixels(name: str) -> str:
    """How the weights want pixels: `as_they_are`, `minus_one_to_one`, `standardized` or `bgr`."""
    import keras

    constructor = getattr(keras.applications, name)
    module = importlib.import_module(constructor.__module__)
    white, red = np.full((1, 1, 1, 3), 255.0), np.array([255.0, 0, 0]).reshape(1, 1, 1, 3)
    found = module.preprocess_input(white.copy())[0, 0, 0], module.preprocess_input(red.copy())[0, 0, 0]
    if np.allclose(found[0], 255):
        return "as_they_are"
    if np.allclose(found[0], 1):
        return "minus_one_to_one"
    return "standardized" if found[1][0] > found[1][2] else "bgr"


def applications() -> Iterator[dict[str, Any]]:
    """All of them, from small to large."""
    catalogue = json.loads((TARGET.parents[1] / "config" / "catalogue.json").read_text("utf-8"))
    for name in sorted(catalogue["families"]["applications"]["entries"]):
        for alpha in ALPHAS.get(name, (None,)):
            yield describe(name, alpha)


def main() -> int:
    import_tensorflow()
    import keras

    found = sorted(applications(), key=lambda entry: entry["parameters"])
    text = {"keras": keras.__version__, "applications": found}
    TARGET.write_text(
        json.dumps(text, indent=None, separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n", "utf-8"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
