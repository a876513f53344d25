"""A figure on any even ground becomes a drawing as those of a data set are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.image.files.decoding import decode_image, read_image
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.kinds.image.redrawing.drawings import drawing_like, made_like
from bigmodel_cli.kinds.image.redrawing.redraw import is_drawn_so, redraw
from bigmodel_cli.signature import Signature, signature_as_json, signature_from_json
from bigmodel_cli.sources import source_options
from bigmodel_cli.sources.base import LoadContext
from bigmodel_cli.tasks.classification.task import Classification

MNIST = drawing_like("mnist", (28, 28))
FORMAT = ImageFormat((28, 28), "grayscale", drawing=MNIST)
SEVEN = [(0.1, 0.1), (0.9, 0.15), (0.4, 1.0)]


def figure(size=(400, 500), box=(60, 80, 160, 220), width=16, *, ink=0, ground=255, mode="L"):
    """A seven, drawn with a pen."""
    image = Image.new(mode, size, ground)
    left, top, right, bottom = box
    points = [(left + x * (right - left), top + y * (bottom - top)) for x, y in SEVEN]
    ImageDraw.Draw(image).line(points, ink, width, joint="curve")
    return image


def drawn(image, tmp_path, name="image.png", image_format=FORMAT, **how):
    path = tmp_path / name
    image.save(path)
    return decode_image(path, image_format, **how)


def uneven(image):
    """Photographed on paper, with light from one side and a camera's noise."""
    rng = np.random.default_rng(0)
    pixels = np.asarray(image.convert("RGB"), np.float32)
    height, width = pixels.shape[:2]
    light = np.linspace(1, 0.5, width)[None, :, None] * np.linspace(0.9, 1, height)[:, None, None]
    pixels = (pixels * 0.8 + 30) * light * [1, 0.97, 0.9] + rng.normal(0, 4, pixels.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def with_a_dark_corner(image):
    """What lies beside the paper is cut by the picture's edge."""
    ImageDraw.Draw(image).polygon([(400, 420), (400, 500), (300, 500)], 20)
    return image


def two(second=(220, 80, 320, 220), **how):
    """Two figures in one picture."""
    image = figure(**how)
    points = [
        (second[0] + x * (second[2] - second[0]), second[1] + y * (second[3] - second[1])) for x, y in SEVEN
    ]
    ImageDraw.Draw(image).line(points, how.get("ink", 0), 16, joint="curve")
    return image


def shaded():
    """A ball under a lamp: as much of it is brighter than its ground as is darker."""
    x, y = np.meshgrid(np.linspace(-2, 2, 300), np.linspace(-2, 2, 300))
    ball = np.where(x**2 + y**2 < 1, 128 + 120 * (x + y), 128)
    return Image.fromarray(ball.clip(0, 255).astype(np.uint8))


def textured():
    """A dark tower before leaves, which are no even ground."""
    rng = np.random.default_rng(0)
    leaves = rng.normal(190, 30, (40, 40)).clip(120, 250).astype(np.uint8)
    image = Image.fromarray(leaves).resize((400, 400), Image.Resampling.BICUBIC)
    ImageDraw.Draw(image).rectangle((150, 80, 230, 330), 10)
    return image


def broken(*lines):
    """A figure of which the pen was lifted."""
    image = Image.new("L", (400, 500), 255)
    for line in lines:
        ImageDraw.Draw(image).line(line, 0, 16, joint="curve")
    return image


def coarse(pixels):
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(2))).ravel()


