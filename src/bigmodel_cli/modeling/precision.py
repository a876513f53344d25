"""A model that was trained in mixed precision, in float32: its weights are that anyway."""

from __future__ import annotations

from typing import Any

_FLOAT32 = "float32"
# Keras's mixed policies with the dtype that layers compute in.
_MIXED = {"mixed_bfloat16": "bfloat16", "mixed_float16": "float16"}


def in_float32(model: Any) -> Any:
    """The same model with every layer computing in float32; the model itself where it does so already.

    Evaluation and prediction then give the same answers on every machine and engine; LiteRT has no bfloat16.

    Args:
        model: A loaded functional `keras.Model`, not compiled.
    """
    config = model.get_config()
    layers = [_with_float32(layer) for layer in config["layers"]]
    if not any(found for _, found in layers):
        return model
    # What the model itself takes is what the data is, whatever it computes in.
    kept = [
        layer if layer["class_name"] == "InputLayer" else changed
        for layer, (changed, _) in zip(config["layers"], layers, strict=True)
    ]
    plain = type(model).from_config({**config, "layers": kept})
    plain.set_weights(model.get_weights())
    return plain


def _with_float32(config: Any) -> tuple[Any, bool]:
    """A part of a config without half precision, and whether it had a mixed policy."""
    if isinstance(config, dict):
        items = {key: _with_float32(value) for key, value in config.items()}
        if config.get("class_name") == "InputLayer" and config["config"]["dtype"] in _MIXED.values():
            # A model inside the model was built on what the layer before it gave.
            items["config"] = {**config["config"], "dtype": _FLOAT32}, False
        return {key: value for key, (value, _) in items.items()}, any(found for _, found in items.values())
    if isinstance(config, list | tuple):
        values = [_with_float32(value) for value in config]
        return type(config)(value for value, _ in values), any(found for _, found in values)
    return (_FLOAT32, True) if isinstance(config, str) and config in _MIXED else (config, False)
