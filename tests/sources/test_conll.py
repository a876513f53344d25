"""Words with tags: what is read, which scheme it is, what is cut, and where something is wrong."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.base import LoadContext
from bigmodel_cli.sources.conll import Conll

SENTENCES = "Ann\tB-person\nOtt\tI-person\nis\tO\n\nin\tO\nNew\tB-place\nYork\tI-place\n"


@pytest.fixture
def load(tmp_path):
    """Loads a file with a content: a source, and what was said of it."""

    def call(content: str | bytes, *, name: str = "a.conll", **options):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        said: list[str] = []
        source = Conll(path=path, **options).load(LoadContext(warn=said.append))
        return source, said

    return call


def sentences(source, split="train"):
    """Words and tags as a person reads them."""
    examples, task = source.splits[split], source.signature.task
    return [
        (" ".join(word for word in examples.store.read(row) if word), " ".join(task.written(labels)))
        for row, labels in enumerate(examples.labels.tolist())
    ]


EXPECTED = [("Ann Ott is", "B-person I-person O"), ("in New York", "O B-place I-place")]


def test_words_and_tags(load):
    source, said = load(SENTENCES)
    assert said == []
    assert sentences(source) == EXPECTED
    kind, task = source.signature.inputs["words"], source.signature.task
    assert (kind.length, kind.dtype, task.length, task.scheme) == (3, "string", 3, "bio")
    assert task.tags == ("O", "B-person", "I-person", "B-place", "I-place")
    assert task.described == "spans of 2 types (BIO)"
    train = source.splits["train"]
    assert (train.store.shape, train.labels.dtype) == ((3,), np.int64)
    assert train.name(1).endswith("a.conll:5")
    assert train.take(np.array([1])).place(0).endswith("a.conll:5")


@pytest.mark.parametrize(
    "content",
    [
        SENTENCES.replace("\t", " "),
        SENTENCES.replace("\t", "   "),
        SENTENCES.replace("\n\n", "\n\t\n"),
        SENTENCES.replace("\n", "\r\n"),
        f"-DOCSTART-\tO\n\n# sent_id = 1\n{SENTENCES}\n\n\n",
        SENTENCES.encode("utf-16"),
        ("﻿" + SENTENCES).encode(),
    ],
    ids=["space", "spaces", "a lone tab", "crlf", "documents and comments", "utf-16", "mark"],
)
def test_other_ways_to_write_the_same(load, content):
    assert sentences(load(content)[0]) == EXPECTED


def test_a_space_that_does_not_break_a_line_is_part_of_a_word(load):
    found = sentences(load("10\u00a0000 O\nAnn  B-a \n\na O\n")[0])
    assert found == [("10\u00a0000 Ann", "O B-a"), ("a", "O")]


def test_a_word_may_begin_with_a_hash(load):
    assert sentences(load("#\tO\n#x\tB-a\n\na\tO\n")[0]) == [("# #x", "O B-a"), ("a", "O")]


def test_compressed_and_json_lines(load):
    assert sentences(load(gzip.compress(SENTENCES.encode()), name="a.conll.gz")[0]) == EXPECTED
    lines = '{"tokens": ["Ann", "Ott", "is"], "ner_tags": ["B-person", "I-person", "O"]}\n\n'
    lines += '{"words": ["in", "New", "York"], "tags": ["O", "B-place", "I-place"]}\n'
    source, _ = load(lines, name="a.jsonl")
    assert sentences(source) == EXPECTED
    assert source.splits["train"].name(1).endswith("a.jsonl:3")


def test_columns_are_told(load):
    rows = "1 Ann NNP B-person x\n2 is VBZ O x\n\n1 in IN O x\n"
    source, _ = load(rows, word_column=2, tag_column=4)
    assert sentences(source) == [("Ann is", "B-person O"), ("in", "O")]
    source, _ = load(rows, word_column=2, tag_column=3)
    assert source.signature.task.scheme == "words"
    assert sentences(source) == [("Ann is", "NNP VBZ"), ("in", "IN")]
    assert source.signature.task.described == "a tag of 3 for each word"


@pytest.mark.parametrize(
    ("tags", "found", "written"),
    [
        ("I-a I-a B-a O I-b", "B-a I-a B-a O B-b", "iob1"),
        ("I-a I-a I-b O", "B-a I-a B-b O", "io"),
        ("B-a L-a U-b O", "B-a E-a S-b O", "bilou"),
        ("B-a E-a S-b O", "B-a E-a S-b O", "bioes"),
    ],
)
def test_schemes_become_one_that_says_where_spans_begin(load, tags, found, written):
    content = "".join(f"w{number}\t{tag}\n" for number, tag in enumerate(tags.split()))
    source, said = load(content)
    assert [tag for _, tag in sentences(source)] == [found]
    assert (source.looked_at.scheme, said) == (written, [])
    assert source.looked_at.tags == list(source.signature.task.tags)
    # What was found is told, and reads the same again.
    again = source.looked_at.load(LoadContext())
    assert again.signature == source.signature
    assert again.splits["train"].fingerprint() == source.splits["train"].fingerprint()


def test_spans_that_begin_wrongly_are_counted(load):
    source, said = load("a\tB-x\nb\tO\nc\tI-x\nd\tI-x\n\ne\tB-x\nf\tI-y\n", scheme="bio")
    assert [tags for _, tags in sentences(source)] == ["B-x O B-x I-x", "B-x B-y"]
    assert len(said) == 1
    assert said[0].startswith("train: 2 spans begin with a tag that goes on with one, first at ")
    assert said[0].endswith("a.conll:3; they are taken for spans of their own")


def test_what_is_cut_is_said(load):
    source, said = load(SENTENCES + "!\tO\n", length=2)
    assert sentences(source) == [("Ann Ott", "B-person I-person"), ("in New", "O B-place")]
    assert len(said) == 1
    assert said[0].startswith("train: 2 of 2 sentences have more than 2 words and are cut: 3 words are ")
    assert said[0].endswith("a.conll:3")


def test_padding_counts_nowhere(load):
    examples = load("a\tB-x\nb\tO\nc\tO\n\nd\tO\n")[0].splits["train"]
    assert examples.labels.tolist() == [[1, 0, 0], [0, -1, -1]]
    # What each of four words counts: 1 on average over six places, so that the loss is the mean over words.
    np.testing.assert_allclose(examples.counts()["label"], [1.5, 1.5])
    assert load("a\tB-x\n\nd\tO\n")[0].splits["train"].counts() == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\tO\nb\n", r"a\.conll:2: expected 2 columns with tabs between, found 1: 'b'"),
        ("a\tO\nb\tc\tO\nd\tO\n", r"a\.conll:2: expected 2 columns with tabs between, found 3"),
        ("a O\nb c O\nd O\n", r"a\.conll:2: expected 2 columns with white space between, found 3"),
        ("a\tO\n\tO\n", r"a\.conll:2: expected a word and its tag, found no word"),
        ("a\tB-x\nb\t\n", r"a\.conll:2: expected a word and its tag, found no tag"),
        (
            "a\tB-x\nb\tX-x\n",
            r"a\.conll:2: expected a tag of the scheme bio \(O, B-TYPE, I-TYPE\), found 'X-x'",
        ),
        ("a\tB-x\nb\tb-x\nc\tI-x\n", r"a\.conll:2: expected a tag of the scheme bio"),
        ("a\tB-x\nb\tB\n", r"a\.conll:2: expected a tag of the scheme bio .* found 'B'"),
        ("a\tB-x\nb\tB-y z\n", r"a\.conll:2: expected a tag without white space, found 'B-y z'"),
        ("a\tO\n", r"a\.conll: every word has the tag O, so there is nothing to tell apart"),
        ("a\nb\n", r"a\.conll: expected a word and its tag in each line, found one column"),
        ("", r"a\.conll: no sentence in it"),
        ("\n\n", r"a\.conll: no sentence in it"),
        (b"a\tB-x\n\xff\tO\n", r"a\.conll:2: not UTF-8"),
    ],
)
def test_wrong_lines_are_located(load, content, message):
    with pytest.raises(DataError, match=message):
        load(content)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"words": ["a"]}', r"a\.jsonl:1: expected a list 'tags', found words"),
        ('{"words": ["a"], "tags": ["O", "O"]}', r"a\.jsonl:1: 1 words, and 2 tags"),
        ('{"words": ["a", " "], "tags": ["O", "O"]}', r"a\.jsonl:1: expected a list of texts in 'words'"),
        ('{"words": ["a"], "tags": [0]}', r"a\.jsonl:1: expected a list of texts in 'tags'"),
        ("[1]", r"a\.jsonl:1: expected a JSON object"),
        ("{", r"a\.jsonl:1: expected a JSON object in each line"),
    ],
)
def test_wrong_json_is_located(load, line, message):
    with pytest.raises(DataError, match=message):
        load(line, name="a.jsonl")


def test_a_tag_that_training_lacks_is_located(load):
    message = r"a\.conll:2: the tag B-y is none of O, B-x, I-x"
    with pytest.raises(DataError, match=message):
        load("a\tB-x\nb\tB-y\n", tags=["O", "B-x", "I-x"])


def test_columns_that_are_not_there(load):
    with pytest.raises(DataError, match=r"a\.conll: tag_column is 3, and lines have 2 columns"):
        load(SENTENCES, tag_column=3)
    with pytest.raises(DataError, match=r"a\.conll: words and tags are both taken from column 1 of 2"):
        load(SENTENCES, tag_column=1)
