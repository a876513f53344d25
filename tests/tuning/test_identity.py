"""Which configs go on with a search, and which are another one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from searches import made, write_config

from bigmodel_cli.errors import UsageError
from bigmodel_cli.modeling.language import read_searched
from bigmodel_cli.tuning.folder import SearchFolder
from bigmodel_cli.tuning.identity import changes, folder_of, identity
from bigmodel_cli.whole_files import read_sealed, write_sealed

# What may change: how long is searched and what it may take, what is asked of the best at the end, who is
# told, and what changes no digit of a run.
FREE = [
    "tune.trials=50",
    "tune.keep=1",
    "tune.budget.time=2 hours",
    "tune.budget.disk=5 GB",
    "expect.test_accuracy='>= 0.5'",
    "track=[tensorboard]",
    "data.cache=none",
    "training.steps_per_execution=4",
    "training.checkpoint.every=2 epochs",
    "training.checkpoint.keep=3",
]
# What may not, with what is said of it.
FIXED = {
    "name=another": "name",
    "seed=1": "seed",
    "data.batch_size=64": "data.batch_size",
    "data.validation=0.2": "data.validation",
    "data.source.synthetic.num_examples=601": "data.source.synthetic.num_examples",
    "model.0.Dense.activation=tanh": "model.0.Dense.activation",
    "~model.1": "model.1, tune.space",
    "loss=CategoricalCrossentropy": "loss",
    "optimizer.Adam.beta_1=0.8": "optimizer.Adam.beta_1",
    "training.epochs=4": "training.epochs",
    "training.deterministic=false": "training.deterministic",
    "training.precision=float32": "training.precision",
    "training.time=1 hour": "training.time",
    "training.checkpoint.monitor=val_loss": "training.checkpoint.monitor",
    "metrics=[accuracy]": "metrics",
    "calibrate={}": "calibrate.temperature",
    "tune.metric=val_loss": "tune.metric",
    "tune.mode=max": "tune.mode",
    "tune.search=auto": "tune.search",
    "tune.stop_early=false": "tune.stop_early",
    "tune.space.data.batch_size={choice: [16, 32]}": "tune.space",
    "~tune.space.model.1": "tune.space",
}


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> SearchFolder:
    return made(tmp_path_factory.mktemp("begun"), scores={1: (0.5, 0.6, 0.7)})


def asked(begun: SearchFolder, *words: str) -> dict[str, str]:
    return identity(read_searched(begun.path.parents[1] / "small.yaml", words))


@pytest.mark.parametrize("word", FREE)
def test_what_may_change(begun: SearchFolder, word: str) -> None:
    assert changes(read_sealed(begun.record), asked(begun, word)) == []


@pytest.mark.parametrize(("word", "told"), FIXED.items())
def test_what_is_another_search(begun: SearchFolder, word: str, told: str) -> None:
    words = (word, "~tune.space.model.1") if word.startswith("~model") else (word,)
    assert ", ".join(changes(read_sealed(begun.record), asked(begun, *words))) == told


def test_it_is_said_key_by_key(begun: SearchFolder) -> None:
    config = begun.path.parents[1] / "small.yaml"
    searched = read_searched(config, ["training.epochs=4", "seed=1", "tune.stop_early=false"])
    told = (
        r"tunes/small: not the search that was begun here: seed, training\.epochs, tune\.stop_early changed$"
    )
    with pytest.raises(UsageError, match=told):
        folder_of(searched, begun.path.parent)


def as_an_earlier_version(record: dict[str, Any], *lacking: str) -> dict[str, Any]:
    """search.json of a version that did not know some keys yet."""
    config = yaml.safe_load(record["config"])
    older = dict(record)
    for key in lacking:
        if key in older:
            del older[key]
            continue
        *above, last = key.split(".")
        section = config
        for part in above:
            section = section[part]
        del section[last]
    return {**older, "config": yaml.safe_dump(config, sort_keys=False)}


LACKING = ("training.time", "training.jit_compile", "data.cache", "calibrate", "tune.stop_early", "tune.mode")


def test_keys_of_a_later_version_count_as_their_defaults(tmp_path: Path) -> None:
    folder = made(tmp_path, scores={1: (0.5, 0.6, 0.7)})
    write_sealed(folder.record, as_an_earlier_version(read_sealed(folder.record), *LACKING))
    config = write_config(tmp_path)
    assert folder_of(read_searched(config), tmp_path / "tunes").path == folder.path
    found = asked(folder, "training.jit_compile=true", "tune.stop_early=false")
    assert changes(read_sealed(folder.record), found) == ["training.jit_compile", "tune.stop_early"]


def test_a_record_that_this_version_cannot_read_is_compared_as_it_is_written(tmp_path: Path) -> None:
    folder = made(tmp_path, scores={1: (0.5, 0.6, 0.7)})
    record = read_sealed(folder.record)
    gone = record["config"].replace("seed: 0", "seed: 0\nsince_removed: 3")
    assert changes({**record, "config": gone}, asked(folder)) == ["since_removed"]


def test_a_file_of_its_own_code_that_changed_is_another_search(tmp_path: Path) -> None:
    code = Path(__file__).resolve().parents[2] / "docs" / "own-code" / "my_layers.py"
    copy = tmp_path / "my_layers.py"
    copy.write_text(code.read_text())
    path = tmp_path / "own.yaml"
    space = "tune: {space: {loss.focal.gamma: {uniform: [0.5, 3]}}}\n"
    path.write_text(code.with_name("digits.yaml").read_text() + space)
    before = identity(read_searched(path))
    assert changes(before, identity(read_searched(path))) == []
    copy.write_text(f"{code.read_text()}\n# Another one.\n")
    assert changes(before, identity(read_searched(path))) == ["code"]
