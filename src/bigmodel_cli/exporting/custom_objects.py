"""What lies beside a .keras file that is made of classes of its user's own, so that plain Keras loads it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Any

from bigmodel_cli.inference.export_error import ExportError
from bigmodel_cli.modeling.own_code import files_of, registered_names

MODULE = "custom_objects"
CUSTOM_OBJECTS = f"{MODULE}.py"
# What lies beside a model, whatever it is made of.
_TAKEN = (CUSTOM_OBJECTS, "example.py")
_HEAD = '"""The classes and functions of model.keras, as keras.models.load_model takes them."""\n'


def write_custom_objects(model: Any, folder: Path) -> None:
    """Write copies of the files, and `custom_objects.py` with their names; nothing where there are none.

    Args:
        model: What was saved.
        folder: Where.

    Raises:
        ExportError: If a file is called like one that lies there anyway.
    """
    files = files_of(model)
    if not files:
        return
    for file in files:
        if file.named.name in _TAKEN:
            raise ExportError(
                f"{file.named.name} is the name of another file beside a model",
                hint=f"rename it, for instance my_{file.named.name}, and train again",
            )
    names: dict[str, str] = {}
    for file in files:
        (folder / file.named.name).write_text(file.text, "utf-8")
        names |= {key: f"{file.named.stem}.{name}" for key, name in registered_names(file).items()}
    imports = "".join(f"import {file.named.stem}\n" for file in files)
    entries = "".join(f"    {key!r}: {name},\n" for key, name in names.items())
    text = f"{_HEAD}\n{imports}\nCUSTOM_OBJECTS = {{\n{entries}}}\n"
    (folder / CUSTOM_OBJECTS).write_text(text, "utf-8")


def custom_objects(folder: Path) -> Mapping[str, Any]:
    """What `write_custom_objects` has put beside a file, run; of most files nothing."""
    if not (folder / CUSTOM_OBJECTS).exists():
        return {}
    # A server opens one model after the other, whose files may be called the same.
    names = [path.stem for path in folder.glob("*.py")]
    before = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    invalidate_caches()
    sys.path.insert(0, str(folder))
    try:
        found: Mapping[str, Any] = import_module(MODULE).CUSTOM_OBJECTS
    finally:
        sys.path.remove(str(folder))
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(before)
    return found
