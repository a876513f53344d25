"""A small model of masks, trained once: scores are those of its masks, files have the images' sizes."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from broken_off import goes_on_to_the_same
from PIL import Image

pytestmark = pytest.mark.tf
DATA = Path(__file__).resolve().parents[1] / "frozen" / "data" / "masks"
CONFIG = """\
name: masks
data:
  source: {mask_folder: {path: masks, image_size: 16, color_mode: grayscale, CLASSES, ignore: 255}}
  validation: 0.2
  test: 0.3
  batch_size: 4
preprocessing:
  - Rescaling: {scale: 1/255}
augmentation:
  - RandomFlip: {mode: horizontal}
  - RandomTranslation: {height_factor: 0.1, width_factor: 0.1, fill_mode: constant}
model:
  - unet: {filters: [6, 10], convolutions: 1}
  - Conv2D: {filters: num_classes, kernel_size: 1, activation: softmax}
loss: SparseCategoricalCrossentropy
optimizer: {Adam: {learning_rate: 0.03}}
training: {epochs: 8, deterministic: true, steps_per_execution: 2, checkpoint: {monitor: null}}
""".replace("CLASSES", "classes: [ground, bright, dark]")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the config, the data, and the run that came of them."""
    from bigmodel_cli.cli.main import run

    folder = tmp_path_factory.mktemp("masks")
    shutil.copytree(DATA, folder / "masks")
    (folder / "c.yaml").write_text(CONFIG)
    assert run(["train", str(folder / "c.yaml"), "--runs-dir", str(folder / "runs"), "--plain"]) == 0
    return folder


@pytest.fixture(scope="module")
def trained(folder):
    (run,) = (folder / "runs" / "masks").iterdir()
    return run


