"""What is not there is told in one sentence, with what to do; nothing is fetched where that is off."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hub_folders import digits_as_hf, digits_as_tfds, needs_hf, needs_tfds, png, write_tfds

from bigmodel_cli.errors import DataError
from bigmodel_cli.network import Offline
from bigmodel_cli.sources.base import Source
from bigmodel_cli.sources.hubs import reading, tfds_folder
from bigmodel_cli.sources.hubs.extras import library
from bigmodel_cli.sources.hubs.rows import RowStore

CONFIG = """\
data: {{source: {source}}}
model: [Flatten, {{Dense: {{units: num_classes, activation: softmax}}}}]
loss: CategoricalCrossentropy
optimizer: Adam
"""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, mnist_arrays: Mapping[str, np.ndarray]) -> Path:
    return digits_as_tfds(tmp_path_factory.mktemp("tfds"), mnist_arrays)


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for a name or a connection has gone past the gate."""

    def forbidden(*_: Any, **__: Any) -> None:
        raise AssertionError("somebody opened a connection")

    monkeypatch.setattr(socket.socket, "connect", forbidden)
    monkeypatch.setattr(socket, "create_connection", forbidden)


def test_a_missing_extra_is_named() -> None:
    with pytest.raises(DataError) as caught:
        library("no_such_module_at_all", "tensorflow-datasets", "tfds")
    assert caught.value.message == "tfds: tensorflow-datasets is not installed"
    assert caught.value.hint == "pip install 'bigmodel-cli[tfds]'"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (
            "{tfds: {name: a b}}",
            "c.yaml:1:30: data.source.tfds.name: expected the name of a data set as TFDS wri",
        ),
        ("{tfds: {name: mnist, input: x, target: x}}", "input: 'x' is the target"),
        ("{tfds: {name: mnist, columns: {a: sound}}}", "expected"),
        ("{hf: {config: a}}", "expected either path (a folder or file) or name (on the hub)"),
        ("{hf: {path: a, name: b}}", "expected either path (a folder or file) or name (on the hub)"),
        ("tfds", "name is missing"),
    ],
)
def test_wrong_options_are_located(
    bigmodel: Callable[..., Any], write: Callable[..., str], source: str, says: str
) -> None:
    outcome = bigmodel("check", write(CONFIG.format(source=source)))
    assert outcome.code == 2
    assert says in outcome.err and "c.yaml:1:" in outcome.err


