"""`track` in a config: what is wrong is said in its place, and a run's own digits do not depend on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bigmodel_cli.config.dump import plain
from bigmodel_cli.errors import ConfigError
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.tracking.trackers.mlflow import Mlflow

CONFIG = """\
data: {source: digits}
model: [Flatten, {Dense: {units: num_classes, activation: softmax}}]
loss: SparseCategoricalCrossentropy
optimizer: Adam
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(CONFIG)
    return path


@pytest.mark.parametrize(
    ("word", "message", "suggestion"),
    [
        ("track=[mlflo]", "there is no tracker 'mlflo'", "did you mean mlflow?"),
        ("track=mlflow", "a list", "write [mlflow]"),
        ("track=[{type: wandb}]", "there is no tracker 'type'", "write wandb"),
        ("track=[{wandb: {projekt: x}}]", "projekt", "did you mean project?"),
        ("track=[{wandb: {mode: offlin}}]", "offlin", "did you mean offline?"),
        ("track=[{mlflow: {uri: ./mlruns}}]", "expected a server's address or sqlite:///mlflow.db", None),
        ("track=[{mlflow: {uri: 'file:///tmp/x'}}]", "MLflow keeps no new runs in folders of files", None),
        ("track=[wandb, {wandb: {mode: offline}}]", "expected each tracker once, found wandb 2 times", None),
    ],
)
def test_mistakes_are_explained(config: Path, word: str, message: str, suggestion: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        read_config(config, [word])
    (problem,) = caught.value.problems
    assert message in problem["message"] and problem["file"] == "command line"
    assert suggestion is None or problem["suggestion"] == suggestion


def test_a_config_without_trackers_is_written_as_before(config: Path) -> None:
    without, named = read_config(config).experiment, read_config(config, ["track=[tensorboard]"]).experiment
    assert "track" not in plain(without)
    assert plain(named) == {**plain(without), "track": ["tensorboard"]}


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("http://here:5000", ("here", 5000, False)),
        ("https://there", ("there", 443, True)),
        ("sqlite:///mlflow.db", None),
    ],
)
def test_whom_mlflow_connects_to(
    monkeypatch: pytest.MonkeyPatch, uri: str, address: tuple[str, int, bool] | None
) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert Mlflow(uri=uri).address == address
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert Mlflow().address == address


def test_a_proxy_is_whom_to_connect_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert Mlflow(uri="https://there").address == ("proxy", 3128, False)
