"""What the tests of sources share: a context that notes what it is told, and files to load."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.sources import source_options
from bigmodel_cli.sources.base import LoadContext, Source
from bigmodel_cli.sources.tables import parsing


@dataclass
class Told:
    """What a source said while it loaded."""

    warnings: list[str] = field(default_factory=list)
    progress: list[tuple[str, int, int | None]] = field(default_factory=list)

    def context(self, **options: Any) -> LoadContext:
        return LoadContext(
            progress=lambda label, done, total: self.progress.append((label, done, total)),
            warn=self.warnings.append,
            **options,
        )


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def load(told: Told) -> Callable[..., Source]:
    """Loads a source by name with options: `load("npz", path=…)`."""

    def load_source(
        name: str, /, seed: int = 0, offline: bool = True, skip_bad_files: bool = False, **options: Any
    ) -> Source:
        context = told.context(seed=seed, offline=offline, skip_bad_files=skip_bad_files)
        return source_options()[name](**options).load(context)

    return load_source


@pytest.fixture(scope="session")
def write_photos() -> Callable[..., Path]:
    """Writes small images into a folder, each of a colour of its own."""

    def write(folder: Path, *names: str, size: tuple[int, int] = (6, 4)) -> Path:
        for number, name in enumerate(names):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", size, (40 * number % 256, 100, 200)).save(path)
        return folder

    return write


@pytest.fixture
def photos(tmp_path: Path, write_photos: Callable[..., Path]) -> Callable[..., Path]:
    """Writes a folder of small images: `photos("cat/1.png", "dog/1.jpg")`."""

    def write(*names: str, root: str = "photos", size: tuple[int, int] = (6, 4)) -> Path:
        return write_photos(tmp_path / root, *names, size=size)

    return write


@pytest.fixture(scope="session")
def mnist_arrays() -> dict[str, np.ndarray]:
    """A tiny MNIST: every digit twice in train and once in test."""
    rng = np.random.default_rng(0)
    return {
        "x_train": rng.integers(0, 256, (20, 28, 28), np.uint8),
        "y_train": np.arange(20, dtype=np.uint8) % 10,
        "x_test": rng.integers(0, 256, (10, 28, 28), np.uint8),
        "y_test": np.arange(10, dtype=np.uint8),
    }


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; a name that holds `truncated` breaks off in the middle."""

    def log_message(self, *_: Any) -> None:
        pass

    def copyfile(self, source: Any, outputfile: Any) -> None:
        content = source.read()
        outputfile.write(content[: len(content) // 2] if "truncated" in self.path else content)


@dataclass(frozen=True)
class Server:
    """A web server on this machine and the folder that it serves."""

    folder: Path
    url: str


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "served"
    folder.mkdir()
    handler = functools.partial(_Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield Server(folder, f"http://127.0.0.1:{running.server_port}/")
        running.shutdown()
        thread.join()


@pytest.fixture(params=["pyarrow", "python"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to read text: with the extra `tables`, and without."""
    if request.param == "python":
        monkeypatch.setattr(parsing, "has_pyarrow", lambda: False)
    return request.param
