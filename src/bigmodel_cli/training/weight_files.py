"""Weights in files that other programs wrote, as layers by name; no model is made, and no code is run."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import numpy as np

from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.modeling.keras_archive import check_archive
from bigmodel_cli.whole_files import sha256_of

_H5 = (".h5", ".hdf5")
_SAFETENSORS = ".safetensors"
_VARIABLES = "variables"
_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
# What a SavedModel has beside the weights of layers.
_NO_WEIGHTS = re.compile(
    r"(^|/)(optimizer|_optimizer|keras_api|_metrics|metrics|_all_variables|save_counter)\b|\.OPTIMIZER"
)
# How many batches a layer of PyTorch has seen.
_COUNTED = "num_batches_tracked"
_NUMBER = re.compile(r"(\d+)")


@dataclass(frozen=True)
class StoredLayer:
    """What a file has of one layer.

    Attributes:
        name: As the file calls it.
        weights: By their names, or by their numbers, in the file's order.
        kind: Keras's class of it in snake case, where the file or the name tells it; else any word.
        is_torch: Whether its weights are called as PyTorch calls them.
    """

    name: str
    weights: Mapping[str, np.ndarray]
    kind: str = ""
    is_torch: bool = False

    @property
    def described(self) -> str:
        """For people."""
        return f"{self.name} {', '.join(map(str, self.shapes))}"

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        return tuple(weight.shape for weight in self.weights.values())


def _has_checkpoint(path: Path) -> bool:
    return (path / "variables.index").is_file()


def read_weight_file(path: Path, *, trust: bool = False) -> list[StoredLayer]:
    """The layers of a file that have weights.

    Args:
        path: A .keras, .h5, .weights.h5 or .safetensors file, or a folder of a SavedModel or its variables.
        trust: Let a .keras file pass whose classes hold code; of that nothing is run here.

    Raises:
        UsageError: If there is no such file, or a package is missing.
        DataError: If it is damaged, or holds code.
    """
    if not path.exists():
        raise UsageError(f"--from {path}: no such file")
    try:
        found = [layer for layer in _read(path, trust=trust) if layer.weights]
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, RecursionError, EOFError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise DataError(f"{path}: damaged, or not a file of weights: {first[:200]}") from error
    if not found:
        raise DataError(f"{path}: has no weights")
    return found


def _read(path: Path, *, trust: bool) -> Iterator[StoredLayer]:
    if path.is_dir():
        yield from _of_saved_model(path)
    elif path.suffix.lower() == _SAFETENSORS:
        yield from _of_safetensors(path)
    elif path.suffix.lower() in _H5:
        yield from _of_h5(path)
    else:
        check_archive(path, trust=trust)
        with zipfile.ZipFile(path) as archive, archive.open("model.weights.h5") as member:
            yield from _of_archive(json.loads(archive.read("config.json")), member)


def _of_archive(config: Any, member: IO[bytes]) -> Iterator[StoredLayer]:
    """The layers of a .keras file, in the order and by the names of its config."""
    import h5py

    with h5py.File(member) as file:
        for name, kind, place in _layers_of(config, ""):
            if (weights := _numbered(file, place)) is not None:
                yield StoredLayer(name, weights, kind)


def _layers_of(config: Any, place: str) -> Iterator[tuple[str, str, str]]:
    """Name, class and place in the file of each layer, those of models inside in their place."""
    counts: dict[str, int] = {}
    for layer in config["config"].get("layers", ()):
        kind = _snake_case(layer["class_name"])
        number = counts.get(kind, 0)
        counts[kind] = number + 1
        own = f"{place}layers/{kind}{f'_{number}' if number else ''}"
        if "layers" in layer["config"]:
            yield from _layers_of(layer, f"{own}/")
        else:
            yield str(layer["config"].get("name", kind)), kind, own


def _snake_case(name: str) -> str:
    """As Keras writes classes in files: `Conv2DTranspose` is `conv2d_transpose`."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _numbered(file: Any, place: str) -> dict[str, np.ndarray] | None:
    """The weights below a place of a file of Keras 3, those of layers inside the layer behind its own."""
    if place not in file:
        return None
    found: dict[str, np.ndarray] = {}

    def visit(name: str, item: Any) -> None:
        if hasattr(item, "shape") and "/vars/" in f"/{name}":
            found[name] = np.asarray(item)

    file[place].visititems(visit)
    return {name: found[name] for name in sorted(found, key=_natural)}


def _natural(name: str) -> list[Any]:
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in _NUMBER.split(name)]


