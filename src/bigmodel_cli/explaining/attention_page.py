"""A page of where translations look: a matrix for each text."""

from __future__ import annotations

from collections.abc import Sequence

from bigmodel_cli.explaining.attention import Looks
from bigmodel_cli.markup import name, page, visible

_COLOR = "0, 114, 178"


def make_page(run: str, found: Sequence[Looks]) -> str:
    """The page.

    Args:
        run: What the run is called.
        found: Of each text.
    """
    title = f"{visible(run)}: where its texts look"
    legend = "each row is a token that was written; the darker, the more it looks at the token of the column"
    parts = [f"<h1>{title}</h1>", f"<p class=quiet>{legend}, on average over heads and layers</p>"]
    for one in found:
        parts += [
            f"<h2>{name(one.name)}</h2>",
            f'<p dir="auto"><b>{name(one.target)}</b> {name(one.text)}</p>',
            _matrix(one),
        ]
    return page(title, parts)


def _matrix(one: Looks) -> str:
    head = "".join(f"<th>{name(token)}</th>" for token in one.given)
    rows = []
    for token, shares in zip(one.found, one.shares.tolist(), strict=True):
        cells = "".join(
            f'<td style="background:rgba({_COLOR},{share:.2f})" title="{share:.1%}"></td>' for share in shares
        )
        rows.append(f"<tr><th>{name(token)}</th>{cells}</tr>\n")
    head = f"<thead><tr><th></th>{head}</tr></thead>"
    return f"<div class=scroll><table>{head}<tbody>\n{''.join(rows)}</tbody></table></div>"
