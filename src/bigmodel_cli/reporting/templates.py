"""Templates of pages, compiled once in a process: that takes longer than to fill one in."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Template


@cache
def compiled(text: str) -> Template:
    """A template that escapes everything, and takes no name that it is not given.

    Args:
        text: In Jinja's language.
    """
    import jinja2

    return jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(text)
