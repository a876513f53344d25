"""Classes and functions of one's own as names of a config, read without running their file."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from bigmodel_cli.config.components import Language
from bigmodel_cli.config.json_schema import json_schema
from bigmodel_cli.config.load import LoadedConfig, load_config
from bigmodel_cli.config.naming import directions
from bigmodel_cli.config.own_code.files import Own
from bigmodel_cli.config.provenance import explain
from bigmodel_cli.modeling.language import language_with, read_config
from bigmodel_cli.reference import describe_component, names_in

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "own-code" / "digits.yaml"


@pytest.fixture(scope="module")
def example() -> LoadedConfig:
    return read_config(EXAMPLE)


def test_the_example_of_the_docs(example: LoadedConfig) -> None:
    assert example.warnings == ()
    of_files = example.language.catalogue.own_names
    assert of_files == {"Scale", "wavy", "focal", "Surest", "Halving", "StopWhenFlat"}
    experiment = example.experiment
    assert experiment.code == EXAMPLE.with_name("my_layers.py")
    assert experiment.model[1].own is not None and experiment.model[1].own.name == "Scale"
    assert directions(experiment.metrics) == {"loss": "min", "accuracy": "max", "surest": "max"}


def test_arguments_are_those_of_the_signature(example: LoadedConfig) -> None:
    scale = example.language.catalogue.entry("layers", "Scale")
    assert scale is not None and isinstance(scale.own, Own)
    assert scale.doc == "Multiplies each feature by a weight that is learnt."
    start, regularizer, *others = scale.parameters.values()
    assert (start.accepts, start.default, start.doc) == (("number",), 1.0, "What the weights begin with.")
    assert regularizer.families == ("regularizers",) and "null" in regularizer.accepts
    assert [one.name for one in others] == ["activity_regularizer", "trainable", "dtype", "autocast", "name"]
    surest = example.language.catalogue.entry("metrics", "Surest")
    assert surest is not None and surest.own is not None and surest.own.base == "Mean"
    assert list(surest.parameters) == ["name", "dtype"]


def test_why_a_value_is_what_it_is(example: LoadedConfig) -> None:
    found = explain(example, "optimizer.Adam.learning_rate.Halving.every", example.language.catalogue)
    assert (found.value, found.origins[-1].value) == (200, 100)
    assert found.doc == "How many steps."


def test_the_schema_knows_the_names(example: LoadedConfig) -> None:
    from bigmodel_cli.config.tree import to_plain

    check = jsonschema.Draft202012Validator(json_schema(example.language))
    config = to_plain(example.stack[-1])
    assert list(check.iter_errors(config)) == []
    config["model"][1]["Scale"]["start"] = "much"
    assert list(check.iter_errors(config))


def _line_of(words: str) -> int:
    text = EXAMPLE.with_name("my_layers.py").read_text()
    return text[: text.index(words)].count("\n") + 1


def test_list_shows_them_with_their_line() -> None:
    known = language_with([EXAMPLE.with_name("my_layers.py")])
    docs = {one["name"]: one["doc"] for one in names_in("losses", known)}
    assert docs["focal"].endswith(f"(my_layers.py:{_line_of('def focal')})")
    assert describe_component("losses", "focal", known)["arguments"][0]["name"] == "gamma"
    assert "focal" not in {one["name"] for one in names_in("losses")}


ANNOTATED = """\
import typing as t
from typing import Annotated, Literal, Optional

import keras as k
from annotated_types import Interval
from keras.layers import Layer as Base


class First(Base):
    def __init__(self, units: int, mode: Literal["a", "b"] = "a", rate: "Optional[float]" = None,
                 inner: k.layers.Layer | None = None, share: Annotated[float, Interval(ge=0, lt=1)] = 0.5,
                 sizes: t.Sequence[int] = (1, 2), flag=True, anything=object(), **kwargs):
        extra = kwargs.pop("extra", None)
        super().__init__(name="first", **kwargs)

    def call(self, inputs, training=False):
        return inputs

    def get_config(self):
        return {**super().get_config(), **vars(self)}


