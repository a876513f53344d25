"""How a few lines read a row."""

from __future__ import annotations

from bigmodel_cli.kinds.snippet import Snippet
from bigmodel_cli.parts import part_of


class RowSnippet(Snippet):
    """A JSON object; what it lacks is missing."""

    placeholder = "row.json"

    @property
    def read_otherwise(self) -> dict[str, Snippet]:
        """What reads the columns that JSON does not have as they are, by their names."""
        columns = self.kind.columns.items()
        return {name: part_of(kind, Snippet) for name, kind in columns if not kind.is_json}

    @property
    def packages(self) -> tuple[str, ...]:  # type: ignore[override]
        return tuple(dict.fromkeys(name for one in self.read_otherwise.values() for name in one.packages))

    def value(self, function: str) -> str:
        raise TypeError("a row is read column by column")

    def code(self, name: str) -> str:
        functions = {column: f"read_{number}" for number, column in enumerate(self.read_otherwise, 1)}
        made = [one.value(functions[column]) for column, one in self.read_otherwise.items()]
        named = ", ".join(f"{column!r}: {function}" for column, function in functions.items())
        own = "\n\n".join([*made, f"OWN = {{{named}}}\n\n\n"]) if functions else ""
        return own + (_WITH_OWN if functions else _PLAIN)


_READ = """\
def read(path):
    row, found = json.loads(Path(path).read_text()), {{}}
    for column in ABOUT["columns"]:
        is_text, value = column["dtype"] == "string", row.get(column["column"])
        {condition}value is None:
            value = "" if is_text else np.full(column["shape"], np.nan)
        found[column["name"]] = np.array([value], object if is_text else column["dtype"])
    return found
"""
_PLAIN = _READ.format(condition="if ")
_WITH_OWN = _READ.format(
    condition="""\
if value is not None and column["column"] in OWN:
            found[column["name"]] = OWN[column["column"]](value, Path(path).parent)
            continue
        if """
)
