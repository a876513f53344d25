"""Decoding image files: every kind of file becomes the pixels that a person sees."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest
from doc_code import function_of
from PIL import Image

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.image.files import decoding, names, opening
from bigmodel_cli.kinds.image.files.decoding import decode_image
from bigmodel_cli.kinds.image.files.names import is_image_name
from bigmodel_cli.kinds.image.files.opening import image_size_and_mode
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.signature import signature_as_json, signature_from_json
from bigmodel_cli.sources.base import LoadContext
from bigmodel_cli.sources.file_checks import check_files
from bigmodel_cli.sources.file_walk import FileWalk
from bigmodel_cli.sources.image_folder import ImageFolder
from bigmodel_cli.sources.sought_images import IMAGES

RGB = ImageFormat((4, 6), "rgb")
GREY = ImageFormat((4, 6), "grayscale")
RGBA = ImageFormat((4, 6), "rgba")
RED = (250, 10, 20)


def saved(path, image, **options):
    image.save(path, **options)
    return path


def solid(mode, color, size=(6, 4)):
    return Image.new(mode, size, color)


@pytest.mark.parametrize("suffix", ["png", "bmp", "gif", "webp", "jpg"])
def test_formats(tmp_path, suffix):
    path = saved(tmp_path / f"a.{suffix}", solid("RGB", RED))
    pixels = decode_image(path, RGB)
    assert (pixels.shape, pixels.dtype) == ((4, 6, 3), np.uint8)
    np.testing.assert_allclose(pixels, np.broadcast_to(RED, (4, 6, 3)), atol=4)


def test_the_content_counts_not_the_suffix(tmp_path):
    path = tmp_path / "a.jpg"
    solid("RGB", RED).save(path, format="PNG")
    np.testing.assert_array_equal(decode_image(path, RGB)[0, 0], RED)


def test_grey_becomes_colour_and_colour_grey(tmp_path):
    grey = saved(tmp_path / "grey.png", solid("L", 77))
    np.testing.assert_array_equal(decode_image(grey, RGB)[0, 0], (77, 77, 77))
    assert decode_image(grey, GREY).shape == (4, 6, 1)
    assert decode_image(grey, replace(GREY, channel_axis=False)).shape == (4, 6)
    colour = saved(tmp_path / "colour.png", solid("RGB", (255, 0, 0)))
    assert decode_image(colour, GREY)[0, 0, 0] == 76  # 0.299 of the red, as eyes see it


def test_transparent_pixels_lie_on_white(tmp_path):
    path = saved(tmp_path / "a.png", solid("RGBA", (0, 0, 0, 0)))
    assert decode_image(path, RGB).min() == 255
    assert decode_image(path, GREY).min() == 255
    np.testing.assert_array_equal(decode_image(path, RGBA)[0, 0], (0, 0, 0, 0))
    half = saved(tmp_path / "half.png", solid("LA", (0, 128)))
    assert decode_image(half, GREY)[0, 0, 0] == 127


def test_an_opaque_image_has_full_alpha(tmp_path):
    path = saved(tmp_path / "a.png", solid("RGB", RED))
    np.testing.assert_array_equal(decode_image(path, RGBA)[0, 0], (*RED, 255))


def test_palettes_with_and_without_transparency(tmp_path):
    image = solid("P", 1)
    image.putpalette([0, 0, 0, *RED])
    np.testing.assert_array_equal(decode_image(saved(tmp_path / "a.png", image), RGB)[0, 0], RED)
    path = saved(tmp_path / "b.png", image, transparency=1)
    np.testing.assert_array_equal(decode_image(path, RGB)[0, 0], (255, 255, 255))
    assert decode_image(path, RGBA)[0, 0, 3] == 0


def test_a_transparent_colour_of_an_rgb_png(tmp_path):
    path = saved(tmp_path / "a.png", solid("RGB", RED), transparency=RED)
    np.testing.assert_array_equal(decode_image(path, RGB)[0, 0], (255, 255, 255))


def test_one_bit_images(tmp_path):
    path = saved(tmp_path / "a.png", solid("1", 1))
    assert decode_image(path, GREY).min() == 255


def test_cmyk(tmp_path):
    path = saved(tmp_path / "a.jpg", solid("CMYK", (0, 255, 255, 0)), quality=95)
    np.testing.assert_allclose(decode_image(path, RGB)[0, 0], (255, 0, 0), atol=8)


def test_16_bit_grey_keeps_its_upper_bits(tmp_path):
    values = np.linspace(0, 65535, 24).astype(np.uint16).reshape(4, 6)
    path = saved(tmp_path / "a.png", Image.fromarray(values))
    np.testing.assert_array_equal(decode_image(path, GREY)[..., 0], values >> 8)
    np.testing.assert_array_equal(decode_image(path, RGB)[..., 2], values >> 8)


def test_the_first_frame_of_an_animation(tmp_path):
    path = tmp_path / "a.gif"
    solid("RGB", RED).save(path, save_all=True, append_images=[solid("RGB", (0, 0, 255))])
    np.testing.assert_array_equal(decode_image(path, RGB)[0, 0], RED)


@pytest.mark.parametrize(("orientation", "where"), [(1, (0, 0)), (3, (3, 5)), (6, (0, 5)), (8, (3, 0))])
def test_rotations_of_cameras_are_applied(tmp_path, orientation, where):
    image = solid("L", 0, size=(6, 4) if orientation in (1, 3) else (4, 6))
    image.putpixel((0, 0), 255)
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = decode_image(saved(tmp_path / "a.png", image, exif=exif), GREY)
    assert pixels[(*where, 0)] == 255
    assert pixels.sum() == 255


def test_broken_exif_does_not_matter(tmp_path):
    opening.pillow.cache_clear()  # pytest forgets between tests which warnings are ignored
    path = saved(tmp_path / "a.jpg", solid("RGB", RED), exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    np.testing.assert_allclose(decode_image(path, RGB)[0, 0], RED, atol=4)


def gradient(width, height):
    across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([across, down, 255 - across], axis=-1).astype(np.uint8))


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos"])
def test_stretch_fills_the_size(tmp_path, interpolation):
    path = saved(tmp_path / "a.png", gradient(60, 10))
    wanted = gradient(60, 10).resize((6, 4), Image.Resampling[interpolation.upper()])
    pixels = decode_image(path, replace(RGB, interpolation=interpolation))
    np.testing.assert_array_equal(pixels, np.asarray(wanted))


def test_crop_cuts_the_longer_side(tmp_path):
    path = saved(tmp_path / "a.png", gradient(60, 4))
    pixels = decode_image(path, ImageFormat((4, 4), "rgb", aspect_ratio="crop"))
    middle = np.asarray(gradient(60, 4))[:, 28:32]
    np.testing.assert_array_equal(pixels, middle)


@pytest.mark.parametrize(
    ("size", "inside"), [((12, 4), np.s_[1:3, :]), ((2, 4), np.s_[:, 2:4]), ((600, 1), np.s_[1:2, :])]
)
def test_pad_adds_black_borders(tmp_path, size, inside):
    path = saved(tmp_path / "a.png", solid("L", 200, size=size))
    pixels = decode_image(path, replace(GREY, aspect_ratio="pad"))[..., 0]
    assert (pixels[inside] == 200).all()
    assert pixels.sum() == 200 * pixels[inside].size


@pytest.mark.slow
def test_a_large_jpeg_decoded_small_is_as_good_as_decoded_whole(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.jpg", gradient(1600, 1200), quality=95)
    wanted = ImageFormat((48, 64), "rgb")
    drafts = []
    real = decoding._decode_scaled
    monkeypatch.setattr(
        decoding, "_decode_scaled", lambda image, form: (real(image, form), drafts.append(image.size))
    )
    scaled = decode_image(path, wanted)
    assert drafts == [(200, 150)]
    whole = np.asarray(Image.open(path).resize((64, 48), Image.Resampling.BILINEAR))
    np.testing.assert_allclose(scaled.astype(int), whole.astype(int), atol=3)


@pytest.mark.slow
def test_a_turned_jpeg_stays_large_enough_when_decoded_small(tmp_path, monkeypatch):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = saved(tmp_path / "a.jpg", gradient(1600, 1200), exif=exif)
    whole = np.asarray(Image.open(path).transpose(Image.Transpose.ROTATE_270).resize((60, 200)))
    scaled = decode_image(path, ImageFormat((200, 60), "rgb", interpolation="bicubic"))
    np.testing.assert_allclose(scaled.astype(int), whole.astype(int), atol=6)


def png_of_size(width, height):
    """A few bytes that claim to be an image of this size."""

    def chunk(kind, content):
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b""))


def _check(path, image_format):
    check_files([path], ImageKind(image_format), LoadContext())


@pytest.mark.parametrize("check", [decode_image, _check])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "expected a JPEG, PNG, BMP, GIF or WebP image, found an empty file"),
        (b"hello", "expected a JPEG, PNG, BMP, GIF or WebP image, found something else"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "expected a JPEG, PNG, BMP, GIF or WebP image, found something else"),
        (b"P6 1 1 255 abc", "expected a JPEG, PNG, BMP, GIF or WebP image, found something else"),
        (
            png_of_size(50_000, 50_000),
            "more than 178,956,970 pixels, which is refused (a small file can hide a huge image)",
        ),
    ],
)
def test_files_that_are_no_images(tmp_path, check, content, reason):
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        check(path, RGB)
    assert caught.value.message == f"{path}: {reason}"
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("suffix", ["jpg", "png", "gif", "bmp", "webp"])
def test_a_truncated_image_is_named(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    path = saved(tmp_path / f"a.{suffix}", Image.fromarray(noise))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError) as caught:
        decode_image(path, RGB)
    assert caught.value.message.startswith(f"{path}: ")


def test_no_file(tmp_path):
    with pytest.raises(DataError) as caught:
        decode_image(tmp_path / "a.png", RGB)
    assert caught.value.message == f"{tmp_path / 'a.png'}: no such file"


def test_a_folder_is_no_image(tmp_path):
    with pytest.raises(DataError) as caught:
        decode_image(tmp_path, RGB)
    assert caught.value.message == f"{tmp_path}: expected a JPEG, PNG, BMP, GIF or WebP image, found a folder"


def test_large_photographs_are_read_without_a_warning(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.png", solid("RGB", RED, size=(10, 10)))
    opening.pillow.cache_clear()
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 60)
    assert decode_image(path, RGB).shape == (4, 6, 3)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40)
    with pytest.raises(DataError, match="more than 80 pixels"):
        decode_image(path, RGB)


def test_size_and_mode_come_from_the_header(tmp_path):
    path = saved(tmp_path / "a.png", solid("LA", (0, 128), size=(7, 3)))
    path.write_bytes(path.read_bytes()[:60])
    assert image_size_and_mode(path) == ((7, 3), "LA")
    with pytest.raises(DataError, match=r"b.png: no such file"):
        image_size_and_mode(tmp_path / "b.png")


def test_checking_many_files_tells_sizes_and_progress(tmp_path, told):
    paths = [saved(tmp_path / f"{i}.png", solid("RGB", RED, size=(i + 1, 1))) for i in range(5)]
    checked = check_files(paths, ImageKind(RGB), told.context())
    assert checked.sizes.tolist() == [path.stat().st_size for path in paths] and not checked.problems
    assert checked.modified.tolist() == [path.stat().st_mtime_ns for path in paths]
    assert told.progress == [("checking images", 5, 5)]


def test_checking_many_files_names_the_first_and_counts_the_rest(tmp_path, told):
    paths = [saved(tmp_path / f"{i}.png", solid("RGB", RED)) for i in range(5)]
    for bad in (1, 3, 4):
        paths[bad].write_bytes(b"text")
    with pytest.raises(DataError) as caught:
        check_files(paths, ImageKind(RGB), told.context())
    assert caught.value.message == (
        f"{paths[1]}: expected a JPEG, PNG, BMP, GIF or WebP image, found something else "
        "(2 more of 5 files are no good either)"
    )
    assert caught.value.hint == "repair it, or remove it; data.on_bad_file=skip leaves such files out"


@pytest.mark.parametrize(
    ("name", "is_image"),
    [("a.JPG", True), ("a.jpeg", True), ("b.WebP", True), ("a.txt", False), ("jpg", False)],
)
def test_names_of_images(name, is_image):
    assert is_image_name(name) is is_image


@pytest.mark.data
def test_real_photographs_become_colour_arrays(shared_data):
    paths = sorted(shared_data("imagenette_mini/val").rglob("*.JPEG"))
    wanted = ImageFormat((32, 48), "rgb", aspect_ratio="crop")
    assert len(paths) == 100
    for path in paths:
        assert decode_image(path, wanted).shape == (32, 48, 3)


class TestHeic:
    """What telephones write: read with the extra `heic`, and named where that is missing."""

    @pytest.fixture
    def photo(self, tmp_path):
        heif = pytest.importorskip("pillow_heif")
        y, x = np.mgrid[:40, :60]
        pixels = np.stack([4 * x, 6 * y, 0 * x + 128], -1).astype(np.uint8)

        def save(name, **options):
            path = tmp_path / name
            heif.from_pillow(Image.fromarray(pixels)).save(path, quality=95, format="HEIF", **options)
            return path, pixels

        return save

    @pytest.mark.parametrize("name", ["photo.heic", "photo.HEIF", "photo.jpg", "photo"])
    def test_it_is_read_whatever_its_name(self, photo, name):
        path, pixels = photo(name)
        decoded = decode_image(path, ImageFormat((40, 60)))
        assert np.abs(decoded.astype(int) - pixels).mean() < 2
        assert is_image_name(name) == name.lower().endswith((".heic", ".heif", ".jpg"))

    def test_the_rotation_that_a_camera_noted_is_applied(self, photo):
        exif = Image.Exif()
        exif[0x0112] = 6
        path, pixels = photo("turned.heic", exif=exif.tobytes())
        decoded = decode_image(path, ImageFormat((60, 40)))
        assert np.abs(decoded.astype(int) - np.rot90(pixels, -1)).mean() < 3

    def test_without_the_extra_it_is_named(self, photo, monkeypatch, tmp_path):
        path, _ = photo("photo.heic")
        monkeypatch.setattr(opening, "has_heic", lambda: False)
        with pytest.raises(DataError) as caught:
            decode_image(path, ImageFormat((4, 4)))
        assert caught.value.message.endswith(
            ": expected a JPEG, PNG, BMP, GIF or WebP image, found a HEIC image"
        )
        assert caught.value.hint == "to read HEIC images: pip install 'bigmodel-cli[heic]'"

    def test_a_walk_takes_it_with_the_extra_and_says_it_without(self, photo, monkeypatch, tmp_path):
        photo("photo.heic")
        assert len(list(FileWalk(IMAGES).files_below(tmp_path))) == 1
        monkeypatch.setattr(names, "image_suffixes", lambda: names.PILLOW_SUFFIXES)
        walk = FileWalk(IMAGES)
        assert list(walk.files_below(tmp_path)) == []
        assert walk.passed_over.sentence() == (
            f"passed over 1 .heic, for example {tmp_path}/photo.heic; "
            "to read HEIC images: pip install 'bigmodel-cli[heic]'"
        )

    @pytest.mark.parametrize(
        "content", [b"", b"\0\0\0 ftypheic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"x" * 80]
    )
    def test_what_only_begins_like_it_is_refused(self, tmp_path, content):
        path = tmp_path / "broken.heic"
        path.write_bytes(content)
        with pytest.raises(DataError, match="broken"):
            decode_image(path, ImageFormat((4, 4)))

    @pytest.mark.parametrize("name", ["made_up.heic", "made_up.HEIF", "made_up.hif"])
    def test_a_name_that_promises_it(self, tmp_path, monkeypatch, name):
        path = tmp_path / name
        path.write_bytes(b"no image at all")
        with pytest.raises(DataError) as caught:
            decode_image(path, ImageFormat((4, 4)))
        too = ", WebP or HEIC" if opening.has_heic() else " or WebP"
        assert (
            caught.value.message == f"{path}: expected a JPEG, PNG, BMP, GIF{too} image, found something else"
        )
        monkeypatch.setattr(opening, "has_heic", lambda: False)
        with pytest.raises(DataError, match="GIF or WebP image, found something else"):
            decode_image(path, ImageFormat((4, 4)))

    @pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
    def test_what_is_cut_off_is_told_of_in_one_line(self, photo, share):
        path, _ = photo("photo.heic")
        content = path.read_bytes()
        path.write_bytes(content[: int(share * len(content))])
        with pytest.raises(DataError) as caught:
            decode_image(path, ImageFormat((40, 60)))
        assert caught.value.message.splitlines() == [caught.value.message.strip()]


@pytest.mark.parametrize(
    ("said", "line"), [("a\n", "a"), ("\tb\x0a c\r\n", "b c"), ("", "ValueError"), (" \n", "ValueError")]
)
def test_what_a_decoder_says_is_one_line(said, line):
    assert opening.said_by(ValueError(said)) == line


class TestBitDepth:
    """16-bit files whose pixels use fewer bits: 12 from many cameras and scanners."""

    @pytest.fixture
    def scans(self, tmp_path):
        def write(top, count=2):
            for name in ("a", "b"):
                (tmp_path / "scans" / name).mkdir(parents=True)
                for number in range(count):
                    values = np.linspace(0, top, 24).astype(np.uint16).reshape(4, 6)
                    Image.fromarray(values).save(tmp_path / "scans" / name / f"{number}.png")
            return tmp_path / "scans"

        return write

    def load(self, folder, warned, **options):
        source = ImageFolder(path=folder, image_size=(4, 6), color_mode="grayscale", **options)
        return source.load(LoadContext(warn=warned.append)).splits["train"]

    @pytest.mark.parametrize(
        ("top", "given", "right"),
        [(4095, 16, 12), (1000, 16, 10), (255, 16, 8), (16383, 12, 14), (65535, 12, 16)],
    )
    def test_another_depth_is_said_with_the_key(self, scans, top, given, right):
        warned = []
        folder = scans(top)
        self.load(folder, warned, bit_depth=given)
        how = "are cut off where they are bright" if top > 2**given else "look nearly black"
        assert warned == [
            f"4 images have 16 bits per pixel and use {top.bit_length()} of them: with bit_depth: {given} "
            f"they {how}, for example {folder}/a/0.png; bit_depth: {right} takes them as they are"
        ]
        fixed = []
        train = self.load(folder, fixed, bit_depth=right)
        assert fixed == []
        expected = np.linspace(0, top, 24).astype(np.uint16) >> (right - 8)
        np.testing.assert_array_equal(train.read(0).ravel(), expected)

    @pytest.mark.parametrize("top", [65535, 40000, 20000])
    def test_what_uses_most_of_its_bits_is_not(self, scans, top):
        warned = []
        self.load(scans(top), warned)
        assert warned == []

    def test_a_run_keeps_it(self, scans):
        folder = scans(4095)
        one, other = (
            ImageFolder(path=folder, image_size=4, **o).load(LoadContext()) for o in ({}, {"bit_depth": 12})
        )
        assert one.splits["train"].fingerprint() != other.splits["train"].fingerprint()
        kept = signature_from_json(json.loads(json.dumps(signature_as_json(other.signature))))
        assert kept == other.signature and kept.kind.format.bit_depth == 12
        earlier = signature_as_json(one.signature)
        del earlier["inputs"]["input"]["bit_depth"]
        assert signature_from_json(earlier) == one.signature
        assert one.signature.kind.format.described == (
            "ImageFormat(image_size=(4, 4), color_mode='rgb', interpolation='bilinear', "
            "aspect_ratio='stretch', channel_axis=True)"
        )


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "an empty file"),
        (b"II*\0rest", "a TIFF image"),
        (b"MM\0*rest", "a TIFF image"),
        (b"\0\0\0\x1cftypavif", "an AVIF image"),
        (b"%PDF-1.7", "a PDF file"),
        (b"\n<!DOCTYPE html><html>404", "a web page"),
        (b"<svg xmlns='x'/>", "an SVG drawing"),
        (
            b"version https://git-lfs.github.com/spec/v1",
            "a pointer of Git LFS (git lfs pull fetches the file)",
        ),
        (b"\0\0\0 ftypisom", "something else"),
        (b"hello", "something else"),
    ],
)
def test_what_a_file_is_instead_of_an_image(tmp_path, content, found):
    path = tmp_path / "x.jpg"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        decode_image(path, RGB)
    assert caught.value.message == f"{path}: expected a JPEG, PNG, BMP, GIF or WebP image, found {found}"


@pytest.mark.parametrize(
    ("suffix", "format"), [(".jpg", "PNG"), (".png", "JPEG"), (".bmp", "GIF"), (".gif", "WEBP")]
)
def test_suffixes_that_lie(tmp_path, suffix, format):
    path = tmp_path / f"x{suffix}"
    Image.new("RGB", (6, 4), RED).save(path, format)
    assert np.abs(decode_image(path, RGB).astype(int) - RED).max() < 16


@pytest.mark.parametrize("aspect_ratio", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("color_mode", ["rgb", "grayscale"])
@pytest.mark.parametrize(
    ("name", "size", "mode"),
    [
        ("wide.png", (91, 37), "RGB"),
        ("high.png", (37, 91), "RGB"),
        ("large.jpg", (1001, 777), "RGB"),
        ("transparent.png", (50, 41), "RGBA"),
        ("grey.png", (33, 20), "L"),
        ("fits.png", (32, 24), "RGB"),
    ],
)
def test_the_docs_say_how_a_file_becomes_the_array(tmp_path, name, size, mode, color_mode, aspect_ratio):
    rng = np.random.default_rng(0)
    shape = (*size[::-1], len(mode)) if len(mode) > 1 else size[::-1]
    path = saved(tmp_path / name, Image.fromarray(rng.integers(0, 256, shape, np.uint8)))
    expected = decode_image(path, ImageFormat((24, 32), color_mode, aspect_ratio=aspect_ratio))
    read = function_of("run-folder.md", "read")
    found = read(path, 24, 32, aspect_ratio, "L" if color_mode == "grayscale" else "RGB")
    assert found.dtype == np.uint8 and np.array_equal(found, expected)
