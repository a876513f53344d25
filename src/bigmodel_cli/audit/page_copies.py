"""Examples that are there more than once, side by side on the page of an audit."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

import numpy as np

from bigmodel_cli.audit.audited import Audited
from bigmodel_cli.audit.contact_sheet import as_tile
from bigmodel_cli.audit.document import label_text
from bigmodel_cli.audit.groups import Group
from bigmodel_cli.markup import data_uri, name, visible

MAX_PAIRS = 60
_THUMB = 128


def show_copies(audited: Audited) -> Iterator[str]:
    """Exact copies and images that are nearly the same, two of them side by side each time."""
    exact = sorted(audited.exact, key=_gravity)
    if exact:
        yield f"<h2>Exact copies: {_groups(len(exact))}</h2>"
        cards = [(group.members[0], _twin(audited, group), _remark(group)) for group in exact]
        yield from _cards(audited, cards)
    if audited.search.pairs:
        yield f"<h2>Nearly the same: {_groups(len(audited.near))}</h2>"
        group_of = {number: group for group in audited.near for number in group.members}
        pairs = sorted(audited.search.pairs, key=lambda pair: _gravity(group_of[pair.first]))
        yield from _cards(
            audited,
            [
                (
                    pair.first,
                    pair.second,
                    f"similarity {pair.similarity:.3f}{', mirrored' if pair.mirrored else ''}",
                )
                for pair in pairs
            ],
        )


def _groups(count: int) -> str:
    return f"{count:,} group{'s' * (count != 1)}"


def _gravity(group: Group) -> tuple[bool, bool]:
    """What spoils training comes first."""
    return not group.is_leak, not group.labels_differ


def _twin(audited: Audited, group: Group) -> int:
    """The member that says most beside the first one: of another label, else of another split."""
    first, *others = group.members
    of_split = audited.measured.split_of
    return max(
        others,
        key=lambda n: (audited.label(n) != audited.label(first), of_split(n) != of_split(first), -n),
    )


def _remark(group: Group) -> str:
    return f"{len(group.members):,} copies" + (", with different labels" if group.labels_differ else "")


def _cards(audited: Audited, pairs: Sequence[tuple[int, int, str]]) -> Iterator[str]:
    shown = pairs[:MAX_PAIRS]
    if len(shown) < len(pairs):
        yield f"<p class=quiet>The first {len(shown)} of {len(pairs):,}; all are in audit.json.</p>"
    yield "<div class=pairs>"
    for first, second, remark in shown:
        two = "".join(_half(audited, number) for number in (first, second))
        yield f"<div class=pair><div class=two>{two}</div><span class=quiet>{visible(remark)}</span></div>"
    yield "</div>"


def _half(audited: Audited, number: int) -> str:
    example = audited.example(number)
    image = ""
    if audited.features.are_seen:
        image = f'<img alt="" src="{data_uri(_jpeg(audited.picture(number)), "jpeg")}">'
    return (
        f"<div>{image}<b>{visible(label_text(example['label']))}</b> ({example['split']})<br>"
        f"{name(example['name'])}</div>"
    )


def _jpeg(pixels: np.ndarray) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(as_tile(pixels, _THUMB)).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
