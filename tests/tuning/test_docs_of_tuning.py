"""docs/tuning.md: its configs are right."""

from __future__ import annotations

import re
from pathlib import Path

from bigmodel_cli.modeling.language import read_searched

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tuning.md"


def test_its_configs_can_be_searched(tmp_path):
    whole, preset = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    path = tmp_path / "digits_tune.yaml"
    path.write_text(whole)
    searched = read_searched(path)
    assert [one.name for one in searched.space.all()] == [
        "optimizer.Adam.learning_rate",
        "data.batch_size",
        "model.1.Dense.units",
        "model.2",
        "model.2[0].Dropout.rate",
    ]
    path.write_text(whole[: whole.index("tune:")] + preset)
    searched = read_searched(path)
    sgd = searched.config_at({"preset_optimizer": 1, "preset_optimizer[1].optimizer.SGD.learning_rate": 0.5})
    assert sgd.experiment.optimizer.name == "SGD"
