"""Tables as rows of text, for comparison."""

from __future__ import annotations

from bigmodel_cli.sources.tables.table import Table


def rows_of(table: Table) -> list[list[str]]:
    """All cells as texts, row by row."""
    rows: list[list[str]] = []
    for block in table.blocks():
        texts = [[names[place] for place in places] for names, places in (c.encoded() for c in block.cells)]
        rows.extend(map(list, zip(*texts, strict=True)))
    return rows
