"""What `init` writes for texts, sounds, masks, tags and pairs learns what is plain to see in made-up ones.

Few of the epochs are enough for that; the long form trains all of them.
"""

from __future__ import annotations

import os
import random
import wave
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

pytestmark = [pytest.mark.tf, pytest.mark.slow]


def test_a_folder_of_texts(score):
    """Two words of eleven tell the class."""
    chance = random.Random(0)
    of_all = ["the", "a", "then", "slowly", "we", "into", "with", "very", "today", "again"]
    for name, own in {"cooking": "stir boil bake pan dough", "sailing": "wind sail rope mast tide"}.items():
        (Path("texts") / name).mkdir(parents=True)
        for number in range(60):
            words = chance.choices(of_all, k=9) + chance.choices(own.split(), k=2)
            Path("texts", name, f"{number}.txt").write_text(" ".join(chance.sample(words, len(words))))
    assert score(Path("texts"), share_of_epochs=0.15) >= 0.9


def test_a_folder_of_sounds(score):
    """Tones of three heights, as long and as loud as chance wants. All nine that validate are right early."""
    chance = np.random.default_rng(0)
    for name, (low, high) in {"deep": (150, 300), "middle": (500, 800), "high": (1200, 2000)}.items():
        (Path("sounds") / name).mkdir(parents=True)
        for number in range(30):
            seconds = np.arange(int(8000 * chance.uniform(0.4, 0.6))) / 8000
            tone = np.sin(2 * np.pi * chance.uniform(low, high) * seconds) * chance.uniform(0.1, 0.9)
            heard = np.clip(tone + chance.normal(0, 0.1, len(tone)), -1, 1)
            with wave.open(f"sounds/{name}/{number}.wav", "wb") as file:
                file.setparams((1, 2, 8000, 0, "NONE", ""))
                file.writeframes((heard * 32767).astype("<i2").tobytes())
    assert score(Path("sounds"), share_of_epochs=0.4) >= 0.85


def test_a_folder_of_masks(score):
    """Red and blue discs on noise, in images of several sizes."""
    chance = np.random.default_rng(0)
    for name in ("images", "masks"):
        Path("discs", name).mkdir(parents=True)
    for number in range(24):
        width, height = (int(side) for side in chance.integers(60, 90, 2))
        image = Image.fromarray(chance.integers(0, 120, (height, width, 3), dtype=np.uint8))
        mask = Image.new("L", image.size)
        for value, colour in ((1, (220, 60, 60)), (2, (60, 60, 220))):
            left, top = (int(place) for place in chance.integers(0, 40, 2))
            box = (left, top, left + 20, top + 20)
            ImageDraw.Draw(image).ellipse(box, fill=colour)
            ImageDraw.Draw(mask).ellipse(box, fill=value)
        image.save(f"discs/images/{number}.png")
        mask.save(f"discs/masks/{number}.png")
    assert score(Path("discs"), "mean_iou", share_of_epochs=0.1) >= 0.6


def test_tagged_words(score):
    """Names that no other sentence has are told by how they are spelt and by what stands beside them."""
    chance = random.Random(0)

    def name() -> str:
        return "".join(chance.choice(part) for part in ("bdfgklm", "aeiou", "nprst", "aeiou")).title()

    sentences = [
        [
            ("then", "O"),
            (name(), "B-person"),
            (chance.choice(["went", "drove"]), "O"),
            (f"{name()}burg", "B-place"),
        ]
        for _ in range(200)
    ]
    Path("t.conll").write_text("\n\n".join("\n".join(map("\t".join, words)) for words in sentences))
    assert score(Path("t.conll"), "span_f1", share_of_epochs=0.1) >= 0.9


@pytest.mark.skipif(os.environ.get("BIGMODEL_FAULTS") != "long", reason="the long form: a minute")
def test_pairs_of_texts(score):
    """Numbers from English into German, word by word."""
    german = {"one": "eins", "two": "zwei", "three": "drei", "four": "vier", "five": "fünf", "six": "sechs"}
    chance = random.Random(0)
    said = [chance.choices(list(german), k=chance.randint(2, 5)) for _ in range(600)]
    rows = [f"{' '.join(words)}\t{' '.join(german[word] for word in words)}" for words in said]
    Path("pairs.tsv").write_text("\n".join(["en\tde", *rows]), encoding="utf-8")
    assert score(Path("pairs.tsv"), "bleu") >= 80
