"""What TFDS's features are here: each type read as TFDS itself reads it, or refused for a reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hub_folders import needs_tfds, write_records

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.base import LoadContext, Source
from bigmodel_cli.sources.hubs.columns import Unread
from bigmodel_cli.tasks.multilabel.task import Multilabel

pytestmark = [needs_tfds, pytest.mark.tf]
COUNT = 24


def all_features(of: Any) -> dict[str, Any]:
    """A feature of every type that TFDS has, in the forms that they come in."""
    return {
        "image": of.Image(shape=(5, 4, 3)),
        "grey": of.Image(shape=(5, 4, 1)),
        "any_size": of.Image(shape=(None, None, 3)),
        "deep": of.Image(shape=(5, 4, 1), dtype=np.uint16, encoding_format="png"),
        "float_image": of.Image(shape=(5, 4, 1), dtype=np.float32),
        "labeled": of.LabeledImage(labels=3, shape=(5, 4, 1)),
        "video": of.Video(shape=(2, 5, 4, 3)),
        "sound": of.Audio(),
        "class": of.ClassLabel(names=["cat", "dog", "owl"]),
        "text": of.Text(),
        "whole": of.Scalar(np.int32),
        "unsigned": of.Scalar(np.uint64),
        "flag": of.Scalar(np.bool_),
        "real": of.Scalar(np.float64),
        "maybe": of.Scalar(np.float32, optional=True),
        "vector": of.Tensor(shape=(7,), dtype=np.float32),
        "bytes": of.Tensor(shape=(2, 3), dtype=np.uint8, encoding="bytes"),
        "zipped": of.Tensor(shape=(2, 3), dtype=np.float64, encoding="zlib"),
        "ragged": of.Tensor(shape=(None, 3), dtype=np.float32),
        "box": of.Tensor(shape=(4,), dtype=np.float32),
        "fixed": of.Sequence(np.int64, length=3),
        "fixed_arrays": of.Sequence(of.Tensor(shape=(2,), dtype=np.float32), length=3),
        "fixed_zipped": of.Sequence(of.Tensor(shape=(2,), dtype=np.int16, encoding="zlib"), length=3),
        "several": of.Sequence(np.int64),
        "tags": of.Sequence(of.ClassLabel(num_classes=4)),
        "both": of.Translation(languages=["de", "en"]),
        "nested": of.FeaturesDict({"inner": of.FeaturesDict({"number": np.float32})}),
        "examples": of.Dataset(of.FeaturesDict({"a": np.int64})),
    }


REFUSED = {
    "float_image": "an image of float32: pixels are read as 8 or 16 bits",
    "video": "a video: videos are not read yet",
    "sound": "a sound: sounds are not read yet",
    "ragged": "an array of numbers: examples differ in their number, and a model takes arrays of one shape",
    "several": "a list of numbers: examples differ in their number, and a model takes arrays of one shape",
    "examples": "a data set for each example: a model takes one example at a time",
}


@pytest.fixture(scope="module")
def mocked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any, list[bytes]]:
    """A prepared folder of TFDS's own mock data with every type, its features, and its records."""
    import tensorflow_datasets as tfds

    features = tfds.features.FeaturesDict(all_features(tfds.features))

    class EveryType(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        name = "every_type"
        VERSION = tfds.core.Version("1.0.0")

        def _info(self) -> Any:
            return tfds.core.DatasetInfo(builder=self, features=features)

        def _split_generators(self, dl_manager: Any) -> Any:
            raise NotImplementedError

        def _generate_examples(self) -> Any:
            raise NotImplementedError

    folder = tmp_path_factory.mktemp("mocked")
    raw = tfds.decode.DeserializeMethod.RAW_BYTES
    with tfds.testing.mock_data(num_examples=COUNT, max_value=200):
        source = EveryType(data_dir=folder).as_data_source(split="train", deserialize_method=raw)
        records = [bytes(source[index]) for index in range(COUNT)]
    write_records(folder / "every_type" / "1.0.0", features, {"train": records})
    # Mocking leaves the features changed, and not all that is refused can be read without TensorFlow.
    readable = {
        name: feature
        for name, feature in all_features(tfds.features).items()
        if name not in {*REFUSED, "deep"}
    }
    return folder, tfds.features.FeaturesDict(readable), records


def loaded(folder: Path, **options: Any) -> Source:
    from bigmodel_cli.sources import source_options

    return source_options()["tfds"](name="every_type", data_dir=folder, **options).load(
        LoadContext(offline=True)
    )


def test_every_type_is_known_or_refused_with_the_reason(mocked: tuple[Path, Any, list[bytes]]) -> None:
    import tensorflow_datasets as tfds

    from bigmodel_cli.sources.hubs.tfds_features import columns_of

    of = tfds.features
    used = {type(feature).__name__ for feature in all_features(of).values()}
    # What has no class of its own is a Tensor or a Sequence of others; a box must have its corners in order.
    assert set(of.__all__) - used == {
        "BBox", "BBoxFeature", "DocArg", "Documentation", "Encoding", "FeatureConnector", "TensorInfo",
    }  # fmt: skip
    columns = columns_of(of.FeaturesDict(all_features(of)))
    unread = {name: column for name, column in columns.items() if isinstance(column, Unread)}
    found = {name: f"{column.what}: {column.reason}" for name, column in unread.items()}
    assert found == REFUSED
    assert {"both/de", "both/en", "nested/inner/number"} < set(columns)
    box = columns_of(of.FeaturesDict({"box": of.BBoxFeature()}))["box"]
    assert box.described == "an array of 4 numbers (float32)"
    texts = columns_of(of.FeaturesDict({"texts": of.Tensor(shape=(2,), dtype=np.str_)}))["texts"]
    assert texts == Unread("an array of texts", "only single texts are read yet")
    languages = of.TranslationVariableLanguages(languages=["de", "en"])
    assert isinstance(columns_of(of.FeaturesDict({"t": languages}))["t"], Unread)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_one_sentence(mocked: tuple[Path, Any, list[bytes]], name: str) -> None:
    for role, other in (("input", {"target": "class"}), ("target", {"input": "image"})):
        with pytest.raises(DataError) as caught:
            loaded(mocked[0], **{role: name, **other})
        assert caught.value.message == f"tfds: every_type: {name} cannot be the {role}: {REFUSED[name]}"
        assert caught.value.hint == f"say which columns are meant with {role}"


@pytest.mark.parametrize(
    "name",
    ["image", "grey", "labeled", "vector", "bytes", "zipped", "box", "fixed", "fixed_arrays", "fixed_zipped"],
)
def test_arrays_are_those_of_tfds(mocked: tuple[Path, Any, list[bytes]], name: str) -> None:
    folder, features, records = mocked
    train = loaded(folder, input=name, target="class").splits["train"]
    for index, record in enumerate(records):
        theirs = features.deserialize_example_np(record)
        ours = train.read(index)
        np.testing.assert_array_equal(ours, np.asarray(theirs[name], ours.dtype))
        assert train.labels[index] == theirs["class"]


def test_lists_of_classes_are_sets_of_labels(mocked: tuple[Path, Any, list[bytes]]) -> None:
    folder, features, records = mocked
    source = loaded(folder, input="vector", target="tags")
    assert source.signature.targets == {"tags": Multilabel(("0", "1", "2", "3"))}
    labels = source.splits["train"].labels
    for row, record in zip(labels, records, strict=True):
        theirs = features.deserialize_example_np(record)["tags"]
        assert np.flatnonzero(row).tolist() == sorted({*theirs})
    with pytest.raises(DataError, match="tags cannot be the input: any of 4 classes is no input that"):
        loaded(folder, input="tags", target="class")


CELLS: Mapping[str, Callable[[Any], Any]] = {
    "class": lambda value: ["cat", "dog", "owl"][value],
    "text": lambda value: value.decode(),
    "whole": float,
    "unsigned": float,
    "flag": float,
    "real": np.float32,
    "maybe": np.float32,
}


def test_cells_are_those_of_tfds(mocked: tuple[Path, Any, list[bytes]]) -> None:
    folder, features, records = mocked
    source = loaded(
        folder, input=[*CELLS, "both/de", "nested/inner/number"], target="vector", labels="numbers"
    )
    train = source.splits["train"]
    assert [source.signature.inputs[name].name for name in ("class", "text", "whole")] == [
        "category", "text", "number",
    ]  # fmt: skip
    for index, record in enumerate(records):
        theirs, ours = features.deserialize_example_np(record), train.read(index)
        for name, as_ours in CELLS.items():
            assert ours[name] == as_ours(theirs[name]), name
        assert ours["both_de"] == theirs["both"]["de"].decode()
        assert ours["nested_inner_number"] == theirs["nested"]["inner"]["number"]
        np.testing.assert_array_equal(train.targets["vector"][index], theirs["vector"])


def test_16_bits_are_read_as_8(mocked: tuple[Path, Any, list[bytes]]) -> None:
    train = loaded(mocked[0], input="deep", target="class", bit_depth=8).splits["train"]
    assert (train.store.shape, train.store.dtype) == ((5, 4, 1), np.uint8)
    assert len(np.unique(train.store.array)) > 50


def test_images_of_any_size_want_one(mocked: tuple[Path, Any, list[bytes]]) -> None:
    with pytest.raises(
        DataError, match=r"the images in any_size differ in size, from \d+ × \d+ to"
    ) as caught:
        loaded(mocked[0], input="any_size", target="class")
    assert caught.value.hint == "say what all of them become: image_size: [height, width]"
    source = loaded(mocked[0], input="any_size", target="class", image_size=(6, 8))
    assert source.splits["train"].store.shape == (6, 8, 3)


def test_what_is_meant_has_to_be_said(mocked: tuple[Path, Any, list[bytes]]) -> None:
    """Where the data set does not."""
    with pytest.raises(DataError) as caught:
        loaded(mocked[0], target="clas")
    assert caught.value.message.startswith(
        "tfds: every_type: no column clas; its columns: any_size (an image), both/de (a text), "
    )
    assert caught.value.hint == "write target: class"
    with pytest.raises(DataError, match="it does not say what is to be predicted") as caught:
        loaded_without(mocked)
    assert caught.value.hint == "say which with target"


def loaded_without(mocked: tuple[Path, Any, list[bytes]]) -> Source:
    """A data set of two columns of classes, of which nobody says which one is meant."""
    import tensorflow_datasets as tfds

    of = tfds.features
    features = of.FeaturesDict({"a": of.ClassLabel(num_classes=2), "b": of.ClassLabel(num_classes=2)})
    folder = mocked[0] / "two" / "1.0.0"
    if not folder.exists():
        write_records(folder, features, {"train": [features.serialize_example({"a": 0, "b": 1})] * 4})
    from bigmodel_cli.sources import source_options

    return source_options()["tfds"](name="two", data_dir=mocked[0]).load(LoadContext(offline=True))


# Robots' data sets above all, whose features stand in a bucket.
ASKING = ("robotics.rtx", "robotics.asimov", "rl_unplugged.rlu_rwrl")


@pytest.mark.slow
def test_every_builder_is_mapped_or_refused_with_the_reason() -> None:
    """By name, but for those whose code asks the network before it says what its features are."""
    import tensorflow_datasets as tfds

    from bigmodel_cli.sources import source_options
    from bigmodel_cli.sources.hubs.choosing import DataSet, roles_of
    from bigmodel_cli.sources.hubs.tfds_data import described_by

    found: dict[str, list[str]] = {"mapped": [], "refused": [], "not made": []}
    reasons = set()
    for name in tfds.list_builders(with_community_datasets=False):
        with tfds.testing.mock_data():
            try:
                asks = any(part in tfds.builder_cls(name).__module__ for part in ASKING)
                info = None if asks else tfds.builder(name).info
            except (OSError, ValueError):
                info = None
        if info is None:
            found["not made"].append(name)
            continue
        data: DataSet = described_by(info, f"tfds: {name}", lambda _split: None)
        assert data.columns, name
        for column in data.columns.values():
            assert column.described
            if isinstance(column, Unread):
                assert column.reason
                reasons.add(column.reason)
        try:
            roles = roles_of(data, source_options()["tfds"](name=name), LoadContext())
        except DataError as error:
            assert error.message.startswith(f"tfds: {name}: ") and "\n" not in error.message
            found["refused"].append(name)
        else:
            assert roles.inputs and roles.targets
            found["mapped"].append(name)
    counts = {what: len(names) for what, names in found.items()}
    assert sum(counts.values()) > 400 and counts["not made"] < 90, counts
    assert counts["mapped"] > 150, counts
    assert {"mnist", "cifar100", "titanic", "glue", "iris", "imdb_reviews", "diamonds"} <= set(
        found["mapped"]
    )
    assert {"librispeech", "gtzan", "coco", "wikipedia"} <= set(found["refused"])
    assert len(reasons) >= 6
