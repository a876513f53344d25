"""`bigmodel doctor`: versions, devices, caches, and what is wrong with them."""

from __future__ import annotations

import os
import platform
import re
import socket
import tomllib
from pathlib import Path

import pytest

from bigmodel_cli.cli.commands.doctor import _extra_lines
from bigmodel_cli.cluster.environment import DEFAULT_PORT
from bigmodel_cli.doctor import machine
from bigmodel_cli.doctor.examine import (
    _device_problems,
    _disk_problems,
    _keras_problems,
    _port_problems,
    _speed_problems,
)
from bigmodel_cli.doctor.machine import EXTRAS, describe_extras, describe_port
from bigmodel_cli.sources.decoded_folder import decoded_folder, header

pytestmark = pytest.mark.tf
ROOT = Path(__file__).parents[2]


@pytest.fixture
def decoded():
    """A file of decoded images as `data.cache: disk` leaves it."""
    path = decoded_folder() / ("a" * 64 + ".decoded")
    path.parent.mkdir(parents=True)
    path.write_bytes(header({"source": "/data/pho\ntos"}) + bytes(4096))
    return path


def test_what_a_script_gets(bigmodel, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets/file").write_bytes(b"12345")
    outcome = bigmodel("doctor", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    document = outcome.json
    assert document["versions"]["python"] == platform.python_version()
    assert {"bigmodel", "keras", "numpy"} <= set(document["versions"])
    assert document["devices"] and document["devices"][0]["model"]
    assert document["data_cache"] == {"path": str(tmp_path / "datasets"), "bytes": 5}
    assert document["decoded_cache"] == {"path": str(decoded_folder()), "bytes": 0, "files": []}
    assert document["free_disk_bytes"] > 0
    assert document["processor"]["cores"] == os.cpu_count() and document["processor"]["model"]
    assert document["extras"] == describe_extras() and set(document["extras"]) == set(EXTRAS)
    assert set(document["cuda"]["built_for"]) == {"cuda", "cudnn"}
    (speed, *_) = document["speed"]
    assert speed["device"] == document["devices"][0]["name"]
    assert speed["matrix_product"]["float32"] > 0 and speed["training"] > 0
    assert document["network"]["port"] == DEFAULT_PORT
    assert all(set(problem) == {"message", "hint"} for problem in document["problems"])


def test_what_a_person_sees(bigmodel):
    outcome = bigmodel("doctor")
    assert outcome.code == 0
    assert f"python            {platform.python_version()}\n" in outcome.out
    assert "data cache        " in outcome.out and "free disk         " in outcome.out
    assert "all is well" in outcome.out or "problem: " in outcome.out


def test_decoded_images_are_shown_with_the_way_to_remove_them(bigmodel, decoded):
    lines = bigmodel("doctor").out.splitlines()
    start = lines.index(f"decoded images    {decoded.parent} (8,192 bytes)")
    assert lines[start + 1 : start + 3] == [
        "                  8,192 bytes of /data/pho\\x0atos",
        "                  bigmodel doctor --clear-cache removes them",
    ]
    files = bigmodel("doctor", "--json").json["decoded_cache"]["files"]
    assert files == [{"path": str(decoded), "source": "/data/pho\ntos", "bytes": 8192}]


def test_clearing_the_cache(bigmodel, decoded):
    outcome = bigmodel("doctor", "--clear-cache")
    assert (outcome.code, outcome.out) == (0, f"removed 8,192 bytes from {decoded.parent}\n")
    assert not decoded.exists()
    assert bigmodel("doctor", "--clear-cache", "--json").json == {
        "path": str(decoded.parent),
        "removed_bytes": 0,
    }


def test_a_full_disk_and_another_keras_are_problems(monkeypatch):
    from types import SimpleNamespace

    (problem,) = _disk_problems(1000)
    assert problem["message"] == "only 1,000 bytes are free on this disk"
    (problem,) = _keras_problems(SimpleNamespace(__version__="3.1.0"))
    assert "but Keras 3.1.0 is installed" in problem["message"] and problem["hint"].startswith(
        "pip install keras=="
    )
    assert _disk_problems(10**12) == []


def test_a_port_that_is_taken_and_a_device_that_fails_are_problems():
    with socket.create_server(("", 0)) as taken:
        number = taken.getsockname()[1]
        port = describe_port(number)
    (problem,) = _port_problems(port)
    assert problem["message"].startswith(f"port {number}, where several processes meet, cannot be opened: ")
    assert _port_problems(describe_port(number)) == []
    fast = {"device": "cpu", "matrix_product": {"float32": 1.0}, "training": 1.0}
    (problem,) = _speed_problems([fast, {"device": "gpu:1", "error": "no kernel image"}])
    assert problem["message"] == "gpu:1 cannot train: no kernel image"


@pytest.mark.parametrize("module", ["Kernel Module  570.124.06", "Open Kernel Module for x86_64  570.124.06"])
def test_the_drivers_version_is_read_as_nvidia_writes_it(tmp_path, monkeypatch, module):
    monkeypatch.setattr(machine, "_DRIVER", tmp_path / "version")
    assert machine._driver_version() is None
    text = f"NVRM version: NVIDIA UNIX x86_64 {module}  Wed Oct 2\nGCC version:  gcc version 12.3.0\n"
    (tmp_path / "version").write_text(text)
    assert machine._driver_version() == "570.124.06"


def test_a_gpu_that_tensorflow_does_not_see_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setattr("bigmodel_cli.modeling.devices.NVIDIA_DRIVER", tmp_path / "nvidiactl")
    assert _device_problems() == []
    (tmp_path / "nvidiactl").touch()
    (problem,) = _device_problems()
    assert problem["message"].startswith("this machine has an NVIDIA driver, but TensorFlow ")
    assert problem["hint"] == 'pip install "bigmodel-cli[gpu]"'


def test_extras_that_hints_and_docs_name_are_there():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    pages = [*(ROOT / "src").rglob("*.py"), *(ROOT / "docs").glob("*.md"), ROOT / "README.md"]
    named = {name for page in pages for name in re.findall(r"bigmodel-cli\[(\w+)\]", page.read_text("utf-8"))}
    assert {"gpu", "ray"} <= named <= set(extras)
    packages = {name: re.split(r"\W*[>=\[]", needs[0])[0] for name, needs in extras.items()}
    assert {name: packages[name] for name in EXTRAS} == dict(EXTRAS)
    assert set(extras) - set(EXTRAS) == {"gpu", "dev", "all"}
    (tensorflow,) = (need for need in project["dependencies"] if need.startswith("tensorflow"))
    assert extras["gpu"][0].startswith(tensorflow.replace("tensorflow", "tensorflow[and-cuda]", 1))


def test_extras_are_named_whether_or_not_they_are_there():
    assert list(_extra_lines({"heic": "1.8", "tfds": None, "hf": None})) == [
        "extras            heic 1.8",
        "                  not installed: tfds, hf (pip install 'bigmodel-cli[tfds]')",
    ]
    assert list(_extra_lines({"heic": "1.8"})) == ["extras            heic 1.8"]


def test_it_takes_no_argument(refuses):
    refuses(2, "doctor", "x", says=("unexpected extra argument",))
