"""A signature as JSON, for run.json and for packed data: what is needed to prepare an example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.base import Drawing, ImageFormat, Signature


def signature_as_json(signature: Signature) -> dict[str, Any]:
    """Everything but the class names, which labels.json has."""
    return {
        "shape": list(signature.shape),
        "dtype": signature.dtype,
        "target_shape": list(signature.target_shape),
        "image_format": asdict(signature.image_format) if signature.image_format else None,
    }


def signature_from_json(
    record: Mapping[str, Any], class_names: tuple[str, ...] | None, where: str = "run.json"
) -> Signature:
    """The signature that `signature_as_json` wrote.

    Args:
        record: What it wrote.
        class_names: The classes; None where labels are numbers.
        where: The file, for errors.

    Raises:
        DataError: If it is damaged.
    """
    try:
        written = record["image_format"]
        return Signature(
            shape=tuple(record["shape"]),
            dtype=record["dtype"],
            class_names=class_names,
            target_shape=tuple(record["target_shape"]),
            image_format=None if written is None else _image_format(written),
        )
    except (KeyError, TypeError) as error:
        raise DataError(f"{where}: the signature of the data is damaged: {error!r}") from None


def _image_format(written: Mapping[str, Any]) -> ImageFormat:
    drawing = written.get("drawing")
    if drawing is not None:
        stroke = drawing["stroke"]
        drawing = Drawing(**{**drawing, "stroke": None if stroke is None else tuple(stroke)})
    return ImageFormat(**{**written, "image_size": tuple(written["image_size"]), "drawing": drawing})
