"""`bigmodel generate`: prompts, ends, documents, and what is no run that writes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bigmodel_cli.inference.generating.of_run import writer_of
from bigmodel_cli.inference.generating.writing import Wanted, longest_common_run
from bigmodel_cli.inference.opened import open_run

FROZEN = Path(__file__).resolve().parents[1] / "frozen"
RUN = FROZEN / "0.2.0" / "text"


@pytest.fixture
def generate(bigmodel):
    return lambda *words: bigmodel("generate", *words, "--run", RUN, "--max-tokens", "40")


@pytest.mark.tf
def test_the_same_prompt_seed_and_run_give_the_same_text(generate):
    first = generate("ab", "--seed", "3")
    assert first.code == 0, first.err
    assert first.out.startswith("ab") and len(first.out) == 2 + 40 + 1
    assert set(first.out) <= set("\n abcde")
    assert generate("ab", "--seed", "3", "--no-cache").out == first.out
    assert generate("ab", "--seed", "4").out != first.out


@pytest.mark.tf
def test_several_texts_as_a_document(generate):
    words = ("ab", "b", "--num", "2", "--stop", "dad", "--temperature", "1", "--json")
    document = generate(*words).json
    assert [text["prompt"] for text in document["texts"]] == ["ab", "ab", "b", "b"]
    assert len({text["text"] for text in document["texts"]}) > 1
    for text in document["texts"]:
        assert "dad" not in text["text"]
        assert text["ended_by"] in ("stop", "max_tokens")
        # What was computed behind the end is no part of it.
        assert text["tokens"] == (len(text["text"] + "dad") if text["ended_by"] == "stop" else 40)
        assert text["longest_run"] is None or text["longest_run"]["text"] in text["text"]
    assert document["keeps_tokens"] is True


@pytest.mark.tf
def test_who_waits_is_asked_although_there_is_nothing_to_show():
    shown = []
    writer = writer_of(open_run(str(RUN), Path("runs")))
    (whole,) = writer.write("ab", Wanted(40, stop=("x" * 50,)), lambda row, piece: shown.append(piece))
    assert shown == ["", "", whole.text] and len(whole.text) == 40
    # What ends a text may be longer than what comes at once.
    (ended,) = writer.write("ab", Wanted(40, stop=(whole.text[5:35],)))
    assert (ended.text, ended.num_tokens, ended.ended_by) == (whole.text[:5], 35, "stop")


@pytest.fixture
def piped(monkeypatch, tmp_path):
    def give(content: bytes) -> None:
        (tmp_path / "prompts.txt").write_bytes(content)
        monkeypatch.setattr("sys.stdin", (tmp_path / "prompts.txt").open(encoding="ascii"))

    return give


@pytest.mark.tf
@pytest.mark.parametrize("words", [(), ("-",)])
def test_prompts_from_standard_input(words, generate, piped):
    piped(b"ab\r\nbed\n")
    lines = generate(*words, "--temperature", "0").out.split("\n---\n")
    assert len(lines) == 3 and lines[0].startswith("ab") and lines[1].startswith("bed")


@pytest.mark.tf
def test_a_prompt_in_the_command_is_not_waited_for_in_a_pipe(generate, piped):
    piped(b"bed\n")
    alone = generate("ab", "--temperature", "0")
    assert alone.out.startswith("ab") and "---" not in alone.out
    piped(b"")
    none = generate("--temperature", "0", "--json").json["texts"]
    assert [text["prompt"] for text in none] == [""]


def test_what_is_no_utf8_is_refused_with_its_place(generate, piped):
    piped(b"ab\nb\xe9d\n")
    refused = generate()
    assert refused.code == 3 and "-:2: not UTF-8 text: byte 0xe9" in refused.err
    refused = generate("ab\udce9")
    assert refused.code == 2 and "the prompt: not UTF-8 text: byte 0xe9 behind 2 characters" in refused.err
    piped(b"")
    assert "-: expected prompts on standard input, one a line; found none" in generate("-").err


def test_predict_names_the_line_that_is_no_utf8(bigmodel, tmp_path):
    (tmp_path / "a.txt").write_bytes(b"ab\nb\xe9d\n" * 40)
    outcome = bigmodel("predict", tmp_path / "a.txt", "--run", RUN)
    assert outcome.code == 3
    assert f"{tmp_path}/a.txt:2: not UTF-8 text: byte 0xe9" in outcome.err


@pytest.mark.tf
def test_the_likeliest_texts(generate):
    greedy = generate("ab", "--temperature", "0").out
    assert generate("ab", "--beams", "1").out == greedy
    document = generate("ab", "--beams", "4", "--num", "3", "--json").json
    assert (document["beams"], document["length_penalty"]) == (4, 0.6) and "seed" not in document
    scores = [text["score"] for text in document["texts"]]
    assert len(scores) == 3 and scores == sorted(scores, reverse=True)
    assert len({text["text"] for text in document["texts"]}) == 3
    slowly = generate("ab", "--beams", "4", "--num", "3", "--json", "--no-cache").json
    assert [text["text"] for text in slowly["texts"]] == [text["text"] for text in document["texts"]]
    stop = document["texts"][0]["text"][5:8]
    ended = generate("ab", "--beams", "4", "--stop", stop, "--json").json["texts"][0]
    assert ended["ended_by"] == "stop" and stop not in ended["text"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--beams", "4", "--top-k", "3"), "--top-k says how tokens are drawn, and --beams draws none"),
        (("--beams", "4", "--seed", "0"), "--seed says how tokens are drawn"),
        (("--beams", "2", "--num", "3"), "--num 3: --beams 2 keeps fewer texts in mind"),
        (("--length-penalty", "1"), "--length-penalty is for the likeliest text"),
    ],
)
def test_what_beams_do_not_go_with(words, says, generate):
    refused = generate("ab", *words)
    assert refused.code == 2 and says in refused.err


@pytest.mark.tf
def test_a_character_that_is_not_known(generate):
    refused = generate("aé")
    assert refused.code == 3
    assert "the prompt:1: the model knows no character 'é' (U+00E9)" in refused.err


def test_a_run_that_does_not_write_is_refused(bigmodel):
    refused = bigmodel("generate", "ab", "--run", FROZEN / "0.1.0" / "binary")
    assert refused.code == 2
    assert "its model does not go on with a text (2 classes)" in refused.err
    assert bigmodel("generate", "a", "--stop", "", "--run", RUN).code == 2


@pytest.mark.tf
def test_what_is_repeated_of_the_training_text(bigmodel, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(RUN, run)
    config = run / "config.yaml"
    config.write_text(config.read_text().replace("/tmp/frozen/configs/..", str(FROZEN)))
    assert bigmodel("runs", "verify", run, "--accept").code == 0
    document = bigmodel("generate", "ab", "--run", run, "--max-tokens", "60", "--json").json
    (text,) = document["texts"]
    repeated = text["longest_run"]["text"]
    assert len(repeated) == text["longest_run"]["characters"] > 3
    assert repeated in text["text"] and repeated in (FROZEN / "data" / "text.txt").read_text()


def test_the_longest_common_run():
    assert longest_common_run("xxabcdyyabcdeff", "..abcde..abcd") == "abcde"
    assert longest_common_run("xyz", "abc") == ""
    assert longest_common_run("abc", "abc") == "abc"
