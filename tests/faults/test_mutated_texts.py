"""Thousands of broken and odd texts through training, prediction and generation.

Each gives a message or a result; nothing is written that a terminal obeys. The texts come from a seed;
`BIGMODEL_FAULTS=long` makes more of them.
"""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.tf, pytest.mark.slow]

SHORT, LONG = 63, 3000
SEEDS = (
    "The quick brown fox jumps over the lazy dog, twice on Sundays.",
    "Größe: 12 cm – naïve café, coûte 5 €; ½ Straße.",
    "Всё смешалось в доме Облонских.",
    "我能吞下玻璃而不伤身体。",
    "أنا قادر على أكل الزجاج و هذا لا يؤلمني.",
    "👩‍👩‍👧‍👦 🇩🇪 👍🏽 e\u0301a\u0308o\u0302",
    "line one\nline two\r\nline three\ttabbed",
    '{"json": "inside", "n": [1, 2]} <b>markup</b> &amp; "quotes", \'single\'',
)


def cut_bytes(content: bytes, chance: random.Random) -> bytes:
    """Inside a character, as often as not."""
    return content[: chance.randrange(len(content))]


def flipped(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.choice([1, 3, 20])):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def with_nuls(content: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(content))
    return content[:place] + b"\0" * chance.choice([1, 2, 100]) + content[place:]


def obeyed_by_terminals(content: bytes, chance: random.Random) -> bytes:
    """Colours, titles, moves of the cursor, bells, backspaces; in one byte and in two."""
    codes = ("\x1b[31m", "\x1b]0;title\x07", "\x1b[2J\x1b[H", "\x07", "\b\b\b", "\x9b31m", "\r", "\x0c")
    place = chance.randrange(len(content))
    return content[:place] + chance.choice(codes).encode() + content[place:]


def turned(content: bytes, chance: random.Random) -> bytes:
    marks = ("\u202e", "\u2066", "\u200f", "\u2028", "\u2029", "\u0085", "\ufeff")
    return chance.choice(marks).encode() + content + chance.choice(marks).encode()


def combined(content: bytes, chance: random.Random) -> bytes:
    return content + ("\u0301" * chance.choice([1, 50, 5000])).encode()


def long_word(content: bytes, chance: random.Random) -> bytes:
    return content + b" " + b"x" * chance.choice([1000, 100_000, 1_000_000 if chance.random() < 0.05 else 10])


def empty(_: bytes, chance: random.Random) -> bytes:
    return chance.choice([b"", b" ", b"\n\n", b"\t", "\u00a0".encode(), "\u200b".encode(), b":)"])


def in_another_encoding(content: bytes, chance: random.Random) -> bytes:
    encoding = chance.choice(["utf-16", "utf-16-le", "cp1252", "latin-1", "utf-32", "utf-8-sig", "shift_jis"])
    return content.decode("utf-8", "replace").encode(encoding, "replace")


MUTATIONS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    cut_bytes,
    flipped,
    with_nuls,
    obeyed_by_terminals,
    turned,
    combined,
    long_word,
    empty,
    in_another_encoding,
)


