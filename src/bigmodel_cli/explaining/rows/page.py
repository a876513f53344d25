"""A page of what moves the predictions of rows: column by column, and texts with their words marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bigmodel_cli.explaining.rows.effects import GRADIENTS
from bigmodel_cli.explaining.rows.results import RowExplanation, RowFinding, in_order
from bigmodel_cli.explaining.rows.words import WordEffect
from bigmodel_cli.markup import name, page, table, visible

# What speaks for the class, or raises the number, and what speaks against it: told apart by all eyes.
_FOR, _AGAINST = "0, 114, 178", "213, 94, 0"
_STRONGEST = 0.75
_MOST_COLUMNS = 40


def make_page(run: str, explanations: Sequence[RowExplanation]) -> str:
    """The page.

    Args:
        run: What the run is called.
        explanations: Of each row and target.
    """
    title = f"{visible(run)}: what its predictions rest on"
    parts = [f"<h1>{title}</h1>", f"<p class=quiet>{_legend()}</p>"]
    for explanation in explanations:
        parts += _of_row(explanation)
    return page(title, parts)


def _legend() -> str:
    both = f"{_mark('what speaks for it', 0.5)} {_mark('what speaks against it', -0.5)}"
    return (
        f"{both}: how far the score falls when a word is left out, and by {GRADIENTS} what it adds on "
        "the way from a text without words; the darker, the more"
    )


def _of_row(explanation: RowExplanation) -> Iterator[str]:
    yield f"<h2>{name(explanation.name)}</h2>"
    for finding in explanation.findings:
        label = "" if finding.label is None else f"{name(finding.label)} "
        score = f"{visible(explanation.score_name)} {finding.score:.4g}, {finding.usual:.4g} on average"
        yield f"<h3>{name(explanation.target)}: {label}{visible(explanation.shown(finding.value))}</h3>"
        yield f"<p class=quiet>{score}</p>"
        for column, words in finding.words.items():
            heading = f"<b>{name(column)}</b> " if len(explanation.values) > 1 else ""
            text = str(explanation.values[column] or "")
            yield f'<p dir="auto">{heading}{marked(text, [(one, one.effect) for one in words])}</p>'
            if column in finding.word_details:
                by_gradients = marked(text, [(one, one.gradient or 0.0) for one in words])
                yield f'<p class=quiet>{GRADIENTS}</p><p dir="auto">{by_gradients}</p>'
        if len(explanation.values) > 1:
            yield _columns(explanation, finding)


def marked(text: str, words: Sequence[tuple[WordEffect, float]]) -> str:
    """A text as HTML, each word on a ground that says what it adds."""
    largest = max((abs(effect) for _, effect in words), default=0.0)
    parts, end = [], 0
    for word, effect in words:
        parts.append(_lines(text[end : word.start]))
        parts.append(_mark(word.word, effect / largest if largest else 0.0, f"{effect:+.4g}"))
        end = word.start + len(word.word)
    return "".join(parts) + _lines(text[end:])


def _lines(text: str) -> str:
    return "<br>".join(map(visible, text.split("\n")))


def _mark(text: str, share: float, says: str = "") -> str:
    color, opacity = _FOR if share >= 0 else _AGAINST, _STRONGEST * abs(share)
    tip = f' title="{says}"' if says else ""
    return (
        f'<span style="background:rgba({color},{opacity:.2f});border-radius:.2em"{tip}>{visible(text)}</span>'
    )


def _columns(explanation: RowExplanation, finding: RowFinding) -> str:
    methods = list(finding.effects)
    rows = [
        [
            name(column),
            "missing" if explanation.values[column] is None else visible(explanation.values[column]),
            *(f"{finding.effects[method].by_column[column]:+.4g}" for method in methods),
        ]
        for column in in_order(finding)[:_MOST_COLUMNS]
    ]
    return table(["column", "value", *methods], rows, methods)
