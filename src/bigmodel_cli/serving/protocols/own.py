"""Our own route: what `predict --json` says."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from bigmodel_cli.kinds.image.files.opening import EncodedImage
from bigmodel_cli.kinds.inputs import Batch
from bigmodel_cli.kinds.read import Read
from bigmodel_cli.parts import part_of
from bigmodel_cli.serving.asked import INSTANCES, batch_of, json_of, with_files
from bigmodel_cli.serving.batching import Made
from bigmodel_cli.serving.limits import Limits, Refused
from bigmodel_cli.serving.multipart import parts_of
from bigmodel_cli.serving.served import Served
from bigmodel_cli.serving.written import Piece

_MOST_TOP = 1000
_JSON, _FORM = "application/json", "multipart/form-data"


def top_of(text: str | None) -> int:
    """How many classes are told of each example, as `--top`.

    Raises:
        Refused: If it is no such number.
    """
    if text is None:
        return 3
    if text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= _MOST_TOP:
        return int(text)
    raise Refused(400, f"top: expected a whole number from 1 to {_MOST_TOP:,}, found {text[:60]!r}")


def flag_of(name: str, text: str | None) -> bool:
    """Whether a word of the query is on.

    Raises:
        Refused: If it is neither true nor false.
    """
    if text is None or text in ("false", "0"):
        return False
    if text in ("true", "1", ""):
        return True
    raise Refused(400, f"{name}: expected true or false, found {text[:60]!r}")


def read(served: Served, body: bytes, content_type: str, limits: Limits, *, invert: bool) -> Batch:
    """The examples of a request.

    Args:
        served: Whose they are.
        body: Of the request.
        content_type: Its header.
        limits: What is taken.
        invert: Whether bright becomes dark first.

    Raises:
        Refused: If there are none that the model takes.
        DataError: If they do not fit it.
    """
    kind = content_type.partition(";")[0].strip().lower()
    media = part_of(served.signature.kind, Read).media
    if kind == _JSON:
        values = _of_json(body, limits)
    elif kind == _FORM:
        values = _of_form(body, content_type, limits)
    elif kind.startswith(media) or kind == "application/octet-stream":
        values = [EncodedImage("body", body, limits.room)]
    else:
        found = kind[:60] or "none"
        raise Refused(415, f"expected the content type {_JSON}, {_FORM} or {media}*, found {found}")
    return batch_of(served, values, invert=invert)


def _of_json(body: bytes, limits: Limits) -> list[Any]:
    document = json_of(body)
    if isinstance(document, dict) and INSTANCES in document:
        document = document[INSTANCES]
        if not isinstance(document, list):
            raise Refused(400, f"{INSTANCES}: expected a list of examples")
    if isinstance(document, dict):
        return [with_files(document, INSTANCES, limits)]
    if not isinstance(document, list):
        raise Refused(400, f'expected {{"{INSTANCES}": [...]}}, a list of examples, or one row as an object')
    return [with_files(one, f"{INSTANCES}[{place}]", limits) for place, one in enumerate(document)]


def _of_form(body: bytes, content_type: str, limits: Limits) -> list[Any]:
    """Files, an example each; or the columns of one row."""
    parts = parts_of(body, content_type)
    fields: dict[str, Any] = {}
    files = []
    for part in parts:
        if part.file_name is None:
            # A field that is left empty has no value.
            fields[part.name] = part.content.decode("utf-8", "replace") or None
            continue
        file = EncodedImage(part.file_name or part.name, bytes(part.content), limits.room)
        files.append(file)
        fields[part.name] = file
    return files if len(files) == len(parts) else [fields]


def answer(served: Served, made: Made, top: int) -> tuple[int, dict[str, Any]]:
    """Status and document: an error where no example could be predicted, else each with its own."""
    assert made.predictions is not None
    status = 400 if all(prediction.error for prediction in made.predictions) else 200
    document: dict[str, Any] = {
        "run": str(served.opened.folder.path),
        "engine": served.engine,
        "predictions": [prediction.as_json(top) for prediction in made.predictions],
    }
    if status != 200:
        document = {"error": made.predictions[0].error, **document}
    return status, document


def texts_of(written: Any) -> dict[str, Any]:
    """Whole texts, as `generate --json` has them."""
    return {"texts": [text.as_json() for text in written]}


async def events(first: Piece, rest: AsyncIterator[Piece]) -> AsyncIterator[bytes]:
    """Server-sent events: a piece of a text each, and at last all texts, or why they ended."""
    try:
        yield _event(first)
        async for piece in rest:
            yield _event(piece)
    except Refused as refused:
        yield _line({"error": refused.reason})


def _event(piece: Piece) -> bytes:
    return _line(texts_of(piece) if isinstance(piece, list) else {"row": piece[0], "piece": piece[1]})


def _line(document: Any) -> bytes:
    return f"data: {json.dumps(document)}\n\n".encode()
