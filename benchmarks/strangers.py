"""How `predict` fares with what a run was not trained on: digits from elsewhere, and what is no digit.

    python benchmarks/strangers.py RUN --mnist FOLDER_OR_NPZ [--photos FOLDER] [--count N]

RUN is one of configs/mnist.yaml. Digits are scikit-learn's, which MNIST does not have, and those of MNIST's
test set, both pasted onto larger canvases, dark on white and bright on black, and as photographs of a pen on
paper. Strangers are photographs, noise, and letters of matplotlib's fonts. A table is printed.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from bigmodel_cli.inference.engines import open_engine
from bigmodel_cli.inference.familiar import read_familiar
from bigmodel_cli.inference.inputs import find_inputs
from bigmodel_cli.inference.opened import open_run
from bigmodel_cli.inference.predict import Prediction, predict
from bigmodel_cli.sources.mnist_format import read_local_copy

CANVASES = [(160, 160), (400, 500), (900, 700)]
PLACES = [(0.5, 0.5), (0.05, 0.1), (0.9, 0.8)]
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# As people write and print them, 0, 1, 2, 5, 6, 8 and 9 look like these.
LIKE_DIGITS = "OoIilZzSsBqg"
INKS = [(20, 20, 30), (30, 50, 160), (180, 30, 30), (60, 60, 60)]


def pasted(digit: np.ndarray, number: int, *, is_dark: bool) -> Image.Image:
    """A digit, enlarged, on a larger canvas: three sizes and places."""
    width, height = CANVASES[number % 3]
    side = int(min(width, height) * (0.25, 0.4, 0.7)[number // 3 % 3])
    x, y = PLACES[number // 9 % 3]
    canvas = Image.new("L", (width, height), 0)
    large = Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)
    canvas.paste(large, (int(x * (width - side)), int(y * (height - side))))
    return Image.fromarray(255 - np.asarray(canvas)) if is_dark else canvas


def photographed(digit: np.ndarray, number: int) -> Image.Image:
    """A digit in coloured ink on paper, under uneven light, with a camera's noise."""
    rng = np.random.default_rng(number)
    width, height = 400, 500
    side = int(rng.integers(120, 300))
    stroke = (
        Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC).point(lambda v: 255 * (v > 110))
    )
    stroke = stroke.filter(
        [ImageFilter.GaussianBlur(1), ImageFilter.MaxFilter(5), ImageFilter.MinFilter(5)][number % 3]
    )
    ink = Image.new("L", (width, height), 0)
    ink.paste(stroke, (int(rng.integers(0, width - side)), int(rng.integers(0, height - side))))
    share = np.asarray(ink, np.float32)[..., None] / 255
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    light = 1 - 0.5 * rng.random() * x - 0.8 * rng.random() * ((x - 0.5) ** 2 + (y - 0.5) ** 2)
    paper = np.array([235, 230, 215]) * light[..., None]
    drawn = paper * (1 - share) + np.array(INKS[number % 4]) * light[..., None] * share
    return Image.fromarray(np.clip(drawn + rng.normal(0, 5, (height, width, 1)), 0, 255).astype(np.uint8))


def letter(number: int) -> Image.Image:
    """A letter in one of matplotlib's fonts, black on white."""
    import matplotlib

    fonts = sorted(Path(matplotlib.get_data_path(), "fonts", "ttf").glob("DejaVu*.ttf"))
    fonts = [path for path in fonts if "Display" not in path.name]
    image = Image.new("L", (300, 300), 255)
    font = ImageFont.truetype(str(fonts[number % len(fonts)]), 160)
    ImageDraw.Draw(image).text((70, 40), LETTERS[number % len(LETTERS)], 0, font=font)
    return image


def noise(number: int) -> Image.Image:
    rng = np.random.default_rng(number)
    side = (28, 100, 400)[number % 3]
    return Image.fromarray(rng.integers(0, 256, (side, side, 3) if number % 2 else (side, side), np.uint8))


class Asked:
    """A run that is asked about images.

    Args:
        run: A folder or a name.
    """

    def __init__(self, run: str) -> None:
        self._opened = open_run(run, Path("runs"))
        self._engine = open_engine(self._opened.folder, "auto", warn=print).engine
        self._familiar = read_familiar(self._opened.folder, self._opened.signature, print)

    def about(self, words: Sequence[str]) -> list[Prediction]:
        inputs = find_inputs(words, self._opened.signature, print)
        return list(predict(self._opened, self._engine, inputs, familiar=self._familiar))

    def about_images(
        self, make: Callable[[int], Image.Image], count: int, kind: str = "png"
    ) -> list[Prediction]:
        """Predictions of images that are written to files of a kind."""
        with tempfile.TemporaryDirectory() as folder:
            for number in range(count):
                make(number).save(Path(folder, f"{number:05d}.{kind}"))
            return self.about([folder])


def shown(name: str, found: Sequence[Prediction], labels: np.ndarray | None = None) -> str:
    flagged = np.mean([bool(item.unlike) for item in found])
    right = ""
    if labels is not None:
        hits = [item.answer.top(1)[0][0] == str(label) for item, label in zip(found, labels, strict=True)]
        right = f"{np.mean(hits):.3f}"
    return f"| {name} | {len(found):,} | {right} | {flagged:.1%} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run")
    parser.add_argument("--mnist", type=Path, required=True)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--count", type=int, default=200)
    words = parser.parse_args()
    from sklearn.datasets import load_digits

    asked, count = Asked(words.run), words.count
    rng = np.random.default_rng(0)
    arrays, others = read_local_copy(words.mnist), load_digits()
    sets = {
        "scikit-learn": (np.round(others.images * (255 / 16)).astype(np.uint8), others.target),
        "MNIST's test": (arrays["x_test"], arrays["y_test"]),
    }
    print("| images | number | right | flagged |\n|---|---|---|---|", flush=True)
    for name, (digits, labels) in sets.items():
        chosen = rng.choice(len(digits), count, replace=False)
        for ground, is_dark in (("dark on white", True), ("bright on black", False)):
            found = asked.about_images(lambda n: pasted(digits[chosen[n]], n, is_dark=is_dark), count)  # noqa: B023
            print(shown(f"{name}, {ground}", found, labels[chosen]), flush=True)
        found = asked.about_images(lambda n: photographed(digits[chosen[n]], n), count, "jpg")  # noqa: B023
        print(shown(f"{name}, photographed", found, labels[chosen]), flush=True)
    found = asked.about_images(lambda n: Image.fromarray(arrays["x_test"][n]), len(arrays["x_test"]))
    print(shown("MNIST's test as it is", found, arrays["y_test"]), flush=True)
    if words.photos:
        print(shown("photographs", asked.about([str(words.photos)])), flush=True)
    print(shown("noise", asked.about_images(noise, count)), flush=True)
    found = asked.about_images(letter, count)
    print(shown("letters", found), flush=True)
    others = [item for number, item in enumerate(found) if LETTERS[number % len(LETTERS)] not in LIKE_DIGITS]
    print(shown(f"letters but {LIKE_DIGITS}", others), flush=True)


if __name__ == "__main__":
    main()
