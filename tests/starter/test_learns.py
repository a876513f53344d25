"""What `init` writes, trained on small real data of each kind that it knows, is far above chance.

As it is, but for some whose score needs but a part of the epochs; the long form trains all of them.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn import datasets

pytestmark = [pytest.mark.tf, pytest.mark.slow]


def save(**arrays: np.ndarray) -> Path:
    np.savez("d.npz", **arrays)
    return Path("d.npz")


def test_digits_without_data(score):
    assert score(None, share_of_epochs=0.25) >= 0.94


def test_rows_of_numbers_to_classes(score):
    x, y = datasets.load_breast_cancer(return_X_y=True)
    assert score(save(x=x, y=y), share_of_epochs=0.2) >= 0.9


def test_rows_of_numbers_to_a_number(score):
    """On the scale of the labels, which lie between 25,000 and 346,000."""
    x, y = datasets.load_diabetes(return_X_y=True)
    assert score(save(x=x, y=1000 * y), "r2_score", share_of_epochs=0.25) >= 0.25


def csv_of(found, task):
    """One of scikit-learn's data sets as a table, whose target is guessed, or else told."""
    names = [name.replace(" (cm)", "") for name in found.feature_names]
    labels = found.target if task == "numbers" else found.target_names[found.target]
    rows = [",".join([*map(str, row), str(label)]) for row, label in zip(found.data, labels, strict=True)]
    Path("t.csv").write_text("\n".join([",".join([*names, "target"]), *rows]))
    return Path("t.csv")


def test_a_table_of_flowers(score):
    """Three classes of 50 rows each; a guess is right for a third."""
    assert score(csv_of(datasets.load_iris(), "classes"), share_of_epochs=0.2) >= 0.8


def test_a_table_of_tumours(score):
    """63 % are benign."""
    assert score(csv_of(datasets.load_breast_cancer(), "classes"), share_of_epochs=0.15) >= 0.92


def test_a_table_to_a_number(score):
    """Bumps and products, of which a linear model explains less than three quarters; with gaps."""
    x, y = datasets.make_friedman1(1300, 6, noise=1.0, random_state=0)
    x[::9, 5] = np.nan
    texts = [",".join(["" if np.isnan(value) else f"{value:.5f}" for value in row]) for row in x]
    rows = [
        f"{text},{'high' if row[0] > 0.5 else 'low'},{label}"
        for text, row, label in zip(texts, x, y, strict=True)
    ]
    Path("t.csv").write_text("\n".join(["a,b,c,d,e,f,level,target", *rows]))
    assert score(Path("t.csv"), "r2_score", share_of_epochs=0.2) >= 0.85


@pytest.mark.data
def test_a_table_of_wines(score, shared_data):
    """Red wine's grade, as a number; chance explains nothing of it, linear regression 0.3 or so."""
    table = shared_data("wine_quality") / "winequality-red.csv"
    assert score(table, "r2_score", share_of_epochs=0.1) >= 0.2


def test_sequences(score):
    digits = datasets.load_digits()
    assert score(save(x=digits.images, y=digits.target), share_of_epochs=0.3) >= 0.9


def test_coloured_pictures_in_arrays(score):
    """Digits in colours that say nothing of them."""
    digits = datasets.load_digits(n_class=4)
    colors = np.random.default_rng(0).uniform(0.5, 1, (len(digits.images), 1, 1, 3))
    x = (digits.images[..., None].repeat(2, 1).repeat(2, 2) / 16 * 255 * colors).astype(np.uint8)
    assert score(save(x=x, y=digits.target.astype(float)), share_of_epochs=0.25) >= 0.9


def digit_files(count: int) -> list[tuple[str, int]]:
    """Scans of digits, dark on light and with space around them: paths and what they show."""
    digits = datasets.load_digits(n_class=3)
    found = []
    for number, (image, label) in enumerate(zip(digits.images[:count], digits.target, strict=False)):
        path = Path("scans") / str(label) / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.full((24, 16), 240, np.uint8)
        pixels[8:16, 4:12] -= (image * 14).astype(np.uint8)
        Image.fromarray(pixels).save(path)
        found.append((str(path), int(label)))
    return found


def test_a_folder_of_grey_scans(score):
    digit_files(300)
    assert score(Path("scans"), share_of_epochs=0.3) >= 0.9


def test_a_table_of_images_to_a_number(score):
    rows = [f"{path};{1000.5 * label}" for path, label in digit_files(400)]
    Path("t.csv").write_text("\n".join(["image;price", *rows]))
    assert score(Path("t.csv"), "r2_score", share_of_epochs=0.5) >= 0.7


@pytest.mark.data
def test_few_photographs_with_pretrained_weights(score, shared_data):
    photos = shared_data("imagenette_mini") / "train"
    for each in sorted(photos.iterdir())[:3]:
        (Path("photos") / each.name).mkdir(parents=True)
        for path in sorted(each.iterdir())[:20]:
            shutil.copy(path, Path("photos") / each.name)
    weights = shared_data("imagenet_weights") / "mobilenet_1_0_224.weights.h5"
    assert score(Path("photos"), weights=str(weights)) >= 0.8


@pytest.mark.data
def test_few_photographs_from_scratch(score, shared_data):
    """Two classes with 50 photographs each, made small."""
    for split in ("train", "val"):
        for label in ("n01440764", "n03888257"):
            target = Path("photos") / split / label
            target.mkdir(parents=True)
            for path in (shared_data("imagenette_mini") / split / label).iterdir():
                Image.open(path).resize((64, 64)).save(target / f"{path.stem}.png")
    assert score(Path("photos"), share_of_epochs=0.5) >= 0.75
