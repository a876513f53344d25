"""The language of `training.device`."""

from __future__ import annotations

import re

PATTERN = r"^(auto|all|cpu|gpu|(cpu|gpu):\d+([,-]\d+)*)$"
_DEVICE = re.compile(PATTERN, re.ASCII)
# More of either is a slip of the keyboard.
_MOST = 1024


def parse_device(text: str) -> tuple[str, tuple[int, ...]]:
    """A kind of device with the numbers of those that are meant.

    Args:
        text: auto, all, cpu, gpu, or numbers of a kind: `gpu:1`, `gpu:0,2`, `gpu:0-3`.

    Returns:
        `auto`, `all`, `cpu` or `gpu`, and the numbers in the order of the text; none where none are given.

    Raises:
        ValueError: If it is none of these.
    """
    if not _DEVICE.fullmatch(text):
        unsupported = "a TPU is not supported; " if text.lower().startswith("tpu") else ""
        raise ValueError(
            f"{unsupported}expected auto, all, cpu, gpu, or numbers such as gpu:1 or gpu:0,2, found {text!r}"
        )
    kind, _, listed = text.partition(":")
    numbers: list[int] = []
    for part in filter(None, listed.split(",")):
        ends = [int(end) for end in part.split("-")]
        if len(ends) > 2 or ends[0] > ends[-1] or ends[-1] >= _MOST:
            raise ValueError(
                f"expected numbers below {_MOST} such as 0,2 or a rising range such as 0-3, found {part!r}"
            )
        numbers += range(ends[0], ends[-1] + 1)
    if len(set(numbers)) < len(numbers):
        raise ValueError(f"expected each device once, found {text!r}")
    if kind == "cpu" and numbers != list(range(len(numbers))):
        raise ValueError(f"expected the CPU's devices from 0 on, such as cpu:0-3, found {text!r}")
    return kind, tuple(numbers)
