"""Words of texts, and pieces that a model takes."""

from __future__ import annotations

import pytest

from bigmodel_cli.words import pieces_of, words_in


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It's in New York.", "It 's in New York ."),
        ("don't I'm we’ll", "don't I 'm we ’ll"),
        ("@bob: #wow http://a.b/c?d=1, www.x.de", "@bob : #wow http://a.b/c?d=1, www.x.de"),
        ("5.30 or 1,000 or 24/7!!!", "5.30 or 1,000 or 24/7 !!!"),
        ("e-mail U.S. (a)", "e-mail U.S . ( a )"),
        ("Grüße 東京 é", "Grüße 東京 é"),
        (" \t ", ""),
        ("\x00a\u202eb", "\x00 a \u202e b"),
    ],
)
def test_words(text, words):
    found = words_in(text)
    assert [word.text for word in found] == words.split(" ") if words else not found
    for word in found:
        assert text[word.start : word.start + len(word.text)] == word.text


def test_pieces_end_with_lines_and_sentences():
    text = "One two. Three four five.\n\n  six\nseven eight nine ten eleven twelve"
    pieces = pieces_of(text, 5)
    assert [piece.text for piece in pieces] == [
        "One two.",
        "Three four five.",
        "six",
        "seven eight nine ten eleven",
        "twelve",
    ]
    for piece in pieces:
        assert text[piece.start :].startswith(piece.text)
        assert [piece.text[word.start :][: len(word.text)] for word in piece.words] == [
            word.text for word in piece.words
        ]
    assert pieces_of("\n \n", 5) == []


def test_a_text_of_a_million_letters_is_cut():
    pieces = pieces_of("a" * 1_000_000 + " b" * 30, 7)
    assert [len(piece.words) for piece in pieces] == [7, 7, 7, 7, 3]
