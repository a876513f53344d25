"""What all tests share: a home of their own, no network settings, the real data, and commands run in here."""

from __future__ import annotations

import gc
import itertools
import json
import os
import re
import shutil
import signal
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from outlines import outline_plots, real_plots
from warm import Warm, warm_process

from bigmodel_cli.cli.main import run
from bigmodel_cli.metrics_file import MetricsLog
from bigmodel_cli.modeling.backend import import_tensorflow
from bigmodel_cli.run_files import all_files, list_files
from bigmodel_cli.run_folder import RunFolder, labels_hash, update_record
from bigmodel_cli.whole_files import write_json

# The suite is the same on every processor: bfloat16 is there where a test says so (`processor`), and in every
# process that a test starts oneDNN uses no more than what most machines have.
os.environ["ONEDNN_MAX_CPU_ISA"] = "AVX512_CORE"
# As many workers as cores share them out: two threads to each have tiny models wait for one another.
for _threads in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(_threads, "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--cases", type=int, help="of a test with parameters so many cases, evenly spread; otherwise all"
    )


@pytest.hookimpl(wrapper=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> Iterator[None]:
    """The quick loop takes a few cases of each table; tests of one table begin at different ones.

    What would be left out later is no item at all: items are half of what collecting takes.
    """
    yield
    most, cases = metafunc.config.option.cases, metafunc._calls
    if most and len(cases) > most:
        start = zlib.crc32(metafunc.definition.nodeid.encode())
        chosen = {(start + number * len(cases) // most) % len(cases) for number in range(most)}
        metafunc._calls = [cases[index] for index in sorted(chosen)]


_OF_ALL_TESTS = re.compile(r"^pytestmark = .*\bmark\.(tf|slow)\b", re.MULTILINE)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The quick loop does not import files of which it would leave out every test."""
    if "not " not in config.option.markexpr or collection_path.suffix != ".py":
        return None
    mark = _OF_ALL_TESTS.search(collection_path.read_text("utf-8"))
    return True if mark and f"not {mark[1]}" in config.option.markexpr else None


def pytest_pycollect_makeitem(
    collector: pytest.Collector, name: str, obj: object
) -> list[pytest.Item] | None:
    """Nor does it make tests of functions that it would leave out; some have hundreds of parameters."""
    expression = collector.config.option.markexpr
    marks = getattr(obj, "pytestmark", ()) if name.startswith("test_") else ()
    return [] if any(f"not {mark.name}" in expression for mark in marks) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What an upgrade of Keras broke is named before a hundred tests fail of it."""
    items.sort(key=lambda item: item.get_closest_marker("first") is None)


SHARED = Path(__file__).resolve().parents[1].parent / "shared"


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Homes of tests, and other folders; pytest's own numbering looks at every folder before it makes one."""
    parent = tmp_path_factory.mktemp("homes")
    return (parent / str(number) for number in itertools.count())


@pytest.fixture
def tmp_path(_homes: Iterator[Path], request: pytest.FixtureRequest) -> Path:
    """As pytest's own, without the link to the newest that it makes anew for every test."""
    number = next(_homes)
    folder = number.with_name(f"{re.sub(r'[^A-Za-z0-9_]', '_', request.node.name)[:30]}{number.name}")
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture(scope="session")
def _unused_homes() -> list[Path]:
    return []


@pytest.fixture(autouse=True)
def _own_home(
    _homes: Iterator[Path], _unused_homes: list[Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """No test reads or writes the real home, Keras's real cache or the user's runs.

    A home that is empty still is the next test's: folders are what the quick loop spends its time on.
    """
    if _unused_homes:
        home = _unused_homes.pop()
    else:
        home = next(_homes)
        home.mkdir()
    for name, folder in {
        "HOME": home,
        "USERPROFILE": home,
        "KERAS_HOME": home / "keras",
        "XDG_CACHE_HOME": home / "cache",
        "XDG_CONFIG_HOME": home / "config",
        "BIGMODEL_RUNS": home / "runs",
        "BIGMODEL_TUNES": home / "tunes",
    }.items():
        monkeypatch.setenv(name, str(folder))
    for name in (
        "BIGMODEL_OFFLINE",
        "BIGMODEL_CACHE",
        "http_proxy",
        "https_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "all_proxy",
    ):
        monkeypatch.delenv(name, raising=False)
    yield
    if home.is_dir() and not any(home.iterdir()):
        _unused_homes.append(home)


@pytest.fixture(autouse=True)
def _tensorflow_as_ever(request: pytest.FixtureRequest) -> None:
    """A test that imported TensorFlow itself, and first, would have it without what bigmodel sets before.

    What is there then stays: Keras collects garbage whenever a model is begun, and looking through all of
    TensorFlow and all tests took longer than to train what these train.
    """
    if request.node.get_closest_marker("tf"):
        import_tensorflow()
        _pass_over_what_stays()


@cache
def _pass_over_what_stays() -> None:
    """Once: to count what is frozen already takes 50 ms."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """And so does what the tests of a file leave behind: some thousand objects of each model, for ever.

    Between files, when nothing is there that only the tests of one share: what is passed over once is never
    given back.
    """
    yield
    if nextitem is not None and nextitem.path != item.path and item.get_closest_marker("tf"):
        gc.collect()
        gc.freeze()


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes the processor one with some flags, as Linux names them: `processor("amx_bf16")`."""

    def call(*flags: str) -> None:
        monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "ALL")
        monkeypatch.setattr("bigmodel_cli.modeling.devices.processor_flags", lambda: frozenset(flags))

    return call


@pytest.fixture(autouse=True, scope="session")
def _plots_in_outline(request: pytest.FixtureRequest) -> Iterator[None]:
    """What tests train has its plots in outline, what they share, too."""
    with pytest.MonkeyPatch.context() as patch:
        if any(item.get_closest_marker("tf") for item in request.session.items):
            outline_plots(patch.setattr)
        yield


@pytest.fixture(autouse=True)
def _plots_as_they_are(request: pytest.FixtureRequest) -> Iterator[None]:
    """Tests marked `plots` have real ones: they look at them, or draw what is out of the ordinary."""
    with real_plots() if request.node.get_closest_marker("plots") else nullcontext():
        yield


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    """Runs `bigmodel` in processes of their own that need not import TensorFlow first."""
    if not hasattr(os, "fork"):
        pytest.skip("needs fork()")
    with warm_process(tmp_path_factory.mktemp("outputs")) as warm:
        yield warm


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


@dataclass(frozen=True)
class Outcome:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Bigmodel = Callable[..., Outcome]


@pytest.fixture
def bigmodel(
    capfd: pytest.CaptureFixture[str], _homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch
) -> Bigmodel:
    """Runs `bigmodel` with some words: `bigmodel("check", path)`."""
    # Full texts of errors are kept where temporary files are.
    temporary = next(_homes)
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))

    def call(*words: str | Path) -> Outcome:
        capfd.readouterr()
        code = run([str(word) for word in words])
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return Outcome(code, out, err)

    return call


Refuses = Callable[..., Outcome]


@pytest.fixture
def refuses(bigmodel: Bigmodel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Refuses:
    """Runs a command that must fail: one message, nothing on stdout, no run that looks finished.

    With --json, stdout has one document with the same message and code.
    """
    runs = tmp_path / "refused"
    monkeypatch.setenv("BIGMODEL_RUNS", str(runs))

    def call(code: int, *words: str | Path, says: tuple[str, ...]) -> Outcome:
        plain, document = bigmodel(*words), bigmodel(*words, "--json")
        assert (plain.code, plain.out) == (code, ""), plain
        assert plain.err.lower().count("error:") == 1, plain.err
        for fragment in says:
            assert fragment in plain.err
        error = document.json["error"]
        assert document.code == error["exit_code"] == code
        assert says[0] in error["message"]
        assert not any('"completed"' in record.read_text() for record in runs.rglob("run.json"))
        return plain

    return call


MakeRun = Callable[..., RunFolder]
RUN_CONFIG = """\
name: mnist
seed: 0
data: {source: {mnist: {path: null}}, batch_size: 128}
model:
- Conv2D: {filters: 32, kernel_size: 3}
- Flatten
- Dense: {units: num_classes, activation: softmax}
loss: CategoricalCrossentropy
optimizer:
  Adam: {learning_rate: 0.001}
training: {epochs: 2, device: cpu, precision: float32}
"""


@pytest.fixture
def make_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeRun:
    """Writes the small files of a run below ./runs, as training does: `make_run("mnist/1", accuracy=0.9)`.

    `accuracy` is on the test split; `rows` are validation loss and accuracy of each epoch; what else is
    named goes into run.json.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BIGMODEL_RUNS", raising=False)

    def call(
        place: str = "mnist/20260101-000000",
        status: str = "completed",
        *,
        accuracy: float = 0.9,
        rows: Sequence[tuple[float, float]] = ((0.5, 0.8), (0.25, 0.875)),
        config: str = RUN_CONFIG,
        **changes: Any,
    ) -> RunFolder:
        run = RunFolder(Path("runs") / place)
        run.checkpoints.mkdir(parents=True)
        run.config.write_text(config)
        write_json(run.labels, ["cat", "dog"])
        log = MetricsLog(run.metrics, ["loss", "accuracy", "val_loss", "val_accuracy"])
        first = {"seconds": 2.0, "examples_per_second": 9.0, "learning_rate": 0.001, "loss": 1, "accuracy": 1}
        log.start_over(
            [
                {"epoch": number, **first, "val_loss": loss, "val_accuracy": val_accuracy}
                for number, (loss, val_accuracy) in enumerate(rows, 1)
            ]
        )
        interval = {"low": accuracy - 0.01, "high": accuracy + 0.01, "method": "wilson"}
        evaluation = {
            "split": "test",
            "checkpoint": "best",
            "examples": 100,
            "metrics": {"loss": 0.25, "accuracy": accuracy},
            "scores": {"brier_score": 0.125},
            "intervals": {"accuracy": interval},
            "macro": {"precision": 0.5, "recall": 0.5, "f1": accuracy / 2},
            "per_class": [],
        }
        if status == "completed":
            write_json(run.evaluation("test"), evaluation)
        result = {
            "epochs": len(rows),
            "best": {"epoch": len(rows), "monitor": "val_accuracy", "value": rows[-1][1] if rows else None},
            "test": evaluation["metrics"],
            "gates": [],
        }
        device = {"name": "cpu", "model": "a processor", "compute_capability": None}
        record = {
            "name": run.path.parent.name,
            "status": status,
            "started": "2026-01-01T08:09:10+0000",
            "seconds": 75.5,
            "parameters": 1234,
            "labels_sha256": labels_hash(["cat", "dog"]),
            "plan": {"device": device, "precision": "float32", "jit_compile": False},
            "data": {"splits": {"test": {"examples": 100, "origin": "its own", "sha256": "ab" * 32}}},
            "signature": {
                "inputs": {"input": {"kind": "array", "shape": [28, 28, 1], "dtype": "uint8"}},
                "targets": {"label": {"task": "classification", "class_names": ["cat", "dog"]}},
            },
            "versions": {"keras": "3.12.0"},
            "config": "mnist.yaml",
            "overrides": [],
            **(result if status == "completed" else {}),
            **changes,
        }
        update_record(run, {**record, "files": list_files(run, all_files(run))})
        return run

    return call


TINY = """\
name: tiny
data:
  source: {synthetic: {shape: [6, 6, 1], num_classes: 3, num_examples: 120}}
  batch_size: 16
preprocessing:
  - Rescaling: {scale: 1/255}
model:
  - Flatten
  - Dense: {units: 16, activation: relu}
  - Dense: {units: num_classes, activation: softmax}
loss: CategoricalCrossentropy
optimizer: {Adam: {learning_rate: 0.01}}
training:
  epochs: 2
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Writes a file into the current folder; its name as a user would type it."""
    monkeypatch.chdir(tmp_path)

    def call(content: str | bytes, name: str = "c.yaml") -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return name

    return call


@pytest.fixture
def tiny(write: Callable[..., str]) -> str:
    """A config in the current folder that trains in a moment."""
    return write(TINY, "tiny.yaml")


@pytest.fixture
def changed(write: Callable[..., str]) -> Callable[[str, str], str]:
    """Writes that config with one text replaced by another."""

    def call(old: str, new: str) -> str:
        assert TINY.count(old) == 1
        return write(TINY.replace(old, new))

    return call


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs with one completed run of the tiny config; tests must not change it."""
    folder = tmp_path_factory.mktemp("trained")
    config = folder / "tiny.yaml"
    config.write_text(TINY)
    runs = folder / "runs"
    with real_plots():
        assert run(["train", str(config), "--runs-dir", str(runs), "--plain"]) == 0
    return runs


class Late(BaseException):
    """Something took too long; nobody catches it by accident."""


InTime = Callable[[float], AbstractContextManager[None]]


@pytest.fixture
def in_time() -> InTime:
    """Stops what takes longer than some seconds: `with in_time(5): …`; it fails then."""

    @contextmanager
    def limit(seconds: float) -> Iterator[None]:
        def stop(*_: object) -> None:
            raise Late(f"not done after {seconds} s")

        before = signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    return limit


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium; while it is open, nothing else in this process has an event loop."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chromium-browser"))), None)
    if program is None:
        pytest.skip("there is no Chromium on this machine")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield opened
        opened.close()
