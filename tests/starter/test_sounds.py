"""`init` for sounds: a folder per class, or one folder whose names begin with the class."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bigmodel_cli.errors import DataError
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.starter import Wishes, make_starter


def saved(path: Path, seconds: float, rate: int = 8000) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.zeros(round(rate * seconds)) + 0.1, rate)


def source_of(text: str, tmp_path: Path) -> object:
    (tmp_path / "c.yaml").write_text(text)
    return read_config(tmp_path / "c.yaml").experiment.data.source.options


def test_a_folder_per_class(tmp_path):
    for name, number in product(("cat", "dog"), range(20)):
        saved(tmp_path / "sounds" / name / f"{number}.flac", 3.0 if number == 9 else 1.51, 44_100)
    (tmp_path / "sounds" / "readme.txt").write_text("no sound")
    starter = make_starter(tmp_path / "sounds", Wishes(written_in=tmp_path))
    assert starter.found == "40 sounds of 1.5 to 3 s at 44,100 Hz, of 2 classes"
    assert starter.decisions[0] == (
        "1.6 s of each sound at 16,000 Hz (44,100 would take longer, and tells speech no better), of the 5% "
        "that are longer the middle."
    )
    source = source_of(starter.text, tmp_path)
    assert (source.sample_rate, source.seconds, source.label) == (16_000, 1.6, None)


@pytest.mark.parametrize("mark", ["_", "-"])
def test_names_that_begin_with_the_class(tmp_path, mark):
    for digit, speaker, number in product("37", ("ann", "bob"), range(4)):
        saved(tmp_path / "sounds" / f"{digit}{mark}{speaker}{mark}{number}.wav", 0.3)
    starter = make_starter(tmp_path / "sounds", Wishes(written_in=tmp_path))
    assert starter.decisions[0] == "Names of files begin with the class, which is read from there."
    source = source_of(starter.text, tmp_path)
    assert (source.name_pattern, source.label) == (f"{{label}}{mark}*", "label")


def test_sounds_that_nothing_tells_apart_are_refused(tmp_path):
    for number in range(9):
        saved(tmp_path / f"take_{number}.wav", 0.3)
    with pytest.raises(DataError, match="9 sounds but no class folders") as refused:
        make_starter(tmp_path)
    assert "CLASS/SOUND" in refused.value.hint
