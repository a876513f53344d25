"""Images with masks: which belong together, what pixels stand for, and what is wrong with which file."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from bigmodel_cli.errors import DataError

RED, GREEN = (255, 0, 0), (0, 128, 0)


@pytest.fixture
def cells(tmp_path):
    """Writes pairs: `cells("1", "2", split="train")`; each image is bright where its mask is."""

    def write(*names, split="", values=(0, 1, 2), size=(6, 4), root="cells", change=lambda mask: mask):
        folder = tmp_path / root / split
        for number, name in enumerate(names):
            mask = np.full((size[1], size[0]), values[0], np.uint8)
            mask[1:3, 1 : 3 + number % 3] = values[1]
            mask[0, 0] = values[-1]
            for kind, pixels in (("images", mask * (255 // max(1, mask.max()))), ("masks", mask)):
                path = folder / kind / f"{name}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                image = Image.fromarray(pixels)
                (change(image) if kind == "masks" else image).save(path)
        return tmp_path / root

    return write


def masks_of(source, split="train"):
    return source.splits[split].targets["label"]


def test_pairs_are_found_by_name(cells, load):
    source = load("mask_folder", path=cells("1", "b/2", "3"), image_size=[4, 6])
    train = source.splits["train"]
    assert [path.rpartition("images/")[2] for path in train.store.paths] == ["1.png", "3.png", "b/2.png"]
    assert masks_of(source).dtype == np.int8
    assert masks_of(source).shape == (3, 4, 6)
    assert source.signature.task.class_names == ("0", "1", "2")
    # Bright where the mask is.
    for index in range(3):
        np.testing.assert_array_equal(train.read(index)[..., 0] // 127, masks_of(source)[index])
    assert source.looked_at.classes == {"0": 0, "1": 1, "2": 2}


@pytest.mark.parametrize("inside", [True, False], ids=["train/images", "images/train"])
def test_splits_have_folders_above_or_below(cells, load, tmp_path, inside):
    root = cells("1", "2", split="train")
    cells("3", split="val")
    if not inside:
        for kind in ("images", "masks"):
            (root / kind).mkdir()
            for split in ("train", "val"):
                (root / split / kind).rename(root / kind / split)
    source = load("mask_folder", path=root, image_size=4)
    assert {split: len(part) for split, part in source.splits.items()} == {"train": 2, "validation": 1}


def test_folders_and_names_may_be_others(cells, load):
    root = cells("1", "2")
    (root / "images").rename(root / "photos")
    (root / "masks").rename(root / "truth")
    for path in list((root / "truth").iterdir()):
        path.rename(path.with_name(f"{path.stem}_mask.png"))
    options = {"images": "photos", "masks": "truth", "mask_suffix": "_mask"}
    assert len(load("mask_folder", path=root, image_size=4, **options).splits["train"]) == 2


def as_palette(mask):
    pixels = mask.convert("P")
    pixels = Image.fromarray(np.asarray(mask), "P")
    pixels.putpalette([0, 0, 0, *RED, *GREEN])
    return pixels


def as_colors(mask):
    return as_palette(mask).convert("RGB")


@pytest.mark.parametrize(
    ("change", "classes", "names"),
    [
        (lambda mask: mask, ["ground", "cell", "core"], ("ground", "cell", "core")),
        (lambda mask: mask.convert("RGB"), None, ("0", "1", "2")),
        (lambda mask: mask.convert("LA"), None, ("0", "1", "2")),
        (as_palette, None, ("0", "1", "2")),
        (as_palette, {"core": "#008000", "cell": "#ff0000", "ground": "#000000"}, ("core", "cell", "ground")),
        (as_colors, None, ("#000000", "#008000", "#ff0000")),
        (as_colors, {"a": ["#000000", "#ff0000"], "b": "#008000"}, ("a", "b")),
    ],
    ids=["names", "grey_as_rgb", "grey_alpha", "palette", "palette_colors", "colors", "several"],
)
def test_what_pixels_stand_for(cells, load, change, classes, names):
    source = load("mask_folder", path=cells("1", change=change), image_size=[4, 6], classes=classes)
    assert source.signature.task.class_names == names
    plain = masks_of(load("mask_folder", path=cells("1", root="plain"), image_size=[4, 6]))
    found = {"core": 2, "cell": 1, "ground": 0, "#000000": 0, "#008000": 2, "#ff0000": 1, "a": 0, "b": 2}
    value_of = [found.get(name, int(name) if name.isdigit() else -1) for name in names]
    expected = np.where(plain == 1, 0, plain) if names == ("a", "b") else plain
    np.testing.assert_array_equal(np.array(value_of)[masks_of(source)], expected)


def see_through(hidden, share=0):
    """Colours on a ground of which nothing is seen."""

    def change(mask):
        pixels = np.asarray(as_colors(mask).convert("RGBA")).copy()
        pixels[np.asarray(mask) == 0] = (*hidden, share)
        return Image.fromarray(pixels)

    return change


@pytest.mark.parametrize("hidden", [(0, 0, 0), RED, (255, 255, 255)])
def test_what_is_transparent_is_black(cells, load, hidden):
    """A class is no colour that is hidden where nothing is seen."""
    classes = {"ground": "#000000", "cell": "#ff0000", "core": "#008000"}
    path = cells("1", change=see_through(hidden))
    source = load("mask_folder", path=path, image_size=[4, 6], classes=classes)
    plain = load("mask_folder", path=cells("1", root="plain"), image_size=[4, 6])
    np.testing.assert_array_equal(masks_of(source), masks_of(plain))


def test_what_is_transparent_by_half_is_no_class(cells, load):
    path = cells("1", change=see_through(RED, share=100))
    with pytest.raises(DataError, match=r"masks/1\.png: 19 pixels are transparent by half") as caught:
        load("mask_folder", path=path, image_size=4, classes={"a": "#000000", "b": "#ff0000"})
    assert "without an alpha channel" in caught.value.hint


def test_white_of_one_bit_is_white(cells, load):
    path = cells("1", values=(0, 255), change=lambda mask: mask.convert("1"))
    classes = {"ground": "#000000", "cell": "#ffffff"}
    source = load("mask_folder", path=path, image_size=[4, 6], classes=classes)
    assert np.unique(masks_of(source)).tolist() == [0, 1]


def test_classes_that_no_training_mask_has_are_told(cells, load, told):
    root = cells("1", split="train", values=(0, 1))
    cells("2", split="val")
    source = load("mask_folder", path=root, image_size=4, classes=["ground", "cell", "core"])
    assert set(source.splits) == {"train", "validation"}
    says = "no pixel of the training masks is core: nothing is learnt of that"
    assert told.warnings == [f"{root}: {says}"]


def test_sixteen_bits_have_values_of_their_own(cells, load):
    path = cells("1", change=lambda mask: Image.fromarray(np.asarray(mask).astype(np.uint16) * 1000))
    assert load("mask_folder", path=path, image_size=4).signature.task.class_names == ("0", "1000", "2000")


def test_black_and_white_has_two_values(cells, load):
    path = cells("1", values=(0, 255), change=lambda mask: mask.convert("1"))
    assert load("mask_folder", path=path, image_size=4).signature.task.class_names == ("0", "1")


def test_what_is_ignored_counts_nowhere(cells, load):
    source = load("mask_folder", path=cells("1", values=(0, 1, 255)), image_size=[4, 6], ignore=255)
    assert source.signature.task.class_names == ("0", "1")
    assert masks_of(source)[0, 0, 0] == -1
    counts = source.splits["train"].counts()["label"]
    assert counts == pytest.approx([24 / 23])


def test_masks_are_made_smaller_by_their_nearest_pixels(cells, load):
    source = load("mask_folder", path=cells("1", size=(60, 40)), image_size=[20, 30])
    assert set(np.unique(masks_of(source))) == {0, 1}
    whole = masks_of(load("mask_folder", path=cells("1", size=(60, 40)), image_size=[40, 60]))
    np.testing.assert_array_equal(masks_of(source)[0], whole[0, 1::2, 1::2])


def test_what_is_laid_around_an_image_counts_nowhere(cells, load):
    source = load("mask_folder", path=cells("1", size=(6, 4)), image_size=[6, 6], aspect_ratio="pad")
    mask, image = masks_of(source)[0], source.splits["train"].read(0)
    assert (mask[[0, 5]] == -1).all() and (mask[1:5] >= 0).all()
    np.testing.assert_array_equal(image[1:5, :, 0] // 127, mask[1:5])
    cut = load("mask_folder", path=cells("1", size=(6, 4)), image_size=[4, 4], aspect_ratio="crop")
    np.testing.assert_array_equal(cut.splits["train"].read(0)[..., 0] // 127, masks_of(cut)[0])


def test_a_camera_that_was_turned_turns_neither_alone(cells, load):
    root = cells("1", size=(6, 4))
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(root / "images" / "1.png") as image:
        image.transpose(Image.Transpose.ROTATE_90).save(root / "images" / "1.png", exif=exif)
    source = load("mask_folder", path=root, image_size=[4, 6])
    np.testing.assert_array_equal(source.splits["train"].read(0)[..., 0] // 127, masks_of(source)[0])


def test_a_mask_that_was_not_turned_with_its_image_is_explained(cells, load):
    root = cells("1", size=(6, 4))
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(root / "images" / "1.png") as image:
        image.save(root / "images" / "1.png", exif=exif)
    with pytest.raises(DataError, match=r"6 × 4 pixels, and its image 1\.png has 4 × 6") as caught:
        load("mask_folder", path=root, image_size=4)
    assert "its camera noted that the image is turned (EXIF): turn the mask, too" in caught.value.hint


def smaller(path):
    Image.fromarray(np.zeros((3, 5), np.uint8)).save(path)


def out_of_range(path):
    with Image.open(path) as image:
        pixels = np.array(image)
    pixels[2, 3] = 9
    Image.fromarray(pixels).save(path)


BROKEN = {
    "other_size": (smaller, "masks/2.png: 5 × 3 pixels, and its image 2.png has 6 × 4"),
    "no_class": (
        out_of_range,
        "masks/2.png: 1 pixels have a value that is no class, first 9 at row 3, column 4; classes are "
        "ground: 0, cell: 1, core: 2",
    ),
    "no_image": (lambda path: path.write_bytes(b"nothing"), "masks/2.png: expected a JPEG, PNG"),
    "cut_off": (lambda path: path.write_bytes(path.read_bytes()[:40]), "masks/2.png: "),
    "missing": (lambda path: path.unlink(), "images/2.png: has no mask called 2 in masks/"),
    "other_mode": (
        lambda path: Image.new("RGB", (6, 4), (0, 5, 0)).save(path),
        "masks/2.png: 24 pixels have a value that is no class, first #000500 at row 1, column 1",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_mask_is_named_or_left_out(cells, load, told, case):
    break_it, says = BROKEN[case]
    root = cells("1", "2", "3")
    break_it(root / "masks" / "2.png")
    options = {"path": root, "image_size": [4, 6], "classes": ["ground", "cell", "core"]}
    with pytest.raises(DataError) as caught:
        load("mask_folder", **options)
    assert says in caught.value.message
    assert "data.on_bad_file=skip" in caught.value.hint
    source = load("mask_folder", skip_bad_files=True, **options)
    assert [path.rpartition("/")[2] for path in source.splits["train"].store.paths] == ["1.png", "3.png"]
    assert source.num_skipped == 1
    (warning,) = told.warnings
    assert warning.startswith("skipped 1 of 3 images, the first: ")
    assert says in warning


def test_masks_without_an_image_are_counted(cells, load, told):
    root = cells("1", "2")
    (root / "images" / "2.png").unlink()
    assert len(load("mask_folder", path=root, image_size=4).splits["train"]) == 1
    assert told.warnings == [f"{root}/masks: 1 masks have no image and are left out: masks/2.png"]


ARRANGED = {
    "nothing": (lambda root: None, "no images/ in it (it has no folders)"),
    "images_alone": (lambda root: (root / "images").mkdir(), "has images/ but no masks/"),
    "no_train": (
        lambda root: [(root / "val" / kind).mkdir(parents=True) for kind in ("images", "masks")],
        "",
    ),
}


@pytest.mark.parametrize("case", ARRANGED)
def test_another_arrangement_is_said(tmp_path, load, case):
    make, says = ARRANGED[case]
    make(tmp_path)
    with pytest.raises(DataError) as caught:
        load("mask_folder", path=tmp_path, image_size=4)
    assert says in caught.value.message
    assert f"images/NAME.png and masks/NAME.png in {tmp_path}/" in caught.value.hint


def test_shades_are_no_classes(cells, load):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (20, 30), np.uint8)
    root = cells("1", size=(30, 20), change=lambda mask: Image.fromarray(noise))
    with pytest.raises(DataError, match=r"masks/1\.png: masks have more than 64 different values") as caught:
        load("mask_folder", path=root, image_size=4)
    assert "classes: {background: 0" in caught.value.hint


def test_shades_of_jpeg_are_told(cells, load, told):
    root = cells("1", values=(0, 255), size=(30, 20))
    path = root / "masks" / "1.png"
    with Image.open(path) as image:
        image.save(path.with_suffix(".jpg"), quality=95)
    path.unlink()
    count = len(load("mask_folder", path=root, image_size=4).signature.task.class_names)
    assert count > 2
    warning = told.warnings[0]
    assert f"1.jpg: JPEG makes shades of borders, and each of {count} values became a class" in warning


def test_one_value_is_nothing_to_tell_apart(cells, load):
    root = cells("1", change=lambda mask: mask.point(lambda _: 7))
    with pytest.raises(DataError, match=r"masks have one value alone \(7\)"):
        load("mask_folder", path=root, image_size=4)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"classes": {"a": 0, "b": 0}}, "0 is said twice"),
        ({"classes": {"a": 0, "b": "red"}}, "a colour such as '#ff0000'; found 'red'"),
        ({"classes": ["a", "b"], "ignore": 1}, "1 is said twice"),
        ({"ignore": -1}, "expected a value from 0 to 65,535"),
        ({"made_like": "mnist"}, "leaves their masks behind"),
    ],
)
def test_options_that_cannot_be_are_refused(load, tmp_path, options, says):
    with pytest.raises(ValidationError, match=says):
        load("mask_folder", path=tmp_path, image_size=28, **options)


def test_masks_are_read_once(cells, load, told):
    """Another run finds them where the first one has put them; a changed file is read again."""
    root = cells("1", "2")
    from bigmodel_cli.sources import source_options

    def labels():
        context = told.context(keeps_decoded=True)
        return masks_of(source_options()["mask_folder"](path=root, image_size=4).load(context))

    def was_read():
        return [label for label, _, _ in told.progress].count("reading masks")

    first = labels()
    assert was_read() == 1
    np.testing.assert_array_equal(labels(), first)
    assert was_read() == 1
    cells("2", values=(2, 1, 0))
    assert not np.array_equal(labels()[1], first[1])
    assert was_read() == 2


def test_names_tell_what_splits_follow(cells, load, told):
    root = cells("ann_1", "bob_1")
    from bigmodel_cli.sources import source_options

    options = source_options()["mask_folder"](path=root, image_size=4, name_pattern="{patient}_*")
    train = options.load(told.context(group_by="patient")).splits["train"]
    store = train.beside["patient"]
    assert [str(store.read(index)) for index in range(2)] == ["ann", "bob"]