@pytest.fixture(scope="module")
def texts(how_many: Callable[..., int]) -> list[bytes]:
    chance = random.Random(7)
    made = []
    for number in range(how_many(short=SHORT, long=LONG)):
        content = chance.choice(SEEDS).encode()
        for _ in range(chance.choice([1, 1, 1, 2])):
            content = MUTATIONS[number % len(MUTATIONS)](content, chance) or content
        made.append(content)
    return made


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(bigmodel: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `bigmodel`: its code, stdout and stderr, with nothing that a terminal obeys."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str, given: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given), "utf-8"))
        found = bigmodel(*words)
        both = found.out + found.err
        assert "inside bigmodel" not in both, both[-2000:]
        obeyed = {character for character in both if not character.isprintable() and character not in "\n\t"}
        assert not obeyed, (words, obeyed)
        return found.code, found.out, found.err

    return call


CLASSES = """\
name: classes
data:
  source: {text_folder: {path: files}}
  on_bad_file: skip
  validation: 0.1
  test: 0.1
  batch_size: 16
preprocessing:
  text: [{TextVectorization: {max_tokens: 500, output_sequence_length: 20}}]
model:
  - Embedding: {input_dim: text.vocabulary_size, output_dim: 4, mask_zero: true}
  - masked_pooling
  - Dense: {units: num_classes, activation: softmax}
loss: SparseCategoricalCrossentropy
optimizer: Adam
training: {epochs: 1}
"""
WRITING = """\
name: writing
data:
  source: {text_files: {path: whole.txt, tokens: bytes, length: 16, windows_per_epoch: 32}}
  test: 0
  batch_size: 8
model:
  - token_and_position: {width: 8}
  - transformer: {layers: 1, heads: 2, causal: true}
  - Dense: {units: vocabulary_size}
loss: {SparseCategoricalCrossentropy: {from_logits: true}}
optimizer: Adam
metrics: []
training: {epochs: 1}
"""


def write_files(folder: Path, texts: list[bytes]) -> int:
    """Each text as a file, in two classes, with good ones between them: how many."""
    for label in ("odd", "even"):
        (folder / label).mkdir(parents=True)
    for number, content in enumerate(texts):
        (folder / ("odd" if number % 2 else "even") / f"{number:04}.txt").write_bytes(content)
    for number in range(40):
        for label in ("odd", "even"):
            (folder / label / f"good-{number}.txt").write_text(f"a good and {label} text {number}\n")
    return len(texts) + 80


def test_classes(tmp_path: Path, run: Run, texts: list[bytes]) -> None:
    count = write_files(tmp_path / "files", texts)
    (tmp_path / "classes.yaml").write_text(CLASSES)
    code, _, err = run("train", "classes.yaml", "--plain")
    assert code == 0 and "has no effect" not in err, err[-2000:]
    # Each file is predicted or named.
    code, out, _ = run("predict", "files", "--json")
    document = json.loads(out)
    assert code in (0, 3)
    assert len(document["predictions"]) == count
    assert all("error" in one or "prediction" in one for one in document["predictions"])
    code, out, _ = run("predict", "files")
    assert code in (0, 3) and len(out.splitlines()) == sum(
        "error" not in one for one in document["predictions"]
    )
    # Lines of standard input; those that are no UTF-8 are refused.
    lines = [b" ".join(content.splitlines()) for content in texts if b"\0" not in content]
    readable = [line.decode("utf-8", "replace").encode() for line in lines]
    code, _, err = run("predict", "-", given=b"\n".join(readable) + b"\n")
    assert code == 0, err[-2000:]
    code, _, err = run("predict", "-", given=b"\n".join(lines) + b"\n")
    assert code != 0 and "error:" in err
    asked = [text.decode("utf-8", "surrogateescape") for text in texts[:40] if b"\0" not in text]
    words = [word for text in asked if len(text) < 10_000 for word in ("--text", text)]
    code, _, err = run("predict", *words)
    assert code in (0, 2, 3), err[-2000:]


def test_writing(tmp_path: Path, run: Run, texts: list[bytes]) -> None:
    (tmp_path / "writing.yaml").write_text(WRITING)
    (tmp_path / "whole.txt").write_bytes(b"\n".join(texts))
    code, _, err = run("train", "writing.yaml", "--plain")
    assert code != 0 and "whole.txt:" in err
    whole = b"\n".join(texts).replace(b"\0", b"").decode("utf-8", "replace")
    (tmp_path / "whole.txt").write_text(whole, "utf-8")
    code, _, err = run("train", "writing.yaml", "--plain")
    assert code == 0, err[-2000:]
    short = [b" ".join(text.splitlines())[:200] for text in texts if b"\0" not in text]
    prompts = b"\n".join(line.decode("utf-8", "replace").encode() for line in short)
    few = ("--max-tokens", "4", "--temperature", "1")
    code, _, err = run("generate", "-", *few, given=prompts)
    assert code == 0, err[-2000:]
    code, out, err = run("generate", "-", *few, "--json", given=prompts)
    assert code == 0 and len(json.loads(out)["texts"]) == len(short), err[-2000:]
    code, _, err = run("generate", "-", *few, given=b"\n".join(short))
    assert code in (0, 3)
