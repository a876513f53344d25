"""Runs that write, served: whole texts and pieces as they come."""

from __future__ import annotations

import http.client
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from served import Server, start

from bigmodel_cli.cli.main import run
from bigmodel_cli.serving.limits import Refused
from bigmodel_cli.serving.written import asked_of

pytestmark = [pytest.mark.tf, pytest.mark.slow]

CONFIG = """\
name: book
data:
  source: {text_files: {path: book.txt, length: 16, windows_per_epoch: 64}}
  test: 0
  batch_size: 16
model:
  - token_and_position: {width: 8}
  - transformer: {layers: 1, heads: 2, causal: true}
  - Dense: {units: vocabulary_size}
loss: {SparseCategoricalCrossentropy: {from_logits: true}}
optimizer: Adam
metrics: []
training: {epochs: 1, device: cpu}
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("book")
    (folder / "book.txt").write_text("To be, or not to be: that is the question.\n" * 30)
    (folder / "book.yaml").write_text(CONFIG)
    here = Path.cwd()
    os.chdir(folder)
    try:
        assert run(["train", "book.yaml", "--runs-dir", str(folder / "runs"), "--plain"]) == 0
    finally:
        os.chdir(here)
    return folder


@pytest.fixture(scope="module")
def server(book: Path) -> Iterator[Server]:
    found = start("--runs-dir", book / "runs", "--timeout", "20", cwd=book)
    yield found
    assert found.end() == 0


def streamed(server: Server, asked: dict[str, Any]) -> list[dict[str, Any]]:
    reply = server.post("/generate/book", {**asked, "stream": True})
    assert reply.status == 200 and reply.headers["content-type"].startswith("text/event-stream")
    events = reply.body.decode().split("\n\n")
    assert events[-1] == ""
    return [json.loads(event.removeprefix("data: ")) for event in events[:-1]]


def test_the_same_text_whole_in_pieces_and_by_the_command(server: Server, book: Path, bigmodel: Any) -> None:
    asked = {"prompt": "To be", "max_tokens": 40, "num": 2, "seed": 3, "temperature": 1.0, "top_k": 9}
    whole = server.post("/generate", asked).json
    *pieces, last = streamed(server, asked)
    assert len(pieces) >= 4
    for row, text in enumerate(whole["texts"]):
        assert "".join(piece["piece"] for piece in pieces if piece["row"] == row) == text["text"]
    assert last == {"texts": whole["texts"]}
    words = ("--max-tokens", "40", "--num", "2", "--seed", "3", "--temperature", "1", "--top-k", "9")
    told = bigmodel("generate", "To be", *words, "--runs-dir", book / "runs", "--json").json
    assert [text["text"] for text in told["texts"]] == [text["text"] for text in whole["texts"]]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"prompt": "?!§"}, "the model knows no character '?'"),
        ({"prompt": 3}, "prompt: expected a text"),
        ({"max_tokens": 0}, "max_tokens: expected a whole number from 1 to 10,000, found 0"),
        ({"max_tokens": True}, "max_tokens: expected a whole number"),
        ({"temperature": "hot"}, "temperature: expected a number from 0 to 100, found 'hot'"),
        ({"top_p": 0}, "top_p: expected a number from 1e-06 to 1, found 0"),
        ({"stop": [""]}, "stop: expected a text, or at most 16 of them, none of them empty"),
        ({"stream": "yes"}, "stream: expected true or false"),
        ({"max_length": 5}, "no key 'max_length'; there are prompt, max_tokens"),
        ([1], "expected a JSON object"),
    ],
)
def test_what_is_refused(server: Server, asked: Any, says: str) -> None:
    for stream in ({}, {"stream": True}) if isinstance(asked, dict) and "stream" not in asked else ({},):
        reply = server.post("/generate", {**asked, **stream} if stream else asked)
        assert reply.status == 400 and says in reply.json["error"]


def test_who_goes_away_stops_what_is_written(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    body = json.dumps({"prompt": "To", "max_tokens": 10_000, "stream": True})
    connection.request("POST", "/generate/book", body, {"content-type": "application/json"})
    assert connection.getresponse().read(20).startswith(b'data: {"row": 0')
    connection.sock.close() if connection.sock else None
    connection.close()
    began = time.monotonic()
    reply = server.post("/generate", {"prompt": "To", "max_tokens": 2, "stop": "q"})
    assert reply.status == 200 and reply.json["texts"][0]["tokens"] <= 2
    # The one before would have taken the thread for as long as the limit is.
    assert time.monotonic() - began < 15


@pytest.mark.parametrize("width", [1100, 390])
def test_the_page_shows_the_text_as_it_comes(server: Server, browser: Any, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(server.url)
    page.fill("#prompt textarea", "To be")
    page.fill("[name=max_tokens]", "30")
    page.click("#prompt button")
    page.wait_for_selector("#prompt button:not([disabled])")
    (text,) = server.post("/generate", {"prompt": "To be", "max_tokens": 30}).json["texts"]
    assert page.text_content("#text") == "To be" + text["text"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints == []
    page.close()


def test_it_is_described(server: Server) -> None:
    (model,) = server.get("/models").json["models"]
    assert model["takes"] == "prompts"
    assert "/generate/book" in server.get("/openapi.json").json["paths"]


def test_a_model_that_does_not_write(people: Path) -> None:
    found = start("--runs-dir", people)
    try:
        reply = found.post("/generate", {"prompt": "a"})
        assert reply.status == 400
        assert reply.json["error"].startswith("people does not go on with a text (")
    finally:
        found.end()


def test_numbers_that_are_left_out_are_those_of_the_command() -> None:
    asked = asked_of({"temperature": None})
    assert (asked.prompt, asked.streams, asked.wanted.max_tokens) == ("", False, 200)
    assert asked.wanted.sampling.temperature == 0.8
    # Nor has a float room for the last one.
    for seed in (-1, 10**400):
        with pytest.raises(Refused, match="seed: expected a whole number from 0 to"):
            asked_of({"seed": seed})
