"""What `extends` and the command line put over a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bigmodel_cli.config.merge import read_layers
from bigmodel_cli.config.overrides import override_stack
from bigmodel_cli.config.reader import read_text
from bigmodel_cli.config.tree import COMMAND_LINE, Mapping, place_at, to_plain
from bigmodel_cli.errors import ConfigError

Write = Callable[..., Path]
Refused = Callable[..., list[dict[str, Any]]]

TEXT = """\
data: {source: digits, batch_size: 32}
model: [Flatten, {Dense: {units: 10}}]
optimizer: {Adam: {learning_rate: 1e-3}}
training: {epochs: 3}
"""


def override(*words: str, text: str = TEXT) -> Any:
    root = read_text(text, origin="c.yaml", folder=Path())
    assert isinstance(root, Mapping)
    return to_plain([root, *override_stack(root, words)][-1])


def refusal(*words: str, text: str = TEXT) -> str:
    with pytest.raises(ConfigError) as caught:
        override(*words, text=text)
    return caught.value.message


@pytest.mark.parametrize(
    ("word", "section", "expected"),
    [
        ("training.epochs=5", "training", {"epochs": 5}),
        ("training.device=cpu", "training", {"epochs": 3, "device": "cpu"}),
        ("name=a=b", "name", "a=b"),
        ("name=a.b=c", "name", "a.b=c"),
        ("name=", "name", None),
        ("name='5'", "name", "5"),
        ("model.1.Dense.units=64", "model", ["Flatten", {"Dense": {"units": 64}}]),
        ("model.-1.Dense.units=64", "model", ["Flatten", {"Dense": {"units": 64}}]),
        ("model.0=Identity", "model", ["Identity", {"Dense": {"units": 10}}]),
        ("model.0.Flatten.name=flat", "model", [{"Flatten": {"name": "flat"}}, {"Dense": {"units": 10}}]),
        ("model=[{Dense: {units: 1}}]", "model", [{"Dense": {"units": 1}}]),
        ("optimizer.Adam.beta_1=0.8", "optimizer", {"Adam": {"learning_rate": 0.001, "beta_1": 0.8}}),
        ("optimizer={SGD: {momentum: 0.9}}", "optimizer", {"SGD": {"momentum": 0.9}}),
        ("optimizer=SGD", "optimizer", "SGD"),
        ("metrics=[accuracy]", "metrics", ["accuracy"]),
        ("training.checkpoint.keep=2", "training", {"epochs": 3, "checkpoint": {"keep": 2}}),
    ],
)
def test_a_word_sets_a_value(word: str, section: str, expected: Any) -> None:
    before = override()
    after = override(word)
    assert after[section] == expected
    assert {k: v for k, v in after.items() if k != section} == {
        k: v for k, v in before.items() if k != section
    }


def test_later_words_win() -> None:
    assert override("training.epochs=5", "training.epochs=7")["training"] == {"epochs": 7}


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("~training", None),
        ("~training.epochs", {}),
    ],
)
def test_a_tilde_removes_a_key(word: str, expected: Any) -> None:
    assert override(word).get("training") == expected


def test_a_tilde_removes_an_item() -> None:
    assert override("~model.0")["model"] == [{"Dense": {"units": 10}}]
    assert override("~model.1.Dense.units")["model"] == ["Flatten", {"Dense": {}}]


def test_the_file_itself_is_not_changed() -> None:
    root = read_text(TEXT, origin="c.yaml", folder=Path())
    assert isinstance(root, Mapping)
    before = to_plain(root)
    override_stack(root, ["model.1.Dense.units=64", "~training.epochs", "data.batch_size=1"])
    assert to_plain(root) == before


def test_a_value_from_the_command_line_knows_where_it_stands() -> None:
    root = read_text(TEXT, origin="c.yaml", folder=Path())
    assert isinstance(root, Mapping)
    place = place_at(override_stack(root, ["training.epochs=5"])[-1], ("training", "epochs"))
    assert (place.origin, place.column, place.length, place.text) == (
        COMMAND_LINE,
        17,
        1,
        "training.epochs=5",
    )


def test_the_whole_message_with_its_caret() -> None:
    assert refusal("model.7.Dense.units=3") == (
        "command line: model.7.Dense.units=3: model.7: expected the number of an item, 0 to 1, found '7'\n"
        "      | model.7.Dense.units=3\n"
        "      |       ^\n"
        "      = items of model: 0: Flatten, 1: Dense"
    )


@pytest.mark.parametrize(
    ("word", "column", "message", "suggestion"),
    [
        ("training", 1, "expected KEY=VALUE or ~KEY", "write training=VALUE"),
        ("training..x=1", 10, "an empty key; keys are separated by single dots", None),
        ("=1", 1, "an empty key; keys are separated by single dots", None),
        ("~", 2, "an empty key; keys are separated by single dots", None),
        ("~training=1", 10, "~KEY removes a key and takes no value", None),
        ("~trainin", 2, "there is no such key to remove", "did you mean training?"),
        ("~training.epoch", 11, "there is no such key to remove", "did you mean epochs?"),
        ("~xyz", 2, "there is no such key to remove", "the config has: data, model, optimizer, training"),
        (
            "model.x=1",
            7,
            "expected the number of an item, 0 to 1, found 'x'",
            "items of model: 0: Flatten, 1: Dense",
        ),
        (
            "optimizer.SGD.momentum=0.9",
            11,
            "the config has Adam here, not SGD",
            "write optimizer.Adam.… to change it, or optimizer=SGD to replace it",
        ),
        ("training.epochs.x=1", 17, "there is no 'x' in it: the config has 3 here", None),
        (
            "model.0.units=1",
            9,
            "there is no 'units' in it: the config has the text 'Flatten' here",
            "write model.0.Flatten.units=…",
        ),
        ("training.epochs=[1", 17, "a bracket or brace is not closed", None),
        ("training.epochs={a: 1, a: 2}", 24, "the key 'a' is repeated", "remove one of the two"),
    ],
)
def test_a_word_that_leads_nowhere(word: str, column: int, message: str, suggestion: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        override(word)
    (problem,) = caught.value.problems
    assert (problem["file"], problem["column"]) == (COMMAND_LINE, column)
    assert problem["message"].startswith(message)
    assert problem["suggestion"] == suggestion


def test_a_path_that_does_not_exist_is_refused_with_a_suggestion(refused: Refused) -> None:
    (problem,) = refused(TEXT + "loss: mse\n", "training.epoch=5")
    assert problem["message"] == "training has no key 'epoch'"
    assert (problem["suggestion"], problem["column"]) == ("did you mean epochs?", 10)
    (problem,) = refused(TEXT + "loss: mse\n", "optimizr.Adam.learning_rate=5")
    assert problem["suggestion"] == "did you mean optimizer?"


def test_replacing_the_source_names_both_ways(refused: Refused) -> None:
    text = TEXT.replace("source: digits", "source: {digits: {}}") + "loss: mse\n"
    (problem,) = refused(text, "data.source.image_folder.path=x")
    assert problem["message"] == "the config has digits here, not image_folder"
    assert (
        problem["suggestion"]
        == "write data.source.digits.… to change it, or data.source=image_folder to replace it"
    )


def layers(write: Write, **files: str) -> Any:
    for name, text in files.items():
        write(text, f"{name}.yaml")
    return to_plain(read_layers(Path("child.yaml")))


def test_mappings_merge_and_lists_replace(write: Write) -> None:
    merged = layers(
        write,
        base="data: {source: digits, batch_size: 8}\nmodel: [Flatten, Identity]\nseed: 1\n",
        child="extends: base.yaml\ndata: {batch_size: 16}\nmodel: [Flatten]\n",
    )
    assert merged == {"data": {"source": "digits", "batch_size": 16}, "model": ["Flatten"], "seed": 1}


def test_a_component_merges_with_its_own_kind_and_replaces_another(write: Write) -> None:
    base = "optimizer: {Adam: {learning_rate: 1e-3, beta_1: 0.8}}\n"
    same = layers(write, base=base, child="extends: base.yaml\noptimizer: {Adam: {learning_rate: 1e-2}}\n")
    assert same["optimizer"] == {"Adam": {"learning_rate": 0.01, "beta_1": 0.8}}
    other = layers(write, base=base, child="extends: base.yaml\noptimizer: {SGD: {momentum: 0.9}}\n")
    assert other["optimizer"] == {"SGD": {"momentum": 0.9}}
    source = layers(
        write,
        base="data: {source: {image_folder: {path: x}}}\n",
        child="extends: base.yaml\ndata: {source: {npz: {path: y}}}\n",
    )
    assert source["data"]["source"] == {"npz": {"path": "y"}}


def test_several_bases_the_later_wins(write: Write) -> None:
    merged = layers(write, a="seed: 1\nname: a\n", b="seed: 2\n", child="extends: [a.yaml, b.yaml]\n")
    assert merged == {"seed": 2, "name": "a"}


def test_a_base_is_relative_to_the_file_that_names_it(write: Write) -> None:
    write("seed: 5\n", "shared/base.yaml")
    write("extends: base.yaml\n", "shared/middle.yaml")
    write("extends: shared/middle.yaml\nname: x\n", "child.yaml")
    tree = read_layers(Path("child.yaml"))
    assert to_plain(tree) == {"seed": 5, "name": "x"}
    assert str(place_at(tree, ("seed",))) == str(Path("shared") / "base.yaml") + ":1:7"


@pytest.mark.parametrize("files", [{"child": "child.yaml"}, {"child": "a.yaml", "a": "child.yaml"}])
def test_a_config_that_extends_itself(write: Write, files: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="extends itself") as caught:
        layers(write, **{name: f"seed: 1\nextends: {base}\n" for name, base in files.items()})
    (problem,) = caught.value.problems
    assert (problem["path"], problem["line"], problem["column"]) == ("extends", 2, 10)


def test_a_missing_base_is_named_at_its_place(write: Write) -> None:
    with pytest.raises(ConfigError) as caught:
        layers(write, base="seed: 1\n", child="seed: 2\nextends: bas.yaml\n")
    (problem,) = caught.value.problems
    assert (problem["file"], problem["line"], problem["column"]) == ("child.yaml", 2, 10)
    assert problem["message"] == "bas.yaml: no such file"
    assert problem["suggestion"] == "did you mean base.yaml?"


def test_a_config_is_not_suggested_as_its_own_base(write: Write) -> None:
    with pytest.raises(ConfigError) as caught:
        layers(write, child="extends: chil.yaml\n")
    assert caught.value.problems[0]["suggestion"] is None


def test_a_mistake_in_a_base_is_shown_in_the_base(write: Write) -> None:
    with pytest.raises(ConfigError, match=r"^base.yaml:2:1: "):
        layers(write, base="a: 1\na: 2\n", child="extends: base.yaml\n")


def test_extends_takes_paths_alone(write: Write) -> None:
    with pytest.raises(
        ConfigError, match=r"child.yaml:1:10: extends: expected the path of another config, found 3"
    ):
        layers(write, child="extends: 3\n")


def test_extends_nothing(write: Write) -> None:
    assert layers(write, child="extends:\nseed: 1\n") == {"seed": 1}
