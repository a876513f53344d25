"""Cells that are paths of sounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, get_args

from bigmodel_cli.kinds.audio.kind import RATES, SECONDS, AudioFormat, AudioKind, Longer, Shorter
from bigmodel_cli.kinds.cells import Cells, Held, WrongOptionError, no_options, paths_held

_EXAMPLE = "write for instance {audio: {sample_rate: 16000, seconds: 1}}"


class AudioCells(Cells):
    """A path stands for the sound that the file has."""

    kind: AudioKind
    may_spill: ClassVar[bool] = False
    are_paths: ClassVar[bool] = True
    needs_options: ClassVar[bool] = True
    looked_at_as: ClassVar[str | None] = "image"

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        no_options(options, "sample_rate", "seconds", "shorter", "channel", "longer")
        _number(options, "sample_rate", RATES, int)
        _number(options, "seconds", SECONDS, int | float)
        _choice(options, "shorter", get_args(Shorter))
        _choice(options, "longer", get_args(Longer))
        channel = options.get("channel")
        if channel is not None and (type(channel) is not int or channel < 0):
            raise WrongOptionError(
                "channel", f"expected the number of a channel, from 0 on; found {channel!r}"
            )

    @classmethod
    def misfit_beside(
        cls, options: Mapping[str, Any], told: Mapping[str, tuple[str, Mapping[str, Any]]]
    ) -> WrongOptionError | None:
        return cls.not_just_said(options) if any(kind == "transcript" for kind, _ in told.values()) else None

    @staticmethod
    def not_just_said(options: Mapping[str, Any]) -> WrongOptionError | None:
        """Which option takes something else of a sound than what is said in it, once; None: none does."""
        if options.get("longer") == "random":
            return WrongOptionError(
                "longer", "a part of a sound is not all that is said in it", "leave it out"
            )
        if options.get("shorter") == "loop":
            return WrongOptionError("shorter", "what is said would be heard more than once", "leave it out")
        return None

    @classmethod
    def learnt(cls, facts: Any, options: Mapping[str, Any]) -> AudioKind:
        told = {name: value for name, value in options.items() if value is not None}
        return AudioKind(AudioFormat(**{**told, "seconds": float(told["seconds"])}))

    def reading(self) -> dict[str, Any]:
        return {"kind": "image"}

    def held(self, values: Any) -> Held:
        return paths_held(values)


def _choice(options: Mapping[str, Any], name: str, words: Sequence[str]) -> None:
    """Check one of several words.

    Raises:
        WrongOptionError: If it is none of them.
    """
    if (value := options.get(name)) is not None and value not in words:
        raise WrongOptionError(name, f"expected {' or '.join(words)}; found {value!r}")


def _number(options: Mapping[str, Any], name: str, limits: tuple[float, float], of: Any) -> None:
    """Check a number.

    Raises:
        WrongOptionError: If it is none, or outside of the limits.
    """
    value = options.get(name)
    low, high = limits
    if isinstance(value, bool) or not isinstance(value, of) or not low <= value <= high:
        found = "none" if value is None else repr(value)
        raise WrongOptionError(name, f"expected a number from {low:,} to {high:,}; found {found}", _EXAMPLE)
