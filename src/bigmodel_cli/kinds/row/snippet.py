"""How a few lines read a row."""

from __future__ import annotations

from bigmodel_cli.kinds.snippet import Snippet


class RowSnippet(Snippet):
    """A JSON object; what it lacks is missing."""

    placeholder = "row.json"

    def code(self, name: str) -> str:
        return """\
def read(path):
    row, found = json.loads(Path(path).read_text()), {}
    for column in ABOUT["columns"]:
        is_text = column["dtype"] == "string"
        value = row.get(column["column"], "" if is_text else np.full(column["shape"], np.nan))
        found[column["name"]] = np.array([value], object if is_text else column["dtype"])
    return found
"""
