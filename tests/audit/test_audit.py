"""What is planted in a data set is found, by kind, and a sound one has no finding."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image, ImageOps

from bigmodel_cli.errors import DataError

SOUND = {
    "train/rose": range(12),
    "train/tulip": range(20, 32),
    "val/rose": range(40, 44),
    "val/tulip": range(50, 54),
}


def kinds(found):
    """Severity and kind of each finding."""
    return [(finding.severity, finding.kind) for finding in found.findings]


def message(found, kind):
    """What the one finding of a kind says."""
    (finding,) = (finding for finding in found.findings if finding.kind == kind)
    return finding.message


def test_a_sound_data_set_has_no_finding(flowers, look):
    flowers(SOUND)
    found = look("~data.validation", "~data.test")
    assert found.findings == []
    found.require_good(strict=True)
    document = found.document
    assert document["ok"] and document["data"]["examined"] == 32
    assert document["classes"] == [
        {
            "class": "rose",
            "examples": {"train": 12, "validation": 4},
            "shares": {"train": 0.5, "validation": 0.5},
        },
        {
            "class": "tulip",
            "examples": {"train": 12, "validation": 4},
            "shares": {"train": 0.5, "validation": 0.5},
        },
    ]
    assert document["files"]["width"] == {"min": 96, "median": 96, "max": 96}
    assert document["files"]["aspect_ratio"] == {"min": 1.3333, "median": 1.3333, "max": 1.3333}
    assert document["files"]["modes"] == {"RGB": 32}
    assert document["duplicates"]["near_search"] == {"compared": 32, "complete": True, "threshold": 0.82}


OWN = ("~data.validation", "~data.test")


class TestFiles:
    def test_that_cannot_be_read(self, flowers, look):
        root = flowers(SOUND)
        (root / "train/rose/000.png").write_bytes(b"")
        broken = root / "val/tulip/051.png"
        broken.write_bytes(broken.read_bytes()[:300])
        found = look(*OWN)
        assert kinds(found) == [("error", "unreadable")]
        assert message(found, "unreadable").startswith(
            "2 files cannot be read, the first: train/rose/000.png"
        )
        unreadable = found.document["unreadable"]
        assert [(file["split"], file["name"]) for file in unreadable] == [
            ("train", "train/rose/000.png"),
            ("validation", "val/tulip/051.png"),
        ]
        assert "found an empty file" in unreadable[0]["reason"] and "damaged image" in unreadable[1]["reason"]
        with pytest.raises(DataError, match="the data is not fit for training: 2 files cannot be read"):
            found.require_good(strict=False)

    def test_that_training_skips(self, flowers, look):
        (flowers(SOUND) / "train/rose/000.png").write_bytes(b"")
        found = look(*OWN, "data.on_bad_file=skip")
        assert kinds(found) == [("warning", "unreadable")]
        found.require_good(strict=False)
        with pytest.raises(DataError, match="1 file cannot be read"):
            found.require_good(strict=True)

    def test_none_of_which_can_be_decoded(self, flowers, look):
        for path in flowers({"rose": range(2), "tulip": range(2)}).rglob("*.png"):
            path.write_bytes(path.read_bytes()[:300])
        with pytest.raises(
            DataError, match=r"no example can be read, the first: rose/000\.png: damaged image"
        ):
            look()

    def test_sizes_kinds_and_proportions(self, flowers, look, picture):
        root = flowers({"rose": range(12), "tulip": range(20, 30)})
        picture(1, (800, 50)).convert("L").save(root / "rose/long.png")
        picture(2, (30, 300)).save(root / "tulip/narrow.png")
        files = look().document["files"]
        assert files["modes"] == {"RGB": 23, "L": 1}
        assert (files["width"]["min"], files["width"]["max"]) == (30, 800)
        assert files["smaller_than_training"] == 2
        assert [file["name"] for file in files["extreme"]] == [
            "rose/long.png",
            "tulip/narrow.png",
        ]
        assert files["extreme"][0] == {"name": "rose/long.png", "width": 800, "height": 50}

    def test_of_one_colour(self, flowers, look):
        root = flowers({"rose": range(12), "tulip": range(20, 32)})
        Image.new("RGB", (50, 50), "white").save(root / "rose/blank.png")
        found = look()
        assert kinds(found) == [("warning", "constant")]
        assert message(found, "constant") == "1 image is of one colour: rose/blank.png"
        assert found.document["constant"] == [{"split": "train", "name": "rose/blank.png", "label": "rose"}]


class TestCopies:
    def test_across_splits(self, flowers, look):
        root = flowers(SOUND)
        shutil.copy(root / "train/rose/003.png", root / "val/rose/copy.png")
        found = look(*OWN)
        assert kinds(found) == [("error", "leak")]
        assert message(found, "leak") == (
            "1 example of validation is in train too, the first: val/rose/copy.png (validation) and "
            "train/rose/003.png (train)"
        )
        (group,) = found.document["duplicates"]["exact"]
        assert group["leak"] and not group["labels_differ"]
        assert [example["name"] for example in group["examples"]] == [
            "train/rose/003.png",
            "val/rose/copy.png",
        ]

    def test_nearly_across_splits(self, flowers, look, picture):
        root = flowers(SOUND)
        ImageOps.mirror(picture(25)).save(root / "val/tulip/mirrored.jpg", quality=60)
        found = look(*OWN)
        assert kinds(found) == [("error", "near_leak")]
        assert "1 example of validation is nearly the same in train too" in message(found, "near_leak")
        (pair,) = found.document["duplicates"]["near_pairs"]
        assert (pair["first"]["name"], pair["mirrored"]) == ("train/tulip/025.png", True)
        assert pair["similarity"] > 0.9

    def test_under_two_labels(self, flowers, look):
        root = flowers({"rose": range(12), "tulip": range(20, 32)})
        shutil.copy(root / "rose/003.png", root / "tulip/copy.png")
        found = look()
        assert kinds(found) == [("error", "contradiction"), ("warning", "copies")]
        assert message(found, "contradiction") == (
            "1 example has different labels, the first: rose/003.png (rose) and tulip/copy.png (tulip)"
        )

    def test_nearly_under_two_labels(self, flowers, look, picture):
        root = flowers({"rose": range(12), "tulip": range(20, 32)})
        picture(3).save(root / "tulip/other.jpg", quality=50)
        found = look()
        assert kinds(found) == [("warning", "near_contradiction"), ("warning", "near_copies")]
        assert "rose/003.png (rose) and tulip/other.jpg (tulip)" in message(found, "near_contradiction")

    def test_several_are_one_group(self, flowers, look, picture):
        root = flowers({"rose": range(12), "tulip": range(20, 32)})
        for quality in (50, 60, 70):
            picture(3).save(root / f"rose/{quality}.jpg", quality=quality)
        shutil.copy(root / "rose/003.png", root / "rose/copy.png")
        found = look()
        assert kinds(found) == [("warning", "copies"), ("warning", "near_copies")]
        (group,) = found.document["duplicates"]["near"]
        assert len(group["examples"]) == 5
        assert len(found.document["duplicates"]["near_pairs"]) == 6
        assert message(found, "near_copies").startswith(
            "4 examples of train are nearly the same as another one"
        )

    @pytest.mark.slow
    def test_of_validation_in_test(self, flowers, look):
        root = flowers({**SOUND, "test/rose": range(60, 64), "test/tulip": range(70, 74)})
        shutil.copy(root / "val/rose/041.png", root / "test/rose/copy.png")
        found = look(*OWN)
        assert kinds(found) == [("warning", "held_out_copies")]
        assert message(found, "held_out_copies").startswith("1 example of validation is in test too")

    def test_that_fall_on_both_sides_of_a_cut(self, flowers, look):
        root = flowers({"rose": range(12), "tulip": range(20, 32)})
        for path in list(root.rglob("*.png")):
            shutil.copy(path, path.with_name(f"copy_{path.name}"))
        found = look("data.validation=0.5")
        assert ("error", "leak") in kinds(found)

    def test_of_arrays(self, arrays):
        random = np.random.default_rng(0)
        x = random.random((40, 5), np.float32)
        x[7] = x[31]
        found = arrays("data.validation=0", x=x, y=np.repeat([0, 1], 20))
        assert kinds(found)[0] == ("error", "contradiction")
        assert "train[7] (0) and train[31] (1)" in message(found, "contradiction")
        assert found.document["duplicates"]["near_search"]["threshold"] is None


class TestClasses:
    @pytest.mark.slow
    def test_imbalance_and_few_examples(self, flowers, look):
        flowers({"rose": range(55), "tulip": range(100, 105)})
        found = look()
        assert kinds(found) == [("warning", "few_examples"), ("warning", "imbalance")]
        assert message(found, "few_examples") == "fewer than 10 training examples: tulip (5)"
        assert message(found, "imbalance") == (
            "the largest class has 11.0 times the training examples of the smallest: rose 55, tulip 5"
        )
        assert found.document["splits"]["train"]["imbalance"] == 11

    @pytest.mark.slow
    @pytest.mark.parametrize("word", ["data.class_weights=balanced", "data.oversample=balanced"])
    def test_imbalance_that_is_made_up_for(self, flowers, look, word):
        flowers({"rose": range(55), "tulip": range(100, 105)})
        assert kinds(look(word)) == [("warning", "few_examples")]

    def test_missing_from_a_split(self, arrays):
        random = np.random.default_rng(0)
        y = {"y_train": np.repeat([0, 1], 12), "y_val": np.repeat([0], 4)}
        x = {f"x{key[1:]}": random.random((len(labels), 3), np.float32) for key, labels in y.items()}
        found = arrays(*OWN, "data.source.npz.class_names=[a, b, c]", **x, **y)
        assert kinds(found) == [("error", "missing_class"), ("warning", "missing_class")]
        assert [finding.message for finding in found.findings] == [
            "train has no example of c",
            "validation has no example of b, c",
        ]


class TestNumbers:
    def test_channels_of_pixels(self, arrays):
        random = np.random.default_rng(0)
        x = random.integers(0, 256, (40, 6, 5, 3), np.uint8)
        channels = arrays(x=x, y=np.repeat([0, 1], 20)).document["splits"]["train"]["channels"]
        assert len(channels) == 3
        for channel, values in zip(channels, np.moveaxis(x, -1, 0).astype(float), strict=True):
            expected = {"mean": values.mean(), "std": values.std(), "min": values.min(), "max": values.max()}
            assert channel == pytest.approx(expected)

    def test_features_one_by_one(self, arrays):
        x = np.random.default_rng(0).normal([0, 100, 5], [1, 10, 0], (400, 3)).astype(np.float32)
        found = arrays(x=x, y=np.arange(400) % 2)
        assert kinds(found) == [("warning", "constant_feature")]
        assert message(found, "constant_feature") == "1 feature is the same in all of train: 2"
        channels = found.document["splits"]["train"]["channels"]
        assert [channel["mean"] for channel in channels] == pytest.approx(x.mean(axis=0, dtype=float))
        assert [channel["std"] for channel in channels] == pytest.approx(x.std(axis=0, dtype=float), abs=1e-5)

    def test_targets_and_their_outliers(self, arrays):
        random = np.random.default_rng(0)
        y = random.normal(10, 1, 200)
        y[[17, 80]] = [1000, -500]
        found = arrays(x=random.random((200, 3), np.float32), y=y, labels="numbers")
        assert kinds(found) == [("warning", "outlier")]
        assert message(found, "outlier") == (
            "2 labels of train are far outside of what is usual in train: "
            "train[17] (1000.0), train[80] (-500.0)"
        )
        assert found.document["classes"] == []
        (spread,) = found.document["targets"]["train"]
        assert (spread["min"], spread["max"], spread["nan"]) == (-500, 1000, 0)
        assert spread["median"] == pytest.approx(np.median(y), rel=1e-6)
        assert [outlier["name"] for outlier in found.document["outliers"]] == ["train[17]", "train[80]"]

    def test_equal_examples_with_other_numbers_only_get_a_warning(self, arrays):
        x = np.random.default_rng(0).random((40, 3), np.float32)
        x[3] = x[4]
        found = arrays(x=x, y=np.linspace(0, 1, 40), labels="numbers")
        assert kinds(found) == [("warning", "contradiction"), ("warning", "copies")]

    def test_numbers_that_are_none(self):
        from bigmodel_cli.audit.features import describe_channels
        from bigmodel_cli.audit.measured import measure
        from bigmodel_cli.kinds.array.kind import ArrayKind
        from bigmodel_cli.pipeline.splits import Splits
        from bigmodel_cli.signature import Signature
        from bigmodel_cli.sources.base import Examples
        from bigmodel_cli.tasks.classification.task import Classification

        x = np.array([[1, 2], [np.nan, 4], [3, np.inf]], np.float32)
        splits = Splits(
            {"train": Examples.of_arrays(x, np.array([0, 1, 0]), "train")},
            {"train": "its own"},
            Signature.of(ArrayKind((2,), "float32"), Classification(("a", "b"))),
        )
        sums = measure(splits, {"train": np.arange(3)}, lambda *_: None).sums["train"]
        assert (sums.nan, sums.infinite) == (1, 1)
        assert describe_channels(sums) == [
            {"mean": 2.0, "std": 1.0, "min": 1.0, "max": 3.0},
            {"mean": 3.0, "std": 1.0, "min": 2.0, "max": 4.0},
        ]


class TestSample:
    def test_labels_are_counted_in_full(self, flowers, look):
        flowers(SOUND)
        document = look(*OWN, max_examples=16).document
        assert document["data"]["examined"] == 16 and document["data"]["examples"] == 32
        assert [split["examined"] for split in document["splits"].values()] == [12, 4]
        assert document["classes"][0]["examples"] == {"train": 12, "validation": 4}

    @pytest.mark.slow
    def test_the_seed_decides(self, flowers, look):
        flowers(SOUND)
        seeds = [look(*OWN, f"seed={seed}", max_examples=16).audited.names for seed in (0, 0, 1)]
        assert seeds[0] == seeds[1] != seeds[2]


def test_a_class_without_any_readable_file_is_said_so(flowers, look):
    for path in (flowers(SOUND) / "train/rose").iterdir():
        path.write_bytes(b"")
    with pytest.raises(DataError, match="no file of the class rose in the train split can be read"):
        look(*OWN)


class TestSeveralTargets:
    """An image with two targets: each is counted, compared and shown by itself."""

    CONFIG = """\
