"""Makes the runs that `test_frozen_runs.py` holds later versions to: `python tests/frozen/freeze.py VERSION`.

Run it once for a version whose run folders must stay usable, from a clean checkout of it; what it made is
never made again. Runs are made in `PLACE`, whose path is in their configs; the test puts its own there. Plots
and the report are left out: `bigmodel report` makes them anew, and they are most of a folder's size.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image

from bigmodel_cli.cli.main import run as bigmodel
from bigmodel_cli.errors import Interrupted
from bigmodel_cli.modeling.language import read_searched
from bigmodel_cli.run_files import all_files, list_files
from bigmodel_cli.run_folder import RunFolder, update_record
from bigmodel_cli.training.steps import TrainingSteps
from bigmodel_cli.tuning.folder import SearchFolder
from bigmodel_cli.tuning.journal import Trial
from bigmodel_cli.tuning.search import Search
from bigmodel_cli.workers.job import Told

HERE = Path(__file__).resolve().parent
PLACE = Path("/tmp/frozen")
# Calls of the training steps before the signal; an epoch of the config has five.
INTERRUPTED_AFTER = 8
# Of the five trials of a search.
INTERRUPTED_TRIAL = 4
_FOLDERS = re.compile(r"/\S*/(?=src/bigmodel_cli/|site-packages/)")


def make_data() -> None:
    """Numbers, small images, sets of labels, texts, tagged words, images with masks, and questions."""
    Path("data").mkdir()
    rng = np.random.default_rng(0)
    features = rng.normal(size=(90, 4)).astype("float32")
    target = (features @ np.array([1.0, -2.0, 0.5, 0.0]) + 3).astype("float32")
    np.savez_compressed("data/numbers.npz", x_train=features, y_train=target)
    labels = (features[:, :3] + rng.normal(size=(90, 3)) > 0).astype("uint8")
    np.savez_compressed("data/labels.npz", x_train=features, y_train=labels)
    words = rng.choice(["ab", "cab", "dad", "bed"], 400).tolist()
    Path("data/text.txt").write_text(" ".join(words).replace("bed ", "bed\n"))
    Path("data/tags.conll").write_text(tagged_words(rng))
    Path("data/questions.json").write_text(json.dumps(questions(rng)))
    for number in range(60):
        pixels = rng.integers(0, 160, (8, 8), np.uint8)
        pixels[2 * (number % 3) : 2 * (number % 3) + 3] += 60
        path = Path("data/images") / "abc"[number % 3] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path, optimize=True)
    texts = [" ".join(rng.choice(["ab", "cab", "dad"], rng.integers(1, 4))) for _ in range(80)]
    pairs = [f"{text}\t{text.upper()}\n" for text in texts]
    Path("data/pairs.tsv").write_text("".join(["small\tlarge\n", *pairs]))
    make_masks(rng)
    Path("data/heard.jsonl").write_text("".join(heard(rng) for _ in range(120)))
    make_visits(np.random.default_rng(0))


def make_masks(rng: np.random.Generator) -> None:
    """Images of a bright square or a dark one, whose mask has its class, and a corner that counts nowhere."""
    for number in range(40):
        pixels, mask = rng.integers(90, 160, (16, 16), np.uint8), np.zeros((16, 16), np.uint8)
        top, left = rng.integers(1, 8, 2)
        inside = slice(top, top + 6), slice(left, left + 7)
        pixels[inside] = pixels[inside] // 4 + (180 if number % 2 else 0)
        mask[inside] = 1 + number % 2
        mask[:3, :3] = 255
        for kind, drawn in (("images", pixels), ("masks", mask)):
            path = Path("data/masks") / kind / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(drawn).save(path, optimize=True)


def make_visits(rng: np.random.Generator) -> None:
    """Who went where, days after days: each likes one kind of places, of which there are three."""
    kinds = [f"{place},{'abc'[place % 3]}\n" for place in range(24)]
    Path("data/places.csv").write_text("".join(["place,kind\n", *kinds]))
    rows = ["who,place,day\n"]
    for day in range(60):
        for who in rng.choice(30, 7, replace=False).tolist():
            liked = 3 * int(8 * rng.random() ** 2) + who % 3
            place = liked if rng.random() < 0.8 else int(rng.integers(0, 22))
            rows.append(f"p{who},{place},{day * 86400}\n")
    Path("data/visits.csv").write_text("".join(rows))


def heard(rng: np.random.Generator) -> str:
    """A line with a text of a and b, and twenty numbers in which it is said: high and low, noise between."""
    text = "".join(rng.choice(["a", "b", " "], rng.integers(1, 5))).strip() or "ab"
    levels = [{"a": 1.0, "b": -1.0, " ": 0.4}[letter] for letter in text for _ in range(3)]
    said = np.pad(levels, (0, 20 - len(levels)))
    return json.dumps({"wave": (said + rng.normal(0, 0.4, 20)).round(3).tolist(), "text": text}) + "\n"


def tagged_words(rng: np.random.Generator) -> str:
    """Sentences in which names begin with a capital, and places follow `in`; some are tagged wrongly."""
    names = ["Ann", "Bob", "Cleo", "Dan Ott", "Eve Ray"]
    places = ["Rome", "Oslo", "New York", "Bath"]
    lines = []
    for _ in range(90):
        for type_, names_of, word in (("person", names, "met"), ("place", places, "in")):
            lines.append(f"{rng.choice(['we', 'then', 'they'])}\tO\n{word}\tO")
            first, *more = str(rng.choice(names_of)).split()
            type_ = "person" if rng.random() < 0.2 else type_
            lines += [f"{first}\tB-{type_}", *(f"{one}\tI-{type_}" for one in more)]
            if rng.random() < 0.3:
                lines.append(".\tO\n")
        lines.append("")
    return "\n".join(lines) + "\n"


def questions(rng: np.random.Generator) -> dict[str, object]:
    """Texts of a few sentences, who met whom and where, some longer than a window; some questions in vain."""
    names = ["Ann Ott", "Bob", "Cleo", "Dan", "Eve Ray"]
    places = ["Rome", "New York", "Oslo", "Bath"]
    paragraphs = []
    for number in range(60):
        met = [(*rng.choice(names, 2, replace=False), rng.choice(places)) for _ in range(1 + number % 3)]
        text = " ".join(f"{one} met {other} in {place}." for one, other, place in met)
        one, other, place = met[-1]
        asked = [(f"Who met {other}?", one), (f"Where was {one}?", place), ("What did they eat?", "")]
        qas = []
        for kind, (question, answer) in enumerate(asked):
            start = text.rindex(answer) if answer else -1
            answers = [{"text": answer, "answer_start": start}] if answer else []
            qas.append(
                {
                    "id": f"{number}-{kind}",
                    "question": question,
                    "answers": answers,
                    "is_impossible": not answer,
                }
            )
        paragraphs.append({"context": text, "qas": qas})
    return {"version": "v2.0", "data": [{"title": "met", "paragraphs": paragraphs}]}


def train(config: str, runs: Path, *, code: int = 0) -> RunFolder:
    assert bigmodel(["train", f"configs/{config}.yaml", "--runs-dir", str(runs), "--plain"]) == code
    (folder,) = (runs / config).iterdir()
    return RunFolder(folder)


def keep(run: RunFolder, place: Path) -> None:
    """The run's folder without what is made anew, under a name without its time."""
    shutil.rmtree(run.path / "plots", ignore_errors=True)
    run.report.unlink(missing_ok=True)
    # Tracebacks and warnings name where the checkout and its packages were.
    run.log.write_text(_FOLDERS.sub("", run.log.read_text()))
    update_record(run, {"files": list_files(run, all_files(run))})
    run.lock.unlink(missing_ok=True)
    shutil.copytree(run.path, place)


