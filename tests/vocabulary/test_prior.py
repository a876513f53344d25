"""What is known of texts before they are heard."""

from __future__ import annotations

import math

import pytest

from bigmodel_cli.vocabulary.prior import Prior, Runs, counted, counted_words

CHARACTERS = ["", "\ufffd", " ", "a", "b"]
TEXTS = ["ab", "ab ab", "ba", "aab"]


def ids(text: str) -> tuple[int, ...]:
    return tuple(map(CHARACTERS.index, text))


def prior(words=(), longest=3, weight=1.0) -> Prior:
    return Prior(CHARACTERS, words, Runs(counted(TEXTS, longest) if longest else {}, weight))


def of_words(longest=2, weight=1.0) -> Prior:
    return Prior(CHARACTERS, (), word_runs=Runs(counted_words(TEXTS, longest), weight))


def test_runs_are_counted_with_beginning_and_end():
    runs = counted(["ab"], 2)
    assert runs == {"\x02a": 1, "\x03": 1, "a": 1, "ab": 1, "b": 1, "b\x03": 1}


def test_what_may_follow_is_one_together():
    """All characters, and the end."""
    for text in ("", "a", "ab", "ab a", "bbbb"):
        known = prior()
        shares = [math.exp(known.goes_on(ids(text), one)) for one in range(1, len(CHARACTERS))]
        assert sum(shares) + math.exp(known.ends(ids(text))) == pytest.approx(1)


def test_what_followed_in_training_is_likelier():
    known = prior()
    assert known.goes_on(ids("a"), 4) > known.goes_on(ids("a"), 3) > known.goes_on(ids("a"), 2)
    assert known.ends(ids("ab")) > known.ends(ids("a"))


def test_a_weight_counts():
    assert prior(weight=0.5).goes_on(ids("a"), 4) == pytest.approx(0.5 * prior().goes_on(ids("a"), 4))
    assert prior(weight=0).ends(ids("a")) == 0


def test_words_that_are_not_there_are_never_begun_nor_ended():
    known = prior(["ab", "b"], longest=0)
    assert [known.goes_on(ids("a"), one) for one in (2, 3, 4)] == [-math.inf, -math.inf, 0]
    assert [known.goes_on(ids("ab"), one) for one in (2, 3, 4)] == [0, -math.inf, -math.inf]
    assert (known.ends(ids("b a")), known.ends(ids("b ab")), known.ends(())) == (-math.inf, 0, 0)
    assert known.whole(ids("b a")) == ids("b ")
    assert known.whole(ids("b ab")) == ids("b ab")
    assert known.goes_on((), 2) == -math.inf, "a text begins with no blank"


def test_runs_of_words_are_counted_likewise():
    assert counted_words(["ab  b"], 2) == {
        "\x02 ab": 1, "\x03": 1, "ab": 1, "ab b": 1, "b": 1, "b \x03": 1
    }  # fmt: skip


def test_words_count_where_they_end():
    known = of_words()
    assert known.goes_on(ids("a"), 4) == known.goes_on((), 2) == 0
    assert known.goes_on(ids("ab"), 2) == pytest.approx(math.log(share("ab", "\x02")))
    assert known.goes_on(ids("ba ab"), 2) == pytest.approx(math.log(share("ab", "ba")))
    assert known.ends(ids("ab ab")) == pytest.approx(math.log(share("ab", "ab") * share("\x03", "ab")))
    assert known.ends(ids("ab ")) == pytest.approx(math.log(share("\x03", "ab")))
    assert of_words(weight=0.5).ends(ids("ba")) == pytest.approx(0.5 * known.ends(ids("ba")))
    # One that no text has is the least likely, and no text is impossible.
    assert -math.inf < known.goes_on(ids("bbb"), 2) < known.goes_on(ids("aab"), 2)


def share(word: str, before: str) -> float:
    """Witten and Bell's, by hand: of words alone, then behind another one."""
    counts = counted_words(TEXTS, 2)
    alone = {run: count for run, count in counts.items() if " " not in run}
    total, kinds = sum(alone.values()), len(alone)
    one = (alone.get(word, 0) + kinds / (kinds + 1)) / (total + kinds)
    behind = {run: count for run, count in counts.items() if run.startswith(f"{before} ")}
    if not behind:
        return one
    return (behind.get(f"{before} {word}", 0) + len(behind) * one) / (sum(behind.values()) + len(behind))
