"""The option that names the encoding of text files."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from bigmodel_cli.sources.tables.encodings import problem_of_encoding


def _checked(name: str) -> str:
    problem = problem_of_encoding(name)
    if problem:
        raise ValueError(f"{problem}, found {name!r}")
    return name


EncodingName = Annotated[str, AfterValidator(_checked)]
