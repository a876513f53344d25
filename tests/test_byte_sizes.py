"""The unit of a size follows from it."""

from __future__ import annotations

import pytest

from bigmodel_cli.byte_sizes import byte_size, unit_of


@pytest.mark.parametrize(
    ("num_bytes", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (9_740, "9.7 kB"),
        (11_500_000, "11.5 MB"),
        (3.1e9, "3.1 GB"),
        (2e15, "2000.0 TB"),
    ],
)
def test_a_size_as_people_read_it(num_bytes: float, shown: str) -> None:
    assert byte_size(num_bytes) == shown


def test_a_unit_has_so_many_bytes() -> None:
    assert unit_of(9_740) == ("kB", 1000)
