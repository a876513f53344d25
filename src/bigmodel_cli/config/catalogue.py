"""Keras's names, parameters and sentences, read from `catalogue.json` and not from Keras.

`scripts/generate_catalogue.py` writes that file from the installed Keras.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bigmodel_cli.config.bounds import Bounds
from bigmodel_cli.config.own_code.files import Own
from bigmodel_cli.config.own_metrics import OWN_METRICS
from bigmodel_cli.config.spelling import closest, fold
from bigmodel_cli.config.synonyms import SYNONYMS

# Arguments of optimizers and of their schedules that are the highest learning rate of training.
HIGHEST_RATES = ("learning_rate", "initial_learning_rate", "warmup_target")


@dataclass(frozen=True)
class Parameter:
    """One argument of a Keras class.

    Attributes:
        accepts: Kinds of value out of integer, number, boolean, string, list, mapping, null and
            component; empty where anything may be right.
        families: Families of the components that it takes.
        choices: All texts that it takes; empty where that is not known.
        default: Keras's default; None where the argument is required.
        doc: Keras's first sentence about it.
        bounds: The numbers that its constructor takes; None where that is any.
        item_bounds: The same of each number of a list.
        wants_float: Whether a whole number has to be given as a float.
    """

    name: str
    accepts: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    required: bool = False
    default: Any = None
    doc: str = ""
    bounds: Bounds | None = None
    item_bounds: Bounds | None = None
    wants_float: bool = False

    @property
    def is_rate(self) -> bool:
        """Whether it is a learning rate, which `auto` lets be found."""
        return self.name in HIGHEST_RATES and "number" in self.accepts


@dataclass(frozen=True)
class Entry:
    """One public name of Keras, or of the user's own code.

    Attributes:
        requires_function: Why it cannot be written in a config; None where it can.
        own: Where it is from; None: from Keras.
    """

    name: str
    family: str
    doc: str
    parameters: Mapping[str, Parameter]
    requires_function: str | None = None
    own: Own | None = None


# What we add ourselves (`components.OWN_FAMILIES`) stands wherever layers do, and has option models instead.
_NOTHING_KNOWN: Mapping[str, Any] = {"entries": {}, "aliases": {}}


class Catalogue:
    """What one version of Keras offers, by family (`layers`, `optimizers`, `schedules`, …).

    Args:
        content: What `catalogue.json` holds.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.keras_version: str = content["keras"]
        self._families: Mapping[str, Mapping[str, Any]] = content["families"]
        self._made: dict[tuple[str, str], Entry] = {}
        self.own_names: frozenset[str] = frozenset()

    def with_own(self, entries: Iterable[Entry]) -> Catalogue:
        """The same with names of the user's own code beside those of Keras."""
        layered = Catalogue({"keras": self.keras_version, "families": self._families})
        added: dict[str, dict[str, Any]] = {}
        for entry in entries:
            added.setdefault(entry.family, {})[entry.name] = {}
            layered._made[entry.family, entry.name] = entry
        layered._families = {
            family: {**known, "entries": {**known["entries"], **added.get(family, {})}}
            for family, known in self._families.items()
        }
        layered.own_names = frozenset(entry.name for entry in layered._made.values())
        return layered

    @property
    def families(self) -> tuple[str, ...]:
        return tuple(self._families)

    def entries(self, family: str) -> tuple[Entry, ...]:
        """All entries of a family, by name."""
        return tuple(self._make(family, name) for name in self._families[family]["entries"])

    def entry(self, family: str, name: str) -> Entry | None:
        """The entry of a name or of an alias (`MaxPool2D`, `MSE`); None for families that are not Keras's."""
        known = self._families.get(family, _NOTHING_KNOWN)
        name = known["aliases"].get(name, name)
        return self._make(family, name) if name in known["entries"] else None

    def aliases(self, family: str) -> Mapping[str, str]:
        """Other names of entries, with the name that each stands for."""
        return MappingProxyType(self._families[family]["aliases"])

    def identifiers(self, family: str) -> Mapping[str, str | None]:
        """The short strings that `keras.<family>.get` takes, and ours.

        Returns:
            The class behind each (`adam` → `Adam`), or None for a plain function (`relu`) and for
            what Keras decides by the labels (`accuracy`).
        """
        ours = dict.fromkeys(OWN_METRICS) if family == "metrics" else {}
        return MappingProxyType({**self._families[family]["identifiers"], **ours})

    def families_of(self, name: str) -> tuple[str, ...]:
        """The families that have an entry or alias of this name."""
        return tuple(
            family
            for family, known in self._families.items()
            if name in known["entries"] or name in known["aliases"]
        )

    def families_knowing(self, name: str) -> tuple[str, ...]:
        """The families that have an entry, alias or short string of this name."""
        short = [family for family in self.families if name in self.identifiers(family)]
        return tuple(dict.fromkeys([*self.families_of(name), *short]))

    def suggest(self, word: str, candidates: Iterable[str]) -> str | None:
        """What was probably meant: what another framework calls `word`, else the nearest spelling."""
        names = list(candidates)
        folded = fold(word)
        meant = [*SYNONYMS.get(folded, ()), *self._folded_aliases().get(folded, ())]
        exact = [name for name in names if fold(name) == folded]
        return next((name for name in [*exact, *meant] if name in names), None) or closest(word, names)

    def _folded_aliases(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for known in self._families.values():
            for alias, name in known["aliases"].items():
                found.setdefault(fold(alias), []).append(name)
        return found

    def _make(self, family: str, name: str) -> Entry:
        if (family, name) not in self._made:
            self._made[family, name] = _entry(family, name, self._families[family]["entries"][name])
        return self._made[family, name]


def _entry(family: str, name: str, written: Mapping[str, Any]) -> Entry:
    parameters = {parameter["name"]: _parameter(parameter) for parameter in written["parameters"]}
    return Entry(name, family, written["doc"], MappingProxyType(parameters), written.get("requires_function"))


def _parameter(written: Mapping[str, Any]) -> Parameter:
    return Parameter(
        written["name"],
        tuple(written.get("accepts", ())),
        tuple(written.get("families", ())),
        tuple(written.get("choices", ())),
        written.get("required", False),
        written.get("default"),
        written.get("doc", ""),
        Bounds.read(written["bounds"]) if "bounds" in written else None,
        Bounds.read(written["item_bounds"]) if "item_bounds" in written else None,
        written.get("wants_float", False),
    )


@cache
def load_catalogue() -> Catalogue:
    """The catalogue that comes with bigmodel."""
    path = Path(__file__).with_name("catalogue.json")
    return Catalogue(json.loads(path.read_text(encoding="utf-8")))