EXPECTED = redraw(figure().convert("RGB"), (28, 28), MNIST).pixels
FIGURES = {
    "dark on white": figure(),
    "bright on black": figure(ink=255, ground=0),
    "in another place": figure(box=(280, 340, 380, 480)),
    "small": figure(box=(300, 20, 350, 90), width=8),
    "large": figure(box=(40, 40, 360, 488), width=51),
    "a large photograph": figure((1600, 2000), (900, 300, 1300, 860), 64),
    "blue ink": figure(mode="RGB", ink=(40, 60, 190), ground=(250, 250, 245)),
    "yellow on white": figure(mode="RGB", ink=(255, 240, 0), ground=(255, 255, 255)),
    "red on grey": figure(mode="RGB", ink=(200, 60, 60), ground=(128, 128, 128)),
    "black on a transparent ground": figure(mode="RGBA", ink=(0, 0, 0, 255), ground=(0, 0, 0, 0)),
    "white on a transparent ground": figure(mode="RGBA", ink=(255, 255, 255, 255), ground=(0, 0, 0, 0)),
    "uneven light": uneven(figure()),
    "thin strokes": figure(width=5),
    "thick strokes": figure(width=30),
    "blurred": figure().filter(ImageFilter.GaussianBlur(4)),
    "a dark corner": with_a_dark_corner(figure()),
    "of the right size, but dark on white": figure((28, 28), (8, 4, 20, 22), 3),
    "of the right size, but in a corner": figure((28, 28), (0, 0, 10, 14), 2, ink=255, ground=0),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("kind", ["png", "jpg"])
def test_one_figure_however_it_was_made(tmp_path, name, kind):
    image = FIGURES[name]
    if kind == "jpg" and image.mode == "RGBA":
        pytest.skip("a JPEG has no transparency")
    pixels = drawn(image, tmp_path, f"image.{kind}")[..., 0]
    rows, columns = np.flatnonzero((pixels > 40).any(axis=1)), np.flatnonzero((pixels > 40).any(axis=0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 in (18, 19, 20, 21)
    assert is_drawn_so(pixels, MNIST) and pixels.max() > 200 and pixels[:2].max() == 0
    # Strokes of other widths, and a pixel further to one side.
    assert np.corrcoef(coarse(pixels), coarse(EXPECTED))[0, 1] > 0.85


def test_what_is_made_so_is_left_as_it_is(tmp_path):
    assert np.array_equal(drawn(Image.fromarray(EXPECTED), tmp_path)[..., 0], EXPECTED)
    nothing = np.zeros((28, 28), np.uint8)
    assert np.array_equal(drawn(Image.fromarray(nothing), tmp_path)[..., 0], nothing)


@pytest.mark.slow
@pytest.mark.parametrize(
    "image",
    [
        Image.new("L", (300, 200), 255),
        Image.new("L", (300, 200), 0),
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)),
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 9, 3), np.uint8)).resize((300, 300)),
        Image.new("L", (1, 1), 7),
        Image.new("L", (3, 700), 7),
        two(),
        two((70, 260, 170, 400)),
        two((190, 160, 270, 260), ink=255, ground=0),
        uneven(two()),
        shaded(),
        textured(),
    ],
    ids=[
        "white",
        "black",
        "noise",
        "patches",
        "a pixel",
        "a line",
        "two figures",
        "one above the other",
        "the second smaller",
        "two, photographed",
        "shades",
        "leaves",
    ],
)
def test_what_shows_no_figure_on_an_even_ground_is_taken_as_it_is(tmp_path, image):
    plain = replace(FORMAT, drawing=None)
    assert np.array_equal(drawn(image, tmp_path), drawn(image, tmp_path, image_format=plain))
    assert read_image(tmp_path / "image.png", FORMAT).area is None


@pytest.mark.parametrize(
    "image",
    [
        broken([(120, 100), (120, 300)], [(100, 200), (220, 200)]),
        broken([(130, 105), (250, 105)], [(130, 140), (130, 220), (240, 240), (240, 330), (120, 330)]),
        broken(
            [(195, 100), (130, 150), (130, 300), (195, 350)], [(215, 100), (280, 150), (280, 300), (215, 350)]
        ),
        with_a_dark_corner(figure(width=12)),
    ],
    ids=["a 4 without its stem", "the bar of a 5", "halves of a 0", "a dark corner"],
)
def test_a_figure_in_several_strokes_is_one(tmp_path, image):
    image.save(tmp_path / "image.png")
    assert read_image(tmp_path / "image.png", FORMAT).area is not None


@pytest.mark.slow
def test_shades_are_for_drawings_without_strokes(tmp_path):
    image_format = replace(FORMAT, drawing=drawing_like("fashion_mnist", (28, 28)))
    for number, image in enumerate([two(), shaded()]):
        image.save(tmp_path / f"{number}.png")
        assert read_image(tmp_path / f"{number}.png", image_format).area is not None


def test_invert_says_what_the_ground_is(tmp_path):
    assert np.array_equal(drawn(Image.fromarray(255 - EXPECTED), tmp_path, invert=True)[..., 0], EXPECTED), (
        "as before there were drawings"
    )
    dark_on_white = drawn(figure(), tmp_path, invert=True)[..., 0]
    assert np.array_equal(dark_on_white, drawn(figure(), tmp_path)[..., 0])
    # In the negative of bright on black nothing is brighter than its ground.
    bright_on_black = drawn(figure(ink=255, ground=0), tmp_path, invert=True)
    assert bright_on_black.min() < 100 < bright_on_black[0, 0, 0]


