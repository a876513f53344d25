"""Tokenizers: what they learn, that it is always the same, and that texts come out as they went in."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

from bigmodel_cli.errors import DataError
from bigmodel_cli.tasks.generation.predictions import written
from bigmodel_cli.vocabulary.asked import Asked
from bigmodel_cli.vocabulary.letters import Letters, PaddedBytes
from bigmodel_cli.vocabulary.record import vocabulary_from_json
from bigmodel_cli.vocabulary.rows import rows_of
from bigmodel_cli.vocabulary.subwords import Subwords
from bigmodel_cli.vocabulary.training import Untrained, from_file
from bigmodel_cli.vocabulary.vocabulary import Vocabulary

TEXT = (
    "".join(f"The {kind} of the house was {what}.\n\n  Who saw the {kind}?\n"
            for kind in ("window", "widow", "winter", "wind") for what in ("winding", "wintry", "seen"))
    * 2
)  # fmt: skip
SIZES = {"bpe": 290, "wordpiece": 65, "unigram": 266}
STRANGE = [
    "",
    " ",
    "\x00",
    "naïve ünï",
    "🙂👩‍👩‍👧",
    "שלום e\u0301",
    "[PAD] [END]",
    "a\ud800b",
    "\t\n \u2028x",
    "w" * 5000,
]


def trained(name: str, *, padded: bool = True, text: str = TEXT) -> Vocabulary:
    told = name if name == "bytes" else {name: {"vocabulary_size": SIZES[name]}}
    return Untrained(Asked.of(told), padded).trained([text], "reviews.csv, text")


@pytest.fixture(scope="module")
def vocabularies():
    return {name: trained(name) for name in (*SIZES, "bytes")}


@pytest.fixture(params=[*SIZES, "bytes"])
def vocabulary(request, vocabularies):
    return vocabularies[request.param]


def test_has_as_many_tokens_as_it_is_told(vocabularies):
    assert {name: vocabularies[name].size for name in SIZES} == SIZES
    assert vocabularies["bytes"].size == 260


def test_padding_unknown_beginning_and_end_come_first(vocabulary):
    assert [vocabulary.padding, vocabulary.unknown, vocabulary.begin, vocabulary.end] == [0, 1, 2, 3]


@pytest.mark.parametrize("name", ["bpe", "unigram", "bytes"])
def test_every_text_comes_out_as_it_went_in(name, vocabularies):
    for text in (*STRANGE, TEXT):
        ids = vocabularies[name].encode(text, "t")
        assert ids.dtype == np.int32
        # Half of a pair is no letter, and no UTF-8 has it.
        whole = text.encode("utf-8", "replace")
        assert vocabularies[name].decode(ids).encode() == whole
        assert vocabularies[name].num_bytes()[ids].sum() == len(whole)
        assert vocabularies[name].as_bytes(ids) == whole


def test_pieces_of_words_are_known_and_strange_letters_are_one_token(vocabularies):
    wordpiece = vocabularies["wordpiece"]
    assert wordpiece.decode(wordpiece.encode("The window was seen", "t")) == "The window was seen"
    assert 1 in wordpiece.encode("🙂", "t").tolist()
    assert 1 not in wordpiece.encode("winter", "t").tolist()


def test_what_says_padding_in_a_text_is_none(vocabulary):
    for text in ("[PAD]", "a [PAD] b", "[BEGIN][END]"):
        assert not {0, 2, 3} & set(vocabulary.encode(text, "t").tolist())


def test_ids_stand_in_a_line_of_text_and_are_read_again(vocabulary):
    ids = vocabulary.encode("The widow, winding", "t")
    assert vocabulary.from_text(vocabulary.as_text(ids)).tolist() == ids.tolist()


def test_a_long_text_is_the_same_in_parts(vocabularies):
    text = TEXT * 120
    assert len(text) > 2 * 65_536
    whole = vocabularies["bpe"].spans(text, "t").ids
    assert vocabularies["bpe"].encode(text, "t").tolist() == whole.tolist()


def test_tokens_have_places_in_the_text(vocabulary):
    text = "The wïdow 🙂 saw"
    spans = vocabulary.spans(text, "t")
    assert spans.ids.tolist() == vocabulary.encode(text, "t").tolist()
    assert spans.places.shape == (len(spans.ids), 2)
    begins, ends = spans.places.T
    assert (begins <= ends).all() and (np.diff(begins) >= 0).all()
    assert (begins[0], ends[-1]) == (0, len(text))
    # Every letter is a part of some token.
    covered = {place for begin, end in spans.places.tolist() for place in range(begin, end)}
    assert {place for place, letter in enumerate(text) if letter != " "} <= covered


def test_bytes_are_shown_as_the_text_that_they_are():
    known = Letters("bytes")
    assert known.shown(known.encode("Kätzchen 🙂", "t")) == "Kätzchen 🙂"
    # A part of a letter is none, and tokens have to be told apart.
    assert [written(known, number) for number in (0xC3, 0xA4, 10, 97)] == [r"\xc3", r"\xa4", r"\n", "a"]


def test_characters_have_places_too():
    spans = Letters("characters", " abü").spans("ü b", "t")
    assert (spans.ids.tolist(), spans.places.tolist()) == ([3, 0, 2], [[0, 1], [1, 2], [2, 3]])
    assert Letters("bytes").spans("üb", "t").places.tolist() == [[0, 1], [0, 1], [1, 2]]


@pytest.mark.parametrize("name", SIZES)
def test_another_process_learns_the_same(name, vocabularies):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from test_tokenizers import trained\n"
        "print(trained(sys.argv[2]).sha256)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, str(Path(__file__).parent), name],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert found.stdout.strip() == vocabularies[name].sha256


def test_is_kept_as_a_file_and_found_again(vocabulary, tmp_path):
    record = json.loads(json.dumps(vocabulary.as_json()))
    for name, content in vocabulary.files.items():
        (tmp_path / name).write_text(content, "utf-8")
    found = vocabulary_from_json(record).found_in(tmp_path)
    assert found == vocabulary
    assert found.encode("wintry widows", "t").tolist() == vocabulary.encode("wintry widows", "t").tolist()


def test_a_file_that_was_changed_or_is_gone_is_refused(vocabularies, tmp_path):
    found = vocabulary_from_json(vocabularies["bpe"].as_json()).found_in(tmp_path)
    with pytest.raises(
        DataError, match=r"tokenizer\.json: the tokenizer of this model cannot be read"
    ) as gone:
        found.encode("a", "t")
    assert gone.value.hint == "restore the file, or train again"
    (tmp_path / "tokenizer.json").write_text(vocabularies["unigram"].files["tokenizer.json"])
    with pytest.raises(DataError, match="this is not the tokenizer that the model was trained with"):
        found.encode("a", "t")


def test_rows_are_cut_padded_and_counted(vocabularies):
    rows = rows_of(PaddedBytes(), ["abc", "", "abcdef"], 4, "t")
    a = 4 + ord("a")
    assert rows.ids.tolist() == [[a, a + 1, a + 2, 0], [0] * 4, [a, a + 1, a + 2, a + 3]]
    assert rows.counts.tolist() == [3, 0, 6]
    around = rows_of(PaddedBytes(), ["abc", "", "abcdef"], 4, "t", begins=True, ends=True)
    assert around.ids.tolist() == [[2, a, a + 1, 3], [2, 3, 0, 0], [2, a, a + 1, 3]]
    assert around.counts.tolist() == [5, 2, 8]
    assert rows_of(vocabularies["wordpiece"], ["🙂 the 🙂"], 4, "t").unknown.tolist() == [2]


def test_more_tokens_than_the_texts_have_are_refused():
    with pytest.raises(DataError, match=r"^reviews\.csv, text: bpe finds \d+ tokens in the training texts, "
                                        r"not vocabulary_size: 9,999$") as refused:  # fmt: skip
        Untrained(Asked.of({"bpe": {"vocabulary_size": 9999}})).trained([TEXT], "reviews.csv, text")
    number = int(refused.value.hint.removeprefix("write vocabulary_size: ").removesuffix(", or fewer"))
    again = Untrained(Asked.of({"bpe": {"vocabulary_size": number}})).trained([TEXT], "t")
    assert again.size == number


def test_fewer_tokens_than_letters_are_refused():
    with pytest.raises(DataError, match="bpe begins with 260 tokens here") as refused:
        Untrained(Asked.of({"bpe": {"vocabulary_size": 100}})).trained([TEXT], "t")
    assert refused.value.hint == "write vocabulary_size: 520, or more"


@pytest.mark.parametrize("texts", [[], ["", " \n"]])
def test_nothing_is_learnt_from_no_text(texts):
    with pytest.raises(DataError, match="no training text has a word") as refused:
        Untrained(Asked.of({"bpe": {"vocabulary_size": 300}})).trained(texts, "t")
    assert refused.value.hint == "tokenizer: bytes learns nothing"


def test_letters_are_made_small_where_asked():
    asked = Asked.of({"wordpiece": {"vocabulary_size": 50, "lowercase": True}})
    found = Untrained(asked).trained([TEXT], "t")
    assert found.encode("THE Window", "t").tolist() == found.encode("the window", "t").tolist()


def test_a_file_of_others_is_moved_so_that_0_is_padding(tmp_path):
    foreign = Tokenizer(models.BPE(vocab={"a": 0, "b": 1, "ab": 2}, merges=[("a", "b")]))
    foreign.pre_tokenizer = pre_tokenizers.Whitespace()
    foreign.decoder = decoders.BPEDecoder()
    foreign.enable_truncation(2)
    foreign.enable_padding(length=9)
    path = tmp_path / "tokenizer.json"
    foreign.save(str(path))
    found = from_file(path, None, padded=True)
    assert (found.padding, found.size, found.moved) == (0, 6, 1)
    # Neither cut nor padded by what the file says.
    assert found.encode("ab a b ab", "t").tolist() == [3, 1, 2, 3]
    assert {found.begin, found.end} == {4, 5}
    plain = from_file(path, None, padded=False)
    assert (plain.padding, plain.size, plain.encode("ab a", "t").tolist()) == (None, 3, [2, 0])


def of_bytes(folder: Path, *special: str, prefix: bool = False, normalizer: Any = None) -> Path:
    """A file whose tokens are bytes, as GPT-2's are."""
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    foreign = Tokenizer(models.BPE(vocab={token: n for n, token in enumerate(sorted(alphabet))}, merges=[]))
    foreign.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    foreign.decoder = decoders.ByteLevel()
    if normalizer is not None:
        foreign.normalizer = normalizer
    foreign.add_special_tokens([*special])
    foreign.save(str(folder / "tokenizer.json"))
    return folder / "tokenizer.json"


