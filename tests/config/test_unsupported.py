"""What there is not yet: the guide has the same sentences as the messages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bigmodel_cli.config.unsupported import SENTENCES

GUIDE = Path(__file__).parents[2] / "docs" / "guide.md"


@pytest.mark.parametrize("sentence", SENTENCES)
def test_the_guide_says_it_too(sentence: str) -> None:
    section = GUIDE.read_text("utf-8").partition("What does not work yet")[2]
    items = [" ".join(item.split()).lower() for item in section.split("\n- ")[1:]]
    head = re.split(r" (?:do|does) not work yet", sentence)[0].replace(" (an autoencoder)", "")
    assert any(item.startswith(head.split(",")[0].lower()) for item in items), head
