"""The source of Python's own standard library, which is a text that everybody has."""

from __future__ import annotations

import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from bigmodel_cli.sources.base import SplitName
from bigmodel_cli.sources.plain_text import read_texts
from bigmodel_cli.sources.text_options import TextOptions
from bigmodel_cli.sources.tokenizer_option import TokensTold


class PythonLibrary(TextOptions):
    """The modules of Python's own standard library as a text, which is that of the Python that runs."""

    source_name: ClassVar[str] = "python_library"
    example: ClassVar[str] = "{python_library: {length: 128}}"

    tokens: TokensTold = Field(
        default="bytes",
        description="What the text is cut into: bytes of UTF-8, characters, or subwords.",
    )

    def texts(self) -> Mapping[SplitName, str]:
        pattern = Path(self.where("train"))
        return {"train": read_texts(pattern, field=None, encoding="utf-8", separator="\n\n")}

    def where(self, split: SplitName) -> str:
        return str(Path(sysconfig.get_path("stdlib")) / "*.py")