def test_of_a_file_with_an_end_alone_the_beginning_is_added(tmp_path):
    path = of_bytes(tmp_path, "<|endoftext|>")
    found = from_file(path, None, padded=True)
    assert (found.end, found.begin, found.size) == (257, 258, 259)
    # What a run has kept of an earlier version stays as it is.
    kept = Subwords.of(path.read_text(), padded=True)
    assert from_file(path, kept.sha256, padded=True).begin is None


def test_ids_that_a_file_leaves_out_count_too(tmp_path):
    foreign = Tokenizer(models.WordLevel({"[PAD]": 0, "[UNK]": 1, "a": 2, "b": 9}, unk_token="[UNK]"))
    foreign.pre_tokenizer = pre_tokenizers.Whitespace()
    foreign.save(str(tmp_path / "t.json"))
    found = from_file(tmp_path / "t.json", None, padded=True)
    assert found.encode("a b", "t").tolist() == [2, 9]
    assert found.size == 10


@pytest.mark.parametrize(
    ("options", "is_exact"),
    [({}, True), ({"prefix": True}, False), ({"normalizer": normalizers.Lowercase()}, False),
     ({"normalizer": normalizers.NFC()}, False)],
)  # fmt: skip
def test_bytes_that_are_not_those_of_the_text_lose_something(tmp_path, options, is_exact):
    assert from_file(of_bytes(tmp_path, **options), None, padded=False).is_exact is is_exact


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"{}", "no tokenizer of Hugging Face's tokenizers"), (b"\xff\xfe", "no tokenizer: not UTF-8"),
     (b"not json", "no tokenizer of Hugging Face's tokenizers")],
)  # fmt: skip
def test_a_file_that_is_no_tokenizer_is_refused(content, said, tmp_path):
    path = tmp_path / "t.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=said) as refused:
        from_file(path, None, padded=True)
    assert refused.value.message.startswith(f"{path}: ")


