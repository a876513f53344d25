"""Downloads, against a real server on this machine."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import socket
import struct
from pathlib import Path

import numpy as np
import pytest

from bigmodel_cli.errors import DataError, ResourceError
from bigmodel_cli.network import keras_home
from bigmodel_cli.sources import cifar, download, fashion_mnist, mnist, mnist_format
from bigmodel_cli.sources.download import RemoteFile, fetch

CONTENT = bytes(range(256)) * 4096


@pytest.fixture
def remote(server):
    def serve(name="data.bin", content=CONTENT, sha256=None):
        (server.folder / name).write_bytes(content)
        return RemoteFile("mnist", server.url + name, sha256 or hashlib.sha256(content).hexdigest(), name)

    return serve


def leftovers() -> list[str]:
    folder = keras_home() / "datasets"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_a_file_is_fetched_once_with_progress(remote, told):
    file = remote()
    path = fetch(file, told.context())
    assert path == keras_home() / "datasets" / "data.bin"
    assert path.read_bytes() == CONTENT
    assert told.progress[0] == ("data.bin", 0, len(CONTENT))
    assert told.progress[-1] == ("data.bin", len(CONTENT), len(CONTENT))
    assert len(told.progress) > 3
    assert leftovers() == ["data.bin"]
    told.progress.clear()
    assert fetch(file, told.context(offline=True)) == path
    assert told.progress == []


def test_a_downloaded_file_has_the_permissions_of_any_other(remote, told, tmp_path):
    (tmp_path / "other").write_bytes(b"")
    path = fetch(remote(), told.context())
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_damaged_copy_is_replaced(remote, told):
    file = remote()
    file.cached.parent.mkdir(parents=True)
    file.cached.write_bytes(b"half")
    assert fetch(file, told.context()).read_bytes() == CONTENT


def test_a_wrong_checksum_is_refused_and_leaves_nothing(remote, told):
    file = remote(sha256="0" * 64)
    with pytest.raises(DataError) as caught:
        fetch(file, told.context())
    found = hashlib.sha256(CONTENT).hexdigest()
    assert caught.value.message == (
        f"mnist: cannot download {file.url}: its sha256 is {found}, expected {'0' * 64}"
    )
    assert leftovers() == []


def test_a_truncated_transfer_is_refused_and_leaves_nothing(remote, told):
    file = remote("truncated.bin")
    with pytest.raises(DataError) as caught:
        fetch(file, told.context())
    assert caught.value.message.startswith(f"mnist: cannot download {file.url}: the ")
    assert caught.value.message.endswith("; try again")
    assert leftovers() == []


def test_a_missing_file_says_what_to_put_where(server, told):
    file = RemoteFile("mnist", server.url + "gone.npz", "0" * 64, "mnist.npz")
    with pytest.raises(DataError) as caught:
        fetch(file, told.context())
    assert caught.value.message == f"mnist: cannot download {file.url}: the server answers 404 File not found"
    assert caught.value.hint == (
        f"download {file.url} where there is a network and save it as {file.cached}, "
        "or name a copy in the config: {mnist: {path: …}}"
    )


def test_a_refused_connection_is_told(told):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    file = RemoteFile("mnist", f"http://127.0.0.1:{port}/mnist.npz", "0" * 64, "mnist.npz")
    with pytest.raises(DataError, match=r"cannot download .*Connection refused") as caught:
        fetch(file, told.context())
    assert caught.value.exit_code == 3


def test_a_server_that_never_answers_is_given_up(told, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT_SECONDS", 0.1)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        file = RemoteFile("mnist", f"http://127.0.0.1:{silent.getsockname()[1]}/x", "0" * 64, "x")
        with pytest.raises(DataError, match=r"cannot download .*timed out"):
            fetch(file, told.context())


def test_a_server_that_talks_nonsense_is_told(told):
    import threading

    with socket.socket() as rude:
        rude.bind(("127.0.0.1", 0))
        rude.listen()

        def answer():
            connection, _ = rude.accept()
            connection.recv(4096)
            connection.sendall(b"nonsense\r\n\r\n")
            connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        file = RemoteFile("mnist", f"http://127.0.0.1:{rude.getsockname()[1]}/x", "0" * 64, "x")
        with pytest.raises(DataError, match=r"cannot download .*nonsense"):
            fetch(file, told.context())
        thread.join()


def test_offline_downloads_nothing(remote, told):
    file = remote()
    with pytest.raises(DataError) as caught:
        fetch(file, told.context(offline=True))
    assert caught.value.message == f"mnist: {file.cached} is not there, and downloads are off (offline)"
    assert f"save it as {file.cached}" in caught.value.hint
    assert leftovers() == []


def test_offline_refuses_a_damaged_copy(remote, told):
    file = remote()
    file.cached.parent.mkdir(parents=True)
    file.cached.write_bytes(b"half")
    with pytest.raises(DataError, match=r"is damaged \(its sha256 is wrong\), and downloads are off"):
        fetch(file, told.context(offline=True))
    assert file.cached.read_bytes() == b"half"


def test_a_cache_that_cannot_be_written_is_told(remote, told):
    file = remote()
    keras_home().parent.mkdir(exist_ok=True)
    keras_home().write_text("a file, where a folder should be")
    with pytest.raises(DataError, match=r"mnist: cannot write .*data.bin: ") as caught:
        fetch(file, told.context())
    assert caught.value.hint.startswith("let KERAS_HOME name a folder that can be written")


def test_a_full_disk_is_a_lack_of_resources(remote, told, monkeypatch):
    class FullDisk(io.BytesIO):
        def write(self, _):
            raise OSError(errno.ENOSPC, "No space left on device")

    real_open = Path.open
    monkeypatch.setattr(
        Path,
        "open",
        lambda path, mode="r", *rest: FullDisk() if mode == "xb" else real_open(path, mode, *rest),
    )
    with pytest.raises(ResourceError, match=r"mnist: no space left for .*data.bin") as caught:
        fetch(remote(), told.context())
    assert caught.value.exit_code == 5
    assert leftovers() == []


def test_keras_home_follows_keras(monkeypatch, tmp_path):
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert keras_home() == tmp_path / ".keras"


def test_mnist_is_downloaded_under_keras_name(server, load, mnist_arrays, monkeypatch):
    np.savez(server.folder / "mnist.npz", **mnist_arrays)
    content = (server.folder / "mnist.npz").read_bytes()
    monkeypatch.setattr(mnist_format, "KERAS_DATASETS_URL", server.url)
    monkeypatch.setattr(mnist, "SHA256", hashlib.sha256(content).hexdigest())
    source = load("mnist", offline=False)
    assert (keras_home() / "datasets" / "mnist.npz").read_bytes() == content
    np.testing.assert_array_equal(source.splits["test"].store.array[..., 0], mnist_arrays["x_test"])
    assert len(load("mnist", offline=True).splits["train"]) == 20


def test_fashion_mnist_is_downloaded_under_keras_names(server, load, mnist_arrays, monkeypatch):
    hashes = {}
    for array, name in mnist_format.IDX_NAMES.items():
        values = mnist_arrays[array]
        header = struct.pack(f">I{values.ndim}I", 0x800 + values.ndim, *values.shape)
        content = gzip.compress(header + values.tobytes(), mtime=0)
        (server.folder / f"{name}.gz").write_bytes(content)
        hashes[f"{name}.gz"] = hashlib.sha256(content).hexdigest()
    monkeypatch.setattr(mnist_format, "KERAS_DATASETS_URL", server.url)
    monkeypatch.setattr(fashion_mnist, "SHA256", hashes)
    source = load("fashion_mnist", offline=False)
    cached = keras_home() / "datasets" / "fashion-mnist"
    assert {path.name for path in cached.iterdir()} == set(hashes)
    assert source.signature.task.class_names[:3] == ("T-shirt/top", "Trouser", "Pullover")
    np.testing.assert_array_equal(source.splits["train"].store.array[..., 0], mnist_arrays["x_train"])


@pytest.mark.parametrize(
    ("name", "url", "file"),
    [
        ("mnist", f"{mnist_format.KERAS_DATASETS_URL}mnist.npz", "mnist.npz"),
        (
            "fashion_mnist",
            f"{mnist_format.KERAS_DATASETS_URL}train-images-idx3-ubyte.gz",
            "fashion-mnist/train-images-idx3-ubyte.gz",
        ),
        ("cifar10", f"{cifar.CIFAR_URL}cifar-10-python.tar.gz", "cifar-10-batches-py-target_archive"),
        ("cifar100", f"{cifar.CIFAR_URL}cifar-100-python.tar.gz", "cifar-100-python-target_archive"),
    ],
)
def test_every_download_says_offline_what_to_put_where(load, name, url, file):
    cached = keras_home() / "datasets" / file
    with pytest.raises(DataError) as caught:
        load(name, offline=True)
    assert caught.value.message == f"{name}: {cached} is not there, and downloads are off (offline)"
    assert caught.value.hint == (
        f"download {url} where there is a network and save it as {cached}, "
        f"or name a copy in the config: {{{name}: {{path: …}}}}"
    )
