"""Files that mean harm, through the real commands: a message or a result, and nothing of theirs has run."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import os
import pickle
import shutil
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.cli.output import json_text, one_line
from bigmodel_cli.modeling.keras_archive import TRUST_HINT
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.sources.memory import memory_bytes
from bigmodel_cli.whole_files import read_sealed, sha256_of, write_sealed

pytestmark = [pytest.mark.tf, pytest.mark.slow]

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 6), np.uint8)
SECONDS = 30


@pytest.fixture(autouse=True)
def _at_once(in_time: Callable[[float], AbstractContextManager[None]]) -> Iterator[None]:
    """Whoever waits for a pipe or unpacks a bomb is stopped and fails."""
    with in_time(SECONDS):
        yield


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- models


@pytest.fixture
def run(trained: Path, folder: Path) -> Path:
    """A copy of the trained run in the current folder."""
    shutil.copytree(trained, "runs")
    (found,) = Path("runs/tiny").iterdir()
    return found


def plant(run: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the model's config in its file as somebody would who also puts the checksums right."""
    path = run / "checkpoints" / "best.keras"
    with zipfile.ZipFile(path) as archive:
        contents = {member.filename: archive.read(member) for member in archive.infolist()}
    config = json.loads(contents["config.json"])
    change(config)
    contents["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    seal(run)


def seal(run: Path) -> None:
    path = run / "checkpoints" / "best.json"
    write_sealed(path, {**read_sealed(path), "sha256": sha256_of(run / "checkpoints" / "best.keras")})


def lambda_that_touches(marker: Path) -> dict[str, Any]:
    """A function as Keras writes it, which makes a file when it is called."""
    import keras

    function = eval(f"lambda x: (__import__('pathlib').Path({str(marker)!r}).touch(), x)[1]")
    layer = keras.layers.Lambda(function, output_shape=(6, 6, 1), name="innocent")
    return dict(keras.saving.serialize_keras_object(layer))


def layers_of(config: dict[str, Any]) -> list[dict[str, Any]]:
    layers: list[dict[str, Any]] = config["config"]["layers"]
    return layers


COMMANDS = [
    ["evaluate", "RUN"],
    ["predict", "x.png", "--run", "RUN", "--engine", "keras"],
    ["train", "tiny.yaml", "training.epochs=1", "--from", "RUN"],
]


@pytest.fixture(params=COMMANDS, ids=["evaluate", "predict", "from"])
def words(request: pytest.FixtureRequest, trained: Path, run: Path) -> list[str]:
    Image.fromarray(PIXELS).save("x.png")
    shutil.copy(trained.parent / "tiny.yaml", "tiny.yaml")
    return [str(run) if word == "RUN" else word for word in request.param]


def test_a_lambda_runs_only_where_it_is_trusted(bigmodel, run, words, folder):
    marker = folder / "executed"
    hidden = lambda_that_touches(marker)

    def change(config: dict[str, Any]) -> None:
        rescaling = next(layer for layer in layers_of(config) if layer["class_name"] == "Rescaling")
        rescaling |= {key: hidden[key] for key in ("module", "class_name", "registered_name")}
        rescaling["config"] = {**hidden["config"], "name": rescaling["name"]}

    plant(run, change)
    outcome = bigmodel(*words)
    path = run / "checkpoints" / "best.keras"
    assert outcome.code == 3
    assert f"error: {path}: the layer rescaling is a Lambda layer, which holds Python code" in outcome.err
    assert f"hint: {TRUST_HINT}" in outcome.err
    assert not marker.exists()
    trusted = bigmodel(*words, "--trust")
    assert trusted.code == 0, trusted.err
    # Who takes nothing but weights calls no layer.
    assert marker.exists() == (words[0] != "train")


def test_a_lambda_as_an_activation(bigmodel, run, words, folder):
    marker = folder / "executed"
    code = lambda_that_touches(marker)["config"]["function"]

    def change(config: dict[str, Any]) -> None:
        dense = next(layer for layer in layers_of(config) if layer["class_name"] == "Dense")
        dense["config"]["activation"] = code

    plant(run, change)
    outcome = bigmodel(*words, "--json")
    assert outcome.code == 3
    assert "the layer dense holds a Python lambda, which is code" in outcome.json["error"]["message"]
    assert not marker.exists()


def test_a_class_of_somebody_else(bigmodel, run, words, folder, monkeypatch):
    (folder / "evil.py").write_text(f"open({str(folder / 'executed')!r}, 'w')\nclass Dense: pass\n")
    monkeypatch.syspath_prepend(folder)
    plant(run, lambda config: layers_of(config)[-1].update(module="evil"))
    outcome = bigmodel(*words)
    assert outcome.code == 3
    assert "needs the class evil.Dense which is none of Keras's own" in outcome.err
    # Keras imports no such module either way.
    trusted = bigmodel(*words, "--trust")
    assert trusted.code == 3
    assert "best.keras: Keras " in trusted.err and "cannot load it" in trusted.err
    assert not (folder / "executed").exists()


@pytest.mark.parametrize("trust", [[], ["--trust"]])
def test_a_layer_that_takes_all_memory(bigmodel, run, words, trust):
    plant(run, lambda config: layers_of(config)[-1]["config"].update(units=2_000_000_000))
    outcome = bigmodel(*words, *trust)
    assert outcome.code == 3
    assert "refused: the layer dense_1 (Dense) has units=2,000,000,000, but the weights" in outcome.err


@pytest.mark.parametrize("trust", [[], ["--trust"]])
def test_a_vocabulary_from_elsewhere(bigmodel, run, words, trust):
    """A layer that would read any file of the reader's; only who trusts the model lets it."""
    secret = Path("secret.txt")
    secret.write_text("password\n")
    layer = {
        "module": "keras.layers",
        "class_name": "StringLookup",
        "config": {"name": "words", "vocabulary": str(secret.resolve()), "max_tokens": None},
        "registered_name": None,
    }

    def change(config: dict[str, Any]) -> None:
        layers_of(config)[-1]["config"]["activation"] = layer

    plant(run, change)
    outcome = bigmodel(*words, *trust)
    assert outcome.code == 3
    assert "best.keras: Keras " in outcome.err
    assert (f"hint: {TRUST_HINT}" in outcome.err) == (not trust)


def test_a_zip_that_escapes_or_explodes(bigmodel, run, words, folder):
    path = run / "checkpoints" / "best.keras"
    whole = path.read_bytes()
    for name, compression, says in (
        ("../../escaped", zipfile.ZIP_STORED, "the member ../../escaped points out of the archive"),
        ("assets/zeros", zipfile.ZIP_DEFLATED, "the member assets/zeros is compressed ("),
    ):
        path.write_bytes(whole)
        with zipfile.ZipFile(path, "a", compression) as archive:
            archive.writestr(name, bytes(50_000_000 if compression else 1))
        seal(run)
        outcome = bigmodel(*words)
        assert outcome.code == 3
        assert f"{path}: refused: {says}" in outcome.err
    assert not list(folder.parent.rglob("escaped"))


@pytest.mark.parametrize("step", ["Lambda", "{Lambda: {function: 'lambda x: x'}}"])
@pytest.mark.parametrize("command", ["check", "train"])
def test_no_config_holds_a_lambda(bigmodel, tiny, command, step):
    outcome = bigmodel(command, tiny, f"model.0={step}")
    assert outcome.code == 2
    assert "Lambda" in outcome.err and "cannot be written in a config" in outcome.err


def test_yaml_that_makes_objects(bigmodel, write, folder):
    marker = folder / "executed"
    outcome = bigmodel("check", write(f"data: !!python/object/apply:os.mkdir ['{marker}']\n"))
    assert outcome.code == 2
    assert "c.yaml:1:7: " in outcome.err and "!!python/object/apply:os.mkdir" in outcome.err
    assert not marker.exists()


# --- arrays


class Hostile:
    """Makes a folder when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def npy(header: str | bytes, content: bytes = b"", version: int = 1) -> bytes:
    header = header.encode() if isinstance(header, str) else header
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + content


def described(shape: str, dtype: str = "|u1") -> str:
    return f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}\n"


FITTING = npy(described("(2, 6, 6, 1)"), bytes(72))
HUGE = 10**15
NOT_FITTING = "damaged: its header says"
# The bytes of x.npy, and what is said of them behind `array x ` (in an .npz) or `the array ` (an .npy).
BAD_ARRAYS = {
    "longer than its bytes": (npy(described("(3, 6, 6, 1)"), bytes(72)), f"is {NOT_FITTING} uint8 of shape"),
    "shorter than its bytes": (npy(described("(1, 6, 6, 1)"), bytes(72)), "which is 36 bytes; there are 72"),
    "huge": (npy(described(f"({HUGE}, 6, 6, 1)"), bytes(72)), "36,000,000,000,000,000 bytes; there are 72"),
    "beyond all integers": (npy(described(f"({10**30},)"), bytes(72)), f"is {NOT_FITTING} uint8"),
    "huge beside nothing": (npy(described(f"({10**30}, 0)")), "is damaged: "),
    "negative": (npy(described("(-72, -1)"), bytes(72)), f"is {NOT_FITTING} uint8 of shape (-72, -1)"),
    "huge strings of nothing": (npy(described(f"({HUGE},)", "|S0")), f"is {NOT_FITTING} |S0 of shape"),
    "no dtype": (npy(described("(72,)", "evil"), bytes(72)), "its header cannot be read: "),
    "a call": (npy("__import__('os').mkdir('executed')\n"), "its header cannot be read: "),
    "brackets": (npy(b"(" * 9000), "its header cannot be read: "),
    "a long header": (npy(b"{" + b" " * 60_000 + b"}"), "its header cannot be read: "),
    "version 3": (npy(described("(72,)"), bytes(72), version=3), "is of version (3, 0) of the .npy format"),
}
PICKLED = "holds pickled Python objects, which are never loaded (they can run code)"
ARRAY_CONFIG = """\
data: {source: {npz: {path: x.npz}}}
model: [Flatten, {Dense: {units: num_classes}}]
loss: {CategoricalCrossentropy: {from_logits: true}}
optimizer: Adam
"""


@pytest.fixture
def npz(folder: Path, write: Callable[..., str]) -> Callable[..., Path]:
    """Writes x.npz from members, and a config that trains with it."""
    write(ARRAY_CONFIG)

    def call(*members: tuple[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
        with zipfile.ZipFile("x.npz", "w", compression) as archive:
            for name, content in members:
                archive.writestr(name, content)
        return Path("x.npz")

    return call


@pytest.mark.parametrize("kind", BAD_ARRAYS)
def test_headers_that_lie(refuses, trained, npz, write, kind):
    content, says = BAD_ARRAYS[kind]
    path = npz(("x.npy", content), ("y.npy", FITTING))
    refuses(3, "train", "c.yaml", says=("x.npz: array x", says))
    refuses(3, "predict", path, "--runs-dir", trained, says=("x.npz: array x", says))
    refuses(3, "predict", write(content, "x.npy"), "--runs-dir", trained, says=("x.npy: the array", says))
    assert not Path("executed").exists()


def test_pickles_in_arrays(refuses, trained, npz, folder):
    marker = folder / "executed"
    array = np.array([Hostile(marker)] * 2, object)
    np.savez("x.npz", x=array, y=np.arange(2))
    np.save("x.npy", array)
    npz_says, npy_says = f"x.npz: array x {PICKLED}", f"x.npy: the array {PICKLED}"
    refuses(3, "train", "c.yaml", says=(npz_says,))
    refuses(3, "predict", "x.npz", "--runs-dir", trained, says=(npz_says,))
    refuses(3, "predict", "x.npy", "--runs-dir", trained, says=(npy_says,))
    Path("raw.npy").write_bytes(pickle.dumps(Hostile(marker)))
    refuses(3, "predict", "raw.npy", "--runs-dir", trained, says=("raw.npy: not an array of numbers",))
    assert not marker.exists()


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("members", "says"),
    [
        (["../x.npy", "y.npy"], "x.npz: ../x is no name of an array: it points out of the archive"),
        (["/x.npy", "y.npy"], "x.npz: /x is no name of an array: it points out of the archive"),
        (["x.npy", "x.npy", "y.npy"], "x.npz: it has 2 arrays x"),
        (["x", "x.npy", "y.npy"], "x.npz: it has 2 arrays x"),
    ],
)
def test_odd_names_in_an_archive_of_arrays(refuses, trained, npz, members, says):
    path = npz(*((name, FITTING) for name in members))
    refuses(3, "train", "c.yaml", says=(says,))
    refuses(3, "predict", path, "--runs-dir", trained, says=(says,))


def test_a_bomb_of_zeros(refuses, trained, npz, monkeypatch):
    """What does not fit the memory is refused by the sizes in the archive; nothing is unpacked for it."""
    assert memory_bytes() > 2**28
    path = npz(("x.npy", npy(described("(1000000, 6, 6, 1)"), bytes(36_000_000))), ("y.npy", FITTING))
    assert path.stat().st_size < 100_000
    monkeypatch.setattr("bigmodel_cli.sources.memory.memory_bytes", lambda: 40_000_000)

    def unpack(*_: object) -> None:
        raise AssertionError("something was unpacked")

    monkeypatch.setattr(zipfile.ZipFile, "open", unpack)
    says = "bytes; this machine has 40,000,000 bytes of memory, of which they may take 80%"
    refuses(3, "train", "c.yaml", says=("x.npz: its arrays take 36,000,", says))
    refuses(3, "predict", path, "--runs-dir", trained, says=("x.npz: its arrays take 36,000,", says))


@pytest.mark.parametrize("keep", [0.3, 0.9, 0.99])
def test_broken_archives_of_arrays(refuses, trained, npz, keep):
    random = np.random.default_rng(0).integers(0, 256, 72_000, np.uint8).tobytes()
    path = npz(("x.npy", npy(described("(2000, 6, 6, 1)"), random)), ("y.npy", FITTING))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    refuses(3, "train", "c.yaml", says=("x.npz: not an .npz file",))
    middle = len(content) // 2
    path.write_bytes(content[:middle] + bytes(100) + content[middle + 100 :])
    refuses(3, "train", "c.yaml", says=("x.npz: damaged: ",))
    refuses(3, "predict", path, "--runs-dir", trained, says=("x.npz: damaged: ",))


# --- archives of data sets


def source_config(source: str) -> str:
    return ARRAY_CONFIG.replace("{npz: {path: x.npz}}", source)


def test_an_archive_that_explodes(refuses, write, monkeypatch):
    """Ten members of zeros that are none of CIFAR's; unpacking stops at the limit."""
    monkeypatch.setattr("bigmodel_cli.sources.cifar._MAX_ARCHIVE_BYTES", 50_000_000)
    write(source_config("{cifar10: {path: cifar.tar.gz}}"))
    for name in ("../../escaped", "cifar-10-batches-py/data_batch_1"):
        with tarfile.open("cifar.tar.gz", "w:gz", compresslevel=1) as archive:
            for _ in range(10):
                member = tarfile.TarInfo(name)
                member.size = 8_000_000
                archive.addfile(member, io.BytesIO(bytes(member.size)))
        says = "cifar.tar.gz: it unpacks to more than 50,000,000 bytes, which no archive of CIFAR does"
        refuses(3, "train", "c.yaml", says=(says,))
    assert not list(Path.cwd().parent.rglob("escaped"))


def test_a_long_name_that_is_a_bomb(refuses, write, monkeypatch):
    """A name in a tar archive has a size of its own, which tarfile would read whole."""
    monkeypatch.setattr("bigmodel_cli.sources.cifar._MAX_ARCHIVE_BYTES", 50_000_000)
    write(source_config("{cifar10: {path: cifar.tar.gz}}"))
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 10**11
    with gzip.open("cifar.tar.gz", "wb") as file:
        file.write(header.tobuf(tarfile.GNU_FORMAT) + bytes(10_000))
    refuses(3, "train", "c.yaml", says=("cifar.tar.gz: it unpacks to more than 50,000,000 bytes",))


def test_an_idx_file_that_explodes(refuses, write):
    write(source_config("{mnist: {path: idx}}"))
    header = b"\0\0\x08\x03" + struct.pack(">III", 2, 28, 28)
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        write(gzip.compress(header + bytes(30_000_000), 1, mtime=0), f"idx/{name}-ubyte.gz")
    says = "header says 1,568 bytes of data (shape (2, 28, 28)), found more"
    refuses(3, "train", "c.yaml", says=("train-images-idx3-ubyte.gz: its", says))
    write(gzip.compress(b"\0\0\x08\x04" + b"\xff" * 16, mtime=0), "idx/train-images-idx3-ubyte.gz")
    refuses(3, "train", "c.yaml", says=("its arrays take 340,282,", "bytes; this machine has "))


# --- images

PHOTOS = """\
name: photos
data:
  source: {image_folder: {path: photos, image_size: [6, 6], color_mode: grayscale}}
  validation: 0.2
  test: 0.2
  batch_size: 16
preprocessing: [{Rescaling: {scale: 1/255}}]
model: [Flatten, {Dense: {units: num_classes, activation: softmax}}]
loss: CategoricalCrossentropy
optimizer: Adam
metrics: [accuracy, {TopKCategoricalAccuracy: {k: 2, name: "\\e[31m$top"}}]
training: {epochs: 1}
"""
EXPECTED = "expected a JPEG, PNG, BMP, GIF or WebP image, found"
TOO_MANY_PIXELS = "more than 178,956,970 pixels, which is refused (a small file can hide a huge image)"


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def zeros(num_bytes: int) -> bytes:
    """As many zeros, compressed: one block of them again and again."""
    size = 2**20
    compressor = zlib.compressobj(9)
    first = compressor.compress(bytes(size)) + compressor.flush(zlib.Z_FULL_FLUSH)
    again = compressor.compress(bytes(size)) + compressor.flush(zlib.Z_FULL_FLUSH)
    compressor = zlib.compressobj(9, wbits=-15)
    rest = compressor.compress(bytes(num_bytes % size)) + compressor.flush()
    return first + again * (num_bytes // size - 1) + rest + struct.pack(">HH", num_bytes % 65521, 1)


def whole_png(side: int) -> bytes:
    """A whole black PNG with one bit a pixel."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    pixels = zeros(side * (1 + side // 8))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def with_text_chunk(num_bytes: int) -> bytes:
    png = whole_png(4096)
    text = chunk(b"zTXt", b"Comment\0\0" + zeros(num_bytes))
    return png[:33] + text + png[33:]


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


GREY = Image.fromarray(PIXELS)
HOSTILE_IMAGES: dict[str, tuple[Callable[[], bytes], str]] = {
    "60,000 × 60,000 pixels": (lambda: whole_png(60_000), TOO_MANY_PIXELS),
    "a screen for a tiny picture": (
        lambda: saved(GREY, "GIF")[:6] + struct.pack("<HH", 9_000, 9_000) + saved(GREY, "GIF")[10:],
        "81,000,000 pixels in ",
    ),
    "a comment of 100 MB": (lambda: with_text_chunk(100 * 2**20), "damaged image: "),
    "a TIFF": (lambda: saved(GREY, "TIFF"), f"{EXPECTED} a TIFF image"),
    "an SVG": (
        lambda: b'<svg onload="alert(1)"><script>alert(1)</script></svg>',
        f"{EXPECTED} an SVG drawing",
    ),
    "nothing": (lambda: b"", f"{EXPECTED} an empty file"),
    "zeros": (lambda: bytes(10_000), f"{EXPECTED} something else"),
    "a header alone": (lambda: whole_png(4096)[:33], ": "),
}


@pytest.fixture
def photos(folder: Path) -> Path:
    """A folder of images in two classes with a config for it, as good as any."""
    Path("c.yaml").write_text(PHOTOS)
    for name in ("cat", "dog"):
        (folder / "photos" / name).mkdir(parents=True)
        for number in range(5):
            Image.fromarray(PIXELS + number).save(folder / "photos" / name / f"{number}.png")
    return folder / "photos"


@pytest.mark.parametrize("kind", HOSTILE_IMAGES)
def test_images_that_are_none(refuses, bigmodel, trained, photos, kind):
    make, says = HOSTILE_IMAGES[kind]
    path = photos / "cat" / "x.png"
    path.write_bytes(make())
    assert path.stat().st_size < 2**20
    refuses(3, "train", "c.yaml", says=(f"{path.relative_to(Path.cwd())}: ", says))
    outcome = bigmodel("predict", path, photos / "cat" / "1.png", "--runs-dir", trained)
    assert outcome.code == 3
    assert f"error: {path}: " in outcome.err and says in outcome.err
    assert outcome.out.startswith(f"{photos / 'cat' / '1.png'}: class_")


def test_images_that_are_odd_but_whole(bigmodel, trained, photos):
    images = {
        "one.png": saved(Image.new("L", (1, 1)), "PNG"),
        "thin.png": saved(Image.new("L", (1, 30_000)), "PNG"),
        "frames.gif": saved(
            Image.new("L", (9, 9)),
            "GIF",
            save_all=True,
            append_images=[Image.new("L", (9, 9), number % 256) for number in range(1, 3000)],
        ),
        "text.png": saved(GREY, "PNG")[:33]
        + chunk(b"tEXt", b"a\0" + b"\x1b[31m" * 1000)
        + saved(GREY, "PNG")[33:],
        "named.jpg": saved(GREY, "PNG"),
    }
    for name, content in images.items():
        (photos / "cat" / name).write_bytes(content)
    trained_on = bigmodel("train", "c.yaml", "--runs-dir", "runs")
    assert trained_on.code == 0, trained_on.err
    outcome = bigmodel("predict", *(photos / "cat" / name for name in images), "--runs-dir", trained)
    assert outcome.code == 0, outcome.err
    assert outcome.out.count(": class_") == len(images)


def assert_passed_over(outcome: Any, path: Path) -> None:
    """In a folder that is searched, what no file is behind is left out, and that is said."""
    assert outcome.code == 0, outcome.err
    assert f"passed over 1 that no file is behind, for example {path}" in outcome.err
    assert outcome.out.count(": class_") == 5


def test_what_is_no_file(refuses, bigmodel, trained, photos):
    """A pipe that nobody writes into, and a device without an end."""
    oddities = {
        "pipe.png": ("a pipe, a socket or a device", lambda path: os.mkfifo(path)),
        "device.png": ("a pipe, a socket or a device", lambda path: path.symlink_to("/dev/zero")),
    }
    for name, (found, make) in oddities.items():
        path = photos / "cat" / name
        make(path)
        refuses(3, "train", "c.yaml", says=(f"photos/cat/{name}: {EXPECTED} {found}",))
        outcome = bigmodel("predict", path, "--runs-dir", trained)
        assert (outcome.code, outcome.out) == (3, "")
        assert f"error: {path}: {EXPECTED} {found}" in outcome.err
        assert_passed_over(bigmodel("predict", photos / "cat", "--runs-dir", trained), path)
        path.unlink()
    os.mkfifo("pipe.npy")
    says = ("pipe.npy: no file, not an .npy file",)
    refuses(3, "predict", "pipe.npy", "--runs-dir", trained, says=says)


def test_folders_and_links_that_are_named_like_images(refuses, bigmodel, trained, photos):
    (photos / "cat" / "folder.png").mkdir()
    assert bigmodel("train", "c.yaml", "--runs-dir", "runs").code == 0
    says = ("folder.png: no image in this folder",)
    refuses(2, "predict", photos / "cat" / "folder.png", "--runs-dir", trained, says=says)
    loop = photos / "cat" / "loop.png"
    loop.symlink_to(loop)
    refuses(3, "train", "c.yaml", says=("photos/cat/loop.png: ",))
    outcome = bigmodel("predict", loop, "--runs-dir", trained)
    assert outcome.code == 3
    assert f"error: {loop}: cannot be read: Too many levels of symbolic links" in outcome.err
    assert_passed_over(bigmodel("predict", photos / "cat", "--runs-dir", trained), loop)
    refuses(
        3, "init", photos, "-o", "new.yaml", says=("photos/cat/loop.png: cannot be read: Too many levels",)
    )
    # A link that has no image's name is nothing that was asked for.
    loop.unlink()
    (photos / "cat" / "loop").symlink_to("loop")
    assert bigmodel("init", photos, "-o", "new.yaml").code == 0
    explained = bigmodel("explain", photos / "cat", "--runs-dir", trained, "--method", "occlusion")
    assert explained.code == 0, explained.err


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(refuses, trained, photos):
    path = photos / "cat" / "0.png"
    path.chmod(0)
    refuses(3, "train", "c.yaml", says=("photos/cat/0.png: cannot be read: Permission denied",))


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("x" * 300 + ".png", "x.png: cannot be read: File name too long"),
        ("x/" * 3000, "x/: cannot be read: File name too long"),
        ("~nobody-has-this-name/x.png", "~nobody-has-this-name/x.png: no such file"),
        ("\x1b[31m.png", "[31m.png: no such file"),
    ],
    ids=["long name", "long path", "home of nobody", "escape"],
)
def test_words_that_name_nothing(refuses, trained, folder, word, says):
    outcome = refuses(2, "predict", word, "--runs-dir", trained, says=(says,))
    assert "\x1b" not in outcome.err


# --- names

FORGED = "error: forged"
HOSTILE_NAMES = [
    f"new\n{FORGED}",
    f"back\r{FORGED}",
    "\x1b[31mred\x1b]0;title\x07",
    "\x9b31mred",
    "quote\"'`$(id)",
    "<script>alert(1)<",
    "\u202egnp.exe",
    "-rf",
    "=cmd()|' '!A0",
    "long" * 60,
    "$x_$\\frac{",
    "[red]markup[]",
    "a,b;c\td",
    "{braces}%s",
]


def assert_harmless(text: str) -> None:
    """Nothing in it steers a terminal, and no line of it is forged."""
    odd = {character for character in text if not character.isprintable() and character != "\n"}
    assert not odd, ascii(odd)
    assert not [line for line in text.split("\n") if line.startswith(FORGED)]


@pytest.fixture
def named_photos(folder: Path) -> Path:
    """A class for each hostile name, with images of such names in it."""
    Path("c.yaml").write_text(PHOTOS)
    random = np.random.default_rng(0)
    for name in HOSTILE_NAMES:
        (folder / "photos" / name).mkdir(parents=True)
        for number in range(3):
            pixels = random.integers(0, 256, (6, 6), np.uint8)
            Image.fromarray(pixels).save(folder / "photos" / name / f"{name[:200]}{number}.png")
    return folder / "photos"


@pytest.mark.plots
def test_names_of_files_and_classes(bigmodel, named_photos):
    outcome = bigmodel("train", "c.yaml", "--runs-dir", "runs", "--json")
    assert outcome.code == 0, outcome.err
    assert_harmless(outcome.out + outcome.err)
    run = Path(outcome.json["run"])
    assert json.loads((run / "labels.json").read_text()) == sorted(HOSTILE_NAMES)
    assert {path.name for path in (run / "plots").iterdir()} >= {"curves.png", "confusion_matrix.png"}
    with (run / "evaluation" / "predictions_test.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["example", "label", "prediction", *(f"score_{name}" for name in sorted(HOSTILE_NAMES))]
    assert len(rows) > 5
    for row in rows[1:]:
        assert Path(row[0]).is_file() and Path(row[0]).parent.name == row[1] and row[2] in HOSTILE_NAMES

    evaluated = bigmodel("evaluate", "--runs-dir", "runs")
    assert evaluated.code == 0
    assert_harmless(evaluated.out + evaluated.err)
    assert "[red]markup[]" in evaluated.out and "\\x1b[31mred" in evaluated.out
    assert bigmodel("show", "c.yaml").code == 0

    words = ["predict", named_photos, "--runs-dir", "runs", "--top", "14"]
    predicted = bigmodel(*words, "--csv", "p.csv", "--plot", "p.svg")
    assert predicted.code == 0
    assert_harmless(predicted.out + predicted.err)
    assert len(predicted.out.splitlines()) == 3 * len(HOSTILE_NAMES)
    assert "<script" not in Path("p.svg").read_text()
    with Path("p.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    files = {str(path) for path in named_photos.rglob("*.png")}
    assert {row[0] for row in rows} == files
    assert header[3:] == [*(f"score_{name}" for name in sorted(HOSTILE_NAMES)), "error", "unlike"]
    document = bigmodel(*words, "--json")
    assert_harmless(document.out)
    assert {item["input"] for item in document.json["predictions"]} == files
    assert document.json["predictions"][0]["prediction"] in HOSTILE_NAMES


UNDECODABLE = os.fsdecode(b"\xff\xfe caf\xe9")


def test_names_that_are_no_text(bigmodel, trained, photos):
    for number in range(4):
        shutil.copy(photos / "cat" / "0.png", photos / "dog" / f"{UNDECODABLE}{number}.png")
    outcome = bigmodel("train", "c.yaml", "--runs-dir", "runs")
    assert outcome.code == 0, outcome.err
    path = photos / "dog" / f"{UNDECODABLE}0.png"
    words = ["predict", path, "--runs-dir", trained]
    predicted = bigmodel(*words, "--csv", "p.csv", "--plot", "p.png")
    assert predicted.code == 0, predicted.err
    assert predicted.out.startswith(f"{photos}/dog/\\udcff\\udcfe caf\\udce90.png: class_")
    assert bigmodel(*words, "--json").json["predictions"][0]["input"] == str(path)
    with Path("p.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file))[1][0] == f"{photos}/dog/\\udcff\\udcfe caf\\udce90.png"
    path.write_bytes(b"")
    broken = bigmodel(*words, "--json")
    assert broken.code == 3 and broken.json["predictions"][0]["error"].startswith(f"{path}: {EXPECTED}")
    assert_harmless(broken.err)


@pytest.mark.plots
def test_a_class_whose_name_is_no_text(bigmodel, photos):
    name = os.fsdecode(b"caf\xe9")
    (photos / "cat").rename(photos / name)
    trained = bigmodel("train", "c.yaml", "--runs-dir", "runs", "--json")
    assert trained.code == 0, trained.err
    run = RunFolder(Path(trained.json["run"]))
    assert run.labels.read_bytes() == b'[\n  "caf\\udce9",\n  "dog"\n]\n'
    assert run.read_labels() == (name, "dog")
    assert (run.path / "plots" / "confusion_matrix.png").is_file()
    with run.predictions("test").open(newline="", encoding="utf-8") as file:
        assert next(csv.reader(file))[3:] == ["score_caf\\udce9", "score_dog"]

    evaluated = bigmodel("evaluate", run.path)
    assert evaluated.code == 0 and "\n caf\\udce9 " in evaluated.out
    document = bigmodel("evaluate", run.path, "--json")
    assert [row["class"] for row in document.json["per_class"]] == [name, "dog"]
    words = ["predict", photos / name, "--run", run.path]
    predicted = bigmodel(*words, "--csv", "p.csv", "--plot", "p.svg")
    assert predicted.code == 0, predicted.err
    assert all("caf\\udce9 " in line for line in predicted.out.splitlines())
    with Path("p.csv").open(newline="", encoding="utf-8") as file:
        assert next(csv.reader(file))[3:] == ["score_caf\\udce9", "score_dog", "error", "unlike"]
    top = bigmodel(*words, "--json").json["predictions"][0]["top"]
    assert {item["class"] for item in top} == {name, "dog"}
    resumed = bigmodel("train", "--resume", run.path, "training.epochs=2")
    assert resumed.code == 0, resumed.err
    assert bigmodel("runs", "verify", run.path).code == 0
    assert_harmless(trained.err + evaluated.out + predicted.out + resumed.out + resumed.err)


@pytest.mark.parametrize("name", ["\x1b[31mred.yaml", f"new\n{FORGED}.yaml", "[/].yaml", "$x.yaml"])
def test_names_of_configs(bigmodel, write, name):
    write(
        PHOTOS.replace("{image_folder: {path: photos, image_size: [6, 6], color_mode: grayscale}}", "digits"),
        name,
    )
    for words in (
        ["check"],
        ["show", "--why", "training.epochs"],
        ["show", "--diff", name],
        ["check", "--github"],
    ):
        outcome = bigmodel(words[0], f"./{name}", *words[1:])
        assert outcome.code == 0, outcome.err
        assert_harmless(outcome.out + outcome.err)
    wrong = bigmodel("check", f"./{name}", "optimizer=Adan\x1b[31m")
    assert wrong.code == 2
    assert "\x1b" not in wrong.out + wrong.err


def test_json_is_exact_whatever_is_in_it(monkeypatch: pytest.MonkeyPatch):
    value = {"name": "\x9b\u202e\udcff é 🎉\n", "plain": "é"}
    assert json.loads(json_text(value)) == value
    assert json_text(value).isascii()
    assert json_text({"a": "é 🎉"}) == '{\n  "a": "é 🎉"\n}'
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    with contextlib.redirect_stdout(ascii_only):
        assert json.loads(json_text({"a": "é 🎉"})) == {"a": "é 🎉"}
        assert json_text({"a": "é"}).isascii()
    assert one_line("a\n\tb\x1b") == "a\\x0a\\x09b\\x1b"
