"""The option that says how a text is cut into tokens."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from pydantic import AfterValidator

from bigmodel_cli.config.fields import FilesInside
from bigmodel_cli.vocabulary.asked import Asked
from bigmodel_cli.vocabulary.letters import Unit


def _checked(told: str | dict[str, Any]) -> str | dict[str, Any]:
    """Raises:
    ValueError: If it is no tokenizer.
    """
    Asked.of(told)
    return told


def _checked_for_text(told: str | dict[str, Any]) -> str | dict[str, Any]:
    """Raises:
    ValueError: If it is none, or loses something of a text.
    """
    if told in get_args(Unit):
        return told
    asked = Asked.of(told)
    if asked.name == "wordpiece":
        raise ValueError("wordpiece loses the white space between words; write bpe or unigram")
    if asked.lowercase:
        raise ValueError(f"{asked.name}.lowercase: what is written would have no capitals; remove it")
    return told


TokenizerTold = Annotated[str | dict[str, Any], AfterValidator(_checked), FilesInside()]
# What a text is cut into that a model writes more of.
TokensTold = Annotated[str | dict[str, Any], AfterValidator(_checked_for_text), FilesInside()]
