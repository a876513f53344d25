"""`init` of a plain text writes a config that checks, and learns from all of it."""

from __future__ import annotations

import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.starter import Wishes, make_starter


@pytest.mark.parametrize(
    ("text", "tokens", "found"),
    [
        ("To be, or not to be.\n" * 400, "characters", "8,400 characters, 11 different ones"),
        ("".join(map(chr, range(0x4E00, 0x5200))) * 4, "bytes", "4,096 characters, 1,024 different ones"),
    ],
)
def test_a_config_for_a_text(tmp_path, text, tokens, found):
    path = tmp_path / "a play.txt"
    path.write_text(text, encoding="utf-8")
    starter = make_starter(path, Wishes(written_in=tmp_path))
    assert starter.found == f"a play.txt: {found}"
    (tmp_path / "c.yaml").write_text(starter.text, encoding="utf-8")
    experiment = read_config(tmp_path / "c.yaml").experiment
    options = experiment.data.source.options
    assert (experiment.name, options.tokens, options.path.resolve()) == ("a_play", tokens, path)
    assert "dropout: 0.2" in starter.text, "a short text is learned by heart"
    assert options.windows_per_epoch * experiment.training.epochs >= 200 * 12 - 12 * 8


def test_a_text_that_is_too_short(tmp_path):
    (tmp_path / "a.txt").write_text("To be")
    with pytest.raises(DataError, match=r"a\.txt: 5 characters are too few to learn from"):
        make_starter(tmp_path / "a.txt")
