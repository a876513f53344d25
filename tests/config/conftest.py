"""One small language and one small config, for the tests of the config language."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bigmodel_cli.config.catalogue import load_catalogue
from bigmodel_cli.config.components import Language
from bigmodel_cli.config.fields import ConfigPath
from bigmodel_cli.config.load import LoadedConfig, load_config
from bigmodel_cli.errors import ConfigError
from bigmodel_cli.modeling.blocks import block_options
from bigmodel_cli.sources.base import LoadContext, Source
from bigmodel_cli.sources.options import SourceOptions


class _Digits(SourceOptions):
    source_name = "digits"

    def load(self, context: LoadContext) -> Source:
        raise AssertionError("these tests read no data")


class _Folder(_Digits):
    source_name = "image_folder"

    path: ConfigPath
    image_size: tuple[int, int] = (32, 32)
    scale: float = 1.0


@pytest.fixture(scope="session")
def language() -> Language:
    return Language(
        load_catalogue(), {"sources": {"digits": _Digits, "image_folder": _Folder}, "blocks": block_options()}
    )


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write a file into the current folder; its name as a user would type it."""
    monkeypatch.chdir(tmp_path)

    def _write(text: str | bytes, name: str = "c.yaml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return Path(name)

    return _write


@pytest.fixture
def load(write: Callable[..., Path], language: Language) -> Callable[..., LoadedConfig]:
    """Read a config's text with words of a command line."""

    def _load(text: str, *overrides: str) -> LoadedConfig:
        return load_config(write(text), overrides, language)

    return _load


@pytest.fixture
def refused(load: Callable[..., LoadedConfig]) -> Callable[..., list[dict[str, Any]]]:
    """The problems of a config that must have some, in the order shown."""

    def _refused(text: str, *overrides: str) -> list[dict[str, Any]]:
        with pytest.raises(ConfigError) as caught:
            load(text, *overrides)
        assert caught.value.exit_code == 2
        return caught.value.problems

    return _refused
