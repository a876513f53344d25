"""What all tests share: a home of their own, no network settings, and the real data where it is."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[1].parent / "shared"


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Homes of all tests; pytest's own numbering looks at every folder before it makes one."""
    parent = tmp_path_factory.mktemp("homes")
    return (parent / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def _own_home(_homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the real home, Keras's real cache or the user's runs."""
    home = next(_homes)
    home.mkdir()
    for name, folder in {
        "HOME": home,
        "USERPROFILE": home,
        "KERAS_HOME": home / "keras",
        "XDG_CACHE_HOME": home / "cache",
        "XDG_CONFIG_HOME": home / "config",
        "BIGMODEL_RUNS": home / "runs",
    }.items():
        monkeypatch.setenv(name, str(folder))
    for name in (
        "BIGMODEL_OFFLINE",
        "http_proxy",
        "https_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "all_proxy",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def shared_data() -> Callable[[str], Path]:
    """Finds a file or folder of the real data, for instance `shared_data("mnist")`.

    Without the data the test is skipped; but where CI is set and the folder is there, a missing file
    is a failure, so that CI cannot lose tests in silence.
    """

    def find(name: str) -> Path:
        path = SHARED / "data" / name
        if path.exists():
            return path
        if os.environ.get("CI") == "true" and SHARED.exists():
            pytest.fail(f"{path} is missing although {SHARED} is there")
        pytest.skip("the shared real data is not beside this checkout")

    return find
