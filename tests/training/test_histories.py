"""A run that knows what its users had before: the same of rows that are held out and of rows that say it."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from bigmodel_cli import train
from bigmodel_cli.inference.opened import open_folder
from bigmodel_cli.known_items import AllNames, rows_of
from bigmodel_cli.recommending.catalogue import open_catalogue
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.sources.made_visits import Made

CONFIG = """\
data:
  source:
    visits:
      num_users: 40
      num_places: 30
      num_visits: 400
      columns:
        user: ignore
        place: category
        history: {history: {of: place, by: user, time: time, length: 5}}
  split_by: {time: time}
preprocessing:
  category: [{StringLookup: {output_mode: one_hot}}]
  history: [StringLookup]
model:
  - token_and_position: {inputs: [history], width: 4}
  - masked_pooling: {name: before, mode: last}
  - Concatenate: {inputs: [before, categories]}
  - Dense: {units: 1}
loss: MeanSquaredError
optimizer: {Adam: {learning_rate: 0.05}}
training: {epochs: 2, deterministic: true}
seed: 1
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("histories")
    (folder / "c.yaml").write_text(CONFIG)
    return train(folder / "c.yaml", runs_dir=folder / "runs", progress="none")


@pytest.fixture(scope="module")
def rows():
    """All visits in the order of time, each with what its user had before."""
    table = list(csv.DictReader(Made(40, 30, 400).files()["visits.csv"].splitlines()))
    before: dict[str, list[str]] = {}
    for row in table:
        row["history"] = before.setdefault(row["user"], [])[-5:]
        before[row["user"]] += [row["place"]]
    return table


NEXT = """\
data:
  source:
    table:
      path: visits.csv
      target: {place: {retrieve: {user: user, time: time, least: 1, top: [5]}}}
      columns:
        user: ignore
        rating: ignore
        time: ignore
        place: category
        history: {history: {of: place, by: user, time: time, length: 5}}
  split_by: {time: time}
  validation: 0
  batch_size: 64
preprocessing: {category: [StringLookup], history: [StringLookup]}
model:
  - token_and_position: {inputs: [history], width: 4}
  - masked_pooling: {name: asks, mode: last}
  - tied_vectors: {name: offered, inputs: [history, place]}
  - two_towers: {inputs: [asks, offered]}
loss: {SparseCategoricalCrossentropy: {from_logits: true}}
optimizer: Adam
metrics: []
training: {epochs: 1, deterministic: true}
seed: 1
"""


@pytest.fixture(scope="module")
def next_place(tmp_path_factory):
    """A run that finds the next place by what was before, and its training rows; users are numbers."""
    folder = tmp_path_factory.mktemp("next")
    text = Made(40, 30, 400).files()["visits.csv"].replace("user_", "")
    (folder / "visits.csv").write_text(text)
    (folder / "c.yaml").write_text(NEXT)
    trained = list(csv.DictReader(text.splitlines()))[:360]
    return train(folder / "c.yaml", runs_dir=folder / "runs", progress="none"), trained


@pytest.mark.tf
def test_users_of_the_catalogue_had_the_item_of_their_latest_row_too(next_place):
    import keras
    import tensorflow as tf

    from bigmodel_cli.modeling.towers import sides

    run, rows = next_place
    kept = open_catalogue(RunFolder(run.path))
    had: dict[str, list[str]] = {}
    for row in rows:
        had.setdefault(row["user"], []).append(row["place"])
    assert sorted(kept.users) == sorted(had)
    histories = [[*had[user][-5:], *[""] * (5 - len(had[user]))] for user in kept.users]
    assert any("" in one for one in histories) and any("" not in one for one in histories)
    asks, _ = sides(keras.models.load_model(run.path / "checkpoints" / "best.keras"))
    found = np.asarray(asks({"history": tf.constant(histories)}))
    np.testing.assert_allclose(kept.user_vectors, found, atol=1e-5)


