"""Whether two versions of bigmodel train, print and write the same, to the last digit.

    python benchmarks/golden.py against COMMIT         # records both, in turn, and compares
    python benchmarks/golden.py record FILE [--source SRC] [--only NAME…]
    python benchmarks/golden.py compare FILE FILE

Every config of `configs/` that runs here and those of `tests/frozen` are trained for a few epochs on little
data with `deterministic: true`. Kept are the numbers (metrics of each epoch, scores, sha256 of weights, of
predictions and of what else is computed, fingerprints of splits), the sha256 of plots, the report without its
figures, and what commands print, without times. Digits depend on the processor: compare what one recorded.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import difflib
import hashlib
import io
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"
# The same for all versions: paths of data are in configs and messages.
PLACE = Path(tempfile.gettempdir()) / "bigmodel-golden"
# Small enough for a quarter of a minute each, and large enough for two steps per call.
EXAMPLES, HELD_OUT, PER_CLASS = 1500, 300, 5


@dataclass(frozen=True)
class Case:
    """A config, what is changed of it, and what is predicted with it."""

    config: Path
    changes: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    needs: Path | None = None

    @property
    def name(self) -> str:
        return self.config.stem


def cases() -> list[Case]:
    """All of them; those whose data are not here too."""
    configs, frozen = ROOT / "configs", ROOT / "tests" / "frozen" / "configs"
    digits, photos = str(ROOT / "docs" / "images" / "seven.png"), "data/photos/val"
    mnist = ("data.source.mnist.path=data/mnist.npz",)
    of_photos = "data.source.image_folder.path=data/photos"
    small = ("data.source.image_folder.image_size=32", "data.batch_size=16")
    weights = SHARED / "imagenet_weights" / "mobilenet_1_0_224.weights.h5"
    from_mnist, from_photos = SHARED / "mnist", SHARED / "imagenette_mini"
    return [
        Case(configs / "digits.yaml", ("training.epochs=3",), (digits,)),
        Case(configs / "regression.yaml", ("training.epochs=4",), ("data/vectors.npy",)),
        *(
            Case(configs / f"{name}.yaml", (*mnist, "training.epochs=2"), (digits, photos), from_mnist)
            for name in ("mnist", "mnist_best", "mnist_mlp", "mnist_mlp_mse")
        ),
        Case(configs / "photos.yaml", (of_photos, "training.epochs=2"), (photos,), from_photos),
        Case(
            configs / "photos_pretrained.yaml",
            (of_photos, f"model.0.MobileNet.weights={weights}", "training.epochs=2"),
            (photos,),
            weights,
        ),
        Case(
            configs / "resnet_cifar10.yaml",
            ("data.source.cifar10.path=data/cifar-10-batches-py", "training.epochs=2"),
            (photos,),
            from_photos,
        ),
        Case(
            configs / "vgg16.yaml",
            (of_photos, *small, "model.8.repeat.layers.0.Dense.units=64", "training.epochs=2"),
            (photos,),
            from_photos,
        ),
        Case(frozen / "arrays.yaml", (), ("data/images.npy",)),
        Case(frozen / "binary.yaml", (), ("data/twelve.npy",)),
        Case(frozen / "numbers.yaml", (), ("data/four.npy",)),
        Case(frozen / "files.yaml", (), (str(ROOT / "tests/frozen/data/images"),)),
        Case(frozen / "packed.yaml", (), (str(ROOT / "tests/frozen/data/images/a"),)),
    ]


def make_data(folder: Path) -> None:
    """Little data of every sort, from the shared ones where they are; always the same."""
    import numpy as np

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    np.save(folder / "vectors.npy", rng.normal(0, 0.05, (4, 10)).astype("float32"))
    np.save(folder / "twelve.npy", rng.normal(size=(4, 12)).astype("float32"))
    np.save(folder / "four.npy", rng.normal(size=(4, 4)).astype("float32"))
    np.save(folder / "images.npy", rng.integers(0, 256, (4, 8, 8, 1), np.uint8))
    if (SHARED / "mnist").exists():
        with np.load(SHARED / "mnist" / "mnist.npz") as whole:
            limits = {"train": EXAMPLES, "test": HELD_OUT}
            np.savez(
                folder / "mnist.npz",
                **{name: whole[name][: limits[name.partition("_")[2]]] for name in whole.files},
            )
    for path in sorted((SHARED / "imagenette_mini").glob("*/*")):
        copy = folder / "photos" / path.relative_to(SHARED / "imagenette_mini")
        copy.mkdir(parents=True)
        for image in sorted(path.iterdir())[: PER_CLASS if path.parent.name == "train" else 2]:
            shutil.copy(image, copy)
    cifar = folder / "cifar-10-batches-py"
    cifar.mkdir()
    for name in [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]:
        pixels = rng.integers(0, 256, (100, 3072), np.uint8)
        batch = {b"data": pixels, b"labels": [number % 10 for number in range(100)]}
        (cifar / name).write_bytes(pickle.dumps(batch, protocol=4))


# --- what one config comes to ---

_PASSING = [
    (re.compile(r"\d{8}-\d{6}(-\d+)?"), "TIME"),
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?(\+\d{4})?"), "TIME"),
    (re.compile(r"(?<![:\w])\d+:\d\d(:\d\d)?\b"), "#"),
    (re.compile(r"\d[\d,.]* ?(ms|s|min|h|seconds|minutes|kB|MB|GB|examples/s|images/s)\b"), "#"),
    (re.compile(r"(seconds|examples_per_second|memory_mb)=\S+"), r"\1=#"),
    # What is measured, and changes no digit.
    (re.compile(r"\d+ steps? per execution"), "# steps per execution"),
    (re.compile(r"(steps_per_execution: )\d+"), r"\1#"),
    (re.compile(r" +"), " "),
]
_PASSING_KEYS = {
    "seconds", "started", "ended", "run", "id", "examples_per_second", "memory_mb", "throughput", "version",
    "peak_memory_mb", "sha256", "bytes", "config_sha256", "path", "folder", "date", "time", "duration",
}  # fmt: skip


def lasting(text: str) -> list[str]:
    """The lines of a text without what differs each time."""
    for pattern, instead in _PASSING:
        text = pattern.sub(instead, text)
    lines = text.replace(str(ROOT), "ROOT").splitlines()
    return [line for line in lines if not line.lstrip().startswith("time ")]


def lasting_json(value: Any) -> Any:
    """A document without what differs each time."""
    if isinstance(value, dict):
        return {key: lasting_json(item) for key, item in value.items() if key not in _PASSING_KEYS}
    if isinstance(value, list):
        return [lasting_json(item) for item in value]
    return "\n".join(lasting(value)) if isinstance(value, str) else value


def without_figures(page: str) -> str:
    """A page without its figures, of which some show times, the words of this process, and empty lines."""
    words = " ".join(["bigmodel", *sys.argv[1:]])
    page = re.sub(r"<svg.*?</svg>", "<svg/>", page, flags=re.DOTALL).replace(words, "bigmodel …")
    return re.sub(r">\s*<", ">\n<", page)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def weights_hash(archive: Path) -> str:
    """Of all that a saved model holds, optimizer included, by place, dtype, shape and bytes."""
    import zipfile

    import h5py

    digest = hashlib.sha256()

    def add(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            digest.update(f"{name} {item.dtype} {item.shape}".encode())
            digest.update(item[()].tobytes())

    with zipfile.ZipFile(archive) as members:
        content = io.BytesIO(members.read("model.weights.h5"))
    with h5py.File(content) as file:
        file.visititems(add)
    return digest.hexdigest()


def arrays_hash(path: Path) -> dict[str, str]:
    import numpy as np

    with np.load(path) as arrays:
        return {name: sha256(arrays[name].tobytes()) for name in arrays.files}


def metrics_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [{key: value for key, value in row.items() if key not in _PASSING_KEYS} for row in rows]


def numbers_of(run: Path) -> dict[str, Any]:
    """What is computed, to the last digit."""
    record = json.loads((run / "run.json").read_text())
    found: dict[str, Any] = {"metrics": metrics_of(run / "metrics.csv")}
    for key in ("parameters", "best", "test", "validation", "litert", "gates", "labels_sha256"):
        found[key] = lasting_json(record.get(key))
    found["splits"] = {name: split.get("sha256") for name, split in record["data"]["splits"].items()}
    for path in sorted(run.glob("checkpoints/*.keras")):
        found[f"weights of {path.stem}"] = weights_hash(path)
    if (run / "example_limits.npz").exists():
        found["example_limits.npz"] = arrays_hash(run / "example_limits.npz")
    for path in sorted([*run.glob("evaluation/*.json"), *run.glob("decision.json")]):
        document = lasting_json(json.loads(path.read_text()))
        found[path.name] = document if "samples" not in path.name else sha256(json.dumps(document).encode())
    for path in [*sorted(run.glob("evaluation/*.csv")), run / "model.tflite", run / "labels.json"]:
        found[path.name] = sha256(path.read_bytes()) if path.exists() else None
    return found


def looks_of(run: Path) -> dict[str, Any]:
    """Which files there are, and how they look."""
    files = sorted(path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file())
    plots = [path for path in sorted(run.glob("plots/*.png")) if path.stem != "speed"]
    return {
        "files": files,
        "config.yaml": lasting((run / "config.yaml").read_text()),
        "report.html": lasting(without_figures((run / "report.html").read_text("utf-8"))),
        **{path.name: sha256(path.read_bytes()) for path in plots},
    }


@contextlib.contextmanager
def caught(stream: int) -> Iterator[Callable[[], str]]:
    """What is written to a file descriptor, by Python or by others."""
    kept = os.dup(stream)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), stream)

        def text() -> str:
            file.seek(0)
            return file.read().decode("utf-8", "replace")

        try:
            yield text
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(kept, stream)
            os.close(kept)


def said(*words: str) -> dict[str, Any]:
    """What a command prints, and its exit code."""
    from bigmodel_cli.cli.main import run

    with caught(1) as out, caught(2) as err:
        code = run(list(words))
        sys.stdout.flush()
        sys.stderr.flush()
        texts = out(), err()
    if "--json" in words and code == 0:
        return {"code": code, "json": lasting_json(json.loads(texts[0]))}
    return {"code": code, "out": lasting(texts[0]), "err": lasting(texts[1])}


def recorded(case: Case) -> dict[str, Any]:
    """Train a config, evaluate, predict; and what is said meanwhile."""
    runs = PLACE / "runs" / case.config.parent.parent.name / case.name
    shutil.rmtree(runs, ignore_errors=True)
    changes = [*case.changes, "training.deterministic=true"]
    config = [str(case.config), *changes]
    words = {"check": ["check", *config], "show": ["show", *config], "data": ["data", *config, "--json"]}
    heard = {name: said(*each) for name, each in words.items()}
    heard["train"] = said("train", *config, "--runs-dir", str(runs), "--plain")
    found = [path.parent for path in runs.glob("*/*/run.json")]
    if len(found) != 1:
        return {"said": heard, "numbers": {}, "looks": {}}
    (run,) = found
    numbers, looks = numbers_of(run), looks_of(run)
    of_run = ["--run", str(run)]
    heard["evaluate"] = said("evaluate", str(run))
    heard["evaluate --json"] = said("evaluate", str(run), "--json")
    heard["report"] = said("report", str(run))
    heard["runs show"] = said("runs", "show", str(run))
    for engine in ("litert", "keras"):
        heard[f"predict {engine}"] = said("predict", *case.inputs, *of_run, "--engine", engine)
    heard["predict --json"] = said("predict", *case.inputs, *of_run, "--json")
    table, plot = runs / "predicted.csv", runs / "predicted.png"
    heard["predict --csv --plot"] = said(
        "predict", *case.inputs, *of_run, "--csv", str(table), "--plot", str(plot)
    )
    looks["predicted"] = [sha256(path.read_bytes()) for path in (table, plot) if path.exists()]
    explained = runs / "explained"
    heard["explain"] = said("explain", *case.inputs[:1], *of_run, "--json", "--out", str(explained))
    looks["explained"] = [sha256(path.read_bytes()) for path in sorted(explained.glob("*"))]
    return {"numbers": numbers, "looks": looks, "said": heard}


def record(target: Path, only: Sequence[str]) -> int:
    """Train all that can be trained here, and write what it came to."""
    PLACE.mkdir(exist_ok=True)
    make_data(PLACE / "data")
    os.chdir(PLACE)
    for name in ("HOME", "KERAS_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        os.environ[name] = str(PLACE / "home")
    import bigmodel_cli

    document: dict[str, Any] = {"code": str(Path(bigmodel_cli.__file__).parents[2]), "configs": {}}
    for case in cases():
        if only and case.name not in only:
            continue
        if case.needs is not None and not case.needs.exists():
            print(f"{case.name}: left out: no {case.needs}")
            continue
        print(f"{case.name} …", flush=True)
        try:
            document["configs"][case.name] = recorded(case)
        except Exception:
            document["configs"][case.name] = {"numbers": {"failed": traceback.format_exc()}}
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    print(f"wrote {target}")
    return 0


# --- two of them beside each other ---


def differences(one: Any, other: Any, where: str) -> Iterator[str]:
    """Every value that two records do not have alike."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            if key not in one or key not in other:
                yield f"{where} › {key}: only in the {'second' if key in other else 'first'}"
            else:
                yield from differences(one[key], other[key], f"{where} › {key}")
    elif isinstance(one, list) and isinstance(other, list) and all(isinstance(x, str) for x in one + other):
        changes = difflib.unified_diff(one, other, lineterm="", n=0)
        changed = [line for line in changes if not line.startswith(("---", "+++", "@@"))]
        if changed:
            yield f"{where}:\n    " + "\n    ".join(changed)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (first, second) in enumerate(zip(one, other, strict=True)):
            yield from differences(first, second, f"{where} › {number}")
    elif one != other:
        yield f"{where}: {one!r} → {other!r}"


