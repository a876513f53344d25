"""The user's own Python of a config, run: the one place where it is."""

from __future__ import annotations

import linecache
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from bigmodel_cli.config.catalogue import Entry
from bigmodel_cli.config.own_code.files import Code, OwnFile
from bigmodel_cli.config.own_code.parsed import shown
from bigmodel_cli.errors import BigmodelError, ConfigError, DataError

# Copies that somebody has said may run, by the names of their modules.
_allowed: dict[str, OwnFile] = {}
_loaded: dict[str, OwnFile] = {}


def allow(code: Code, *, trust: bool) -> None:
    """Let a run's copies of its user's code run.

    Args:
        code: Of a run.
        trust: Whether the user trusts the run; otherwise each copy must be what the user has written.

    Raises:
        DataError: If one is not.
    """
    for file in code.files:
        # What runs already is what the user has named, or trusts.
        if file.is_copy and not trust and file.module not in _loaded and not _is_users(file):
            raise _refusal(file)
        _allowed[file.module] = file


def load(code: Code) -> None:
    """Run all files of a config, so that Keras knows their names.

    Raises:
        DataError: If one may not run.
        ConfigError: If one fails; says where.
    """
    for file in code.files:
        # Those of another run may have the same names, and have been registered since.
        _register(file, _module(file))


def own_object(entry: Entry) -> Any:
    """The class or function that a name of the user's own stands for.

    Raises:
        DataError, ConfigError: As `load`.
    """
    assert entry.own is not None
    module = _module(entry.own.file)
    found = getattr(module, entry.name, None)
    if found is None:
        raise ConfigError(f"{entry.own}: {entry.name} is not there once the file has run")
    # Others of the same name may have been registered since.
    _register(entry.own.file, module)
    return found


def known_names() -> frozenset[tuple[str, str]]:
    """The modules and names that a saved model may ask for, since their files have run, or may run."""
    files = {**_allowed, **_loaded}
    return frozenset((module, name) for module, file in files.items() for name in file.names)


def files_of(model: Any) -> tuple[OwnFile, ...]:
    """The files whose classes and functions a model is made of, each behind those that it imports."""
    import json

    import keras

    said = json.dumps(keras.saving.serialize_keras_object(model), default=str)
    found: dict[str, OwnFile] = {}
    for module, file in _loaded.items():
        if f'"{module}"' in said:
            found |= {one.module: one for one in _with_imports(file) if one.module not in found}
    return tuple(found.values())


def _with_imports(file: OwnFile) -> Iterator[OwnFile]:
    """A file behind all that it needs, also by way of others."""
    for one in file.imports:
        yield from _with_imports(one)
    yield file


def registered_names(file: OwnFile) -> dict[str, str]:
    """The names of a file's classes and functions, by what saved models call them."""
    import keras

    module = sys.modules[file.module]
    return {keras.saving.get_registered_name(getattr(module, name)): name for name in file.names}


def _is_users(file: OwnFile) -> bool:
    """Whether a copy is the file that the config names, which is none that came with the run."""
    folder = file.path.parent.parent.resolve()
    return file.is_as_named and file.named.is_absolute() and not file.named.resolve().is_relative_to(folder)


def _refusal(file: OwnFile) -> DataError:
    what = f"{shown(file.path)}: Python code of the run (sha256 {file.sha256[:12]})"
    named = shown(file.named)
    try:
        from bigmodel_cli.whole_files import sha256_of

        now = sha256_of(file.named)[:12]
    except OSError:
        why = f"{named}, from which it was copied, is not there"
    else:
        why = f"{named} is another one now (sha256 {now})"
        if not file.named.is_absolute():
            why = f"its config names {named}, which says of no file of yours where it is"
        elif file.is_as_named:
            why = f"{named}, from which it was copied, lies in the run itself"
    return DataError(
        f"{what}: it does not run by itself, since {why}",
        hint="read it; --trust runs it, which means that it may do whatever you may do",
    )


def _module(file: OwnFile) -> ModuleType:
    name = file.module
    if name in _loaded:
        return sys.modules[name]
    if file.is_copy and name not in _allowed:
        raise _refusal(file)
    others = {one.named.stem: _module(one) for one in file.imports}
    module = ModuleType(name)
    module.__file__ = str(file.path)
    # So that tracebacks, and TensorFlow where it reads functions, see what runs.
    lines = file.text.splitlines(keepends=True)
    linecache.cache[str(file.named)] = (len(file.text), None, lines, str(file.named))
    sys.modules[name] = module
    try:
        with _importable(others), naming_own_code(file):
            exec(compile(file.text, str(file.named), "exec"), module.__dict__)  # noqa: S102
    except BaseException:
        del sys.modules[name]
        raise
    _loaded[name] = file
    _register(file, module)
    return module


def _register(file: OwnFile, module: ModuleType) -> None:
    """Let Keras find the names in saved models, under their own names, as for `custom_objects`."""
    import keras

    known = keras.saving.get_custom_objects()
    for name in file.names:
        found = getattr(module, name, None)
        if found is not None:
            known[keras.saving.get_registered_name(found)] = found


@contextmanager
def _importable(modules: dict[str, ModuleType]) -> Iterator[None]:
    """Let `import NAME` find the config's other files."""
    before = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module


@contextmanager
def naming_own_code(file: OwnFile) -> Iterator[None]:
    """Turn what a file raises while it runs into a message with its line."""
    try:
        yield
    except (BigmodelError, MemoryError):
        raise
    except Exception as error:
        place = _where(error, frozenset({str(file.named)})) or str(file.named)
        raise ConfigError(f"{place}: {type(error).__name__}: {error}") from error


@contextmanager
def naming_any_own_code() -> Iterator[None]:
    """Turn what any of the files that were run raises into a message with its line."""
    try:
        yield
    except (BigmodelError, MemoryError):
        raise
    except Exception as error:
        if (own := own_error(error)) is None:
            raise
        raise own from error


def own_error(error: BaseException) -> ConfigError | None:
    """What a file that was run raised, with its line; None: it was none of them."""
    place = own_place(error)
    if place is None:
        return None
    return ConfigError(f"{place}: {type(error).__name__}: {error}", hint=_arrived(error))


def _arrived(error: BaseException) -> str | None:
    """Which tensors the function of the user got that failed: `y_true has shape (64,), …`."""
    files = _files()
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    frame = next(frame for frame in reversed(frames) if frame.f_code.co_filename in files)
    names = frame.f_code.co_varnames[: frame.f_code.co_argcount]
    given = ((name, getattr(frame.f_locals.get(name), "shape", None)) for name in names)
    told = [f"{name} has shape {tuple(shape)}" for name, shape in given if isinstance(shape, Iterable)]
    return ", ".join(told) or None


def own_place(error: BaseException) -> str | None:
    """Where in the user's own code an error came from: `my_layers.py:12`; None: not from there."""
    return _where(error, _files())


def _files() -> frozenset[str]:
    """Those that were run."""
    return frozenset(str(file.named) for file in _loaded.values())


def _where(error: BaseException, files: frozenset[str]) -> str | None:
    from pathlib import Path

    frames = traceback.extract_tb(error.__traceback__)
    found = [frame for frame in frames if frame.filename in files]
    return f"{shown(Path(found[-1].filename))}:{found[-1].lineno}" if found else None