@needs_tfds
class TestTfds:
    def test_not_prepared(self, load: Callable[..., Source], prepared: Path, no_sockets: None) -> None:
        for name, hint in (("minst", "did you mean mnist?"), ("cifar10", "prepare it where there is")):
            with pytest.raises(Offline) as caught:
                load("tfds", name=name, data_dir=prepared)
            assert caught.value.message == (
                f"tfds: {name} is not prepared in {prepared}; prepared there: mnist, and downloads are off "
                "(offline)"
            )
            assert str(caught.value.hint).startswith(hint)

    def test_another_version_or_config(self, load: Callable[..., Source], prepared: Path) -> None:
        for name in ("mnist:2.0.0", "mnist/big", "mnist:4.*.*"):
            with pytest.raises(Offline, match=r"of mnist there is 3\.0\.1") as caught:
                load("tfds", name=name, data_dir=prepared)
            assert caught.value.exit_code == 3
        for name in ("mnist", "mnist:3.0.1", "mnist:3.*.*"):
            assert len(load("tfds", name=name, data_dir=prepared).splits["train"]) == 20

    def test_the_newest_version_and_the_default_config(
        self, load: Callable[..., Source], tmp_path: Path
    ) -> None:
        import tensorflow_datasets as tfds

        features = {
            "a": tfds.features.Tensor(shape=(2,), dtype=np.float32),
            "b": tfds.features.ClassLabel(num_classes=2),
        }
        for place, count in (("one/1.9.0", 6), ("one/1.10.0", 8), ("two/1.0.0", 10)):
            rows = [{"a": [float(index), 1.0], "b": [index % 2]} for index in range(count)]
            write_tfds(tmp_path / "many" / place, features, {"train": rows})
        with pytest.raises(DataError, match="many is prepared in 2 variants: one, two") as caught:
            load("tfds", name="many", data_dir=tmp_path)
        assert caught.value.hint == "say which: name: many/one"
        assert len(load("tfds", name="many/one", data_dir=tmp_path).splits["train"]) == 8
        (tmp_path / "many" / ".config").mkdir()
        (tmp_path / "many" / ".config" / "metadata.json").write_text('{"default_config_name": "two"}')
        assert len(load("tfds", name="many", data_dir=tmp_path).splits["train"]) == 10

    def test_splits(self, load: Callable[..., Source], prepared: Path) -> None:
        with pytest.raises(DataError) as caught:
            load("tfds", name="mnist", data_dir=prepared, validation="dev")
        assert caught.value.message == "tfds: mnist: no split dev; its splits: test, train"
        with pytest.raises(DataError, match="train\\[:x%\\] is no part of a split"):
            load("tfds", name="mnist", data_dir=prepared, train="train[:x%]")
        parts = load("tfds", name="mnist", data_dir=prepared, train="train[:60%]", validation="train[60%:]")
        whole = load("tfds", name="mnist", data_dir=prepared).splits["train"]
        cut = [parts.splits["train"], parts.splits["validation"]]
        assert [len(part) for part in cut] == [12, 8]
        np.testing.assert_array_equal(np.concatenate([part.store.array for part in cut]), whole.store.array)

    def test_test_splits_without_labels(self, load: Callable[..., Source], told: Any, tmp_path: Path) -> None:
        import tensorflow_datasets as tfds

        features = {
            "image": tfds.features.Image(shape=(2, 2, 1)),
            "label": tfds.features.ClassLabel(num_classes=2),
        }
        pixels = png(np.zeros((2, 2), np.uint8))
        rows = [{"image": [pixels], "label": [index % 2]} for index in range(6)]
        unknown = [{"image": [pixels], "label": [-1]} for _ in range(4)]
        write_tfds(tmp_path / "a" / "1.0.0", features, {"train": rows, "test": unknown})
        assert set(load("tfds", name="a", data_dir=tmp_path).splits) == {"train"}
        assert told.warnings == ["tfds: a: no example of test has its label (-1): the split is not used"]
        write_tfds(tmp_path / "b" / "1.0.0", features, {"train": [*rows, *unknown]})
        with pytest.raises(
            DataError, match=r"4 of 10 examples of train have no label \(-1\), the first is train\[6\]"
        ):
            load("tfds", name="b", data_dir=tmp_path)

    def test_damaged_files(
        self, load: Callable[..., Source], mnist_arrays: Mapping[str, np.ndarray], tmp_path: Path
    ) -> None:
        digits_as_tfds(tmp_path, mnist_arrays)
        path = tmp_path / "mnist" / "3.0.1" / "mnist-train.tfrecord-00001-of-00002"
        whole = path.read_bytes()
        path.write_bytes(whole[:-30])
        with pytest.raises(DataError, match="damaged: it breaks off after 9 records"):
            load("tfds", name="mnist", data_dir=tmp_path)
        path.write_bytes(whole[:200] + b"?" + whole[201:])
        with pytest.raises(DataError, match="damaged: the checksum of a record is wrong"):
            load("tfds", name="mnist", data_dir=tmp_path)
        path.unlink()
        with pytest.raises(DataError, match=f"{path.name}: cannot be read: No such file"):
            load("tfds", name="mnist", data_dir=tmp_path)

    def test_rows_that_do_not_fit_the_memory_are_read_when_they_are_needed(
        self, load: Callable[..., Source], prepared: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kept = load("tfds", name="mnist", data_dir=prepared).splits["train"]
        monkeypatch.setattr(reading, "KEPT_SHARE", 0.0)
        read = load("tfds", name="mnist", data_dir=prepared).splits["train"]
        assert isinstance(read.store, RowStore)
        for index in (19, 0, 7, 11):
            np.testing.assert_array_equal(read.read(index), kept.read(index))
        np.testing.assert_array_equal(read.labels, kept.labels)

    def test_what_cannot_be_prepared(
        self, load: Callable[..., Source], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Preparing is done in a process of its own, which says what went wrong."""

        def told(line: str) -> Callable[..., Any]:
            return lambda *_, **__: type("Done", (), {"returncode": 1, "stdout": f"noise\n{line}\n"})

        for line, says, hint in (
            ('{"names": ["mnist", "glue"]}', "there is no data set minst", "did you mean mnist?"),
            ('{"message": "no network"}', "minst cannot be prepared: no network", "prepare it by hand"),
            ("", "minst cannot be prepared: its process ended with 1", "prepare it by hand"),
        ):
            monkeypatch.setattr(tfds_folder.subprocess, "run", told(line))
            with pytest.raises(DataError, match=says) as caught:
                load("tfds", name="minst", data_dir=tmp_path, offline=False)
            assert str(caught.value.hint).startswith(hint)

    @pytest.mark.tf
    @pytest.mark.slow
    def test_an_unknown_name_is_told_by_the_process_that_prepares(
        self, load: Callable[..., Source], tmp_path: Path
    ) -> None:
        with pytest.raises(DataError, match="tfds: there is no data set fashion_mnst") as caught:
            load("tfds", name="fashion_mnst", data_dir=tmp_path, offline=False)
        assert caught.value.hint == "did you mean fashion_mnist?"

    @pytest.mark.parametrize("command", [("train",), ("data",)])
    def test_commands(
        self,
        bigmodel: Callable[..., Any],
        write: Callable[..., str],
        no_sockets: None,
        command: tuple[str, ...],
    ) -> None:
        outcome = bigmodel(*command, write(CONFIG.format(source="{tfds: {name: mnist}}")), "--offline")
        assert outcome.code == 3 and "downloads are off (offline)" in outcome.err


@needs_hf
class TestHf:
    def test_paths(self, load: Callable[..., Source], tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_text("a")
        (tmp_path / "empty").mkdir()
        for name, says in (
            ("none", "no such file or folder"),
            ("a.txt", "expected a folder, or a file with the suffix .parquet or .arrow"),
            ("empty", "cannot be read"),
        ):
            with pytest.raises(DataError, match=f"{name}: {says}"):
                load("hf", path=tmp_path / name)
        (tmp_path / "b.parquet").write_bytes(b"PAR1 no parquet")
        with pytest.raises(DataError, match=r"b\.parquet: cannot be read"):
            load("hf", path=tmp_path / "b.parquet", cache_dir=tmp_path / "cache")

    def test_names(self, load: Callable[..., Source], tmp_path: Path, no_sockets: None) -> None:
        (tmp_path / "ylecun___mnist").mkdir()
        for name, hint in (("ylecun/mnst", "did you mean ylecun/mnist?"), ("far/away", "load it where")):
            with pytest.raises(Offline) as caught:
                load("hf", name=name, cache_dir=tmp_path)
            assert caught.value.message == (
                f"hf: {name} is not in the cache {tmp_path} (ylecun/mnist), and downloads are off (offline)"
            )
            assert str(caught.value.hint).startswith(hint)

    def test_splits(
        self, load: Callable[..., Source], told: Any, mnist_arrays: Mapping[str, np.ndarray], tmp_path: Path
    ) -> None:
        import datasets

        digits = digits_as_hf(mnist_arrays)
        named = datasets.DatasetDict({"big": digits["train"], "small": digits["test"]})
        named.save_to_disk(tmp_path / "d")
        with pytest.raises(DataError, match="no split is called train; its splits: big, small") as caught:
            load("hf", path=tmp_path / "d")
        assert caught.value.hint == "say which is for training with train"
        with pytest.raises(DataError, match="no split bigg; its splits: big, small"):
            load("hf", path=tmp_path / "d", train="bigg")
        source = load("hf", path=tmp_path / "d", train="big", test="small")
        assert {split: len(part) for split, part in source.splits.items()} == {"train": 20, "test": 10}


def test_libraries_are_stopped_at_the_gate() -> None:
    """They do not ask by urllib; whoever asks for a host is stopped, and files that are sockets are not."""
    from bigmodel_cli.network import connections

    with connections(allowed=False):
        with pytest.raises(Offline, match=r"a library asks for example\.org, and downloads are off"):
            socket.getaddrinfo("example.org", 443)
        with pytest.raises(Offline, match=r"a library asks for 127\.0\.0\.1"):
            socket.create_connection(("127.0.0.1", 9), timeout=1)
        left, right = socket.socketpair()
        left.close()
        right.close()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", 9), timeout=1)