def interrupting() -> None:
    """Have the next training end itself by SIGTERM, inside an epoch."""
    steps, calls = TrainingSteps.run, iter(range(1, 10**9))

    def run(self: TrainingSteps, *words: object) -> object:
        if next(calls) == INTERRUPTED_AFTER:
            os.kill(os.getpid(), signal.SIGTERM)
        return steps(self, *words)

    TrainingSteps.run = run  # type: ignore[method-assign, assignment]


class Interrupting:
    """Watches a search, and ends it by SIGTERM after an epoch of a trial."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *told: None

    def told(self, trial: Trial, told: Told) -> None:
        if trial.number == self._number and told.what == "epoch":
            os.kill(os.getpid(), signal.SIGTERM)


def search(tunes: Path, watcher: object) -> SearchFolder:
    folder = SearchFolder(tunes / "search")
    with suppress(Interrupted):
        Search(read_searched(Path("configs/search.yaml")), folder, watcher).run()  # type: ignore[arg-type]
    return folder


def keep_searches(place: Path, runs: Path) -> None:
    """A search that was cut off inside a trial, and what it comes to where nothing interrupts it."""
    cut_off = search(runs / "cut_off", Interrupting(INTERRUPTED_TRIAL))
    for path in cut_off.path.glob("trials/*/run.json"):
        keep(RunFolder(path.parent), place / "search" / "trials" / path.parent.name)
    for path in (cut_off.record, cut_off.journal):
        shutil.copy(path, place / "search")
    shutil.copytree(cut_off.path / "configs", place / "search" / "configs")
    whole = search(runs / "whole", Interrupting(0))
    shutil.copy(whole.journal, place / "search_whole.jsonl")
    shutil.copy(whole.best, place / "search_best.yaml")


def main(version: str) -> None:
    runs, kept = PLACE / "runs", HERE / version
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir()
    os.chdir(PLACE)
    shutil.copytree(HERE / "configs", "configs")
    if (HERE / "data").exists():
        shutil.copytree(HERE / "data", "data")
    else:
        make_data()
        assert bigmodel(["data", "pack", "configs/files.yaml", "--out", "data/packed", "--shards", "1"]) == 0
        shutil.copytree("data", HERE / "data")
    for config in (
        "arrays",
        "binary",
        "numbers",
        "files",
        "packed",
        "labels",
        "text",
        "pairs",
        "tags",
        "masks",
        "questions",
        "heard",
        "visits",
    ):
        keep(train(config, runs), kept / config)
    interrupting()
    keep(train("files", runs / "interrupted", code=143), kept / "interrupted")
    keep_searches(kept, runs)


if __name__ == "__main__":
    main(sys.argv[1])
