"""What is in a `.keras` file, looked at before Keras opens it: Keras trusts more of it than it should.

The file is a zip archive whose members Keras stores uncompressed. Its `config.json` names the classes that
Keras makes objects of; those that hold code, or are not Keras's own, are refused here.
"""

from __future__ import annotations

import json
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bigmodel_cli.errors import DataError
from bigmodel_cli.modeling.own_code import known_names
from bigmodel_cli.run_folder import STATE_ARRAYS_MEMBER, STATE_MEMBER

_CONFIG_MEMBER = "config.json"
_WEIGHTS_MEMBER = "model.weights.h5"
_ASSETS = "assets/"
_REQUIRED = (_CONFIG_MEMBER, "metadata.json", _WEIGHTS_MEMBER)
_KNOWN = frozenset({*_REQUIRED, STATE_MEMBER, STATE_ARRAYS_MEMBER})
# The config of a network with a thousand layers has about 1 MB.
MAX_JSON_BYTES = 2**24
MAX_MEMBERS = 10_000
_BLOCK_BYTES = 2**20

TRUST_HINT = (
    "it can run code from the file; --trust loads it anyway, "
    "which means that the file may do whatever you may do"
)
_UNKNOWN_HINT = "it loads only in a program that defines the class; a model of Keras's own layers loads here"

# Classes of Keras that run what they find in the file, or a program beside it.
_CODE = {
    "Lambda": "is a Lambda layer, which holds Python code",
    "__lambda__": "holds a Python lambda, which is code",
    "TorchModuleWrapper": "is a TorchModuleWrapper, which holds a pickle",
    "TFSMLayer": "is a TFSMLayer, which runs a program from a folder",
    "JaxLayer": "is a JaxLayer, which calls a function",
    "FlaxLayer": "is a FlaxLayer, which calls a function",
}
# How Keras writes values that are no objects of classes.
_VALUES = frozenset({"__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__slice__", "__ellipsis__"})
# Where Keras writes that its classes are; classes that it does not export are in `keras.src`.
_MODULES = frozenset(
    {
        "keras",
        "keras.activations",
        "keras.constraints",
        "keras.dtype_policies",
        "keras.initializers",
        "keras.layers",
        "keras.losses",
        "keras.metrics",
        "keras.models",
        "keras.ops",
        "keras.optimizers",
        "keras.optimizers.schedules",
        "keras.quantizers",
        "keras.random",
        "keras.regularizers",
    }
)
# Packages beside Keras that Keras imports layers from by itself.
_IMPORTED_BY_KERAS = frozenset({"keras_hub", "keras_cv", "keras_nlp"})

# Each of these makes at least as many weights, the smallest of which takes half a byte.
_SIZES_OF_WEIGHTS = ("units", "filters", "output_dim", "input_dim", "key_dim", "value_dim", "num_heads")
_WEIGHTS_PER_BYTE = 2
# Tokens make wide outputs but no weights.
_MAX_TOKENS = 10_000_000


def check_archive(path: Path, *, trust: bool = False) -> None:
    """Find out whether a `.keras` file may be given to Keras.

    Args:
        path: The file.
        trust: Let classes pass that can run code; the archive itself is checked all the same.

    Raises:
        DataError: If it may not; says which member or layer is wrong with it.
    """
    if not path.is_file():
        raise DataError(f"{path}: {'a folder, not a .keras file' if path.is_dir() else 'no such file'}")
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(path, archive.infolist())
            _check_contents(path, archive)
            config = archive.read(_CONFIG_MEMBER)
            sizes = {member.filename: member.file_size for member in archive.infolist()}
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, struct.error) as error:
        raise DataError(f"{path}: damaged, or not a .keras file: {_text(error)}") from error
    document = _parsed(path, config)
    for value, layer in _objects(document):
        if not trust:
            _check_class(path, value, layer)
        _check_sizes(path, value, layer, sizes[_WEIGHTS_MEMBER])


def check_document(path: Path, document: Any) -> None:
    """Find out whether the config of a model in an older format may be given to Keras.

    There Keras finds classes by their names alone, among its own.

    Args:
        path: The file, for errors.
        document: The config.

    Raises:
        DataError: If a layer of it holds code, or is larger than the file.
    """
    for value, layer in _objects(document):
        if (code := _code(value["class_name"])) is not None:
            raise DataError(f"{path}: {_place(layer)} {code}")
        _check_sizes(path, value, layer, path.stat().st_size)


def _check_members(path: Path, members: list[zipfile.ZipInfo]) -> None:
    names = [member.filename for member in members]
    if len(names) > MAX_MEMBERS:
        raise _refusal(path, f"{len(names):,} members; expected at most {MAX_MEMBERS:,}")
    for member in members:
        if wrong := _what_is_wrong(member):
            raise _refusal(path, f"the member {member.filename} {wrong}")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise _refusal(path, f"it has more than one member {twice[0]}")
    missing = [name for name in _REQUIRED if name not in names]
    if missing:
        raise _refusal(path, f"it has no {', '.join(missing)}, which every .keras file has")
    # Members that are not compressed can only be larger than the file if they share its bytes.
    if sum(member.file_size for member in members) > path.stat().st_size:
        raise _refusal(path, "its members are larger than the file, so they overlap")


