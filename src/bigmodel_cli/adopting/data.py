"""The data that a model from elsewhere is evaluated on: their section of a config."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bigmodel_cli.adopting.outputs import named_alike
from bigmodel_cli.config.dump import plain
from bigmodel_cli.errors import UsageError
from bigmodel_cli.kinds.image.kind import COLOR_MODES
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.modeling.foreign import Described
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.modeling.port import Port
from bigmodel_cli.sources import source_options
from bigmodel_cli.starter import Wishes, make_starter
from bigmodel_cli.tasks.task import Task

# Nothing is trained: of data without splits of their own most are evaluated on, and the rest is what ranges
# of values and of int8 are found on.
_HELD_OUT = {"validation": 0, "test": 0.8}
_CONFIGS = (".yaml", ".yml")


@dataclass(frozen=True)
class Wanted:
    """Which data are meant.

    Attributes:
        data: A folder, a table or an .npz file; a config, whose section `data` is taken; or a source's name.
        targets: The columns of a table that are predicted; none: the one that looks so.
        labels: What labels in an array or a table are, `classes` or `numbers`; None: what they look like.
    """

    data: str
    targets: Sequence[str] = ()
    labels: Any = None

    @property
    def is_config(self) -> bool:
        """Whether a config's section is meant."""
        return Path(self.data).suffix.lower() in _CONFIGS


def data_section(wanted: Wanted, warn: Callable[[str], None], note: Callable[[str], None]) -> dict[str, Any]:
    """The section `data` of a config for data that a person points at, with absolute paths.

    Raises:
        UsageError: If there are no such data.
        DataError: If nothing can be made of them.
    """
    path = Path(wanted.data)
    if wanted.is_config:
        return dict(plain(read_config(path).experiment.data))
    if not path.exists():
        if wanted.data in source_options():
            return {"source": wanted.data}
        raise UsageError(
            f"--data {wanted.data}: no such file, folder or source",
            hint="bigmodel list sources shows all sources",
        )
    first = wanted.targets[0] if wanted.targets else None
    wishes = Wishes(weights="none", labels=wanted.labels, target=first, warn=warn, note=note)
    starter = make_starter(path.absolute(), wishes)
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "starter.yaml"
        config.write_text(starter.text, "utf-8")
        section = plain(read_config(config, was_trained=True).experiment.data)
    found = {"source": _written(section["source"])}
    return with_targets(found, wanted.targets) if len(wanted.targets) > 1 else found


def is_table(section: Mapping[str, Any]) -> bool:
    """Whether the data are rows of a table, whose targets are columns."""
    return "target" in options_of(section) and "columns" in _fields_of(section)