def _of_h5(path: Path) -> Iterator[StoredLayer]:
    import h5py

    with h5py.File(path) as file:
        root = file.get("model_weights", file)
        if "layer_names" in root.attrs:
            yield from _of_old_h5(root)
            return
        places: list[str] = []
        file.visit(lambda name: places.append(name) if name.endswith("/vars") else None)
        for place in sorted(places, key=_natural):
            group = file[place]
            kind = _kind_in(place.removesuffix("/vars"))
            weights = {name: np.asarray(group[name]) for name in sorted(group, key=_natural)}
            if not place.startswith(("optimizer", "_optimizer")):
                yield StoredLayer(str(group.attrs.get("name", place.removesuffix("/vars"))), weights, kind)


def _of_old_h5(root: Any) -> Iterator[StoredLayer]:
    """What Keras 2 wrote, and Keras 3 for `.h5`: names of layers, and below them of weights."""
    for layer in map(_text, root.attrs["layer_names"]):
        group = root[layer]
        by_layer: dict[str, dict[str, np.ndarray]] = {}
        for name in map(_text, group.attrs["weight_names"]):
            owner, _, weight = name.split(":")[0].rpartition("/")
            # Of a model inside the model each layer is its own.
            by_layer.setdefault(owner.rpartition("/")[2] or layer, {})[weight] = np.asarray(group[name])
        for owner, weights in by_layer.items():
            name = layer if len(by_layer) == 1 else owner
            yield StoredLayer(name, weights, _kind_in(name))


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


def _of_safetensors(path: Path) -> Iterator[StoredLayer]:
    if find_spec("safetensors") is None:
        raise UsageError(
            f"{path}: needs the package safetensors", hint="pip install 'bigmodel-cli[safetensors]'"
        )
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            named = {name: np.asarray(file.get_tensor(name)) for name in sorted(file.keys(), key=_natural)}
    except SafetensorError as error:
        raise ValueError(str(error)) from None
    for layer in _grouped(named, re.compile(r"[./]")):
        yield _without_counts(layer)


def _without_counts(layer: StoredLayer) -> StoredLayer:
    """A layer of PyTorch without what it counts; others as they are."""
    if "weight" not in layer.weights:
        return layer
    weights = {name: value for name, value in layer.weights.items() if name != _COUNTED}
    return replace(layer, weights=weights, is_torch=True)


def _of_saved_model(path: Path) -> Iterator[StoredLayer]:
    import tensorflow as tf

    prefix = path / _VARIABLES if _has_checkpoint(path) else path / _VARIABLES / _VARIABLES
    try:
        reader = tf.train.load_checkpoint(str(prefix))
        names = [name for name in reader.get_variable_to_shape_map() if name.endswith(_VALUE)]
        # What `model.export` writes is a list of all weights.
        listed = [name for name in names if re.fullmatch(rf"{_VARIABLES}/\d+{_VALUE}", name)]
        chosen = listed or [name for name in names if not _NO_WEIGHTS.search(name)]
        named = {name.removesuffix(_VALUE): reader.get_tensor(name) for name in sorted(chosen, key=_natural)}
    except tf.errors.OpError as error:
        raise ValueError(error.message) from None
    numbers = {name: value for name, value in named.items() if isinstance(value, np.ndarray)}
    if listed:
        for name, value in numbers.items():
            if value.dtype.kind == "f":
                yield StoredLayer(name, {"0": value})
        return
    yield from _grouped(numbers, re.compile("/"))


def _grouped(named: Mapping[str, np.ndarray], between: re.Pattern[str]) -> Iterator[StoredLayer]:
    """Weights with the same name but for its last part are of one layer."""
    layers: dict[str, dict[str, np.ndarray]] = {}
    for name, value in named.items():
        ends = [found.start() for found in between.finditer(name)]
        place = ends[-1] if ends else 0
        layers.setdefault(name[:place] or name, {})[name[place:].strip("./_")] = value
    for layer, weights in layers.items():
        yield StoredLayer(layer, weights, _kind_in(layer))


def _kind_in(name: str) -> str:
    """The class that a name would tell which Keras has made up: `conv2d_3` is a `conv2d`."""
    return re.sub(r"_\d+$", "", re.split(r"[./]", name)[-1])


def digest_of(path: Path) -> str:
    """The sha256 of a file, or of all files in a folder."""
    if path.is_file():
        return sha256_of(path)
    files = sorted(one for one in path.rglob("*") if one.is_file())
    digest = hashlib.sha256()
    for one in files:
        digest.update(f"{one.relative_to(path).as_posix()} {sha256_of(one)}\n".encode())
    return digest.hexdigest()
