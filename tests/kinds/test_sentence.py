"""Sentences as cells have them: lists of words, or texts that are split."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bigmodel_cli.kinds.cells import Cells, Held, column_kinds
from bigmodel_cli.kinds.familiar import Measuring
from bigmodel_cli.kinds.profile import Profile
from bigmodel_cli.kinds.row.kind import RowKind
from bigmodel_cli.kinds.sentence.kind import SentenceKind
from bigmodel_cli.kinds.show import Show
from bigmodel_cli.kinds.snippet import Snippet
from bigmodel_cli.parts import part_of
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.sources.stores import CodedStore

KIND = SentenceKind(3)
ROW = RowKind({"words": KIND})


def held(*rows: list[str]) -> Held:
    return part_of(KIND, Cells).held(rows)


def test_lists_and_texts_become_words_that_are_filled_up():
    found = held(["Ann ", "is"], ["it's here"], ["a", "b", "c"])
    assert found.values().tolist() == [["Ann", "is", ""], ["it", "'s", "here"], ["a", "b", "c"]]
    assert found.take(np.array([1])).values().tolist() == [["it", "'s", "here"]]


def test_what_does_not_fit_is_told():
    cells = part_of(KIND, Cells)
    assert cells.misfits([["a"], [], ["a b c d"], ["a"] * 2000, ["a", " ", "b"]]) == {
        1: "0 words",
        2: "4 words",
        3: "2,000 words",
        4: "an empty word",
    }
    assert cells.expected == "a list of up to 3 words"


def test_no_table_has_such_a_column():
    assert "sentence" not in column_kinds()
    with pytest.raises(TypeError, match="conll"):
        type(part_of(KIND, Cells)).learnt(None, {})


def store(*rows: list[str]) -> CodedStore:
    found = held(*rows)
    return CodedStore(found.array, found.names, "train")


def test_sentences_of_one_length_and_shorter_ones_are_familiar():
    """What fills a sentence up is no value that is missing."""
    full = Examples({"words": store(["a", "b", "c"], ["d", "e", "f"])}, {"label": np.zeros((2, 3), np.int64)})
    limits = part_of(ROW, Measuring).limits(full, full)
    assert limits.unlike({"words": held(["a"], ["x", "y"])}, None) == [[], []]


def test_an_audit_sees_how_many_words_there_are():
    profile = part_of(KIND, Profile)
    seen = profile.seen([store(["a", "b"], ["c"]), store(["a", "b"], ["a", "c", "b"])])
    assert seen.numbers.tolist() == [2, 1, 2, 3]
    assert seen.codes.tolist() == [0, 1, 0, 2]
    assert (profile.counts, profile.shown(2.0)) == ("words", 2)


def test_pages_show_the_words():
    words = store(["New", "York"]).read(0)
    assert part_of(ROW, Show).words({"words": words}) == "New York"


def test_a_few_lines_read_it(tmp_path):
    snippet = part_of(KIND, Snippet)
    names: dict[str, object] = {"np": np}
    exec(snippet.value("read_value"), names)
    found = names["read_value"](json.loads('["a", "b", "c", "d"]'), "")
    assert found.tolist() == [["a", "b", "c"]]
    assert names["read_value"](["a"], "").tolist() == [["a", "", ""]]
