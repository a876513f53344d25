"""A folder of JPEGs like those of cameras, for benchmarks/image_folder.yaml and plain/image_folder.py.

    python benchmarks/image_folder_data.py PHOTOGRAPHS FOLDER [--count 2000] [--seed 0]

Takes the photographs of a folder with a folder per class (Imagenette, say), crops, scales and mirrors them at
random to 500 × 375 pixels, and writes them as JPEGs of usual quality into FOLDER/CLASS/, the same number in
each class. The same seed makes the same files.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

SIZE = (500, 375)
# What a crop leaves of the longest side that fits.
SCALES = (0.6, 1.0)
QUALITIES = (75, 95)
SUFFIXES = {".jpg", ".jpeg"}


def main() -> None:
    parser = argparse.ArgumentParser(description="Make a folder of JPEGs for the benchmark of image files.")
    parser.add_argument("photographs", type=Path, help="a folder with photographs in a folder per class")
    parser.add_argument("folder", type=Path, help="where the new ones go")
    parser.add_argument("--count", type=int, default=2000, help="how many are made")
    parser.add_argument("--seed", type=int, default=0, help="the same seed makes the same files")
    asked = parser.parse_args()
    by_class: dict[str, list[Path]] = {}
    for path in sorted(asked.photographs.rglob("*")):
        if path.suffix.lower() in SUFFIXES:
            by_class.setdefault(path.parent.name, []).append(path)
    if not by_class:
        parser.error(f"no JPEG below {asked.photographs}")
    for name in by_class:
        (asked.folder / name).mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor() as workers:
        list(
            workers.map(partial(make, by_class, asked.folder, asked.seed), range(asked.count), chunksize=100)
        )
    print(f"{asked.count:,} JPEGs of {SIZE[0]} × {SIZE[1]} in {len(by_class)} classes: {asked.folder}")


def make(by_class: dict[str, list[Path]], folder: Path, seed: int, number: int) -> None:
    """Write one JPEG; everything about it follows from the seed and its number."""
    rng = np.random.default_rng([seed, number])
    names = sorted(by_class)
    name = names[number % len(names)]
    with Image.open(by_class[name][rng.integers(len(by_class[name]))]) as image:
        photograph = image.convert("RGB")
    scale = rng.uniform(*SCALES) * min(photograph.width / SIZE[0], photograph.height / SIZE[1])
    width, height = round(SIZE[0] * scale), round(SIZE[1] * scale)
    left = rng.integers(photograph.width - width + 1)
    top = rng.integers(photograph.height - height + 1)
    cropped = photograph.resize(SIZE, Image.Resampling.LANCZOS, box=(left, top, left + width, top + height))
    if rng.random() < 0.5:
        cropped = ImageOps.mirror(cropped)
    # Scaled up it would be too smooth; sensors have noise, and it takes bytes.
    noise = rng.normal(0, 4, (SIZE[1], SIZE[0], 3))
    pixels = (np.asarray(cropped) + noise).clip(0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(folder / name / f"{number:06}.jpg", quality=int(rng.integers(*QUALITIES)))


if __name__ == "__main__":
    main()
