"""Looking at a column of texts: words, scripts, what does not belong there, and what is nearly the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.audit.rows.texts.near_copies import near_groups
from bigmodel_cli.audit.rows.texts.writing import LEFTOVERS, leftovers, new_words, script, vocabulary, words
from bigmodel_cli.kinds.profile import Seen

# Different texts that are compared with each other; more would take longer than half a minute.
MOST_COMPARED = 50_000
# Pairs of texts that are nearly the same that the document names, of each sort.
_MAX_NAMED = 100


@dataclass(frozen=True, eq=False)
class TextFacts:
    """What was found of a column of texts.

    Attributes:
        rows: The numbers of the rows that were looked at, by split.
        texts: The place of each one's text among the different ones, -1 where there is none, by split.
        near: For each different text, the first one that is nearly the same.
        compared: How many different texts were compared with each other.
        words: How many words a text has, least, middle and most, by split.
        scripts: How many texts are in each script, by split.
        leftovers: Rows that have what does not belong into texts, by the keys of `LEFTOVERS` and split.
        wordless: Rows whose text has no letter or digit, by split.
        new_words: Words that train has not, and all words, by split that is held out.
    """

    rows: Mapping[str, np.ndarray]
    texts: Mapping[str, np.ndarray]
    near: np.ndarray
    compared: int
    words: Mapping[str, Sequence[int]]
    scripts: Mapping[str, Mapping[str, int]]
    leftovers: Mapping[str, Mapping[str, np.ndarray]]
    wordless: Mapping[str, np.ndarray]
    new_words: Mapping[str, tuple[int, int]]

    def groups(self, split: str) -> np.ndarray:
        """The group of texts that are nearly the same, for each row of a split; -1 where there is no text."""
        return np.where(self.texts[split] < 0, -1, np.append(self.near, -1)[self.texts[split]])

    def near_train(self, split: str) -> dict[int, int]:
        """Rows of a held-out split whose text nearly stands in train, but not exactly, and a row of train."""
        groups, of_train = self.groups(split), self.groups("train")
        first = dict(zip(of_train[::-1].tolist(), self.rows["train"][::-1].tolist(), strict=True))
        is_near = (groups >= 0) & np.isin(groups, of_train) & ~np.isin(self.texts[split], self.texts["train"])
        return {
            int(row): first[int(group)]
            for row, group in zip(self.rows[split][is_near], groups[is_near], strict=True)
        }

    def near_inside(self, split: str) -> dict[int, int]:
        """Rows of a split whose text is nearly that of an earlier one of it, which has another text."""
        found: dict[int, int] = {}
        seen: dict[int, tuple[int, int]] = {}
        triples = zip(self.rows[split], self.groups(split), self.texts[split], strict=True)
        for row, group, text in ((int(row), int(group), int(text)) for row, group, text in triples):
            if group >= 0 and group in seen and seen[group][1] != text:
                found[row] = seen[group][0]
            seen.setdefault(group, (row, text))
        return found

    def as_json(self, named: Mapping[int, str]) -> dict[str, Any]:
        """As the document has it.

        Args:
            named: What rows of `named_rows` are called.
        """
        return {
            split: {
                "words": dict(zip(("min", "median", "max"), self.words[split], strict=True)),
                "scripts": dict(self.scripts[split]),
                "wordless": len(self.wordless[split]),
                "leftovers": {name: len(rows[split]) for name, rows in self.leftovers.items()},
                **(
                    {}
                    if split == "train"
                    else {
                        "new_words": round(self.new_words[split][0] / max(1, self.new_words[split][1]), 6),
                        "nearly_in_train": _pairs(self.near_train(split), named),
                    }
                ),
                "nearly_the_same": _pairs(self.near_inside(split), named),
            }
            for split in self.rows
        }

    def named_rows(self) -> list[int]:
        """The rows that the document names."""
        near = [self.near_inside(split) for split in self.rows]
        near += [self.near_train(split) for split in self.rows if split != "train"]
        return [row for pairs in near for pair in list(pairs.items())[:_MAX_NAMED] for row in pair]


def _pairs(rows: Mapping[int, int], named: Mapping[int, str]) -> dict[str, Any]:
    first = list(rows.items())[:_MAX_NAMED]
    return {
        "rows": len(rows),
        "pairs": [{"row": named[row], "like": named[other]} for row, other in first],
    }


def look_at_texts(seen: Seen, within: Mapping[str, np.ndarray], taken: np.ndarray) -> TextFacts:
    """What is found of a column.

    Args:
        seen: The rows by which columns are described.
        within: The places of each split's rows among these.
        taken: Their numbers among all rows.
    """
    assert seen.codes is not None
    codes = {split: seen.codes[places] for split, places in within.items()}
    of_split = {split: [seen.names[code] for code in found[found >= 0]] for split, found in codes.items()}
    used = np.unique(seen.codes[seen.codes >= 0])
    left = {int(code): leftovers(seen.names[code]) for code in used}
    counted = {int(code): len(words(seen.names[code])) for code in used}
    near = np.arange(len(seen.names))
    compared = used[:MOST_COMPARED]
    near[compared] = compared[near_groups([seen.names[code] for code in compared])]
    known = vocabulary(of_split["train"])

    def rows_where(split: str, holds: Mapping[int, bool]) -> np.ndarray:
        chosen = np.array([holds.get(int(code), False) for code in codes[split]], np.bool_)
        found: np.ndarray = taken[within[split]][chosen]
        return found

    return TextFacts(
        {split: taken[places] for split, places in within.items()},
        codes,
        near,
        len(compared),
        {
            split: _spread([counted[int(code)] for code in found if code >= 0])
            for split, found in codes.items()
        },
        {
            split: dict(Counter(name for name in map(script, texts) if name).most_common())
            for split, texts in of_split.items()
        },
        {
            name: {
                split: rows_where(split, {code: name in found for code, found in left.items()})
                for split in within
            }
            for name in LEFTOVERS
        },
        {split: rows_where(split, {code: not count for code, count in counted.items()}) for split in within},
        {split: new_words(texts, known) for split, texts in of_split.items() if split != "train"},
    )


def _spread(counts: Sequence[int]) -> Sequence[int]:
    return (min(counts), round(float(np.median(counts))), max(counts)) if counts else (0, 0, 0)