name: flowers
data:
  source:
    table:
      path: flowers/flowers.csv
      target: [kind, height]
      columns: {file: {image: {image_size: [64, 64]}}}
  validation: 0.2
  test: 0
model:
  - Flatten
  - Dense: {name: trunk, units: 4}
  - Dense: {name: kind, inputs: [trunk], units: 2, activation: softmax}
  - Dense: {name: height, inputs: [trunk], units: 1}
loss: {kind: CategoricalCrossentropy, height: MeanSquaredError}
optimizer: Adam
"""

    @pytest.fixture
    def found(self, flowers, look):
        root = flowers({"pictures": range(40)})
        # The first picture once more: of the same kind, of another height; one height is far outside.
        shutil.copy(root / "pictures/000.png", root / "pictures/040.png")
        rows = [
            f"pictures/{n:03}.png,{'tulip' if n % 2 else 'rose'},{[30, 31, 32.5][n % 3]}"
            for n in range(1, 40)
        ]
        rows += ["pictures/000.png,rose,30", "pictures/040.png,rose,900"]
        (root / "flowers.csv").write_text("\n".join(["file,kind,height", *rows]) + "\n")
        return look(config=self.CONFIG)

    def test_each_has_its_own_counts_and_findings(self, found):
        document = found.document
        assert document["data"]["targets"] == ["kind", "height"] and document["classes"] == []
        kind, height = document["targets"]["kind"], document["targets"]["height"]
        assert [row["class"] for row in kind["classes"]] == ["rose", "tulip"]
        assert sum(sum(row["examples"].values()) for row in kind["classes"]) == 41
        assert height["classes"] == [] and kind["numbers"] is None
        assert max(part[0]["max"] for part in height["numbers"].values()) == 900
        (group,) = document["duplicates"]["exact"]
        assert group["labels_differ"]
        assert sorted(one["label"]["height"] for one in group["examples"]) == [30, 900]
        assert {one["label"]["kind"] for one in group["examples"]} == {"rose"}
        assert [one for one in kinds(found) if one[1] == "contradiction"] == [("warning", "contradiction")]
        assert message(found, "contradiction").startswith(
            "1 example has different labels of height, the first"
        )
        assert "of height of" in message(found, "outlier")

    @pytest.mark.slow
    def test_the_page_has_a_sheet_for_each(self, found, tmp_path, monkeypatch):
        from bigmodel_cli.audit.folder import write_audit

        write_audit(tmp_path / "out", found, augmentation=False)
        page = (tmp_path / "out/index.html").read_text()
        assert "Classes of <bdi>kind</bdi>" in page and "Labels of <bdi>height</bdi>" in page
        assert "kind: rose, height: 900.0" in page
        names = sorted(path.name for path in (tmp_path / "out").iterdir())
        assert names == ["audit.json", "examples-1.png", "examples-2.png", "index.html"]

    @pytest.mark.slow
    def test_printed(self, found, capsys):
        from bigmodel_cli.cli.audited import show_examples

        show_examples(found.document, found.audited.described)
        printed = capsys.readouterr().out
        assert "kind: 2 classes" in printed
        assert "\ntarget kind:\n" in printed and "\ntarget height:\n" in printed