@pytest.fixture(scope="module")
def told(trained):
    with (trained / "evaluation" / "predictions_test.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def model_of(trained):
    import keras

    return keras.models.load_model(trained / "checkpoints" / "best.keras")


def pair(path):
    """An image as the model takes it, and its mask with -1 where nobody knows."""
    path = Path(path)
    pixels, mask = (np.array(Image.open(path.parents[1] / kind / path.name)) for kind in ("images", "masks"))
    return pixels[..., None], np.where(mask == 255, -1, mask.astype(int))


@pytest.mark.slow
def test_scores_are_those_of_the_masks(trained, told):
    """As scikit-learn has them, of masks that the saved model makes; ignored pixels are in none."""
    from sklearn.metrics import confusion_matrix, jaccard_score

    document = json.loads((trained / "evaluation" / "test.json").read_text())
    images, masks = zip(*(pair(row["example"]) for row in told), strict=True)
    shares = np.asarray(model_of(trained)(np.stack(images)))
    known = np.stack(masks) >= 0
    right, said = np.stack(masks)[known], shares.argmax(axis=-1)[known]
    assert 0.6 < document["metrics"]["mean_iou"] < 1
    assert document["metrics"]["mean_iou"] == pytest.approx(jaccard_score(right, said, average="macro"))
    assert document["metrics"]["pixel_accuracy"] == pytest.approx((right == said).mean())
    assert document["metrics"]["accuracy"] == pytest.approx((right == said).mean(), rel=1e-5)
    assert document["confusion_matrix"] == confusion_matrix(right, said).tolist()
    assert [row["class"] for row in document["per_class"]] == ["ground", "bright", "dark"]
    likely = np.take_along_axis(shares[known], right[:, None], axis=-1)
    assert document["metrics"]["loss"] == pytest.approx(-np.log(likely).mean(), rel=1e-4)


def test_worst_images_come_first_with_both_masks(trained, told):
    samples = json.loads((trained / "evaluation" / "samples_test.json").read_text())["mistakes"]
    ious = [sample["of_label"] for sample in samples]
    assert ious == sorted(ious)
    assert ious[0] == pytest.approx(min(float(row["mean_iou"]) for row in told), abs=1e-6)
    with Image.open(io.BytesIO(base64.b64decode(samples[0]["png"]))) as image:
        assert image.size == (48, 16)
        strip = np.array(image).astype(int)
    plain, right, said = strip[:, :16], strip[:, 16:32], strip[:, 32:]
    _, mask = pair(samples[0]["name"])
    assert ((plain != right).any(axis=-1) == (mask > 0)).all()
    assert (plain != said).any()
    page = (trained / "report.html").read_text("utf-8")
    assert "Worst images" in page and "border F1" in page and samples[0]["png"] in page


def test_masks_are_written_in_the_size_of_their_images(trained, bigmodel, tmp_path):
    sizes = {"a.png": (16, 16), "b.png": (50, 30), "c.png": (7, 90)}
    path = next((DATA / "images").iterdir())
    for name, size in sizes.items():
        with Image.open(path) as image:
            image.resize(size).save(tmp_path / name)
    found = bigmodel(
        "predict", *(tmp_path / name for name in sizes), "--run", trained, "--out", tmp_path / "out"
    )
    assert found.code == 0, found.err
    for name, size in sizes.items():
        with Image.open(tmp_path / "out" / name.replace(".png", "-mask.png")) as mask:
            assert (mask.size, mask.mode) == (size, "P")
            assert set(np.unique(np.array(mask))) <= {0, 1, 2}
    assert f"written: 3 masks, {tmp_path / 'out'}" in found.err
    with Image.open(tmp_path / "out" / "a-mask.png") as mask:
        own = np.array(mask)
    shares = np.asarray(model_of(trained)(np.array(Image.open(tmp_path / "a.png"))[None, ..., None]))
    np.testing.assert_array_equal(own, shares[0].argmax(axis=-1))


def test_json_has_the_mask(trained, bigmodel):
    path = next((DATA / "images").iterdir())
    (found,) = bigmodel("predict", path, "--run", trained, "--json").json["predictions"]
    with Image.open(io.BytesIO(base64.b64decode(found["mask"]))) as image:
        mask = np.array(image)
    assert mask.shape == (16, 16)
    assert [row["pixels"] for row in found["classes"]] == np.bincount(mask.ravel(), minlength=3).tolist()
    line = bigmodel("predict", path, "--run", trained).out
    assert line.strip() == f"{path}: {found['prediction']}"
    by_keras = bigmodel("predict", path, "--run", trained, "--json", "--engine", "keras").json
    assert by_keras["predictions"][0]["mask"] == found["mask"]


def test_packed_masks_are_the_same(folder, bigmodel, tmp_path):
    from bigmodel_cli.sources.packed import open_packed

    found = bigmodel("data", "pack", folder / "c.yaml", "--out", tmp_path / "packed")
    assert found.code == 0, found.err
    packed = open_packed(tmp_path / "packed")
    train = packed.splits["train"]
    (task,) = packed.signature.targets.values()
    assert (task.size, task.class_names, len(train)) == ((16, 16), ("ground", "bright", "dark"), 40)
    for place in (0, 17, 39):
        pixels, mask = pair(DATA / "images" / train.name(place).rpartition("/")[2])
        np.testing.assert_array_equal(train.store.read(place), pixels)
        np.testing.assert_array_equal(train.labels[place], mask)


def test_other_folders_are_evaluated(trained, bigmodel, tmp_path):
    for kind in ("images", "masks"):
        (tmp_path / "more" / kind).mkdir(parents=True)
        for number in range(10):
            shutil.copy(DATA / kind / f"{number}.png", tmp_path / "more" / kind)
    found = bigmodel("evaluate", trained, "--data", tmp_path / "more", "--json").json
    assert found["examples"] == 10
    assert 0.6 < found["more"]["mean_iou"] < 1
    assert [row["class"] for row in found["per_class"]] == ["ground", "bright", "dark"]


@pytest.mark.slow
def test_exports_decide_as_the_run(trained, bigmodel, tmp_path):
    """Over the test split: the same masks, but for a pixel in 1,000 here and there."""
    found = bigmodel("export", trained, "--format", "litert,onnx", "--out", tmp_path, "--json")
    assert found.code == 0, found.err
    assert len(found.json["exports"]) == 2
    for one in found.json["exports"]:
        compared = one["comparison"]
        assert compared["equal_decisions"] == 1
        ious = (compared[scores]["mean_iou"] for scores in ("scores", "run_scores"))
        assert next(ious) == pytest.approx(next(ious), abs=1e-3)


def test_out_is_for_masks(bigmodel, tmp_path):
    frozen = DATA.parents[1] / "0.1.0" / "files"
    image = next((DATA.parent / "images" / "a").iterdir())
    found = bigmodel("predict", image, "--run", frozen, "--out", tmp_path)
    assert found.code == 2
    assert "--out is for models of masks" in found.err


def test_a_class_is_explained_over_its_pixels(trained, bigmodel, tmp_path):
    path = next((DATA / "images").iterdir())
    words = ("explain", path, "--run", trained, "--out", tmp_path / "e.png", "--json")
    (found,) = bigmodel(*words, "--class", "ground").json["images"]
    (one,) = found["classes"]
    assert one["class"] == "ground" and 0 < one["share"] <= 1
    assert [method["method"] for method in one["methods"]] == ["grad-cam"]
    assert (tmp_path / "e.png").stat().st_size > 1000
    refused = bigmodel(*words, "--method", "occlusion")
    assert refused.code == 2 and "grad-cam alone shows what a class rests on" in refused.err


def explained(trained, bigmodel, folder, *words):
    """What is said of each class of an image of 32 × 32 pixels, twice as large as the model's."""
    with Image.open(next((DATA / "images").iterdir())) as image:
        image.resize((32, 32), Image.Resampling.NEAREST).save(folder / "a.png")
    words = ("explain", folder / "a.png", "--run", trained, "--out", folder / "e.png", "--json", *words)
    found = bigmodel(*words)
    assert found.code == 0, found.err
    return found.json["images"][0]["classes"]


def decided_in(trained, bigmodel, folder):
    (found,) = bigmodel("predict", folder / "a.png", "--run", trained, "--json").json["predictions"]
    with Image.open(io.BytesIO(base64.b64decode(found["mask"]))) as image:
        return np.array(image)


def test_a_class_is_explained_in_a_box_of_the_file(trained, bigmodel, tmp_path):
    found = explained(trained, bigmodel, tmp_path, "--region", "4,8,15,31", "--top", "3")
    part = decided_in(trained, bigmodel, tmp_path)[4:16, 2:8]
    shares = {one["class"]: one["share"] for one in found}
    names = ("ground", "bright", "dark")
    assert shares == pytest.approx({name: (part == place).mean() for place, name in enumerate(names)})
    assert [one["share"] for one in found] == sorted(shares.values(), reverse=True)
    whole = explained(trained, bigmodel, tmp_path, "--class", found[0]["class"])
    assert whole[0]["methods"][0]["evidence_for"] != pytest.approx(found[0]["methods"][0]["evidence_for"])


def test_what_was_predicted_around_a_pixel_is_one_class(trained, bigmodel, tmp_path):
    from scipy.ndimage import label

    found = explained(trained, bigmodel, tmp_path, "--region", "9,13", "--maps")
    decided = decided_in(trained, bigmodel, tmp_path)
    assert found[0]["class"] == ("ground", "bright", "dark")[decided[6, 4]]
    assert [one["share"] for one in found] == [1, 0, 0]
    # By the patch's own pixels as a box, where it is one; else by all of them: the same map.
    parts, _ = label(decided == decided[6, 4], np.ones((3, 3)))
    own = parts == parts[6, 4]
    assert 0 < own.sum() < own.size
    box = explained(
        trained, bigmodel, tmp_path, "--region", "0,0,31,31", "--class", found[0]["class"], "--maps"
    )
    alike = np.allclose(box[0]["methods"][0]["map"], found[0]["methods"][0]["map"])
    assert alike == bool((own == (decided == decided[6, 4])).all())


@pytest.mark.parametrize(
    ("region", "told"),
    [
        ("1,2,3", "expected LEFT,TOP,RIGHT,BOTTOM or X,Y in pixels, found '1,2,3'"),
        ("9,2,3,4", "expected left before right and top above bottom"),
        ("-1,2", "expected LEFT,TOP,RIGHT,BOTTOM or X,Y"),
        ("16,2", "--region 16,2: the image has 16 × 16 pixels, the first of which is 0,0"),
    ],
)
def test_regions_that_are_none(trained, bigmodel, tmp_path, region, told):
    path = next((DATA / "images").iterdir())
    found = bigmodel("explain", path, "--run", trained, "--out", tmp_path / "e.png", f"--region={region}")
    assert found.code != 0 and told in " ".join(found.err.split())


def test_regions_are_of_masks(bigmodel):
    frozen = DATA.parents[1] / "0.1.0" / "files"
    image = next((DATA.parent / "images" / "a").iterdir())
    found = bigmodel("explain", image, "--run", frozen, "--region", "1,1")
    assert found.code == 2 and "--region is for models of masks" in found.err


@pytest.mark.slow
def test_going_on_after_a_signal_is_the_same_run(folder, trained):
    goes_on_to_the_same(folder / "c.yaml", trained, call=8)


def test_simple_models_are_measured(folder, bigmodel):
    found = bigmodel("baseline", folder / "c.yaml", "--json").json
    scores = {row["name"]: row["test"]["metrics"]["mean_iou"] for row in found["models"]}
    assert list(scores) == [
        "most_frequent_class_by_place", "most_frequent_class_by_colour", "trees_of_colour_and_place",
    ]  # fmt: skip
    # Brightness tells all three classes here; places tell none.
    assert scores["most_frequent_class_by_place"] < 0.4 < 0.6 < scores["most_frequent_class_by_colour"]


def test_weights_of_classes_are_by_pixels(folder, bigmodel):
    from bigmodel_cli.inference.run_data import load_splits
    from bigmodel_cli.listener import Silent
    from bigmodel_cli.modeling.language import read_config
    from bigmodel_cli.parts import part_of
    from bigmodel_cli.tasks.target import Target

    splits = load_splits(read_config(folder / "c.yaml").experiment, Silent(), offline=True)
    labels = splits.train.labels
    (task,) = splits.signature.targets.values()
    weights = part_of(task, Target).class_weights("balanced", labels).values
    counts = np.bincount(labels[labels >= 0])
    np.testing.assert_allclose(weights, counts.sum() / (3 * counts), rtol=1e-5)


def test_the_config_of_the_page_is_right(tmp_path):
    from bigmodel_cli.modeling.language import read_config

    page = (Path(__file__).resolve().parents[2] / "docs" / "segmentation.md").read_text("utf-8")
    (text,) = (one for one in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if one.startswith("name:"))
    (tmp_path / "c.yaml").write_text(text)
    assert len(read_config(tmp_path / "c.yaml").experiment.model) == 2