@k.saving.register_keras_serializable(package="mine")
class Second(First):
    def call(self, inputs):
        return inputs


class Rate(k.optimizers.Adam):
    def __init__(self, factor=1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def get_config(self):
        return super().get_config() | {"factor": self.factor}
"""


@pytest.fixture
def own(write: Callable[..., Path]) -> Callable[[str], Language]:
    return lambda text: language_with([write(text, "mine.py")])


def test_annotations_defaults_and_bases(own: Callable[[str], Language]) -> None:
    catalogue = own(ANNOTATED).catalogue
    second = catalogue.entry("layers", "Second")
    assert second is not None
    kinds = {name: one.accepts for name, one in second.parameters.items()}
    assert kinds["units"] == ("integer",) and second.parameters["units"].required
    assert kinds["rate"] == ("number", "null")
    assert (kinds["sizes"], kinds["flag"]) == (("list",), ("boolean",))
    assert second.parameters["mode"].choices == ("a", "b")
    assert kinds["inner"] == ("component", "null") and second.parameters["inner"].families == ("layers",)
    bounds = second.parameters["share"].bounds
    assert bounds is not None and not bounds.admits(1.0) and bounds.admits(0)
    assert kinds["anything"] == () and not second.parameters["anything"].required
    assert "extra" in kinds and "name" not in kinds and "trainable" in kinds
    rate = catalogue.entry("optimizers", "Rate")
    assert rate is not None and {"factor", "learning_rate", "beta_1", "clipnorm"} <= set(rate.parameters)


BASE = """\
import keras


class Base(keras.Loss):
    def call(self, y_true, y_pred):
        return y_pred
"""
DERIVED = """\
from base import Base


class Mine(Base):
    def __init__(self, weight=1.0, **kwargs):
        super().__init__(**kwargs)
"""


def test_a_file_that_imports_another_one(write: Callable[..., Path]) -> None:
    write(BASE, "base.py")
    write(DERIVED, "mine.py")
    known = language_with([Path("mine.py"), Path("base.py")])
    assert known.code is not None and [file.named.name for file in known.code.files] == ["base.py", "mine.py"]
    mine = known.catalogue.entry("losses", "Mine")
    assert mine is not None and list(mine.parameters) == ["weight", "reduction", "name", "dtype"]


def test_check_runs_none_of_it(write: Callable[..., Path], tmp_path: Path) -> None:
    text = EXAMPLE.with_name("my_layers.py").read_text()
    write(f'{text}\n\nopen("RAN", "w").close()\nraise SystemExit(3)\n', "my_layers.py")
    config = write(EXAMPLE.read_text(), "digits.yaml")
    script = (
        "import sys\nfrom bigmodel_cli.cli.main import run\n"
        f"code = run(['check', {str(config)!r}])\n"
        "heavy = {'tensorflow', 'keras', 'numpy', 'my_layers'} & set(sys.modules)\nprint(code, heavy)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "0 set()"
    assert not (tmp_path / "RAN").exists()


def test_a_space_may_have_them(write: Callable[..., Path], language: Language) -> None:
    write(EXAMPLE.with_name("my_layers.py").read_text(), "my_layers.py")
    text = EXAMPLE.read_text() + "tune: {space: {loss.focal.gamma: {uniform: [0.5, 3]}}}\n"
    loaded = load_config(write(text), [], language)
    assert loaded.experiment.tune is not None


def test_the_path_is_relative_to_its_config(
    write: Callable[..., Path], language: Language, tmp_path: Path
) -> None:
    write(EXAMPLE.with_name("my_layers.py").read_text(), "deep/my_layers.py")
    write(EXAMPLE.read_text(), "deep/digits.yaml")
    loaded = load_config(write("extends: deep/digits.yaml\n"), [], language)
    assert [file.named for file in loaded.code.files] == [tmp_path / "deep" / "my_layers.py"]
