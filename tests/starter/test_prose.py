"""`init` of a plain text, or of tagged words, writes a config that checks, and learns from all of it."""

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


def test_a_config_for_tagged_words(tmp_path):
    """Files of other splits are looked for beside it."""
    for split in ("train", "dev", "test"):
        (tmp_path / f"names_{split}.conll").write_text("Ann\tB-person\nis\tO\n\nin\tO\nRome\tB-place\n")
    path = tmp_path / "names_train.conll"
    starter = make_starter(path, Wishes(written_in=tmp_path))
    assert starter.found == (
        "names_train.conll: sentences (2 train, 2 validation, 2 test), spans of 2 types (BIO)"
    )
    (tmp_path / "c.yaml").write_text(starter.text, encoding="utf-8")
    experiment = read_config(tmp_path / "c.yaml").experiment
    options = experiment.data.source.options
    assert experiment.name == "names_train"
    assert [one.name for one in (options.path, options.validation, options.test)] == [
        f"names_{split}.conll" for split in ("train", "dev", "test")
    ]
    assert experiment.training.epochs == 60, "few sentences are seen often"
    (tmp_path / "bad.conll").write_text("Ann\tB-person\nis\n")
    with pytest.raises(DataError, match=r"bad\.conll:2: expected 2 columns with tabs between, found 1: 'is'"):
        make_starter(tmp_path / "bad.conll")