@pytest.mark.tf
def test_somebody_new_who_had_the_same_gets_the_same(next_place):
    """What they had last is last, beyond the length of histories, too; what nobody knows is left out."""
    run, rows = next_place
    had: dict[str, list[str]] = {}
    for row in rows:
        had.setdefault(row["user"], []).append(row["place"])
    user, places = next((user, places) for user, places in had.items() if len(places) > 5)
    (known,), (new,) = run.recommend(user, top=5), run.recommend(new_user=["nowhere", *places], top=5)
    assert [one["item"] for one in new["items"]] == [one["item"] for one in known["items"]]
    scores = [[one["score"] for one in answer["items"]] for answer in (new, known)]
    np.testing.assert_allclose(*scores, atol=1e-5)
    assert new["remarks"] == ["not among the items: nowhere"]
    (turned,) = run.recommend(new_user=places[::-1], top=5)
    assert [one["score"] for one in turned["items"]] != scores[0]


def test_simple_models_are_compared_by_as_many_rankings(next_place):
    """The model has one for each row; one of all rows of a user would be another score."""
    from bigmodel_cli.scoring.rule import AS_IT_IS
    from bigmodel_cli.tasks.retrieval.scores import RetrievalScoring

    run, rows = next_place
    task = replace(open_folder(RunFolder(run.path)).signature.task, known=None)
    assert task.asks_anew
    places = sorted({row["place"] for row in rows})
    users = sorted({row["user"] for row in rows})
    labels = rows_of(
        np.array([places.index(row["place"]) for row in rows]),
        np.array([users.index(row["user"]) for row in rows]),
        None,
    )
    names = AllNames(places, users, np.zeros(len(places), bool), has_times=False)
    found = {
        anew: RetrievalScoring(replace(task, asks_anew=anew, names=names, leaves_out=False).fitted(labels))
        .scored(labels, np.zeros(len(labels), np.int8), AS_IT_IS, seed=0)
        .scores
        for anew in (True, False)
    }
    counts = np.bincount(labels["item"])
    worth = np.where(np.arange(len(places)) < 5, 1 / np.log2(np.arange(len(places)) + 2), 0)
    # Of items that were had as often each may stand first.
    begins, ends = ((counts > count).sum() for count in counts), ((counts >= count).sum() for count in counts)
    gains = np.array([worth[begin:end].mean() for begin, end in zip(begins, ends, strict=True)])
    of_rows = gains[labels["item"]]
    expected = np.mean([of_rows[labels["user"] == user].mean() for user in range(len(users))])
    assert found[True].headline["ndcg@5"] == pytest.approx(expected)
    assert found[False].headline["ndcg@5"] > expected + 0.05


def written(run, split):
    with (run.path / "evaluation" / f"predictions_{split}.csv").open() as file:
        return [float(row["prediction"]) for row in csv.DictReader(file)]


def test_held_out_rows_had_what_came_before_them_and_rows_say_it(run, rows, tmp_path):
    assert open_folder(RunFolder(run.path)).signature.inputs["history"].of == "place"
    held_out = rows[-40:]
    assert any(len(row["history"]) == 5 for row in held_out)
    given = [{"place": row["place"], "history": row["history"]} for row in held_out]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in given))
    found = [one["prediction"] for one in run.predict(tmp_path / "rows.jsonl")]
    np.testing.assert_allclose(found, written(run, "test"), atol=1e-4)
    # It tells something, and the order does.
    turned = [{**row, "history": row["history"][::-1]} for row in given]
    (tmp_path / "turned.jsonl").write_text("".join(json.dumps(row) + "\n" for row in turned))
    others = [one["prediction"] for one in run.predict(tmp_path / "turned.jsonl")]
    assert np.abs(np.subtract(found, others)).max() > 1e-3
    lines = ["place,history", *(f"{row['place']},{'|'.join(row['history'])}" for row in given)]
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n")
    cells = [one["prediction"] for one in run.predict(tmp_path / "rows.csv")]
    assert cells == found


def test_other_files_have_histories_of_their_own(run, rows, tmp_path):
    lines = [
        "user,place,time,rating",
        *(",".join([r["user"], r["place"], r["time"], r["rating"]]) for r in rows),
    ]
    (tmp_path / "others.csv").write_text("\n".join(lines) + "\n")
    found = run.evaluate(data=tmp_path / "others.csv")
    assert found["examples"] == 400
