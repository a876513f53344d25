"""Images of hubs are decoded once: later runs find their pixels in the folder of decoded examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hub_folders import needs_hf, needs_tfds, png, write_tfds

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources import source_options
from bigmodel_cli.sources.base import LoadContext, Source
from bigmodel_cli.sources.decoded_folder import decoded_folder, list_decoded
from bigmodel_cli.sources.hubs import column_types, reading

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 4, 5), np.uint8)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was decoded."""
    names: list[str] = []
    decode = column_types.decode_image

    def noting(file: Any, image_format: Any) -> np.ndarray:
        names.append(str(file))
        return decode(file, image_format)

    monkeypatch.setattr(column_types, "decode_image", noting)
    monkeypatch.setattr(reading, "KEPT_SECONDS", 0.0)
    return names


def write_hf(folder: Path, pixels: np.ndarray = PIXELS, images: list[Any] | None = None) -> dict[str, Any]:
    import datasets

    features = datasets.Features(
        {"image": datasets.Image(), "label": datasets.ClassLabel(names=["even", "odd"])}
    )
    images = images or [{"bytes": png(image), "path": None} for image in pixels]
    columns = {"image": images, "label": [number % 2 for number in range(len(images))]}
    datasets.Dataset.from_dict(columns, features=features).save_to_disk(folder)
    return {"source": "hf", "path": folder}


def write_prepared(folder: Path) -> dict[str, Any]:
    import tensorflow_datasets as tfds

    of = tfds.features
    features = {"image": of.Image(shape=(4, 5, 1)), "label": of.ClassLabel(names=["even", "odd"])}
    rows = [{"image": [png(image)], "label": [number % 2]} for number, image in enumerate(PIXELS)]
    write_tfds(folder / "seen" / "1.0.0", features, {"train": rows}, ("image", "label"))
    return {"source": "tfds", "name": "seen", "data_dir": folder}


def load(options: dict[str, Any], **context: Any) -> Source:
    asked = {"keeps_decoded": True, **context}
    options = dict(options)
    return source_options()[options.pop("source")](**options).load(LoadContext(offline=True, **asked))


@pytest.mark.parametrize(
    "write", [pytest.param(write_hf, marks=needs_hf), pytest.param(write_prepared, marks=needs_tfds)]
)
def test_a_second_run_decodes_nothing(write: Any, decoded: list[str], tmp_path: Path) -> None:
    options = write(tmp_path / "data")
    first = load(options).splits["train"]
    assert len(decoded) == 12
    decoded.clear()
    again = load(options).splits["train"]
    assert not decoded
    np.testing.assert_array_equal(again.store.array, PIXELS[..., None])
    assert again.fingerprint() == first.fingerprint()
    assert {file.source.split(":")[0] for file in list_decoded()} == {options["source"]}


@needs_hf
def test_what_is_read_otherwise_is_decoded_anew(decoded: list[str], tmp_path: Path) -> None:
    options = write_hf(tmp_path / "data")
    load(options)
    decoded.clear()
    assert load({**options, "color_mode": "rgb"}).splits["train"].store.shape == (4, 5, 3)
    assert len(decoded) == 12
    decoded.clear()
    write_hf(tmp_path / "other", PIXELS[::-1])
    arrow = next((tmp_path / "data").glob("*.arrow"))
    # As many bytes at the same place, a moment later.
    arrow.write_bytes(next((tmp_path / "other").glob("*.arrow")).read_bytes())
    np.testing.assert_array_equal(load(options).splits["train"].store.array, PIXELS[::-1, ..., None])
    assert len(decoded) == 12


@needs_hf
@pytest.mark.parametrize("damage", ["a byte", "cut off", "longer"])
def test_what_is_damaged_is_decoded_anew(decoded: list[str], damage: str, tmp_path: Path) -> None:
    options = write_hf(tmp_path / "data")
    load(options)
    for path in decoded_folder().glob("*.decoded"):
        content = bytearray(path.read_bytes())
        content[-10] ^= 1
        path.write_bytes(
            {"a byte": content, "cut off": content[:-20], "longer": path.read_bytes() + b"1"}[damage]
        )
    decoded.clear()
    np.testing.assert_array_equal(load(options).splits["train"].store.array, PIXELS[..., None])
    assert len(decoded) == 12


@needs_hf
def test_nothing_is_kept_where_that_is_not_asked_for_or_quick(
    decoded: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    options = write_hf(tmp_path / "data")
    load(options, keeps_decoded=False)
    monkeypatch.setattr(reading, "KEPT_SECONDS", 1000.0)
    load(options)
    assert not list_decoded()


@needs_hf
def test_bad_images_are_found_anew_and_files_of_their_own_are_not_kept(
    decoded: list[str], tmp_path: Path
) -> None:
    images = [{"bytes": png(image), "path": None} for image in PIXELS]
    images[3] = {"bytes": b"no image", "path": None}
    options = {**write_hf(tmp_path / "bad", images=images), "image_size": (4, 5), "color_mode": "grayscale"}
    for _ in range(2):
        part = load(options, skip_bad_files=True, warn=lambda _: None).splits["train"]
        assert len(part) == 11
        with pytest.raises(DataError, match=r"train\[3\]: image"):
            load(options)
    for number, image in enumerate(PIXELS):
        path = tmp_path / "photos" / ("even", "odd")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(image))
    decoded.clear()
    load({"source": "hf", "path": tmp_path / "photos", "cache_dir": tmp_path / "cache"})
    decoded.clear()
    load({"source": "hf", "path": tmp_path / "photos", "cache_dir": tmp_path / "cache"})
    assert len(decoded) == 12
    assert not list_decoded()
