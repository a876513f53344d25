"""A model that was trained in mixed precision, in float32: its weights are that anyway."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

_FLOAT32 = "float32"
# Keras's mixed policies with the dtype that layers compute in.
_MIXED = {"mixed_bfloat16": "bfloat16", "mixed_float16": "float16"}
_CONFIG = "config.json"


def write_in_float32(saved: Path, target: Path) -> bool:
    """Write the same saved model with every layer computing in float32.

    Evaluation and prediction then give the same answers on every machine and engine; LiteRT has no bfloat16.
    The file is changed and not the model: what layers have learnt beside their weights, vocabularies above
    all, is in the file alone.

    Args:
        saved: A .keras file.
        target: Where; nothing is written where all layers compute in float32 already.

    Returns:
        Whether it was written.
    """
    with zipfile.ZipFile(saved) as archive:
        config = json.loads(archive.read(_CONFIG))
        layers = [_with_float32(layer) for layer in config["config"]["layers"]]
        if not any(found for _, found in layers):
            return False
        # What the model itself takes is what the data is, whatever it computes in.
        config["config"]["layers"] = [
            layer if layer["class_name"] == "InputLayer" else changed
            for layer, (changed, _) in zip(config["config"]["layers"], layers, strict=True)
        ]
        with zipfile.ZipFile(target, "w") as plain:
            for member in archive.infolist():
                if member.filename == _CONFIG:
                    plain.writestr(_CONFIG, json.dumps(config))
                    continue
                with (
                    archive.open(member) as source,
                    plain.open(member.filename, "w", force_zip64=True) as copy,
                ):
                    shutil.copyfileobj(source, copy)
    return True


def _with_float32(config: Any) -> tuple[Any, bool]:
    """A part of a config without half precision, and whether it had a mixed policy."""
    if isinstance(config, dict):
        items = {key: _with_float32(value) for key, value in config.items()}
        if config.get("class_name") == "InputLayer" and config["config"]["dtype"] in _MIXED.values():
            # A model inside the model was built on what the layer before it gave.
            items["config"] = {**config["config"], "dtype": _FLOAT32}, False
        return {key: value for key, (value, _) in items.items()}, any(found for _, found in items.values())
    if isinstance(config, list):
        values = [_with_float32(value) for value in config]
        return [value for value, _ in values], any(found for _, found in values)
    return (_FLOAT32, True) if isinstance(config, str) and config in _MIXED else (config, False)
