"""Items that a served run recommends: asked for in JSON as on the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bigmodel_cli.cut import cut
from bigmodel_cli.recommending.catalogue import Catalogue
from bigmodel_cli.recommending.recommend import Recommender, Wish
from bigmodel_cli.serving.limits import Refused, require_few

_ASKED = ("users", "similar_to", "new_user")
_FLAGS = ("include_seen", "why")
_KEYS = (*_ASKED, "top", "where", *_FLAGS, "items")
_MOST_TOP, _MOST_CONDITIONS, _MOST_NAMES, _MOST_ITEMS = 1000, 16, 10_000, 1000
# About what an item takes in JSON.
_ITEM_BYTES = 256


@dataclass(frozen=True)
class Asked:
    """A request for items.

    Attributes:
        what: For what, as `Recommender.asked_for` takes it.
        wish: How items are chosen.
        items: Rows of items that came after training.
    """

    what: Mapping[str, Any]
    wish: Wish
    items: Sequence[Mapping[str, Any]] = ()

    @property
    def num_answers(self) -> int:
        return len(self.what.get("users", [None]))


def asked_of(document: dict[str, Any]) -> Asked:
    """A request as JSON has it: `users`, `similar_to` or `new_user`, and options of `bigmodel recommend`.

    Raises:
        Refused: If there is something else, of another type, or too much.
    """
    for key in document:
        if key not in _KEYS:
            raise Refused(400, f"no key {cut(key, 60)!r}; there are {', '.join(_KEYS)}")
    asked = [key for key in _ASKED if key in document]
    if len(asked) != 1:
        found = " and ".join(asked) or "none"
        raise Refused(400, f"expected one of {', '.join(_ASKED)}, found {found}")
    top = document.get("top", 10)
    if not isinstance(top, int) or isinstance(top, bool) or not 1 <= top <= _MOST_TOP:
        found = cut(repr(top), 60)
        raise Refused(400, f"top: expected a whole number from 1 to {_MOST_TOP:,}, found {found}")
    seen, why = (_flag(key, document[key]) if key in document else None for key in _FLAGS)
    leaves_out = None if seen is None else not seen
    where = _texts("where", document.get("where", []), _MOST_CONDITIONS)
    wanted = Asked(
        {asked[0]: _named(asked[0], document[asked[0]])},
        Wish(top, leaves_out, where, tells_why=bool(why)),
        _items(document.get("items", [])),
    )
    require_few(wanted.num_answers, top * _ITEM_BYTES)
    return wanted


def _flag(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise Refused(400, f"{key}: expected true or false, found {cut(repr(value), 60)}")
    return value


def _items(value: Any) -> list[Mapping[str, Any]]:
    """Rows of a table of items."""
    if (
        not isinstance(value, list)
        or len(value) > _MOST_ITEMS
        or not all(isinstance(one, dict) for one in value)
    ):
        found = cut(repr(value), 60)
        raise Refused(400, f"items: expected a list of at most {_MOST_ITEMS:,} objects, found {found}")
    return value


def _named(key: str, value: Any) -> Any:
    """Names of users, of one item, or of the items that somebody had."""
    if key == "users":
        return _texts(key, value, _MOST_NAMES)
    if key == "new_user":
        if not isinstance(value, dict) or value.keys() != {"items"}:
            raise Refused(400, 'new_user: expected {"items": […]}, the items that somebody had')
        return _texts("new_user.items", value["items"], _MOST_NAMES)
    if not isinstance(value, str):
        raise Refused(400, f"{key}: expected a text, found {cut(repr(value), 60)}")
    return value


def _texts(key: str, value: Any, most: int) -> list[str]:
    if not isinstance(value, list) or len(value) > most or not all(isinstance(one, str) for one in value):
        raise Refused(400, f"{key}: expected a list of at most {most:,} texts, found {cut(repr(value), 60)}")
    return value


def recommended(
    catalogue: Catalogue,
    asked: Asked,
    extended: Callable[[Catalogue, Sequence[Mapping[str, Any]]], Catalogue] | None = None,
) -> list[dict[str, Any]]:
    """Answers, as `recommend --json` has them.

    Args:
        catalogue: What a run keeps.
        asked: What is asked.
        extended: Gives the catalogue with items that came after training.

    Raises:
        UsageError: If a condition is none, or names what there is not.
        DataError: If the items are none, or the model takes none of their columns.
    """
    if asked.items and extended is not None:
        catalogue = extended(catalogue, asked.items)
    answers = Recommender(catalogue, asked.wish).asked_for(**asked.what)
    return [answer.as_json() for answer in answers]