def with_targets(section: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The section of a table with several columns that are predicted."""
    options = options_of(section)
    options["target"] = list(names)
    if told := {name: kind for name, kind in (options.get("columns") or {}).items() if kind != "ignore"}:
        options["columns"] = told
    else:
        options.pop("columns", None)
    return section


def _fields_of(section: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options that the section's source has."""
    source = section["source"]
    name = source if isinstance(source, str) else next(iter(source))
    found: Mapping[str, Any] = source_options()[name].model_fields
    return found


def can_name_classes(section: Mapping[str, Any], num_targets: int = 1, *, needs_all: bool = False) -> bool:
    """Whether the section can say what all classes are.

    Args:
        section: Of the config.
        num_targets: Of the data.
        needs_all: Whether only a source counts that cannot be read where splits have not the same classes.
    """
    if needs_all:
        return {"class_names", "name_pattern"} <= set(_fields_of(section))
    return is_table(section) or ("class_names" in _fields_of(section) and num_targets == 1)


def with_class_names(section: Mapping[str, Any], target: str | None, names: Sequence[str]) -> dict[str, Any]:
    """The section with the names of all classes of a target in index order."""
    changed = deepcopy(dict(section))
    if isinstance(changed["source"], str):
        changed["source"] = {changed["source"]: {}}
    options = options_of(changed)
    if target is not None and is_table(changed):
        told = targets_told(options)
        told[target] = {**told[target], "class_names": list(names)}
        options["target"] = told
    else:
        options["class_names"] = list(names)
    return changed


def targets_told(options: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What a table's options say of each target."""
    target = options["target"]
    if isinstance(target, Mapping):
        return {name: dict(told or {}) for name, told in target.items()}
    return {name: {} for name in ([target] if isinstance(target, str) else target)}


def in_own_unit(section: dict[str, Any], tasks: Mapping[str, Task]) -> dict[str, Any]:
    """Numbers of a table are not standardized: the model gives them as they are."""
    numbers = [name for name, task in tasks.items() if task.label_names is None]
    if not is_table(section) or not numbers:
        return section
    options = options_of(section)
    told = targets_told(options)
    options["target"] = {
        name: {"standardize": False, **of_one} if name in numbers else of_one for name, of_one in told.items()
    }
    return section


def _written(source: Any) -> Any:
    """A source without the options that say nothing."""
    if not isinstance(source, Mapping):
        return source
    ((name, options),) = source.items()
    return {name: {key: value for key, value in options.items() if value is not None}}


def options_of(section: Mapping[str, Any]) -> dict[str, Any]:
    """The options of the section's source; changes to them are changes to the section."""
    source = section["source"]
    if not isinstance(source, dict):
        return {}
    options: dict[str, Any] = next(iter(source.values()))
    return options


def fit_images(section: Mapping[str, Any], model: Described) -> None:
    """Let image files be brought to the size and channels that a model takes, as far as it says them.

    Raises:
        UsageError: If it takes no images.
    """
    options = options_of(section)
    if "image_size" not in options:
        return
    shape = model.inputs[0].shape
    if len(model.inputs) != 1 or len(shape) not in (2, 3):
        found = ", ".join(map(str, model.inputs))
        raise UsageError(f"the data are images, and the model takes {found}")
    height, width = shape[:2]
    if height is not None and width is not None:
        options["image_size"] = [height, width]
    channels = shape[2] if len(shape) == 3 else 1
    if channels is not None and channels in COLOR_MODES:
        options["color_mode"] = COLOR_MODES[channels]
    elif channels is not None:
        raise UsageError(f"the model takes images of {channels} channels; image files have 1, 3 or 4")


def with_held_out(section: Mapping[str, Any], has_own: bool) -> dict[str, Any]:
    """The section with shares for data that have no splits of their own."""
    has_shares = any(section.get(name, "auto") != "auto" for name in _HELD_OUT)
    return {**section} if has_own or has_shares else {**section, **_HELD_OUT}


def fit_columns(section: Mapping[str, Any], model: Described, columns: Mapping[str, Kind]) -> list[str]:
    """The columns that a model's inputs are fed from, in their order; the section is told their kinds.

    Args:
        section: Of a table.
        model: What it takes.
        columns: The kinds of the table's columns.

    Raises:
        UsageError: If an input has no column.
    """
    chosen = _chosen(model.inputs, columns)
    told = options_of(section).setdefault("columns", {})
    dtype_of = {name: port.dtype for name, port in zip(chosen, model.inputs, strict=False)}
    for name, kind in columns.items():
        if name not in chosen:
            told[name] = "ignore"
        elif (dtype_of.get(name, "float32") == "string") != (kind.dtype == "string"):
            told[name] = "category" if dtype_of[name] == "string" else "number"
    if not told:
        del options_of(section)["columns"]
    return chosen


def _chosen(inputs: Sequence[Port], columns: Mapping[str, Kind]) -> list[str]:
    found = {port.name: name for port in inputs if (name := named_alike(port.name, columns)) is not None}
    if len(found) == len(inputs):
        return list(found.values())
    texts = [name for name, kind in columns.items() if kind.dtype == "string"]
    numbers = [name for name in columns if name not in texts]
    (only, *others) = inputs
    if not others and only.dtype == "string" and len(texts) == 1:
        return texts
    if not others and only.dtype != "string" and only.shape in ((len(numbers),), (None,)):
        return numbers
    lacking = next(port for port in inputs if port.name not in found)
    raise UsageError(
        f"the model's input {lacking} is fed from a column of that name, and the table has none",
        hint=f"columns: {', '.join(columns)}; rename them, or give the model's inputs their names",
    )
