"""Folders as TensorFlow Datasets and Hugging Face's datasets leave them, written without TensorFlow."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.pipeline.example_proto import encode_example
from bigmodel_cli.sources.record_frame import framed

needs_tfds = pytest.mark.skipif(
    find_spec("tensorflow_datasets") is None, reason="the extra tfds is not installed"
)
needs_hf = pytest.mark.skipif(find_spec("datasets") is None, reason="the extra hf is not installed")


def png(pixels: np.ndarray) -> bytes:
    """An image file."""
    stream = io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(stream, "PNG")
    return stream.getvalue()


def write_tfds(
    folder: Path,
    features: Mapping[str, Any],
    splits: Mapping[str, Sequence[Mapping[str, Any]]],
    supervised: tuple[str, str] | None = None,
) -> Path:
    """A prepared data set.

    Args:
        folder: `data_dir/name/version`, or `data_dir/name/config/version`.
        features: What TFDS calls so, by name.
        splits: Rows; their values are lists as tf.train.Example has them.
        supervised: Input and target.
    """
    import tensorflow_datasets as tfds

    records = {
        split: [encode_example(b"", {key: list(value) for key, value in row.items()})[0] for row in rows]
        for split, rows in splits.items()
    }
    return write_records(folder, tfds.features.FeaturesDict(features), records, supervised)


def write_records(
    folder: Path,
    features: Any,
    splits: Mapping[str, Sequence[bytes]],
    supervised: tuple[str, str] | None = None,
) -> Path:
    """The same of examples that are bytes already; each split is two files."""
    import tensorflow_datasets as tfds

    folder.mkdir(parents=True)
    name = folder.parent.name
    infos = []
    for split, records in splits.items():
        framed_records = [framed(record) for record in records]
        halves = [framed_records[: len(records) // 2], framed_records[len(records) // 2 :]]
        for number, half in enumerate(halves):
            (folder / f"{name}-{split}.tfrecord-{number:05}-of-00002").write_bytes(b"".join(half))
        sizes = [len(half) for half in halves]
        infos.append(tfds.core.SplitInfo(name=split, shard_lengths=sizes, num_bytes=1))
    tfds.folder_dataset.write_metadata(
        data_dir=folder, features=features, split_infos=infos, check_data=False, supervised_keys=supervised
    )
    return folder


def digits_as_tfds(data_dir: Path, arrays: Mapping[str, np.ndarray], version: str = "3.0.1") -> Path:
    """MNIST as TFDS has it; the folder of prepared data sets."""
    import tensorflow_datasets as tfds

    features = {
        "image": tfds.features.Image(shape=(28, 28, 1)),
        "label": tfds.features.ClassLabel(num_classes=10),
    }
    splits = {
        split: [
            {"image": [png(pixels)], "label": [int(label)]}
            for pixels, label in zip(arrays[f"x_{split}"], arrays[f"y_{split}"], strict=True)
        ]
        for split in ("train", "test")
    }
    write_tfds(data_dir / "mnist" / version, features, splits, ("image", "label"))
    return data_dir


def digits_as_hf(arrays: Mapping[str, np.ndarray]) -> Any:
    """MNIST as a `datasets.DatasetDict`."""
    import datasets

    features = datasets.Features(
        {"image": datasets.Image(), "label": datasets.ClassLabel(names=[str(digit) for digit in range(10)])}
    )
    return datasets.DatasetDict(
        {
            split: datasets.Dataset.from_dict(
                {
                    "image": [{"bytes": png(pixels), "path": None} for pixels in arrays[f"x_{split}"]],
                    "label": arrays[f"y_{split}"].tolist(),
                },
                features=features,
            )
            for split in ("train", "test")
        }
    )