def test_a_file_that_is_not_there_or_was_noted_otherwise_is_refused(vocabularies, tmp_path):
    path = tmp_path / "t.json"
    with pytest.raises(DataError, match=r"t\.json: the tokenizer cannot be read: No such file"):
        from_file(path, None, padded=True)
    path.write_text(vocabularies["bpe"].files["tokenizer.json"], "utf-8")
    assert from_file(path, vocabularies["bpe"].sha256, padded=True) == vocabularies["bpe"]
    with pytest.raises(DataError, match="another tokenizer than was noted: sha256"):
        from_file(path, "0" * 64, padded=True)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("bpe", "bpe learns so many tokens as it is told"),
        ("words", "expected bytes, or one of bpe, wordpiece, unigram or file"),
        ({"bpe": {}}, "bpe: expected how many tokens to learn"),
        ({"bpe": {"vocabulary_size": 3}}, "bpe.vocabulary_size: expected a whole number from 8 to 1,000,000"),
        ({"bpe": {"vocabulary_size": True}}, "found True"),
        ({"bpe": {"vocabulary_size": 300, "merges": 2}}, "no option 'merges'; there are vocabulary_size"),
        ({"bpe": {"vocabulary_size": 300, "lowercase": 1}}, "bpe.lowercase: expected true or false, found 1"),
        ({"bpee": {"vocabulary_size": 300}}, "no tokenizer is called 'bpee'"),
        ({"file": {}}, "file: expected the path of a tokenizer.json"),
        ({"bpe": {"vocabulary_size": 300}, "bytes": {}}, "expected bytes, or one of"),
    ],
)  # fmt: skip
def test_what_is_no_tokenizer_is_refused(told, said):
    with pytest.raises(ValueError, match=said.replace(".", r"\.")):
        Asked.of(told)


def test_a_tokenizer_of_a_run_needs_no_other_text():
    assert not Asked.of({"file": {"path": "t.json", "sha256": "0"}}).learns
    assert isinstance(trained("bytes", padded=False), Letters)
    assert isinstance(trained("bpe", padded=False), Subwords)
    assert trained("bpe", padded=False).padding is None
