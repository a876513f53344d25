"""Images in class folders: which files are taken, in which order, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.image.kind import ImageFormat
from bigmodel_cli.sources.image_folder import ImageFolder


@pytest.fixture
def folder(load):
    return lambda path, **options: load("image_folder", path=path, image_size=4, **options)


@pytest.fixture
def refused(folder):
    def load_and_catch(path):
        with pytest.raises(DataError) as caught:
            folder(path)
        assert caught.value.exit_code == 3
        return caught.value

    return load_and_catch


def relative(examples):
    return list(examples.store.paths)


def test_classes_and_files_are_sorted_by_name(photos, folder):
    root = photos("b/2.png", "b/10.png", "a/z.png", "b/sub/1.png", "C/1.jpg", "a/y.PNG")
    source = folder(root)
    assert source.signature.task.class_names == ("C", "a", "b")
    assert relative(source.splits["train"]) == [
        "C/1.jpg", "a/y.PNG", "a/z.png", "b/10.png", "b/2.png", "b/sub/1.png",
    ]  # fmt: skip
    assert source.splits["train"].labels.tolist() == [0, 1, 1, 2, 2, 2]
    assert source.splits["train"].name(1) == str(root / "a" / "y.PNG")


@pytest.mark.parametrize("validation", ["val", "valid", "validation"])
def test_split_folders(photos, folder, validation):
    root = photos(
        "train/a/1.png", "train/a/2.png", "train/b/1.png", f"{validation}/a/1.png", f"{validation}/b/1.png",
        "test/a/1.png", "test/b/1.png", "test/b/2.png",
    )  # fmt: skip
    splits = folder(root).splits
    assert {name: len(split) for name, split in splits.items()} == {"train": 3, "validation": 2, "test": 3}
    assert splits["validation"].store.paths[0] == f"{validation}/a/1.png"


def test_a_class_may_be_called_train(photos, folder):
    source = folder(photos("plane/1.png", "train/1.png"))
    assert source.signature.task.class_names == ("plane", "train")


def test_all_options_reach_the_image_format(photos, load):
    root = photos("a/1.png", "b/1.png")
    options = {"color_mode": "grayscale", "interpolation": "nearest", "aspect_ratio": "pad"}
    source = load("image_folder", path=root, image_size=[3, 5], **options)
    assert source.signature.kind.format == ImageFormat((3, 5), "grayscale", "nearest", "pad")
    assert source.splits["train"].read(0).shape == (3, 5, 1)


@pytest.mark.parametrize("size", [0, [4], [4, 4, 3], [4, -1], 20_000, "big"])
def test_sizes_that_are_refused(size):
    with pytest.raises(ValidationError, match="image_size"):
        ImageFolder(path="photos", image_size=size)


def test_clutter_is_ignored_in_silence(photos, folder, told):
    root = photos("a/1.png", "b/1.png", ".git/1.png", "__MACOSX/1.png")
    (root / "a" / "Thumbs.db").write_bytes(b"x")
    (root / "a" / ".directory").write_bytes(b"x")
    (root / "README.md").write_text("about")
    source = folder(root)
    assert relative(source.splits["train"]) == ["a/1.png", "b/1.png"]
    assert told.warnings == []


def test_folders_beside_train_are_ignored_with_a_warning(photos, folder, told):
    root = photos("train/a/1.png", "train/b/1.png", "extra/1.png")
    assert list(folder(root).splits) == ["train"]
    assert told.warnings == [f"{root}: ignored extra/ beside train/"]


def test_loops_of_links_end(photos, folder):
    root = photos("a/1.png", "b/1.png")
    (root / "a" / "loop").symlink_to(root / "a")
    (root / "loop").symlink_to(root)
    (root / "b" / "up").symlink_to(root)
    source = folder(root)
    assert source.signature.task.class_names == ("a", "b")
    assert relative(source.splits["train"]) == ["a/1.png", "b/1.png"]


def test_linked_folders_are_followed_once(photos, folder, tmp_path):
    root = photos("a/1.png", "b/1.png")
    elsewhere = photos("2.png", root="elsewhere")
    for name in ("more", "again"):
        (root / "a" / name).symlink_to(elsewhere)
    assert len(folder(root).splits["train"]) == 3


def test_no_folder(tmp_path, refused):
    assert refused(tmp_path / "none").message == f"{tmp_path / 'none'}: no such folder"
    (tmp_path / "file").write_text("x")
    assert refused(tmp_path / "file").message == f"{tmp_path / 'file'}: a file, not a folder"


def test_an_empty_folder(tmp_path, refused):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / ".DS_Store").write_text("x")
    error = refused(tmp_path / "photos")
    assert error.message == f"{tmp_path / 'photos'}: the folder is empty"
    assert error.hint.startswith(f"arrange them as {tmp_path / 'photos'}/CLASS/IMAGE")


def test_images_with_no_classes(photos, refused):
    root = photos("1.png", "2.png")
    error = refused(root)
    assert error.message == f"{root}: 2 images but no class folders"
    assert error.hint == (
        f"arrange them as {root}/CLASS/IMAGE, or as {root}/train/CLASS/IMAGE "
        "with val/ and test/ beside train/"
    )


def test_splits_with_no_classes(photos, refused):
    root = photos("train/a/1.png", "train/b/1.png", "test/1.png")
    assert refused(root).message == f"{root / 'test'}: 1 images but no class folders"


def test_one_class(photos, refused):
    root = photos("a/1.png", "a/2.png")
    assert refused(root).message == f"{root}: only one class (a); a classifier needs at least two"


def test_empty_class_folders_are_named(photos, refused):
    root = photos("a/1.png", "b/1.png")
    (root / "c").mkdir()
    (root / "d").mkdir()
    (root / "d" / "notes.txt").write_text("x")
    error = refused(root)
    assert error.message == f"{root}: no image in the class folder c/, d/"
    assert ".jpeg" in error.hint


def test_splits_with_different_classes(photos, refused):
    root = photos("train/a/1.png", "train/b/1.png", "val/a/1.png", "val/B/1.png")
    assert refused(root).message == (
        f"{root}: train and validation have different classes (only in validation: B; only in train: b)"
    )


def test_held_out_folders_need_train(photos, refused):
    root = photos("val/a/1.png", "test/a/1.png")
    assert refused(root).message == f"{root}: has test/, val/ but no train/"


def test_two_folders_for_one_split(photos, refused):
    root = photos("train/a/1.png", "train/b/1.png", "val/a/1.png", "validation/a/1.png")
    assert refused(root).message == f"{root}: has both val/ and validation/ for validation"


def test_a_folder_that_may_not_be_read(photos, refused, monkeypatch):
    root = photos("a/1.png", "b/1.png")
    real = os.scandir

    def scandir(path):
        if Path(path) == root / "a":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert refused(root).message == f"{root / 'a'}: cannot be read: Permission denied"


def test_a_broken_link_is_named(photos, refused):
    root = photos("a/1.png", "b/1.png")
    (root / "b" / "2.png").symlink_to(root / "gone.png")
    assert refused(root).message == f"{root / 'b' / '2.png'}: no such file"


def test_a_text_file_called_jpg_is_named_at_load(photos, refused):
    root = photos("a/1.png", "b/1.png")
    (root / "b" / "2.jpg").write_text("no image")
    assert refused(root).message == (
        f"{root / 'b' / '2.jpg'}: expected a JPEG, PNG, BMP, GIF or WebP image, found something else"
    )


def test_a_file_that_breaks_off_is_named_when_it_is_read(photos, folder):
    root = photos("a/1.png", "b/1.png", size=(200, 200))
    path = root / "b" / "1.png"
    path.write_bytes(path.read_bytes()[:-60])
    train = folder(root).splits["train"]
    train.read(0)
    with pytest.raises(DataError) as caught:
        train.read(1)
    assert caught.value.message.startswith(f"{path}: damaged image: ")


def test_the_fingerprint_follows_the_files_not_their_place(photos, folder):
    names = ("a/1.png", "b/1.png")
    first, second = (folder(photos(*names, root=root)).splits["train"] for root in ("here", "there"))
    assert first.fingerprint() == second.fingerprint()
    larger = photos(*names, root="larger", size=(90, 90))
    assert folder(larger).splits["train"].fingerprint() != first.fingerprint()
    renamed = photos("a/1.png", "b/2.png", root="renamed")
    assert folder(renamed).splits["train"].fingerprint() != first.fingerprint()


@pytest.mark.data
def test_real_photographs(shared_data, folder, told):
    source = folder(shared_data("imagenette_mini"))
    assert {name: len(split) for name, split in source.splits.items()} == {"train": 400, "validation": 100}
    assert source.signature.task.class_names[0] == "n01440764"
    assert np.bincount(source.splits["train"].labels).tolist() == [40] * 10
    assert told.warnings == []
