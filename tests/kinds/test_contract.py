"""Every kind does all that the house asks: it reads, refuses, shows, is measured, audited and explained.

A kind is found by its folder, and what is asked of it by what other kinds have.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
from parts_of_all import names_of, part_named, parts_of, storeys_of
from PIL import Image

from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.kinds.array.kind import ArrayKind
from bigmodel_cli.kinds.audio.kind import AudioFormat, AudioKind
from bigmodel_cli.kinds.audit import Features
from bigmodel_cli.kinds.baseline import Encoder
from bigmodel_cli.kinds.explain import Places
from bigmodel_cli.kinds.familiar import Measuring
from bigmodel_cli.kinds.image.kind import Drawing, ImageFormat, ImageKind
from bigmodel_cli.kinds.inputs import Finder, Input
from bigmodel_cli.kinds.kind import Kind, kind_from_json
from bigmodel_cli.kinds.read import Read
from bigmodel_cli.kinds.show import Show
from bigmodel_cli.kinds.tokens.kind import TokensKind
from bigmodel_cli.parts import class_called, part_of
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.stores import ArrayStore
from bigmodel_cli.tasks.regression.task import Regression
from bigmodel_cli.vocabulary.letters import Letters

DESIGN = Path(__file__).resolve().parents[2] / "docs" / "design.md"


def kind_called(name: str) -> type[Kind]:
    return class_called("kinds", name, "kind", "Kind")


def image(path: Path) -> Path:
    Image.new("RGB", (9, 7), (200, 20, 20)).save(path.with_suffix(".png"))
    return path.with_suffix(".png")


def array(shape: tuple[int, ...]) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        np.save(path.with_suffix(".npy"), np.ones((1, *shape), np.float32))
        return path.with_suffix(".npy")

    return write


def text(path: Path) -> Path:
    path.with_suffix(".txt").write_text(3 * "abc cba\nßü abc\n", encoding="utf-8")
    return path.with_suffix(".txt")


def sound(path: Path) -> Path:
    wave = np.sin(np.arange(4000) * 0.3).astype(np.float32) / 2
    soundfile.write(path.with_suffix(".flac"), np.stack([wave, -wave / 2], axis=1), 4000)
    return path.with_suffix(".flac")


@dataclass(frozen=True)
class Sample:
    """A kind, and a file with one value of it.

    Attributes:
        kind: With some options.
        write: Writes the file that a user would give to `predict`.
    """

    kind: Kind
    write: Callable[[Path], Path]


# A kind's name, with a variant after a colon.
SAMPLES = {
    "image": Sample(ImageKind(ImageFormat((6, 5), "rgb", aspect_ratio="crop")), image),
    "image:grey": Sample(ImageKind(ImageFormat((28, 28), "grayscale", channel_axis=False)), image),
    "image:drawing": Sample(
        ImageKind(ImageFormat((28, 28), "grayscale", drawing=Drawing("bright", 20, "mass", (2.0, 4.0)))),
        image,
    ),
    "array": Sample(ArrayKind((7,)), array((7,))),
    "array:picture": Sample(ArrayKind((8, 8, 3), "uint8"), array((8, 8, 3))),
    "array:sequence": Sample(ArrayKind((3, 50), "float64"), array((3, 50))),
    "array:large": Sample(ArrayKind((101, 100)), array((101, 100))),
    "audio": Sample(AudioKind(AudioFormat(8000, 0.5)), sound),
    "audio:loop": Sample(AudioKind(AudioFormat(2000, 1.5, "loop", channel=1)), sound),
    "tokens": Sample(TokensKind(6, Letters("characters", "\n abcßü")), text),
    "tokens:bytes": Sample(TokensKind(24, Letters("bytes")), text),
}
# What a kind of cells needs; all others can be an example of their own, and need everything else.
OF_CELLS = {"cells"}
# What every column is asked, be it of cells or not; nobody asks a row.
OF_COLUMNS = {"baseline", "profile"}
COLUMN_KINDS = [name for name in names_of("kinds") if not kind_called(name).stands_alone]
ALONE = [name for name in names_of("kinds") if kind_called(name).stands_alone]
PARTS = list(parts_of("kinds"))


@pytest.fixture(params=SAMPLES)
def sample(request):
    return SAMPLES[request.param]


@pytest.fixture
def kind(sample):
    return sample.kind


@pytest.fixture
def values(kind):
    """Five values of the kind."""
    return np.random.default_rng(0).integers(0, 256, (5, *kind.shape)).astype(kind.dtype)


def test_every_kind_has_a_sample():
    assert {name.partition(":")[0] for name in SAMPLES} == set(ALONE) - {"row"}
    assert all(sample.kind.name == name.partition(":")[0] for name, sample in SAMPLES.items())


def test_every_storey_has_a_part():
    """What a module of all kinds asks, some kind does; nothing is asked that nobody does."""
    assert {storey for storey, _ in PARTS} == set(storeys_of("kinds"))


@pytest.mark.parametrize(("storey", "base"), PARTS)
def test_the_recipe_names_every_part(storey, base):
    assert f"| `{storey}` | `{base}` |" in DESIGN.read_text("utf-8")


@pytest.mark.parametrize("name", names_of("kinds"))
@pytest.mark.parametrize(("storey", "base"), PARTS)
def test_every_kind_has_every_part_that_any_has(name, storey, base):
    is_needed = (storey in OF_CELLS) == (name in COLUMN_KINDS)
    if storey in OF_COLUMNS:
        is_needed = not kind_called(name).is_composed
    if is_needed:
        assert part_named("kinds", name, storey, base), f"kinds/{name}/{storey}.py lacks its {base}"


def test_is_recorded(kind):
    record = json.loads(json.dumps({"kind": kind.name, **kind.as_json()}))
    assert kind_from_json(record) == kind
    for key in kind.as_json():
        if key in ("shape", "image_size"):
            with pytest.raises((KeyError, TypeError)):
                kind_from_json({name: value for name, value in record.items() if name != key})


def test_is_described(kind):
    assert kind.noun.isidentifier()
    assert kind.placeholder.isascii()
    assert kind.dtype in kind.described
    assert kind.num_bytes == np.zeros(kind.shape, kind.dtype).nbytes
    assert kind.as_it_is().shape == kind.shape


def test_rows_are_read(kind, values):
    reader = part_of(kind, Read)
    rows = reader.rows(Path("x.npy"), values)
    assert (rows.shape, rows.dtype) == (values.shape, np.dtype(kind.dtype))
    # A single value is a row, too.
    assert np.array_equal(reader.rows(Path("x.npy"), values[0]), values[:1])
    assert np.array_equal(reader.row("x.npy[0]", rows[0]).array, values[0])


def test_other_shapes_are_refused(kind, values):
    with pytest.raises(DataError, match=r"x\.npy: expected .*; found") as refused:
        part_of(kind, Read).rows(Path("x.npy"), values[..., :1].repeat(9, -1))
    assert " × ".join(map(str, kind.shape)) in refused.value.message


def test_what_is_not_finite_is_refused(kind, values):
    row = values[0].astype(np.float32)
    row.flat[3] = np.nan
    with pytest.raises(DataError, match=r"x\.npy\[2\]: 1 value is NaN or infinite, at \["):
        part_of(kind, Read).row("x.npy[2]", row)


def test_a_value_that_predict_takes(sample, tmp_path):
    path = sample.write(tmp_path / "given")
    finder = part_of(sample.kind, Finder)
    group = finder.at(path)
    assert len(group) == 1
    (given,) = group
    read = given.read(Signature.of(sample.kind, Regression())).array
    assert (read.shape, read.dtype) == (sample.kind.shape, np.dtype(sample.kind.dtype))
    assert str(path) in given.name
    assert finder.hint.startswith("give ")
    assert finder.passed_over is None


def test_a_file_that_is_none_is_refused(kind, tmp_path):
    path = tmp_path / "none.txt"
    path.write_text("neither of all that")
    (given,) = part_of(kind, Finder).at(path)
    with pytest.raises(DataError, match=str(path)):
        given.read(Signature.of(kind, Regression()))


def test_an_empty_folder_is_refused(kind, tmp_path):
    with pytest.raises(UsageError, match=str(tmp_path)):
        part_of(kind, Finder).at(tmp_path)


def test_is_shown_or_says_why_not(kind, values):
    show = part_of(kind, Show)
    if not show.are_pictures:
        assert show.why_no_plot
        return
    pixels = show.pixels(values[0])
    assert pixels.dtype == np.uint8
    # What is no picture itself is drawn in a size of its own.
    size = kind.shape[:2] if len(kind.shape) > 1 else pixels.shape[:2]
    assert pixels.shape[:2] == size
    with Image.open(io.BytesIO(base64.b64decode(show.thumbnail(values[0])))) as thumbnail:
        assert thumbnail.format == "PNG"
        scale = min(1, 112 / max(size))
        assert thumbnail.size == (round(size[1] * scale), round(size[0] * scale))


def test_is_measured(kind, values):
    measuring = part_of(kind, Measuring)
    low, high = measuring.span(values)
    assert low < high
    scaled = measuring.scaled(values, (low, high))
    assert (scaled.dtype, len(scaled)) == (np.float32, 5)
    measures = measuring.measures(scaled)
    assert measures
    for name, measured in measures.items():
        assert measured.shape == (5,), name
        assert (measured >= measuring.least).all(), name
    shapes = measuring.shapes(scaled)
    assert shapes is None or (shapes.shape[0], shapes.ndim) == (5, 2)
    assert measuring.advice is None or measuring.advice[0].islower()
    of_one = {name: float(measured[0]) for name, measured in measures.items()}
    turned = measuring.negative(of_one)
    assert turned is None or (
        turned.keys() == of_one.keys() and measuring.negative(turned) == pytest.approx(of_one)
    )


def test_is_audited(kind, values):
    features = part_of(kind, Features)
    channels = features.channels(values)
    assert channels.ndim == 2
    assert channels.size == values.size
    assert features.constant.startswith("of one ")
    thumbnails = features.thumbnails(values)
    assert thumbnails is None or (thumbnails.dtype, thumbnails.ndim, len(thumbnails)) == (np.float16, 3, 5)
    assert features.are_seen == (thumbnails is not None)


def test_simple_models_take_it_or_it_says_why_not(kind, values):
    encoder = part_of(kind, Encoder)
    if encoder.why_not is not None:
        assert encoder.why_not.startswith("has ")
        return
    kept = encoder.values(ArrayStore(values, "train"))
    assert len(kept) == 5
    assert 0 < encoder.num_tree_features <= encoder.num_features
    for encoding, expected in (
        (encoder.for_linear(kept), encoder.num_features),
        (encoder.for_trees(kept), encoder.num_tree_features),
    ):
        matrix = encoding.encode(kept)
        assert matrix.shape[0] == 5
        assert encoding.encode(kept[:2]).shape == (2, matrix.shape[1])
        assert expected / 2 <= matrix.shape[1] <= 2 * expected, "sizes are chosen by it"
    dense = encoder.for_linear(kept).encode(kept)
    dense = dense if isinstance(dense, np.ndarray) else dense.toarray()
    assert np.isfinite(dense).all() and np.abs(dense).max() < 10


def test_is_explained_or_says_why_not(kind, values):
    places = part_of(kind, Places)
    if places.why_not is not None:
        assert kind.dtype in places.why_not
        return
    if not places.are_in_values:
        # Of what a model makes of a value: time to the right, high tones above.
        assert places.drawn(np.array([[1, 2, 3], [4, 5, 6]])).tolist() == [[3, 6], [2, 5], [1, 4]]
        return
    geometry = places.geometry(Input("x.npy[0]", values[0]))
    assert (geometry.y.length, geometry.x.length) == kind.shape[:2]
    assert [geometry.x.pixel(column) for column in range(kind.shape[1])] == list(range(kind.shape[1]))


def test_places_are_found_in_the_file_that_was_read(sample, tmp_path):
    places = part_of(sample.kind, Places)
    if places.why_not is not None or not places.are_in_values:
        return
    (given,) = part_of(sample.kind, Finder).at(sample.write(tmp_path / "given"))
    geometry = places.geometry(given)
    for side, count in ((geometry.y, sample.kind.shape[0]), (geometry.x, sample.kind.shape[1])):
        found = [side.pixel(index) for index in range(count)]
        assert found == sorted(found)
        assert 0 <= found[0] <= found[-1] < side.length
        assert set(side.thirds(count)) <= {0, 1, 2}
