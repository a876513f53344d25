"""Where a launch starts its processes."""

from __future__ import annotations

import pytest

from bigmodel_cli.cluster.launching.hosts import require_private, slots_here, slots_on
from bigmodel_cli.errors import UsageError


def test_each_machine_has_its_slots_at_ports_one_behind_the_other() -> None:
    slots = slots_on("a,b:2,[::1]", 29400)
    assert [slot.address for slot in slots] == ["a:29400", "b:29400", "b:29401", "[::1]:29400"]
    assert [(slot.number, slot.count) for slot in slots] == [(0, 1), (0, 2), (1, 2), (0, 1)]
    assert not any(slot.is_here for slot in slots)


def test_processes_here_have_ports_of_their_own() -> None:
    slots = slots_here(3)
    assert len({slot.address for slot in slots}) == 3
    assert all(slot.is_here and slot.count == 3 for slot in slots)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,,b", "expected machines such as a,b or a:2,b:2, found ''"),
        ("a:0", "found 'a:0'"),
        ("a b", "found 'a b'"),
        ("-oProxyCommand=evil", "found '-oProxyCommand=evil'"),
        ("a,a", "expected each machine once, found 'a'"),
    ],
)
def test_what_names_no_machines_is_said(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=f"--hosts {text}: ") as caught:
        slots_on(text, 29400)
    assert says in caught.value.message


def test_public_addresses_need_a_word() -> None:
    require_private("--hosts", ["127.0.0.1", "10.0.0.1", "192.168.3.4", "[fd00::1]"], insecure=False)
    public = ["127.0.0.1", "8.8.8.8"]
    with pytest.raises(UsageError, match=r"^--ray 8\.8\.8\.8: 8\.8\.8\.8 is a public address") as caught:
        require_private("--ray", public, insecure=False)
    assert "--insecure-network" in (caught.value.hint or "")
    require_private("--ray", public, insecure=True)


def test_a_name_that_leads_nowhere_is_said() -> None:
    with pytest.raises(UsageError, match=r"--hosts no-such-host\.invalid: this name leads nowhere"):
        require_private("--hosts", ["no-such-host.invalid"], insecure=False)
