"""A signature as JSON, for run.json: all that is needed to prepare an example with no data at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.base import ImageFormat, Signature


def signature_as_json(signature: Signature) -> dict[str, Any]:
    """Everything but the class names, which labels.json has."""
    return {
        "shape": list(signature.shape),
        "dtype": signature.dtype,
        "target_shape": list(signature.target_shape),
        "image_format": asdict(signature.image_format) if signature.image_format else None,
    }


def signature_from_json(record: Mapping[str, Any], class_names: tuple[str, ...] | None) -> Signature:
    """The signature that `signature_as_json` wrote.

    Raises:
        DataError: If it is damaged.
    """
    try:
        written = record["image_format"]
        image_format = None
        if written is not None:
            image_format = ImageFormat(**{**written, "image_size": tuple(written["image_size"])})
        return Signature(
            shape=tuple(record["shape"]),
            dtype=record["dtype"],
            class_names=class_names,
            target_shape=tuple(record["target_shape"]),
            image_format=image_format,
        )
    except (KeyError, TypeError) as error:
        raise DataError(f"run.json: the signature of the data is damaged: {error!r}") from None
