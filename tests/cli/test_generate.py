"""`bigmodel generate`: prompts, ends, documents, and what is no run that writes."""

from __future__ import annotations

import io
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


@pytest.mark.tf
def test_prompts_from_standard_input(generate, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("ab\nbed\n"))
    lines = generate("-", "--temperature", "0").out.split("\n---\n")
    assert lines[0].startswith("ab") and lines[1].startswith("bed")


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
