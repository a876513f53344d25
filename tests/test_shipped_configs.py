"""Every config that comes with bigmodel loads, builds and trains; its header says how and how well."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys
import wave
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bigmodel_cli.config.json_schema import json_schema
from bigmodel_cli.config.reader import read_file
from bigmodel_cli.config.shipped import FOLDER, shipped_configs
from bigmodel_cli.config.tree import to_plain
from bigmodel_cli.listener import Silent
from bigmodel_cli.modeling.language import language, read_config
from bigmodel_cli.new_run import NewRun
from bigmodel_cli.training.smoke import Smoke, SmokeError

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
# Data of the right shape where the real one is large or not there: enough to build and to take steps.
STAND_INS = {
    "cells": "{shapes: {image_size: 32, num_examples: 40}}",
    "vgg16": "{synthetic: {shape: [32, 32, 3], num_classes: 3, num_examples: 40}}",
    "resnet_cifar10": "{synthetic: {shape: [32, 32, 3], num_classes: 10, num_examples: 60}}",
    **dict.fromkeys(
        ["photos", "photos_pretrained"], "{synthetic: {shape: [32, 32, 3], num_classes: 3, num_examples: 60}}"
    ),
    **dict.fromkeys(["spoken_digits", "keywords"], "{tones: {num_examples: 120}}"),
    **dict.fromkeys(
        ["mnist", "mnist_best", "mnist_mlp", "mnist_mlp_mse"],
        "{synthetic: {shape: [28, 28, 1], num_classes: 10, num_examples: 400}}",
    ),
}
# Rows of the columns that a config of a table names or that its kinds need, where the files are not there.
TABLES = {
    "adult": "{path: t.csv, test: t.csv, target: income}",
    "adult_tune": "{path: t.csv, test: t.csv, target: income}",
    "adult_two_targets": "{path: t.csv, test: t.csv, target: [income, hours-per-week]}",
    "housing": "{path: t.csv, target: median_house_value}",
    **dict.fromkeys(
        ["sms_spam", "ag_news"], "{path: texts.csv, target: label, columns: {text: text, label: category}}"
    ),
    "ratings": "{path: ratings.csv, target: rating, join: {item: {path: items.csv}}, columns: {"
    "user: category, item: category, rating: number, timestamp: ignore, year: category, genres: set}}",
    "two_towers": "{path: ratings.csv, target: {item: {retrieve: {user: user, time: timestamp}}}, join: "
    "{item: {path: items.csv}}, columns: {user: category, item: category, rating: ignore, timestamp: ignore, "
    "year: category, genres: set}}",
    "next_item": "{path: ratings.csv, target: {item: {retrieve: {user: user, time: timestamp}}}, join: "
    "{item: {path: items.csv}}, columns: {user: ignore, item: category, rating: ignore, timestamp: ignore, "
    "year: category, genres: set, history: {history: {of: item, by: user, time: timestamp, length: 5}}}}",
    "digit_strings": "{path: sounds.csv, test: sounds.csv, target: said, columns: {said: transcript, "
    "clip: {audio: {sample_rate: 8000, seconds: 1}}}, strings: {length: [1, 3], count: 40}}",
    "word_check": "{path: asked.csv, test: asked.csv, target: says, columns: {word: text, "
    "clip: {audio: {sample_rate: 8000, seconds: 1}}}}",
    "multi30k": "{path: pairs.tsv, target: de, columns: "
    "{en: {subwords: {tokenizer: bytes, length: 24}}, de: {subwords: {tokenizer: bytes, length: 24}}}}",
}
# Where the real data of a config is, by the keys that say so, below shared/data.
_MNIST = {"data.source.mnist.path": "mnist"}
_PHOTOS = {"data.source.image_folder.path": "imagenette_mini"}
_ADULT = {"data.source.table.path": "adult/adult_train.csv", "data.source.table.test": "adult/adult_test.csv"}
REAL = {
    **dict.fromkeys(["mnist", "mnist_best", "mnist_mlp", "mnist_mlp_mse"], _MNIST),
    "photos": _PHOTOS,
    "photos_pretrained": {
        **_PHOTOS,
        # There is no network in tests.
        "model.0.MobileNet.weights": "imagenet_weights/mobilenet_1_0_224.weights.h5",
    },
    **dict.fromkeys(["adult", "adult_tune", "adult_two_targets"], _ADULT),
    "cells": {"data.source.mask_folder.path": "wbc_seg"},
    "housing": {"data.source.table.path": "california_housing/housing.csv"},
    "sms_spam": {"data.source.table.path": "sms_spam/SMSSpamCollection.tsv"},
    "ag_news": {
        "data.source.table.path": "ag_news/train.csv",
        "data.source.table.test": "ag_news/test.csv",
    },
    "shakespeare_char": {"data.source.text_files.path": "tiny_shakespeare/input.txt"},
    "wnut17": {
        f"data.source.conll.{key}": f"wnut17/{name}.conll"
        for key, name in [("path", "train"), ("validation", "dev"), ("test", "test")]
    },
    "shakespeare_bpe": {"data.source.text_files.path": "tiny_shakespeare/input.txt"},
    "squad": {
        "data.source.squad.path": "squad_mini/train.json",
        "data.source.squad.test": "squad_mini/val.json",
    },
}
# Two batches are enough of the large images; of the one of 34 million parameters, most are in two layers:
# test_build.py builds it in full, and the one that repeats its blocks. One transformer has two of its layers,
# which are alike. Of the two U-nets one has all its levels.
SMALLER = {
    "vgg16": [
        "model.8.repeat.layers.0.Dense.units=256",
        "training.steps_per_execution=1",
        "data.batch_size=4",
    ],
    "visits": ["data.source.visits.num_visits=600", "data.source.visits.num_users=60"],
    "photos": ["data.batch_size=4"],
    "photos_pretrained": ["data.batch_size=4"],
    "cells": ["data.batch_size=4"],
    "shapes": ["model.0.unet.filters=[8, 16]"],
    "shakespeare_char": ["data.validation=0.002", "model.1.transformer.layers=2"],
    # What stands in for the text has no thousand subwords.
    "shakespeare_bpe": [
        "data.validation=0.002",
        "data.source.text_files.tokens={bpe: {vocabulary_size: 280}}",
        "model.1.transformer.layers=1",
    ],
    "python_gpt": ["data.validation=0.001", "model.1.transformer.layers=1"],
    "multi30k": [
        *(f"model.{place}.token_and_position.length=24" for place in (0, 2)),
        "model.1.transformer.layers=1",
        "model.3.transformer_decoder.layers=1",
    ],
    "squad": ["model.6.token_convolutions.layers=1"],
    "resnet_cifar10": [f"model.{place}.repeat.times=1" for place in (3, 6, 9)],
}
ESSENTIAL = [
    "data", "model", "steps", "validation", "checkpoints", "resume", "evaluation", "export", "plots",
    "report", "prediction",
]  # fmt: skip


def test_there_is_one_copy_which_is_in_the_package() -> None:
    """A clone has them in `configs/`, an installation below `bigmodel_cli`."""
    assert FOLDER.resolve() == (ROOT / "configs").resolve()
    assert [config.path.name for config in shipped_configs().values()] == [path.name for path in CONFIGS]


@pytest.mark.slow
def test_the_wheel_has_them(tmp_path: Path) -> None:
    build = "from setuptools.build_meta import build_wheel; import sys; print(build_wheel(sys.argv[1]))"
    # Setuptools leaves folders beside what it builds.
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "src", tmp_path / "src")
    done = subprocess.run(
        [sys.executable, "-c", build, "."], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    with zipfile.ZipFile(tmp_path / done.stdout.splitlines()[-1]) as wheel:
        names = set(wheel.namelist())
    assert {f"bigmodel_cli/configs/{path.name}" for path in CONFIGS} <= names


def test_the_expected_configs_are_there() -> None:
    assert {path.stem for path in CONFIGS} >= {
        "digits", "mnist", "mnist_mlp", "mnist_mlp_mse", "mnist_best", "vgg16", "resnet_cifar10", "photos",
        "photos_pretrained", "regression", "adult", "adult_two_targets", "breast_cancer",
        "housing", "digit_sums", "digits_tune", "adult_tune", "sms_spam", "ag_news",
        "shakespeare_char", "shakespeare_bpe", "python_gpt", "multi30k", "wnut17", "squad", "shapes",
        "cells", "digit_strings", "ratings", "two_towers", "next_item", "visits", "word_check",
    }  # fmt: skip


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_the_header_says_command_and_result(path: Path) -> None:
    text = path.read_text("utf-8")
    header = "\n".join(line for line in text.split("\nname:")[0].splitlines() if line.startswith("#"))
    verb = "tune" if "\ntune:" in text else "train"
    assert f"bigmodel {verb} configs/{path.name}" in header
    assert re.search(r"accuracy|error|recall|R²", header), "the header tells no result"


@pytest.fixture(scope="module")
def validator() -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json_schema(language()))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_the_schema_accepts_it(path: Path, validator: Any) -> None:
    assert [error.message for error in validator.iter_errors(to_plain(read_file(path)))] == []


def _table(folder: Path) -> None:
    """Rows of all columns that a shipped config of a table needs."""
    chance = random.Random(0)
    rows = [
        f"{chance.random():.4f},{chance.choice('abc')},{chance.choice(['<=50K', '>50K'])},{row / 7:.3f},"
        f"{row % 50}"
        for row in range(300)
    ]
    names = "age,ocean_proximity,income,median_house_value,hours-per-week"
    (folder / "t.csv").write_text("\n".join([names, *rows]))
    words = ["call", "win", "home", "lunch", "market", "match"]
    texts = [f"{row % 2},{' '.join(chance.choices(words, k=row % 9 + 1))} {row}" for row in range(300)]
    (folder / "texts.csv").write_text("\n".join(["label,text", *texts]))
    pairs = [f"{text.partition(',')[2]}\t{text.partition(',')[2].upper()}" for text in texts[:60]]
    (folder / "pairs.tsv").write_text("\n".join(["en\tde", *pairs]))
    _sounds(folder)
    ratings = [f"{row % 17},{row % 13},{row % 11},{1_300_000_000 + row}" for row in range(300)]
    (folder / "ratings.csv").write_text("\n".join(["user,item,rating,timestamp", *ratings]))
    items = [f"{item},{1990 + item},{['Drama', 'Crime|Drama', ''][item % 3]}" for item in range(12)]
    (folder / "items.csv").write_text("\n".join(["item,year,genres", *items]))
    tagged = [f"{word}\tO\n{word.title()}\tB-{row % 3}\n" for row in range(100) for word in words[: row % 7]]
    (folder / "tags.conll").write_text("\n".join(tagged))


def _sounds(folder: Path) -> None:
    """Short sounds, and what is said in them."""
    for number in range(20):
        with wave.open(str(folder / f"{number}.wav"), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(random.Random(number).randbytes(4000))
    rows = [f"{number}.wav,{['one', 'two'][number % 2]}" for number in range(20)]
    (folder / "sounds.csv").write_text("\n".join(["clip,said", *rows]))
    asked = [f"{row},{['yes', 'no'][number // 2 % 2]}" for number, row in enumerate(rows)]
    (folder / "asked.csv").write_text("\n".join(["clip,word,says", *asked]))


def _data_of(name: str) -> list[str]:
    """Where a config's data is: the real one where it is at hand, else something of its shape."""
    real = [f"{key}={SHARED / 'data' / path}" for key, path in REAL.get(name, {}).items()]
    if real and all(Path(word.partition("=")[2]).exists() for word in real):
        return real
    words = [f"data.source={STAND_INS[name]}"] if name in STAND_INS else []
    words += [f"data.source.table={TABLES[name]}"] if name in TABLES else []
    words += ["data.source.text_files.path=texts.csv"] if name.startswith("shakespeare") else []
    if name == "squad":
        shutil.copy(ROOT / "tests" / "frozen" / "data" / "questions.json", "questions.json")
        words += ["data.source.squad={path: questions.json}"]
    if name == "wnut17":
        words += ["data.source.conll={path: tags.conll}"]
    return words + (["model.0.MobileNet.weights=null"] if name == "photos_pretrained" else [])


