"""Recommendations as a CSV file: a row for each item."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from bigmodel_cli.csv_rows import csv_row
from bigmodel_cli.recommending.catalogue import Catalogue
from bigmodel_cli.recommending.recommend import Answer
from bigmodel_cli.whole_files import naming_target, output_place


class Written(NamedTuple):
    """What was written.

    Attributes:
        answers: To how many.
        items: How many items.
        remarks: Of how many answers there is something to say.
    """

    answers: int
    items: int
    remarks: int


def write_csv(path: Path, answers: Iterable[Answer], catalogue: Catalogue) -> Written:
    """Write answers, whole or not at all; one without items has a row with what there is to say of it.

    Raises:
        ResourceError: If the file cannot be written.
    """
    num_answers = num_items = num_remarks = 0
    with output_place(path) as place:
        with naming_target(path):
            file = place.open("w", encoding="utf-8", newline="")
        try:
            with naming_target(path):
                file.write(csv_row([catalogue.user_column, "rank", catalogue.item_column, "score", "remark"]))
            for answer in answers:
                num_answers, num_items = num_answers + 1, num_items + len(answer.items)
                num_remarks += bool(answer.remarks)
                with naming_target(path):
                    file.write("".join(map(csv_row, _rows(answer))))
        finally:
            with naming_target(path):
                file.close()
    return Written(num_answers, num_items, num_remarks)


def _rows(answer: Answer) -> list[list[str]]:
    name, remark = answer.name, "; ".join(answer.remarks)
    rows = [
        [name, str(rank), item.name, f"{item.score:.6g}", "" if rank > 1 else remark]
        for rank, item in enumerate(answer.items, 1)
    ]
    return rows or [[name, "", "", "", remark]]
