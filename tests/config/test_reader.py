"""YAML 1.2 in, a tree with exact places out; every way not to be YAML has a sentence."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bigmodel_cli.config.reader import MAX_BYTES, read_file, read_text
from bigmodel_cli.config.scalars import plain_scalar
from bigmodel_cli.config.tree import COMMAND_LINE, Mapping, Sequence, place_at, to_plain
from bigmodel_cli.errors import ConfigError, UsageError

Write = Callable[..., Path]


def read(text: str) -> Any:
    return to_plain(read_text(text, origin="c.yaml", folder=Path()))


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read_text(text, origin="c.yaml", folder=Path())
    assert len(caught.value.problems) == 1
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("1E5", 1e5),
        ("+.5", 0.5),
        ("1.", 1.0),
        ("010", 10),
        ("0o10", 8),
        ("0xFF", 255),
        ("-7", -7),
        ("true", True),
        ("False", False),
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("y", "y"),
        ("tRue", "tRue"),
        ("null", None),
        ("~", None),
        ("", None),
        ("none", "none"),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2024-01-01", "2024-01-01"),
        ("1/255", "1/255"),
        ("0b11", "0b11"),
        ("1e", "1e"),
    ],
)
def test_plain_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    found = plain_scalar(text)
    assert (found, type(found)) == (value, type(value))


def test_not_a_number() -> None:
    found = plain_scalar(".nan")
    assert isinstance(found, float) and math.isnan(found)


def test_more_digits_than_python_converts_are_no_crash() -> None:
    assert plain_scalar("9" * 5000) == math.inf


def test_quoted_scalars_are_text() -> None:
    assert read("a: '1'\nb: \"true\"\nc: ''") == {"a": "1", "b": "true", "c": ""}


def test_keys_are_text_whatever_they_look_like() -> None:
    assert read("1: a\nno: b\nnull: c") == {"1": "a", "no": "b", "null": "c"}


def test_alias_repeats_its_anchor() -> None:
    assert read("a: &x [1, 2]\nb: *x") == {"a": [1, 2], "b": [1, 2]}


def test_merge_key_is_an_ordinary_key() -> None:
    assert read("a: &x {b: 1}\nc: {<<: *x}") == {"a": {"b": 1}, "c": {"<<": {"b": 1}}}


def test_places_are_those_of_the_words() -> None:
    root = read_text("model:\n  - Dense: {units: 12}\n", origin="c.yaml", folder=Path("/x"))
    place = place_at(root, ("model", 0, "Dense", "units"))
    assert (str(place), place.length, place.text) == ("c.yaml:2:20", 2, "  - Dense: {units: 12}")
    assert str(place_at(root, ("model", 0, "Dense"))) == "c.yaml:2:5"
    assert str(place_at(root, ("model", 5, "nothing"))) == "c.yaml:1:1"


def test_places_count_characters_not_bytes() -> None:
    root = read_text("{größe: 1, b: 2}", origin="c.yaml", folder=Path())
    assert place_at(root, ("b",)).column == 15


def test_text_of_an_override_is_placed_in_its_word() -> None:
    node = read_text("[1, x]", origin=COMMAND_LINE, folder=Path(), label="a.b=[1, x]", offset=4)
    assert isinstance(node, Sequence)
    assert (node.items[1].place.column, node.items[1].place.text) == (9, "a.b=[1, x]")


def test_the_whole_message_with_its_caret() -> None:
    assert refusal("data: 1\nseed: 0\ndata: 2\n") == (
        "c.yaml:3:1: data: the key 'data' is repeated; it stands already in line 1\n"
        "    3 | data: 2\n"
        "      | ^^^^\n"
        "      = remove one of the two"
    )


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a: {b: 1, b: 2}", "1:11", "the key 'b' is repeated; it stands already in line 1"),
        ("a:\n\t- b", "2:1", "a tab stands where YAML wants spaces"),
        ("a: !x 1", "1:4", "tags are not used in configs; found '!x'"),
        ("a: !!python/object:os.system {}", "1:4", "tags are not used in configs"),
        ("a: &a [*a]", "1:4", "an alias (*name) that contains itself"),
        ("a: *x", "1:4", "no anchor (&name) for the alias 'x'"),
        ("a: [1", "1:4", "a bracket or brace is not closed"),
        ('"\\', "1:1", "this quote is not closed"),
        ("a: b: c", "1:5", "a second ':' in this line"),
        ("a: 1\n---\nb: 2", "2:1", "a config is one YAML document; found a second one"),
        ("? [a]\n: 1", "1:3", "a key must be a word, found a list or mapping"),
        ("a: |\n  x\n b", "3:2", "the indentation does not fit the lines above"),
        ("a: 1\nb\nc: 2", "2:1", "no ':' after it"),
        ("a: @x", "1:4", "a text cannot begin with @"),
        ("a: \x07", "1:4", "the character U+0007 is not allowed in YAML"),
        ("[" * 100 + "]" * 100, "1:62", "nested too deeply"),
        pytest.param("[" * 5000 + "]" * 5000, "1:1", "nested too deeply", marks=pytest.mark.slow),
    ],
)
def test_what_is_not_a_config_is_placed_and_explained(text: str, place: str, words: str) -> None:
    message = refusal(text)
    assert message.startswith(f"c.yaml:{place}: ")
    assert words in message


@pytest.mark.slow
def test_aliases_cannot_explode() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 8)]
    assert "too many aliases" in refusal("\n".join(lines))


def test_empty_file(write: Write) -> None:
    for text in ("", "# nothing but words\n", "---\n"):
        with pytest.raises(ConfigError, match=r"c.yaml: the file is empty; expected a config") as caught:
            read_file(write(text))
        assert caught.value.hint == "start from an example: bigmodel init > config.yaml"


@pytest.mark.parametrize(("text", "found"), [("- a\n- b\n", "a list"), ("just words", "a single value")])
def test_a_config_is_a_mapping(write: Write, text: str, found: str) -> None:
    with pytest.raises(ConfigError, match=r"c.yaml:1:1: expected a mapping of sections") as caught:
        read_file(write(text))
    assert caught.value.problems[0]["found"] == found


def test_directory(write: Write) -> None:
    write("a: 1", "folder/c.yaml")
    with pytest.raises(UsageError, match="folder: expected a config file, found a folder"):
        read_file(Path("folder"))


def test_missing_file_suggests_its_neighbour(write: Write) -> None:
    write("a: 1", "mnist.yaml")
    with pytest.raises(UsageError, match=r"mnst.yaml: no such file") as caught:
        read_file(Path("mnst.yaml"))
    assert caught.value.hint == "did you mean mnist.yaml?"
    with pytest.raises(UsageError) as caught:
        read_file(Path("mnist"))
    assert caught.value.hint == "did you mean mnist.yaml?"
    with pytest.raises(UsageError) as caught:
        read_file(Path("something-else.yaml"))
    assert caught.value.hint == "configs there: mnist.yaml"


def test_missing_file_in_an_empty_or_missing_folder(write: Write) -> None:
    write("", "other.txt")
    for name in ("c.yaml", "nowhere/c.yaml"):
        with pytest.raises(UsageError, match="no such file") as caught:
            read_file(Path(name))
        assert caught.value.hint is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x89PNG\r\n\x1a\n", r"not a text file in UTF-8 \(byte 0 is 0x89\)"),
        (b"a: 1\0", r"not a text file \(it has a zero byte at 4\)"),
        (b"#" * (MAX_BYTES + 1), "larger than 4 MiB; this is no config"),
    ],
)
def test_what_is_not_text(write: Write, content: bytes, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        read_file(write(content))


def test_byte_order_mark_and_windows_lines(write: Write) -> None:
    tree = read_file(write("\ufeffa: 1\r\nb: [x]\r\n".encode()))
    assert to_plain(tree) == {"a": 1, "b": ["x"]}
    assert str(place_at(tree, ("b", 0))) == "c.yaml:2:5"


def test_relative_paths_start_at_the_files_own_folder(write: Write, tmp_path: Path) -> None:
    tree = read_file(write("a: 1", "deep/c.yaml"))
    assert isinstance(tree, Mapping)
    assert tree.place.folder == (tmp_path / "deep").resolve()
