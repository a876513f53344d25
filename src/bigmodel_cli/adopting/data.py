"""The data that a model from elsewhere is evaluated on: their section of a config."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bigmodel_cli.config.dump import plain
from bigmodel_cli.errors import UsageError
from bigmodel_cli.kinds.image.kind import COLOR_MODES
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.modeling.foreign import Described
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.modeling.port import Port
from bigmodel_cli.signature import slugs
from bigmodel_cli.sources import source_options
from bigmodel_cli.starter import Wishes, make_starter

# Nothing is trained: of data without splits of their own most are evaluated on, and the rest is what ranges
# of values and of int8 are found on.
_HELD_OUT = {"validation": 0, "test": 0.8}
_CONFIGS = (".yaml", ".yml")


@dataclass(frozen=True)
class Wanted:
    """Which data are meant.

    Attributes:
        data: A folder, a table or an .npz file; a config, whose section `data` is taken; or a source's name.
        target: The column of a table that is predicted; None: the one that looks so.
        labels: What labels in an array or a table are, `classes` or `numbers`; None: what they look like.
    """

    data: str
    target: str | None = None
    labels: Any = None


def data_section(wanted: Wanted, warn: Callable[[str], None], note: Callable[[str], None]) -> dict[str, Any]:
    """The section `data` of a config for data that a person points at, with absolute paths.

    Raises:
        UsageError: If there are no such data.
        DataError: If nothing can be made of them.
    """
    path = Path(wanted.data)
    if path.suffix.lower() in _CONFIGS:
        return dict(plain(read_config(path).experiment.data))
    if not path.exists():
        if wanted.data in source_options():
            return {"source": wanted.data}
        raise UsageError(
            f"--data {wanted.data}: no such file, folder or source",
            hint="bigmodel list sources shows all sources",
        )
    wishes = Wishes(weights="none", labels=wanted.labels, target=wanted.target, warn=warn, note=note)
    starter = make_starter(path.absolute(), wishes)
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "starter.yaml"
        config.write_text(starter.text, "utf-8")
        section = plain(read_config(config, was_trained=True).experiment.data)
    return {"source": _written(section["source"])}


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
    by_slug = {slug: name for name, slug in slugs(columns).items()}
    by_case = {name.casefold(): name for name in columns}
    found = {
        port.name: name
        for port in inputs
        if (name := _named(port.name, columns, by_slug, by_case)) is not None
    }
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


def _named(
    name: str, columns: Mapping[str, Kind], by_slug: Mapping[str, str], by_case: Mapping[str, str]
) -> str | None:
    return name if name in columns else by_slug.get(name, by_case.get(name.casefold()))
