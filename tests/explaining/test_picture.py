"""Pictures of explanations: they draw without a warning, whatever the image and the names are."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.explaining.attribution import Attribution
from bigmodel_cli.explaining.evidence import Evidence
from bigmodel_cli.explaining.findings import Explanation, Finding
from bigmodel_cli.explaining.picture import COLORS, MAX_ROWS, draw, write_picture
from bigmodel_cli.kinds.inputs import Input
from bigmodel_cli.tasks.classification.explain import ClassificationExplained
from bigmodel_cli.tasks.regression.explain import RegressionExplained

# Each draws a whole figure.
pytestmark = pytest.mark.slow
METHODS = ["grad-cam", "integrated-gradients", "occlusion"]
# Names that mean something to matplotlib or to a terminal, or that are long.
HOSTILE = ["$x_", "\x1b[31mred\ntwo", "n" * 300]
HERE = (slice(1, 3), slice(4, 6))


def explanation(shape=(8, 8, 1), labels=("a", "b"), methods=METHODS, values=None, are_classes=True):
    if values is None:
        values = np.full(shape[:2], -1.0)
        values[HERE] = 2
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    findings = [
        Finding(
            label, 0.5, dict.fromkeys(methods, Attribution(values)), dict.fromkeys(methods, Evidence(0, 0))
        )
        for label in labels
    ]
    explained = ClassificationExplained(None) if are_classes else RegressionExplained(None)
    return Explanation(Input("deep/image.png"), pixels, findings, explained)


def shown(figure):
    """Headings of rows, titles of maps, and all images, the original first; bars of colours left out."""
    left, right = figure.subfigs
    parts = [left.subfigs[0], *right.subfigs]
    axes = [one for part in parts for one in part.axes if one.images]
    return (
        [part.get_suptitle() for part in parts],
        [one.get_title() for one in axes],
        [one.images[0] for one in axes],
    )


def test_a_row_per_class_with_a_map_per_method():
    figure = draw(explanation())
    rows, titles, images = shown(figure)
    assert rows == ["deep/image.png", "a: 50.0%", "b: 50.0%"]
    names = [name.replace("-", " ") for name in METHODS]
    assert titles == ["what the model sees", *names, *names]
    assert len(images) == 7
    width, height = figure.get_size_inches()
    assert width < 11 and height < 7


def test_of_many_classes_the_first_ones_are_drawn():
    rows, _, _ = shown(draw(explanation(labels=[str(number) for number in range(30)], methods=["occlusion"])))
    assert rows[1:] == [f"{number}: 50.0%" for number in range(MAX_ROWS)]


def test_evidence_is_bright_and_what_speaks_against_a_class_is_not_shown():
    pictured = explanation(labels=["a"])
    pictured.pixels[:] = 0
    _, _, (original, first, *_) = shown(draw(pictured))
    np.testing.assert_array_equal(original.get_array(), pictured.pixels[..., 0])
    colors = np.asarray(first.get_array()).reshape(8, 8, 3).astype(int)
    brightness = colors.sum(axis=-1)
    assert (brightness[HERE] == brightness.max()).all()
    assert (brightness == brightness.max()).sum() == 4 and (brightness == brightness.min()).sum() == 60


def test_the_colours_grow_lighter_evenly():
    """So that they can be told apart in grey too."""
    from matplotlib import colormaps

    luminance = colormaps[COLORS](np.linspace(0, 1, 64))[:, :3] @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(luminance) > 0).all()


@pytest.mark.parametrize(
    ("shape", "interpolation"),
    [
        ((8, 8), "nearest"),
        ((28, 28, 1), "nearest"),
        ((32, 32, 4), "nearest"),
        ((224, 224, 3), "antialiased"),
        ((20, 200, 3), "antialiased"),
        ((200, 20, 4), "antialiased"),
    ],
)
def test_images_of_every_kind(tmp_path, shape, interpolation):
    write_picture(tmp_path / "p.png", pictured := explanation(shape))
    with Image.open(tmp_path / "p.png") as image:
        assert image.format == "PNG" and len(np.unique(np.asarray(image.convert("L")))) > 20
    _, _, images = shown(draw(pictured))
    assert {one.get_interpolation() for one in images} == {interpolation}


@pytest.mark.parametrize("value", [0.0, -3.0])
def test_where_nothing_speaks_for_a_class(tmp_path, value):
    write_picture(tmp_path / "p.png", explanation(values=np.full((8, 8), value)))
    assert (tmp_path / "p.png").stat().st_size > 1000


def test_hostile_names(tmp_path):
    write_picture(tmp_path / "p.png", pictured := explanation(labels=HOSTILE))
    rows, _, _ = shown(draw(pictured))
    assert rows[1:] == [r"\$x_: 50.0%", r"\x1b[31mred\x0atwo: 50.0%", f"{'n' * 61}…: 50.0%"]


def test_predicted_numbers():
    rows, _, _ = shown(draw(explanation(labels=[None], are_classes=False, methods=METHODS[1:])))
    assert rows[1:] == ["0.5"]
    rows, _, _ = shown(draw(explanation(labels=["output 1"], are_classes=False, methods=METHODS[2:])))
    assert rows[1:] == ["output 1: 0.5"]