def compare(one: Path, other: Path) -> int:
    """Print what two records do not have alike; 1 if there is anything."""
    first, second = (json.loads(path.read_text())["configs"] for path in (one, other))
    found = list(differences(first, second, "golden"))
    print("\n".join(found) if found else f"{len(first)} configs: the same to the last digit")
    return int(bool(found))


def against(commit: str) -> int:
    """Record the code of a commit, then that of this checkout, and compare them."""
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(["git", "archive", commit, "src"], cwd=ROOT, check=True, capture_output=True)
        subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
        targets = []
        for name, source in ((commit, Path(folder, "src")), ("now", ROOT / "src")):
            targets.append(PLACE / f"{name.replace('/', '_')}.json")
            words = [sys.executable, __file__, "record", str(targets[-1]), "--source", str(source)]
            subprocess.run(words, check=True)
    return compare(*targets)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    recording = commands.add_parser("record")
    recording.add_argument("target", type=Path)
    recording.add_argument("--source", type=Path, help="the folder of the code; default: the installed one")
    recording.add_argument("--only", nargs="*", default=[])
    comparing = commands.add_parser("compare")
    comparing.add_argument("one", type=Path)
    comparing.add_argument("other", type=Path)
    commands.add_parser("against").add_argument("commit")
    given = parser.parse_args()
    if given.command == "compare":
        return compare(given.one, given.other)
    if given.command == "against":
        return against(given.commit)
    if given.source:
        sys.path.insert(0, str(given.source.resolve()))
    return record(given.target.resolve(), given.only)


if __name__ == "__main__":
    sys.exit(main())
