"""Questions about texts: what is read, how texts become windows, and where something is wrong."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from bigmodel_cli.config.schema import Data
from bigmodel_cli.errors import DataError
from bigmodel_cli.pipeline.splits import split_source
from bigmodel_cli.sources.base import LoadContext
from bigmodel_cli.sources.squad import Squad
from bigmodel_cli.words import parts_in

TEXT = "Ann met Bob-Jay (1990) in Rome. Then Cleo came."


def qa(question="Who?", answer="Ann", start=None, **more):
    start = TEXT.find(answer) if start is None else start
    return {
        "id": question,
        "question": question,
        "answers": [{"text": answer, "answer_start": start}],
        **more,
    }


def document(*qas, context=TEXT, title="A"):
    return {"data": [{"title": title, "paragraphs": [{"context": context, "qas": list(qas)}]}]}


@pytest.fixture
def load(tmp_path):
    """Loads files with what is given: a source, and what was said of it."""

    def call(given, test=None, **options):
        said: list[str] = []
        for name, content in (("a", given), ("b", test)):
            text = content if isinstance(content, str) else json.dumps(content)
            (tmp_path / f"{name}.json").write_text(text)
        others = {} if test is None else {"test": tmp_path / "b.json"}
        source = Squad(path=tmp_path / "a.json", **others, **options)
        return source.load(LoadContext(warn=said.append)), said

    return call


def answers(examples):
    """What targets say, in words of the window and in the text."""
    found = []
    for row, (first, last) in enumerate(examples.labels.tolist()):
        words = examples.inputs["context"].read(row).tolist()
        sought = examples.sought["label"][row]
        there = sought.context.part(sought.first + first - 1, sought.first + last - 1) if first else ""
        found.append((" ".join(words[first - 1 : last]) if first else "", there))
    return found


def test_questions_windows_and_answers(load):
    asked = [qa(), qa("Where?", "Rome"), qa("When?", "1990)"), qa("Which?", "Jay (1")]
    source, said = load(document(*asked), length=6, stride=4)
    train = source.splits["train"]
    assert said == [
        "train: 1 of 4 answers begin or end inside of a word, and are learned with the whole of it, the "
        "first one Which?: 'Jay (1' in 'Jay (1990'"
    ]
    # 15 words and signs: windows from 0, 4, 8 and 9.
    assert [" ".join(train.inputs["context"].read(row)) for row in range(4)] == [
        "Ann met Bob - Jay (", "Jay ( 1990 ) in Rome", "in Rome . Then Cleo came", "Rome . Then Cleo came ."
    ]  # fmt: skip
    assert answers(train)[:8] == [("Ann", "Ann"), *[("", "")] * 3, ("", ""), *[("Rome", "Rome")] * 3]
    assert answers(train)[8:12] == [("", ""), ("1990 )", "1990)"), ("", ""), ("", "")]
    assert train.labels.dtype == np.int64
    assert [name.rpartition("/")[2] for name in map(train.name, (0, 1))] == [
        "a.json:Who?", "a.json:Who? from word 5"
    ]  # fmt: skip
    assert train.place(5).endswith("a.json:Where?")
    taken = train.take(np.array([5, 0]))
    assert answers(taken) == [("Rome", "Rome"), ("Ann", "Ann")]
    assert taken.inputs["context"].read(0).tolist() == train.inputs["context"].read(5).tolist()
    others = train.sought["label"].copy()
    others[0] = replace(others[0], answers=("Ann", "Bob"))
    assert replace(train, sought={"label": others}).fingerprint() != train.fingerprint()
    assert taken.fingerprint() != train.take(np.array([0, 5])).fingerprint()
    assert source.looked_at.question_length == 2 and source.looked_at.may_lack is False
    assert source.signature.task.described == "an answer of up to 30 words in windows of 6"


def test_questions_without_answers(load):
    source, said = load(document(qa(), {"id": 7, "question": "Why?", "answers": [], "is_impossible": True}))
    train = source.splits["train"]
    assert said == [] and source.signature.task.may_lack
    assert train.labels.tolist() == [[1, 1], [0, 0]]
    assert [one.answers for one in train.sought["label"]] == [("Ann",), ()]
    assert train.sought["label"][1].id == "7"


def test_what_is_cut_or_not_found_is_said(load):
    long = qa("Who " * 70, "Ann met Bob-Jay")
    _, said = load(document(long, qa()), longest_answer=3)
    assert said == [
        "train: 1 of 2 questions have more than 64 words and signs and are cut (one of them has 70): "
        "question_length says how many are looked at",
        "train: 1 of 2 answers have more than 3 words and signs, and are not found as a whole, the first "
        f"one {long['id']} (longest_answer)",
    ]


@pytest.mark.parametrize(
    ("given", "place", "message"),
    [
        ("[", "a.json: ", "expected JSON"),
        ([1], "a.json: ", "expected an object with 'data', found a list"),
        ({"data": 3}, "a.json, data: ", "expected a list, found a int"),
        ({"data": [{"title": "x"}]}, "a.json, data 1: ", "expected an object with 'paragraphs', found title"),
        ({"data": []}, "a.json: ", "no question in it"),
        (document(qa(), qa()), "a.json, data 1, paragraphs 1, qas 2: ", "another question has the id 'Who?'"),
        (
            document(qa(start=1)),
            "a.json, data 1, paragraphs 1, qas 1, answers 1: ",
            "the answer 'Ann' does not begin at character 1 of its text; there stands 'nn '",
        ),
        (document(qa(start=-1)), "answers 1: ", "expected answer_start as a whole number from 0, found -1"),
        (document(qa(answers=[])), "qas 1: ", "no answer, and nothing says that there is none"),
        (document(qa(question=" ")), "qas 1, question: ", "expected a text, found ' '"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(load, given, place, message):
    with pytest.raises(DataError) as caught:
        load(given)
    assert place + message in caught.value.message


def test_a_stride_beyond_the_window_is_refused(tmp_path):
    with pytest.raises(ValueError, match="stride: expected at most the length of a window, 5, found 6"):
        Squad(path=tmp_path / "a.json", length=5, stride=6)


def test_articles_texts_or_questions_stay_in_one_split(load):
    def split(given):
        source, _ = load(given, length=6, stride=2)
        splits = split_source(source, Data(source="digits", validation=0.3, test=0.3), seed=0)
        ids = [{one.id for one in part.sought["label"]} for part in splits.parts.values()]
        return source.grouped_by, ids, splits

    articles = [
        document({**qa(), "id": f"{title}{number}"}, title=title)["data"][0]
        for title in "abcd"
        for number in "12"
    ]
    by, ids, splits = split({"data": articles})
    assert by == "article"
    assert splits.origins["test"] == "0.3 of the training part, whole groups of article"
    titles = [{one[0] for one in part} for part in ids]
    assert len(set.union(*titles)) == 4 == sum(map(len, titles))
    by, ids, _ = split(document(*(qa(f"{number}?") for number in range(9))))
    assert by == "id"
    assert sum(map(len, ids)) == 9 == len(set.union(*ids))


@pytest.mark.parametrize(
    "text", ["", " \n", "a\u0301b", "\u202eabc", "👍🏽 ok", "x" * 5000, "中文。字", "a\x00b", "don't"]
)
def test_words_of_any_text_stand_where_they_say(text):
    assert all(text[word.start :].startswith(word.text) for word in parts_in(text))
    assert "".join(word.text for word in parts_in(text)) == "".join(text.split())


@pytest.mark.data
@pytest.mark.parametrize(("length", "stride"), [(256, 128), (48, 16)])
def test_every_target_of_real_questions_is_the_answers_text(shared_data, length, stride):
    folder = shared_data("squad_mini")
    said: list[str] = []
    source = Squad(path=folder / "train.json", test=folder / "val.json", length=length, stride=stride).load(
        LoadContext(warn=said.append)
    )
    assert said == [
        "train: 1 of 885 answers begin or end inside of a word, and are learned with the whole of it, the "
        "first one 5729e2316aef0514001550c5: '7,000,000 square kilometres (2,70' in '7,000,000 square "
        "kilometres (2,700'"
    ]
    others, ids = [], set()
    for part in source.splits.values():
        every = zip(part.sought["label"], part.labels.tolist(), answers(part), strict=True)
        for sought, (first, last), told in every:
            if first == 0:
                continue
            ids.add(sought.id)
            places = sought.context.places[sought.first + first - 1 : sought.first + last]
            assert sought.context.text[places[0, 0] : places[-1, 1]] == told[1]
            assert told[0].replace(" ", "") == "".join(told[1].split())
            others += [] if told[1] == sought.answers[0] else [sought.id]
    assert set(others) == {"5729e2316aef0514001550c5"}
    assert len(ids) == 885 + 305, "each answer is in a window as a whole"
