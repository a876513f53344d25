"""Write digits of MNIST's test split as PNG files into a folder.

python benchmarks/png_folder.py MNIST.npz FOLDER COUNT

After the 10,000th they begin again, under other names.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image


def main() -> None:
    archive, folder, count = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    with np.load(archive) as arrays:
        digits = arrays["x_test"]
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        Image.fromarray(digits[number % len(digits)]).save(folder / f"{number:06d}.png")


if __name__ == "__main__":
    main()
