"""What is wrong with what stands in a section of a config, or among the options of a name of ours."""

from __future__ import annotations

import dataclasses
from itertools import groupby
from typing import Any

from pydantic import BaseModel

from bigmodel_cli.config.advice import (
    as_mapping,
    before_colon,
    elsewhere,
    home,
    in_our_words,
    is_unsupported,
    one_sentence,
    quoted,
    section_meant,
    suggested_key,
    suggested_value,
    synonym,
)
from bigmodel_cli.config.components import Language
from bigmodel_cli.config.fields import fields_of
from bigmodel_cli.config.problems import Problem, Problems
from bigmodel_cli.config.spelling import closest, fold
from bigmodel_cli.config.synonyms import ADVICE_OF_TUNE
from bigmodel_cli.config.tree import (
    COMMAND_LINE,
    ConfigPathKeys,
    Entry,
    Mapping,
    Node,
    Scalar,
    Sequence,
    describe,
    node_at,
    place_at,
)


class Refusals:
    """Reports what an option model does not take.

    Args:
        language: The names that components may have.
        problems: Where mistakes are collected.
    """

    def __init__(self, language: Language, problems: Problems) -> None:
        self.language = language
        self.problems = problems

    def no_mapping(self, model: type[BaseModel], node: Node, path: ConfigPathKeys) -> None:
        """A word, a number or a list stands where keys are expected."""
        names = list(fields_of(model))
        fields = f" ({', '.join(names[:5])}{', …' if len(names) > 5 else ''})" if names else ""
        message = f"expected a mapping{fields}, found {describe(node)}"
        self.problems.tell(node.place, path, message, suggestion=as_mapping(model, node))

    def refused(
        self,
        model: type[BaseModel],
        details: list[Any],
        node: Mapping,
        path: ConfigPathKeys,
        meant: set[str | None],
    ) -> None:
        """Report what pydantic does not take; what a misspelt key was meant to be is not missing.

        Args:
            model: What was to be filled.
            details: As pydantic has them, `located`.
            node: What stands there.
            path: Where.
            meant: Keys that are there under another name.
        """
        missing = [d["loc"][0] for d in details if d["type"] == "missing" and len(d["loc"]) == 1]
        self._missing([str(key) for key in missing if key not in meant], node, path)
        details = [d for d in details if d["type"] != "missing" or len(d["loc"]) > 1]
        details = [d for d in details if not _counts_good_items(d, node)]
        told: set[tuple[Any, ...]] = set()
        for loc, group in groupby(details, key=lambda detail: _existing(node, detail)):
            found = list(group)
            # That the items of a list are no texts is said once, with the whole list put right.
            around = loc[:-1] if _are_no_texts(found) and isinstance(loc[-1], int) else loc
            if around not in told:
                self._invalid(model, found, node, loc, path)
            told.add(around)

    def _missing(self, keys: list[str], node: Mapping, path: ConfigPathKeys) -> None:
        """Report what is missing: of an option model in one sentence, of the config section by section."""
        if not keys or "<<" in node.entries:
            return
        if not path:
            # No line of the file is to blame for a section that it does not have.
            nowhere = dataclasses.replace(node.place, line=1, column=1, length=1, text="")
            for key in keys:
                problem = Problem(nowhere, (key,), f"{key} is missing", suggestion=f"add {key}: …")
                self.problems.add(problem)
            return
        verb = "is" if len(keys) == 1 else "are"
        message = f"{' and '.join(keys)} {verb} missing"
        suggestion = f"add {', '.join(f'{key}: …' for key in keys)}"
        where = (*path, keys[0]) if len(keys) == 1 else path
        self.problems.tell(node.place, where, message, suggestion=suggestion)

    def _invalid(
        self,
        model: type[BaseModel],
        details: list[Any],
        node: Mapping,
        loc: tuple[Any, ...],
        path: ConfigPathKeys,
    ) -> None:
        """Report one value; of a union, pydantic says separately why each member does not fit."""
        found = node_at(node, loc[:-1] if details[0]["type"] == "missing" else loc)
        message = one_sentence([in_our_words(detail) for detail in details])
        if message.startswith("expected") and ", found " not in message and found is not None:
            message += f", found {describe(found)}"
        key = str(loc[0])
        description = fields_of(model)[key].description if key in fields_of(model) else None
        self.problems.add(
            Problem(
                place_at(node, loc),
                (*path, *loc),
                message,
                found=None if found is None else describe(found),
                suggestion=self._suggestion(node, loc, details, found),
                doc=f"{key}: {description}" if description else None,
            )
        )

    def _suggestion(
        self, node: Mapping, loc: tuple[Any, ...], details: list[Any], found: Node | None
    ) -> str | None:
        """What to write instead: of a list of numbers where texts are expected, the whole list."""
        if found is None:
            return None
        around = node_at(node, loc[:-1]) if isinstance(loc[-1], int) else None
        if isinstance(around, Sequence) and _are_no_texts(details):
            texts = [quoted(item) for item in around.items]
            return f"write [{', '.join(text for text in texts if text)}]" if all(texts) else None
        return suggested_value(str(loc[0]), details, found)

    def unknown_key(
        self, model: type[BaseModel], key: str, entry: Entry, path: ConfigPathKeys, node: Mapping
    ) -> str | None:
        """Report a key that there is not; the one that was probably meant."""
        on_command_line = entry.key_place.origin == COMMAND_LINE
        keys = [*fields_of(model), *(() if path else ("extends",))]
        near = synonym(key, keys)
        beside = None if near else self._beside(key, node, path)
        is_known = beside or home(key) or (len(path) < 2 and is_unsupported(key))
        is_known = is_known or (path[:1] == ("tune",) and fold(key) in ADVICE_OF_TUNE)
        near = near or (None if is_known else closest(before_colon(key), keys))
        suggestion = (
            beside
            or suggested_key(key, entry, near)
            or (path[:1] == ("tune",) and ADVICE_OF_TUNE.get(fold(key)))
            or elsewhere(key, on_command_line=on_command_line)
            or _keys(model)
        )
        doc = fields_of(model)[near].description if near in fields_of(model) else None
        message = f"{_dotted_or_root(path)} has no key {key!r}"
        doc = f"{near}: {doc}" if doc else None
        self.problems.tell(entry.key_place, (*path, key), message, suggestion=suggestion, doc=doc)
        return near or (None if path else section_meant(key))

    def _beside(self, key: str, node: Mapping, path: ConfigPathKeys) -> str | None:
        """`source: npz` with `path:` beside it and not under it."""
        for section, entry in node.entries.items():
            name = entry.node.value if isinstance(entry.node, Scalar) else None
            options = self.language.own["sources"].get(str(name))
            if section == "source" and options is not None and key in fields_of(options):
                where = (*path, section)
                self.problems.found = [
                    p
                    for p in self.problems.found
                    if p.path[: len(where)] != where or "missing" not in p.message
                ]
                return f"it belongs to {name}: write {section}: {{{name}: {{{key}: …}}}}"
        return None


