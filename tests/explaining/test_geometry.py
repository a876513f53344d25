"""Places in an example are found again in the file that it was decoded from."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.geometry import Side
from bigmodel_cli.kinds.image.explain import ImagePlaces, in_format
from bigmodel_cli.kinds.image.files.decoding import decode_image
from bigmodel_cli.kinds.image.files.opening import upright_size
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.kinds.inputs import Input


def spot(path, size, place, exif=None):
    """A dark image with a bright square of 7 pixels around a place."""
    pixels = np.zeros((size[1], size[0]), np.uint8)
    x, y = place
    pixels[y - 3 : y + 4, x - 3 : x + 4] = 255
    Image.fromarray(pixels).save(path, **({"exif": exif} if exif else {}))


@pytest.mark.parametrize("aspect_ratio", ["stretch", "crop", "pad"])
@pytest.mark.parametrize(
    ("size", "place"), [((90, 60), (50, 20)), ((60, 90), (20, 50)), ((41, 40), (20, 26))]
)
@pytest.mark.parametrize("image_size", [(24, 24), (40, 20), (200, 300)])
def test_the_brightest_place_is_found_again(tmp_path, aspect_ratio, size, place, image_size):
    path = tmp_path / "spot.png"
    spot(path, size, place)
    image_format = ImageFormat(image_size, "grayscale", aspect_ratio=aspect_ratio)
    pixels = decode_image(path, image_format)[..., 0]
    rows, columns = np.nonzero(pixels == pixels.max())
    geometry = ImagePlaces(ImageKind(image_format)).geometry(Input(str(path)))
    assert (geometry.x.length, geometry.y.length) == size
    x = np.mean([geometry.x.pixel(column) for column in columns])
    y = np.mean([geometry.y.pixel(row) for row in rows])
    assert x == pytest.approx(place[0], abs=1 + geometry.x.step)
    assert y == pytest.approx(place[1], abs=1 + geometry.y.step)


def test_a_turned_photograph_is_as_it_is_looked_at(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    spot(tmp_path / "turned.jpg", (80, 60), (70, 10), exif)
    assert upright_size(tmp_path / "turned.jpg") == (60, 80)
    image_format = ImageFormat((80, 60), "grayscale")
    pixels = decode_image(tmp_path / "turned.jpg", image_format)[..., 0]
    row, column = np.unravel_index(pixels.argmax(), pixels.shape)
    # A quarter to the right brings (x, y) to (59 - y, x).
    assert abs(column - 49) <= 4 and abs(row - 70) <= 4
    geometry = in_format(60, 80, image_format)
    assert (geometry.x.pixel(int(column)), geometry.y.pixel(int(row))) == (column, row)


def test_arrays_are_where_they_are():
    image_format = ImageFormat((3, 5), "rgb")
    item = Input("x.npy[0]", np.zeros((3, 5, 3), np.uint8))
    geometry = ImagePlaces(ImageKind(image_format)).geometry(item)
    assert [geometry.x.pixel(i) for i in range(5)] == [0, 1, 2, 3, 4]
    assert geometry.y.ends(0, 2) == (0, 2)


def test_one_pixel_of_the_example_is_many_of_the_file():
    side = Side(100, 0, 10)
    assert [side.pixel(index) for index in (0, 9)] == [5, 95]
    assert side.ends(2, 3) == (20, 39)
    assert side.thirds(10).tolist() == [0, 0, 0, 1, 1, 1, 1, 2, 2, 2]


def test_borders_that_were_added_belong_to_the_edge():
    geometry = in_format(100, 50, ImageFormat((100, 100), "rgb", aspect_ratio="pad"))
    assert geometry.y.pixel(0) == geometry.y.pixel(25) == 0
    assert geometry.y.pixel(60) == 35 and geometry.y.pixel(99) == 49
