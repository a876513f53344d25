"""Cells that are categories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bigmodel_cli.kinds.category.kind import CategoryKind
from bigmodel_cli.kinds.cells import Cells, Held, of_texts


class CategoryCells(Cells):
    """Categories are texts of which there are few; others than training had are read as they are."""

    kind: CategoryKind

    @classmethod
    def learnt(cls, facts: Any, options: Mapping[str, Any]) -> CategoryKind:
        return CategoryKind(tuple(text for text, _ in facts.categories))

    def reading(self) -> dict[str, Any]:
        return {"kind": "category", "categories": [(text, 0) for text in self.kind.categories]}

    def held(self, values: Any) -> Held:
        return of_texts(values.codes, tuple(values.names))
