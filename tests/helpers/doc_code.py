"""Code that the docs show, to be run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"


def function_of(page: str, name: str) -> Any:
    """A function that a page of the docs defines."""
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    (code,) = (block for block in blocks if f"def {name}(" in block)
    names: dict[str, Any] = {}
    exec(compile(code, page, "exec"), names)
    return names[name]