def _what_is_wrong(member: zipfile.ZipInfo) -> str | None:
    """Why Keras cannot have written a member; None where it can."""
    kind = stat.S_IFMT(member.external_attr >> 16)
    parts = member.filename.split("/")
    if member.filename.startswith("/") or ".." in parts or "\\" in member.filename:
        return "points out of the archive"
    if kind not in (0, stat.S_IFREG):
        return "is a link, a folder or a device; expected a file"
    if member.filename not in _KNOWN and not (
        member.filename.startswith(_ASSETS) and not {"", "."} & set(parts)
    ):
        return f"is none that Keras writes (expected {', '.join(_REQUIRED)} and {_ASSETS}…)"
    if member.flag_bits & 1:
        return "is encrypted"
    if member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size:
        return (
            f"is compressed ({member.compress_size:,} bytes that become {member.file_size:,}), "
            "which Keras never does"
        )
    if member.filename.endswith(".json") and member.file_size > MAX_JSON_BYTES:
        return f"has {member.file_size:,} bytes; expected at most {MAX_JSON_BYTES:,}"
    return None


def _check_contents(path: Path, archive: zipfile.ZipFile) -> None:
    """Read every member, which compares it with its checksum.

    Raises:
        DataError: If it is not what was written.
    """
    for member in archive.infolist():
        try:
            with archive.open(member) as stream:
                while stream.read(_BLOCK_BYTES):
                    pass
        except (zipfile.BadZipFile, OSError, EOFError, ValueError, struct.error, zlib.error) as error:
            raise DataError(f"{path}: damaged: {member.filename}: {_text(error)}") from error


def _parsed(path: Path, content: bytes) -> Any:
    try:
        document = json.loads(content)
    except RecursionError:
        raise _refusal(path, f"{_CONFIG_MEMBER} is nested too deeply") from None
    except ValueError as error:
        raise DataError(f"{path}: damaged: {_CONFIG_MEMBER}: {_text(error)}") from error
    if not isinstance(document, dict) or "class_name" not in document:
        raise _refusal(path, f"{_CONFIG_MEMBER} describes no model")
    return document


def _objects(document: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Every object that Keras would make of a document, with the name of the layer that it belongs to."""
    waiting = [(document, "")]
    while waiting:
        value, layer = waiting.pop()
        if isinstance(value, dict):
            if "class_name" in value:
                layer = (value is not document and _name(value)) or layer
                yield value, layer
            waiting += [(item, layer) for item in reversed(value.values())]
        elif isinstance(value, list):
            waiting += [(item, layer) for item in reversed(value)]


def _place(layer: str) -> str:
    return f"the layer {layer}" if layer else "the model"


def _name(value: dict[str, Any]) -> str | None:
    config = value.get("config")
    name = config.get("name") if isinstance(config, dict) else None
    return name if isinstance(name, str) else None


def _check_class(path: Path, value: dict[str, Any], layer: str) -> None:
    """Refuse what is code, and what is none of Keras's own.

    Raises:
        DataError: Names the layer and the class.
    """
    name, module, registered = value["class_name"], value.get("module"), value.get("registered_name")
    where = _place(layer)
    if not isinstance(name, str):
        raise _refusal(path, f"{where} has a class_name that is no text")
    if (code := _code(name)) is not None:
        raise DataError(f"{path}: {where} {code}", hint=TRUST_HINT)
    wanted = value.get("config") if name == "function" else name
    if isinstance(module, str) and isinstance(wanted, str) and (module, wanted) in known_names():
        # It is of the run's own code, which may run.
        return
    if name in _VALUES or _is_keras_own(name, module, registered, value.get("config")):
        return
    named = f"{module}.{name}" if module else name
    named = f"the function {module}.{value.get('config')}" if name == "function" else f"the class {named}"
    from_package = f", registered as {registered}," if _is_registered(registered) else ""
    package = module.partition(".")[0] if isinstance(module, str) else ""
    raise DataError(
        f"{path}: {where} needs {named}{from_package} which is none of Keras's own",
        hint=TRUST_HINT if package in _IMPORTED_BY_KERAS else _UNKNOWN_HINT,
    )


def _code(name: Any) -> str | None:
    """What makes code of a class, if anything; a part of its module's name may stand before it."""
    return _CODE.get(name.rpartition(".")[2].rpartition(">")[2]) if isinstance(name, str) else None


def _is_keras_own(name: str, module: Any, registered: Any, config: Any) -> bool:
    if not isinstance(module, str) or _is_registered(registered):
        return False
    if name == "function":
        # Keras looks for such names in its activations, losses and their like alone.
        return module == "builtins" and isinstance(config, str)
    return module in _MODULES or module.startswith("keras.src.")


def _is_registered(registered: Any) -> bool:
    """Whether a program has given the class a name; Keras repeats the class's own there."""
    return registered is not None and (not isinstance(registered, str) or ">" in registered)


def _check_sizes(path: Path, value: dict[str, Any], layer: str, num_bytes: int) -> None:
    """Refuse sizes that the weights in the file cannot have: Keras makes the weights first, and reads then.

    Raises:
        DataError: Names the layer.
    """
    config = value.get("config")
    if not isinstance(config, dict):
        return
    limits = dict.fromkeys(_SIZES_OF_WEIGHTS, num_bytes * _WEIGHTS_PER_BYTE)
    limits["num_tokens"] = max(_MAX_TOKENS, num_bytes)
    for key, limit in limits.items():
        size = config.get(key)
        if isinstance(size, int | float) and size > limit:
            raise _refusal(
                path,
                f"{_place(layer)} ({value['class_name']}) has {key}={size:,}, "
                f"but the weights in the file are {num_bytes:,} bytes",
            )


def _refusal(path: Path, reason: str) -> DataError:
    return DataError(f"{path}: refused: {reason}", hint="get the file again, from a source that you trust")


def _text(error: BaseException) -> str:
    return str(error) or type(error).__name__