def _keys(model: type[BaseModel]) -> str:
    return f"its keys: {', '.join(fields_of(model))}" if fields_of(model) else "it takes no options"


def _dotted_or_root(path: ConfigPathKeys) -> str:
    return str(path[-1]) if path else "a config"


def _are_no_texts(details: list[Any]) -> bool:
    return all(detail["type"] == "string_type" for detail in details)


def _counts_good_items(detail: Any, node: Mapping) -> bool:
    """Whether pydantic calls a list too short that is long enough: of a tuple it counts good items alone."""
    found = node_at(node, detail["loc"]) if detail["type"] == "too_short" else None
    return isinstance(found, Sequence) and len(found.items) >= detail["ctx"]["min_length"]


def located(detail: Any, model: type[BaseModel]) -> Any:
    """What a model says of several keys together stands at the one that it begins with: `target: …`."""
    if detail["loc"]:
        return detail
    key, _, message = str(detail["msg"]).removeprefix("Value error, ").partition(": ")
    is_key = key in fields_of(model)
    name = key if is_key else next(iter(fields_of(model)))
    return {**detail, "loc": (name,), **({"msg": message} if is_key else {})}


def _existing(node: Node, detail: Any) -> tuple[Any, ...]:
    """The part of pydantic's path that the config has; it puts the tried members of a union into it too."""
    keys: list[Any] = []
    for key in detail["loc"]:
        if node_at(node, (*keys, key)) is not None:
            keys.append(key)
    if detail["type"] == "missing":
        return (*keys, detail["loc"][-1])
    # A default that does not go with what is written.
    return tuple(keys) or detail["loc"][:1]