@pytest.mark.slow
def test_where_a_drawing_was_in_its_picture(tmp_path):
    image = figure((400, 500), (280, 340, 380, 480))
    image.save(tmp_path / "image.png")
    left, top, right, bottom = read_image(tmp_path / "image.png", FORMAT).area
    assert (right - left) * 400 == pytest.approx((bottom - top) * 500, rel=1e-6)
    pixels = decode_image(tmp_path / "image.png", FORMAT)[..., 0]
    rows, columns = np.nonzero(pixels > 128)
    x = (left + (columns + 0.5) / 28 * (right - left)) * 400
    y = (top + (rows + 0.5) / 28 * (bottom - top)) * 500
    dark = np.asarray(image) < 128
    assert np.mean(dark[y.astype(int), x.astype(int)]) > 0.95


@pytest.mark.parametrize("mode", ["grayscale", "rgb", "rgba"])
def test_channels(tmp_path, mode):
    image_format = replace(FORMAT, color_mode=mode)
    pixels = drawn(figure(), tmp_path, image_format=image_format)
    assert pixels.shape == image_format.shape
    assert np.array_equal(pixels[..., 0], EXPECTED)
    assert mode != "rgba" or (pixels[..., 3] == 255).all()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "ground"), [("mnist", 0), ("mnist_inverted", 255)])
@pytest.mark.parametrize("side", [16, 28, 64])
def test_images_of_ones_own_folder_are_made_so(tmp_path, name, ground, side):
    for number, label in enumerate("aabb"):
        (tmp_path / label).mkdir(exist_ok=True)
        figure(width=10 + 4 * number, ground=255 * (number % 2), ink=255 - 255 * (number % 2)).save(
            tmp_path / label / f"{number}.png"
        )
    words = {"path": tmp_path, "image_size": side, "color_mode": "grayscale"}
    source = source_options()["image_folder"].model_validate({**words, "made_like": name})
    loaded = source.load(LoadContext())
    drawing = loaded.signature.kind.format.drawing
    assert drawing.box == round(side * 20 / 28)
    for index in range(4):
        pixels = loaded.splits["train"].read(index)[..., 0]
        assert (pixels[0] == ground).all() and abs(int(pixels.max()) - int(pixels.min())) > 200
        assert is_drawn_so(pixels, drawing)
    plain = source_options()["image_folder"].model_validate(words).load(LoadContext())
    assert plain.splits["train"].fingerprint() != loaded.splits["train"].fingerprint()


def test_arrays_and_how_their_pictures_are_made(tmp_path):
    np.savez(tmp_path / "x.npz", x=np.stack([EXPECTED] * 4), y=[0, 1, 0, 1], numbers=np.ones((4, 3)))
    npz = source_options()["npz"]
    loaded = npz.model_validate({"path": tmp_path / "x.npz", "made_like": "mnist"}).load(LoadContext())
    assert loaded.signature.kind.format.drawing == MNIST
    words = {"path": tmp_path / "x.npz", "features_array": "numbers", "made_like": "mnist"}
    with pytest.raises(DataError, match=r"made_like is for images \(uint8\); found float32 of shape \(3,\)"):
        npz.model_validate(words).load(LoadContext())


@pytest.mark.parametrize("name", ["mnist", "mnist_inverted", "fashion_mnist", None])
def test_a_signature_comes_back_from_json(name):
    image_format = replace(FORMAT, drawing=drawing_like(name, (28, 28)))
    signature = Signature.of(ImageKind(image_format), Classification(("a", "b")))
    assert signature_from_json(signature_as_json(signature)) == signature
    assert made_like(image_format) == name
    old = signature_as_json(signature)
    del old["inputs"]["input"]["drawing"]
    assert signature_from_json(old).kind.format.drawing is None


def test_fingerprints_of_other_pictures_are_what_they_were():
    text = (
        "ImageFormat(image_size=(4, 5), color_mode='rgb', interpolation='bilinear', "
        "aspect_ratio='stretch', channel_axis=True)"
    )
    assert ImageFormat((4, 5)).described == text
    assert replace(ImageFormat((4, 5)), drawing=MNIST).described.startswith(f"{text} Drawing(")


def test_clothes_keep_their_shades_and_fill_the_picture(tmp_path):
    image = Image.new("L", (300, 400), 255)
    ImageDraw.Draw(image).rectangle((100, 100, 199, 299), 155)
    ImageDraw.Draw(image).rectangle((100, 100, 199, 199), 55)
    image_format = ImageFormat((28, 28), "grayscale", drawing=drawing_like("fashion_mnist", (28, 28)))
    pixels = drawn(image, tmp_path, image_format=image_format)[..., 0]
    assert abs(int(pixels[5, 14]) - 200) < 6 and abs(int(pixels[22, 14]) - 100) < 6
    assert pixels[0, 14] > 150 and pixels[27, 14] > 70 and pixels[:, :6].max() == 0
