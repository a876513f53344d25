"""Layers of one config: what `extends` puts under a file."""

from __future__ import annotations

from pathlib import Path

from bigmodel_cli.config.by_name import BY_TARGET, REPLACED, Sections, targets_in
from bigmodel_cli.config.problems import Problem, config_error
from bigmodel_cli.config.reader import read_file
from bigmodel_cli.config.space_keys import SPACE
from bigmodel_cli.config.tree import (
    ConfigPathKeys,
    Entry,
    Mapping,
    Scalar,
    Sequence,
    describe,
    is_null,
)
from bigmodel_cli.errors import UsageError


def read_layers(path: Path) -> Mapping:
    """Read a config with all that it extends, merged under it.

    Raises:
        UsageError, ConfigError: As `read_file`; also if a config extends itself.
    """
    return read_stack(path)[-1]


def read_stack(path: Path) -> list[Mapping]:
    """The config as each file leaves it, from the deepest one that is extended to `path` itself.

    Raises:
        UsageError, ConfigError: As `read_layers`.
    """
    return _read_stack(path, ())


def _read_stack(path: Path, above: tuple[Path, ...]) -> list[Mapping]:
    tree = read_file(path)
    bases = _bases(tree)
    stack: list[Mapping] = []
    for name in bases:
        base_path = name.place.folder / str(name.value)
        if base_path.resolve() in (*above, path.resolve()):
            way = f" by way of {tree.place.origin}" if above else ""
            message = f"{name.value} extends itself{way}"
            raise config_error([Problem(name.place, ("extends",), message, suggestion="remove it")])
        try:
            below = _read_stack(_shown(base_path), (*above, path.resolve()))
        except UsageError as error:
            if getattr(error, "problems", None):
                raise
            # The nearest name in the folder may be this very file.
            hint = None if error.hint and error.hint.endswith(f"{path.name}?") else error.hint
            raise config_error([Problem(name.place, ("extends",), error.message, suggestion=hint)]) from None
        stack += [merge(stack[-1], layer) for layer in below] if stack else below
    own = Mapping({k: e for k, e in tree.entries.items() if k != "extends"}, place=tree.place)
    return [*stack, merge(stack[-1], own) if stack else own]


def _shown(path: Path) -> Path:
    """The path as a user would write it: relative to the current folder where that is shorter."""
    try:
        return path.resolve().relative_to(Path.cwd())
    except ValueError:
        return path


def _bases(tree: Mapping) -> list[Scalar]:
    node = tree.child("extends")
    if node is None or is_null(node):
        return []
    items = node.items if isinstance(node, Sequence) else [node]
    for item in items:
        if not (isinstance(item, Scalar) and isinstance(item.value, str)):
            message = f"expected the path of another config, found {describe(item)}"
            suggestion = "write extends: base.yaml, or a list of paths: [base.yaml, more.yaml]"
            raise config_error([Problem(item.place, ("extends",), message, suggestion=suggestion)])
    return items  # type: ignore[return-value]


def merge(base: Mapping, over: Mapping) -> Mapping:
    """`over` on top of `base`: mappings merge, everything else replaces.

    A component replaces a component of another name (`{SGD: …}` over `{Adam: …}`), since two
    components in one place can never be meant; what stands by column or target is merged by its name.
    """
    return _merged(base, over, (), Sections(targets_in(over) or targets_in(base)))


def _merged(base: Mapping, over: Mapping, path: ConfigPathKeys, sections: Sections) -> Mapping:
    both = (base, over)
    if path in REPLACED or (len(path) == len(SPACE) + 1 and path[: len(SPACE)] == SPACE):
        # What a key of a space may be is one range, or one choice.
        return over
    if all(sections.is_component(node, path) for node in both) and set(base.entries) != set(over.entries):
        return over
    are_by_target = {sections.are_names(node.entries, path) for node in both}
    if path in BY_TARGET and len(are_by_target) > 1:
        # `{hours: Huber}` over `{MeanSquaredError: {…}}`, one for all; or the other way round.
        return over
    entries = dict(base.entries)
    for key, entry in over.entries.items():
        below = entries.get(key)
        if below and isinstance(below.node, Mapping) and isinstance(entry.node, Mapping):
            entries[key] = Entry(entry.key_place, _merged(below.node, entry.node, (*path, key), sections))
        else:
            entries[key] = entry
    return Mapping(entries, place=over.place)
