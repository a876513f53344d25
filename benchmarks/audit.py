"""How long `bigmodel data` takes, and how much memory: all of MNIST, and photographs with planted copies.

    python benchmarks/audit.py [FOLDER]

FOLDER has mnist/mnist.npz and imagenette_mini/train; by default ../shared/data. Each photograph has a copy
that was changed in one of four ways; printed is how many of these are found, for each way, and how many
other pairs.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

CONFIG = """\
data: {{source: {source}, validation: 0, test: {test}}}
model: [Flatten, {{Dense: {{units: num_classes, activation: softmax}}}}]
loss: CategoricalCrossentropy
optimizer: Adam
"""


def main() -> None:
    data = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data").resolve()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        mnist = audited(folder, f"{{npz: {{path: {data / 'mnist/mnist.npz'}}}}}", test="auto")
        report("MNIST, 70,000 digits", mnist)
        photographs = plant(sorted((data / "imagenette_mini/train").rglob("*.*")), folder / "photographs")
        source = f"{{image_folder: {{path: {photographs}, image_size: [160, 160]}}}}"
        found = audited(folder, source, test="0")
        report("400 photographs and 400 changed copies", found)
        report_recall(found["document"])


def audited(folder: Path, source: str, *, test: str) -> dict[str, Any]:
    """The document of an audit in a process of its own, with its seconds and its peak of memory."""
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(source=source, test=test))
    began = time.perf_counter()
    with (folder / "document.json").open("w+") as document:
        command = [sys.executable, "-m", "bigmodel_cli", "data", str(config), "--json"]
        process = subprocess.Popen(command, stdout=document, stderr=subprocess.DEVNULL)
        _, _, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        document.seek(0)
        found = json.load(document)
    return {"document": found, "seconds": seconds, "gigabytes": usage.ru_maxrss / 2**20}


def report(title: str, found: dict[str, Any]) -> None:
    duplicates = found["document"]["duplicates"]
    print(
        f"{title}: {found['seconds']:.1f} s, {found['gigabytes']:.2f} GiB, "
        f"{len(duplicates['exact'])} groups of exact copies, {len(duplicates['near_pairs'])} near pairs"
    )


def encoded_anew(image: Image.Image) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=40)
    return Image.open(file)


def smaller(image: Image.Image) -> Image.Image:
    return image.resize((round(image.width * 0.6), round(image.height * 0.6)), Image.Resampling.LANCZOS)


def cropped(image: Image.Image) -> Image.Image:
    width, height = round(image.width * 0.04), round(image.height * 0.04)
    return image.crop((width, height, image.width - width, image.height - height))


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "quality 40": encoded_anew,
    "60 % of the size": smaller,
    "mirrored": ImageOps.mirror,
    "cropped by 4 %": cropped,
}


def plant(paths: list[Path], folder: Path) -> Path:
    """Write each photograph and a changed copy into folders of two classes."""
    changes = list(CHANGES.values())
    for number, path in enumerate(paths):
        with Image.open(path) as opened:
            image = opened.convert("RGB")
        target = folder / ("even" if number % 8 < 4 else "odd")
        target.mkdir(parents=True, exist_ok=True)
        image.save(target / f"{number:03}.png")
        changes[number % 4](image).save(target / f"{number:03}-copy.png")
    return folder


def report_recall(document: dict[str, Any]) -> None:
    stems = [
        (Path(pair["first"]["name"]).stem, Path(pair["second"]["name"]).stem)
        for pair in document["duplicates"]["near_pairs"]
    ]
    pairs = {tuple(sorted(pair, key=len)) for pair in stems}
    planted = {(f"{number:03}", f"{number:03}-copy") for number in range(400)}
    for place, name in enumerate(CHANGES):
        of_kind = {pair for pair in planted if int(pair[0]) % 4 == place}
        print(f"  {name}: {len(of_kind & pairs)} of {len(of_kind)} found")
    print(f"  other pairs: {len(pairs - planted)}")


if __name__ == "__main__":
    main()
