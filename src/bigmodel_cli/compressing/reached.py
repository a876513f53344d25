"""How much smaller a model has become, as run.json has it."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from bigmodel_cli.compressing.pruning import kernels_of
from bigmodel_cli.config.compress import Compress


def reached(model: Any, trained: Any, asked: Compress) -> dict[str, Any] | None:
    """What compression has come to.

    Args:
        model: The best one, as it predicts.
        trained: The model as it was trained.
        asked: The section of the config.

    Returns:
        How many bytes the weights take as float32, and how many of these are left under zip; of `prune` the
        share of zeros, and weights and zeros of each kernel by its name; or parameters before and after, and
        channels of each layer that lost some. None where nothing became smaller.
    """
    if asked.prune is None:
        return None
    content = b"".join(np.ascontiguousarray(weight, np.float32).tobytes() for weight in _numbers(model))
    found: dict[str, Any] = {"bytes": len(content), "zipped_bytes": len(zlib.compress(content))}
    found["prune"] = _channels(model, trained) if asked.loses_channels else _zeros(model)
    return found


def _numbers(model: Any) -> list[np.ndarray]:
    """The weights that are numbers: a vocabulary is none."""
    return [weight for weight in model.get_weights() if weight.dtype.kind in "fiu"]


def _channels(model: Any, trained: Any) -> dict[str, Any]:
    """Parameters before and after, and channels of the layers that have fewer."""
    widths = [
        {layer.name: layer.kernel.shape[-1] for layer in one.layers if hasattr(layer, "kernel")}
        for one in (trained, model)
    ]
    before, after = widths
    return {
        "parameters": [trained.count_params(), model.count_params()],
        "channels": {name: [before[name], after[name]] for name in before if after.get(name) != before[name]},
    }


def _zeros(model: Any) -> dict[str, Any]:
    kernels = {name: np.asarray(kernel) for name, kernel in kernels_of(model)}
    layers = {
        name: {"weights": kernel.size, "zeros": int(kernel.size - np.count_nonzero(kernel))}
        for name, kernel in kernels.items()
    }
    total = sum(one["weights"] for one in layers.values())
    return {"sparsity": sum(one["zeros"] for one in layers.values()) / max(1, total), "layers": layers}