@pytest.mark.tf
@pytest.mark.slow
@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_it_works_from_data_to_prediction(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `--smoke` does it: trained, killed, gone on with, evaluated, exported, drawn, asked.

    The error of one that does not work begins with the stage that fails.
    """
    monkeypatch.chdir(tmp_path)
    _table(tmp_path)
    words = [*_data_of(path.stem), *SMALLER.get(path.stem, [])]
    stages = Smoke(read_config(path, words), Silent(), offline=True).run()
    names = [stage.name for stage in stages]
    assert [name for name in ESSENTIAL if name not in names] == []


def test_which_stage_of_which_config_breaks_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = read_config(ROOT / "configs" / "adult.yaml")
    with pytest.raises(
        SmokeError, match=r"^data \(finding and reading the data\) does not work: .*adult_train"
    ):
        Smoke(config, Silent(), offline=True).run()


@pytest.mark.tf
@pytest.mark.slow
def test_digits_is_as_good_as_its_header_says(tmp_path: Path) -> None:
    from bigmodel_cli.training.train import How, train

    config = read_config(ROOT / "configs" / "digits.yaml")
    result = train(
        config, NewRun(tmp_path, config.experiment.name), [Silent()], how=How(offline=True, exports=False)
    )
    assert result.evaluation.metrics["accuracy"] >= 0.97


@pytest.mark.tf
@pytest.mark.slow
@pytest.mark.data
def test_adult_is_as_good_as_its_header_says(shared_data: Callable[[str], Path], tmp_path: Path) -> None:
    from bigmodel_cli.training.train import How, train

    folder = shared_data("adult")
    words = [
        f"data.source.table.path={folder / 'adult_train.csv'}",
        f"data.source.table.test={folder / 'adult_test.csv'}",
    ]
    config = read_config(ROOT / "configs" / "adult.yaml", words)
    evaluation = train(
        config, NewRun(tmp_path, config.experiment.name), [Silent()], how=How(offline=True, exports=False)
    ).evaluation
    assert evaluation.num_examples == 16_281
    assert evaluation.metrics["accuracy"] >= 0.864
    assert evaluation.as_json()["scores"]["roc_auc"] >= 0.918


@pytest.mark.tf
@pytest.mark.slow
@pytest.mark.data
def test_the_articles_network_learns_the_real_mnist(
    shared_data: Callable[[str], Path], tmp_path: Path
) -> None:
    from bigmodel_cli.training.train import How, train

    words = [f"data.source.mnist.path={shared_data('mnist')}", "training.epochs=3"]
    config = read_config(ROOT / "configs" / "mnist_mlp.yaml", words)
    result = train(
        config, NewRun(tmp_path, config.experiment.name), [Silent()], how=How(offline=True, exports=False)
    )
    assert result.evaluation.num_examples == 10_000
    assert result.evaluation.metrics["accuracy"] >= 0.96
