"""What workers train is of the code that there was when it began."""

from __future__ import annotations

from pathlib import Path

from bigmodel_cli.config.dump import to_yaml
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.workers.shipped_code import with_shipped_code

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "own-code"


def test_a_config_for_workers_names_copies(tmp_path: Path) -> None:
    for name in ("my_layers.py", "digits.yaml"):
        (tmp_path / name).write_text((EXAMPLE / name).read_text())
    loaded = read_config(tmp_path / "digits.yaml")
    (tmp_path / "my_layers.py").write_text("changed since\n")
    experiment = with_shipped_code(loaded.experiment, loaded.code, tmp_path / "code")
    assert experiment.code == [tmp_path / "code" / "my_layers.py"]
    (tmp_path / "trial.yaml").write_text(to_yaml(experiment))
    again = read_config(tmp_path / "trial.yaml")
    assert again.code.hashes == loaded.code.hashes
    assert again.experiment.model[1].name == "Scale"


def test_a_config_without_code_stays_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "plain.yaml").write_text(
        "data: {source: digits}\nmodel: [Flatten, {Dense: {units: num_classes, activation: softmax}}]\n"
        "preprocessing: [{Rescaling: {scale: 1/16}}]\nloss: CategoricalCrossentropy\noptimizer: Adam\n"
    )
    loaded = read_config(tmp_path / "plain.yaml")
    assert with_shipped_code(loaded.experiment, loaded.code, tmp_path / "code") is loaded.experiment
    assert "code" not in to_yaml(loaded.experiment) and not (tmp_path / "code").exists()
