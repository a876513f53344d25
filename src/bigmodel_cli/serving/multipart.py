"""Forms with files, as browsers and curl send them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bigmodel_cli.serving.limits import Refused

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_MOST_PARTS = 10_000


@dataclass
class Part:
    """A field or a file of a form.

    Attributes:
        name: Of the field.
        file_name: What the file is called; None where it is no file.
        content: Its bytes.
    """

    name: str = ""
    file_name: str | None = None
    content: bytearray = field(default_factory=bytearray)


def parts_of(body: bytes, content_type: str) -> list[Part]:
    """The parts of a form.

    Args:
        body: Of the request.
        content_type: Its header, which has the boundary.

    Raises:
        Refused: If it is no whole form.
    """
    from python_multipart.exceptions import FormParserError
    from python_multipart.multipart import MultipartParser, parse_options_header

    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if not boundary:
        raise Refused(400, "multipart/form-data without a boundary")
    reading = _Reading()
    try:
        parser = MultipartParser(boundary, reading.callbacks())
        parser.write(body)
        parser.finalize()
    except (FormParserError, ValueError) as error:
        raise Refused(400, f"no multipart/form-data: {error}") from None
    if not reading.is_whole:
        raise Refused(400, "the form ends before its last boundary")
    return reading.parts


class _Reading:
    """Takes what the parser finds."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.is_whole = False
        self._header, self._value = bytearray(), bytearray()

    def callbacks(self) -> MultipartCallbacks:
        found: Any = {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_part_data": lambda data, start, end: self.parts[-1].content.extend(data[start:end]),
            "on_end": self._end,
        }
        callbacks: MultipartCallbacks = found
        return callbacks

    def _begin(self) -> None:
        if len(self.parts) >= _MOST_PARTS:
            raise Refused(413, f"expected at most {_MOST_PARTS:,} parts of a form")
        self.parts.append(Part())

    def _end_header(self) -> None:
        from python_multipart.multipart import parse_options_header

        if bytes(self._header).lower() == b"content-disposition":
            _, options = parse_options_header(bytes(self._value))
            part = self.parts[-1]
            part.name = options.get(b"name", b"").decode("utf-8", "replace")
            if b"filename" in options:
                part.file_name = options[b"filename"].decode("utf-8", "replace")
        self._header, self._value = bytearray(), bytearray()

    def _end(self) -> None:
        self.is_whole = True
