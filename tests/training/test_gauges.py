"""How much memory is free, by everything that may limit it, and what work takes."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from bigmodel_cli.training import gauges
from bigmodel_cli.training.gauges import RESERVED, USABLE_SHARE, HostGauge, free_memory

GB = 2**30
NO_LIMIT = 9223372036854771712


@pytest.fixture
def system(tmp_path, monkeypatch):
    """Makes the files of a system with 16 GB available: `system({"memory/memory.usage_in_bytes": 5}, …)`."""
    monkeypatch.setattr(gauges, "_PROC", tmp_path / "proc")
    monkeypatch.setattr(gauges, "_CGROUPS", tmp_path / "cgroup")

    def make(files=(), cgroup="0::/\n"):
        texts = {
            "proc/meminfo": f"MemTotal: {32 * 2**20} kB\nMemAvailable: {16 * 2**20} kB\nHugePages_Total: 0\n",
            "proc/self/status": f"Name:\tpython\nVmSize:\t {3 * 2**20} kB\nVmRSS:\t {2**20} kB\n",
            "proc/self/cgroup": cgroup,
            **{f"cgroup/{name}": str(content) for name, content in dict(files).items()},
        }
        for name, text in texts.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return make


def group(folder, limit, used, cache=0):
    """Files of a control group of version 2."""
    return {
        f"{folder}memory.max": limit,
        f"{folder}memory.current": used,
        f"{folder}memory.stat": f"anon {used - cache}\ninactive_file {cache}\n",
    }


def old_group(folder, limit, used, cache=0):
    """The same of version 1."""
    return {
        f"{folder}memory.limit_in_bytes": limit,
        f"{folder}memory.usage_in_bytes": used,
        f"{folder}memory.stat": f"cache {cache}\ntotal_inactive_file {cache}\n",
    }


@pytest.mark.parametrize(
    ("files", "cgroup", "free"),
    [
        ({}, "", 16 * GB),
        (group("", "max", 5 * GB), "0::/\n", 16 * GB),
        (group("", 8 * GB, 5 * GB), "0::/\n", 3 * GB),
        (group("", 8 * GB, 5 * GB, cache=2 * GB), "0::/\n", 5 * GB),
        (group("user/job/", 4 * GB, 3 * GB), "0::/user/job\n", GB),
        (group("user/", 4 * GB, 2 * GB) | group("user/job/", "max", GB), "0::/user/job\n", 2 * GB),
        (group("other/", GB, 0), "0::/user/job\n", 16 * GB),
        (old_group("memory/", NO_LIMIT, 5 * GB), "4:memory:/\n", 16 * GB),
        (old_group("memory/docker/1/", 6 * GB, 5 * GB), "8:pids:/x\n4:memory:/docker/1\n", GB),
        # In a container its own group is the root of what it sees.
        (old_group("memory/", 6 * GB, 5 * GB, cache=GB), "4:memory:/docker/1\n", 2 * GB),
        (group("", 4 * GB, 5 * GB), "0::/\n", 0),
    ],
)
def test_the_smallest_of_all_limits_counts(system, files, cgroup, free):
    system(files, cgroup)
    assert free_memory() == {"resident": free}


def test_a_part_of_what_is_free_is_used(system):
    system()
    assert HostGauge().limits == {"resident": GB + int(USABLE_SHARE * 16 * GB)}


def test_a_system_that_tells_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(gauges, "_PROC", tmp_path)
    assert free_memory() == HostGauge().limits == {}


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
class TestRealSystem:
    @pytest.mark.parametrize(("flag", "kind"), [("v", "virtual"), ("d", "data")])
    def test_limits_of_the_shell(self, flag, kind):
        program = "from bigmodel_cli.training.gauges import free_memory; print(free_memory()[KIND])"
        program = program.replace("KIND", repr(kind))
        command = f'ulimit -{flag} 4000000; exec {sys.executable} -c "{program}"'
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
        assert 1e9 < int(done.stdout) < 4_096_000_000 - RESERVED

    def test_each_piece_of_work_has_its_own_peak(self):
        gauge = HostGauge()
        assert gauge.limits["resident"] > gauge.now()["resident"] > 10 * 2**20

        def work(megabytes):
            return lambda: np.ones(megabytes * 2**17)

        large, small = (gauge.peak_of(work(size))["resident"] for size in (300, 50))
        assert large - gauge.now()["resident"] == pytest.approx(300 * 2**20, rel=0.1)
        assert small - gauge.now()["resident"] == pytest.approx(50 * 2**20, rel=0.1)
