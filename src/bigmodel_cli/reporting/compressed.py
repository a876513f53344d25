"""How much smaller a run's model has become while it was trained, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def compressed_lines(found: Mapping[str, Any] | None) -> Iterator[str]:
    """Sentences, one for each way.

    Args:
        found: What run.json has of it; None: nothing was asked for.
    """
    if found is None:
        return
    pruned = found.get("prune")
    if pruned is not None and "channels" in pruned:
        before, after = pruned["parameters"]
        widths = ", ".join(f"{name} {was} to {left}" for name, (was, left) in pruned["channels"].items())
        yield f"{after:,} of {before:,} parameters are left; channels: {widths or 'all'}"
    elif pruned is not None:
        layers = pruned["layers"]
        zeros, weights = (sum(one[key] for one in layers.values()) for key in ("zeros", "weights"))
        share = found["zipped_bytes"] / max(1, found["bytes"])
        yield (
            f"{pruned['sparsity']:.1%} of the weights of {len(layers)} kernels are 0 ({zeros:,} of "
            f"{weights:,}); all weights take {found['bytes']:,} bytes, zipped {share:.2f} of that"
        )


def compressed_content(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The same for the page, with a row for each kernel; None where nothing was compressed."""
    if found is None:
        return None
    pruned = found.get("prune") or {}
    if "channels" in pruned:
        rows = [
            {"name": name, "cells": [str(was), str(left), f"{1 - left / was:.1%}"]}
            for name, (was, left) in pruned["channels"].items()
        ]
        columns = ["channels", "left", "sparsity"]
        return {"lines": list(compressed_lines(found)), "columns": columns, "rows": rows}
    rows = []
    for name, one in pruned.get("layers", {}).items():
        weights, zeros = one["weights"], one["zeros"]
        rows.append({"name": name, "cells": [f"{weights:,}", f"{zeros:,}", f"{zeros / weights:.1%}"]})
    return {"lines": list(compressed_lines(found)), "columns": ["weights", "zeros", "sparsity"], "rows": rows}
