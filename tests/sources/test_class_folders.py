"""How people arrange folders of images: splits by any name, levels, links, and what is passed over."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.inference.inputs import find_inputs
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.class_folders import find_class_folders
from bigmodel_cli.sources.sought_images import IMAGES as IMAGES_SOUGHT
from bigmodel_cli.sources.split_names import split_named
from bigmodel_cli.tasks.classification.task import Classification

IMAGES = Signature.of(ImageKind(ImageFormat((4, 4))), Classification(("a", "b")))
COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))


@pytest.fixture
def tree(tmp_path):
    """Makes empty files: what counts is decided by names."""

    def make(*names: str, root: str = "photos") -> Path:
        for name in names:
            path = tmp_path / root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
        return tmp_path / root

    return make


@pytest.fixture
def found(tree):
    """What is found in a folder of such files: images by split and class, and warnings."""

    def find(*names: str):
        said: list[str] = []
        root = tree(*names)
        folders = find_class_folders(root, IMAGES_SOUGHT, said.append)
        shown = {
            split: {
                name: [path.removeprefix(f"{root}/") for path in paths] for name, paths in classes.items()
            }
            for split, classes in folders.files.items()
        }
        return shown, [line.replace(f"{root}/", "") for line in said]

    return find


def splits(*folders: str) -> list[str]:
    return [f"{folder}/{name}/1.png" for folder in folders for name in ("cat", "dog")]


@pytest.mark.parametrize(
    ("word", "split"),
    [
        ("Training", "train"),
        ("TRAIN", "train"),
        ("train_set", "train"),
        ("Trainset", "train"),
        ("training images", "train"),
        ("Valid", "validation"),
        ("VAL", "validation"),
        ("Validation", "validation"),
        ("dev-set", "validation"),
        ("Testing", "test"),
        ("Test", "test"),
        ("test_data", "test"),
        ("plane", None),
        ("trains", None),
        ("attest", None),
        ("set", None),
        ("", None),
    ],
)
def test_names_of_splits(word, split):
    assert split_named(word) == split


@pytest.mark.parametrize(
    ("folders", "expected"),
    [
        (("Training", "Testing"), ("train", "test")),
        (("Train", "Test", "Valid"), ("train", "validation", "test")),
        (("TRAIN", "VAL"), ("train", "validation")),
        (("training_set", "test_set"), ("train", "test")),
        (("train", "dev"), ("train", "validation")),
        (("Train",), ("train",)),
    ],
)
def test_folders_of_splits_whatever_their_names(found, folders, expected):
    images, said = found(*splits(*folders))
    assert tuple(images) == expected
    assert all(list(classes) == ["cat", "dog"] for classes in images.values())
    assert said == []


def test_a_plain_name_decides_where_there_are_two(found):
    images, said = found(*splits("train", "test", "Testing", "val"))
    assert images["test"]["cat"] == ["test/cat/1.png"]
    assert len(said) == 1 and said[0].endswith("ignored Testing/ beside train/")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        # Images of splits without classes are no two classes.
        (("Training/1.png", "Testing/1.png"), "Training: 1 images but no class folders"),
        (("train/1.png", "test/1.png", "test/2.png"), "train: 1 images but no class folders"),
        (splits("Test", "Valid"), "has Test/, Valid/ but no train/"),
        (splits("Train", "Training"), "has both Train/ and Training/ for train"),
        # One level too high.
        (
            splits("animals", "more"),
            "animals/, more/ hold folders and no image (animals/ has cat/, dog/): "
            "no class folders, but one level too high",
        ),
        (
            ["data/cat/1.png", "data/dog/1.png", "others/1.png"],
            "data/ holds folders and no image (data/ has cat/, dog/): "
            "no class folders, but one level too high",
        ),
        (
            ["animals/cat/1.png", "plants/rose/1.png"],
            "animals/, plants/ hold folders and no image (animals/ has cat/): "
            "no class folders, but one level too high",
        ),
        (
            [*splits("train/all"), *splits("train/some")],
            "train: all/, some/ hold folders and no image (all/ has cat/, dog/): "
            "no class folders, but one level too high",
        ),
        (
            ["seg_train/seg_train/a/1.png", "seg_train/seg_train/b/1.png", "seg_pred/seg_pred/1.png"],
            "seg_pred/, seg_train/ hold folders and no image (seg_pred/ has seg_pred/): "
            "no class folders, but one level too high",
        ),
    ],
)
def test_arrangements_that_are_refused(tree, names, message):
    root = tree(*names)
    with pytest.raises(DataError) as caught:
        find_class_folders(root, IMAGES_SOUGHT, print)
    assert caught.value.message.replace(f"{root}/", "").replace(f"{root}: ", "") == message
    assert caught.value.hint


@pytest.mark.parametrize(
    "names",
    [
        ("cat/1.png", "cat/more/2.png", "dog/1.png"),
        ("cat/images/1.png", "dog/images/1.png"),
        ("cat/images/1.png", "dog/1.png"),
        ("train/1.png", "plane/1.png"),
    ],
)
def test_folders_below_classes_are_theirs(found, names):
    images, said = found(*names)
    assert len(images["train"]) == 2 and said == []


def test_training_and_prediction_take_the_same_files(tree, tmp_path):
    root = tree(
        "cat/1.png", "cat/._1.png", "cat/.thumbnails/1.png", "cat/deep/3.JPG", "cat/a.tiff", "cat/b.tif",
        "dog/1.webp", "dog/notes.txt", "dog/LICENSE", ".thumbnails/x.jpg", "@eaDir/1.png",
        "loose.png", "loose.tiff",
    )  # fmt: skip
    tree("1.png", root="elsewhere")
    (root / "bird").symlink_to(tmp_path / "elsewhere")
    (root / "cat" / "gone.png").symlink_to("nowhere")
    (root / "dog" / "up").symlink_to(root)
    said: list[str] = []
    trained = find_class_folders(root, IMAGES_SOUGHT, said.append)
    predicted = [item.name for item in find_inputs([str(root)], IMAGES, said.append)]
    assert sorted(trained.in_order("train")) == [path for path in predicted if not path.endswith("loose.png")]
    assert [path.removeprefix(f"{root}/") for path in trained.in_order("train")] == [
        "bird/1.png", "cat/1.png", "cat/deep/3.JPG", "cat/gone.png", "dog/1.webp",
    ]  # fmt: skip
    ends = "; convert .tif, .tiff to PNG or JPEG to use them"
    assert [line.replace(f"{root}/", "") for line in said] == [
        "passed over 2 .tiff, 1 .tif, 1 .txt, 1 without a suffix, 1 outside of class folders, 3 hidden, "
        f"for example .thumbnails{ends}",
        f"passed over 2 .tiff, 1 .tif, 1 .txt, 1 without a suffix, 3 hidden, for example .thumbnails{ends}",
    ]


def test_what_no_file_is_behind(tree):
    """Training, which needs all of its examples, refuses it as a bad file; prediction passes it over."""
    root = tree("cat/1.png", "dog/1.png")
    os.mkfifo(root / "cat" / "pipe.png")
    (root / "cat" / "self.png").symlink_to(root / "cat" / "self.png")
    (root / "cat" / "zero.png").symlink_to("/dev/zero")
    # Two links to each other: neither a folder nor an image, beside the classes, in one, and hidden.
    (root / "round").symlink_to(root / "dog" / "back")
    (root / "dog" / "back").symlink_to(root / "round")
    (root / ".hidden").symlink_to(root / ".hidden")
    said: list[str] = []
    found = find_class_folders(root, IMAGES_SOUGHT, said.append)
    assert [path.removeprefix(f"{root}/") for path in found.in_order("train")] == [
        "cat/1.png", "cat/pipe.png", "cat/self.png", "cat/zero.png", "dog/1.png",
    ]  # fmt: skip
    predicted = [item.name for item in find_inputs([str(root)], IMAGES, said.append)]
    assert predicted == [f"{root}/cat/1.png", f"{root}/dog/1.png"]
    assert said == [
        f"passed over 1 without a suffix, for example {root}/dog/back",
        f"passed over 2 without a suffix, 3 that no file is behind, for example {root}/cat/pipe.png",
    ]


def test_many_kinds_of_files_are_summed_up(found):
    _, said = found("a/1.png", "b/1.png", *(f"a/1.x{number:02}" for number in range(30)), "a/1.avif")
    kinds = ", ".join(["1 .avif", *(f"1 .x{number:02}" for number in range(7)), "23 of 23 other kinds"])
    assert said == [f"passed over {kinds}, for example a/1.avif; convert .avif to PNG or JPEG to use them"]


def test_a_closed_folder_is_an_error_for_training_alone(tree, monkeypatch):
    import os

    root, real = tree("cat/1.png", "cat/closed/1.png", "dog/1.png"), os.scandir

    def scandir(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(DataError, match="closed: cannot be read: Permission denied"):
        find_class_folders(root, IMAGES_SOUGHT, print)
    said: list[str] = []
    assert len(find_inputs([str(root)], IMAGES, said.append)) == 2
    assert said == [f"passed over 1 closed to you, for example {root}/cat/closed"]


def test_classes_in_two_forms_of_unicode_are_one(found):
    images, said = found(f"{COMPOSED}/1.png", f"{DECOMPOSED}/2.png", "bar/1.png")
    assert COMPOSED != DECOMPOSED
    assert images["train"] == {"bar": ["bar/1.png"], COMPOSED: [f"{DECOMPOSED}/2.png", f"{COMPOSED}/1.png"]}
    assert len(said) == 1 and "written in two forms of Unicode, are one class" in said[0]


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKD"])
def test_splits_may_write_a_class_in_two_forms_of_unicode(found, form):
    other = unicodedata.normalize(form, "Ångström")
    images, said = found("train/bar/1.png", "train/Ångström/1.png", "test/bar/1.png", f"test/{other}/1.png")
    assert list(images["train"]) == ["bar", "Ångström"] and set(images["test"]) == {"bar", "Ångström"}
    assert said == []


def test_classes_that_differ_in_case_are_said(found):
    images, said = found("Cat/1.png", "cat/1.png", "dog/1.png")
    assert list(images["train"]) == ["Cat", "cat", "dog"]
    assert len(said) == 1 and said[0].endswith("Cat and cat differ in case alone; they are different classes")


def test_splits_whose_classes_differ_in_case_are_refused(tree):
    with pytest.raises(DataError, match="different classes") as caught:
        find_class_folders(
            tree("train/Cat/1.png", "train/dog/1.png", "test/cat/1.png", "test/dog/1.png"),
            IMAGES_SOUGHT,
            print,
        )
    assert caught.value.hint == "Cat and cat differ in case alone; every split needs the same class folders"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["cat/1.png"], {"train": {"cat": ["cat/1.png"]}}),
        (["test/cat/1.png"], {"test": {"cat": ["test/cat/1.png"]}}),
        (
            ["train/cat/1.png", "test/dog/1.png"],
            {"train": {"cat": ["train/cat/1.png"]}, "test": {"dog": ["test/dog/1.png"]}},
        ),
    ],
)
def test_what_training_demands_is_not_demanded_of_evaluation(tree, names, expected):
    root = tree(*names)
    folders = find_class_folders(root, IMAGES_SOUGHT, print, for_evaluation=True)
    assert {
        split: {name: [path.removeprefix(f"{root}/") for path in paths] for name, paths in classes.items()}
        for split, classes in folders.files.items()
    } == expected
    assert sum(map(sum, map(folders.counts, folders.files))) == len(names)
    with pytest.raises(DataError):
        find_class_folders(root, IMAGES_SOUGHT, print)


def test_classes_that_are_named_need_no_folder(tree):
    said: list[str] = []
    root = tree("train/b/1.png", "train/c/1.png", "test/b/2.png")
    folders = find_class_folders(root, IMAGES_SOUGHT, said.append, ["c", "a", "b"])
    assert (folders.class_names, folders.counts("train"), folders.counts("test")) == (
        ["c", "a", "b"],
        [1, 0, 1],
        [0, 0, 1],
    )
    assert [path.removeprefix(f"{root}/") for path in folders.in_order("train")] == [
        "train/c/1.png",
        "train/b/1.png",
    ]
    assert said == [f"{root}: no files of a, which class_names has"]
    with pytest.raises(DataError, match=r"photos: c/ is none of class_names \(a, b\)"):
        find_class_folders(root, IMAGES_SOUGHT, said.append, ["a", "b"])
