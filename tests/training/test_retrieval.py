"""A small model that finds places, trained once: rankings are those of its saved file."""

from __future__ import annotations

import csv
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from broken_off import goes_on_to_the_same

from bigmodel_cli.errors import ConfigError, DataError
from bigmodel_cli.inference.known_rows import among_kept_items
from bigmodel_cli.inference.opened import open_folder
from bigmodel_cli.known_items import AllNames, rows_of
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.recommending.catalogue import open_catalogue
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.training.restorable import Restorable

pytestmark = pytest.mark.tf
FROZEN = Path(__file__).resolve().parents[1] / "frozen"
TOP = [1, 5, 10]
LEAST, DAYS, WEIGHT = 3, 14, 0.5


@pytest.fixture(scope="module", autouse=True)
def rows_are_late():
    """Tables as small as these are updated late, too."""
    from bigmodel_cli.modeling.fused import late_rows

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(late_rows, "_TIMES", 0)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the config, the data, and the run that came of them."""
    from bigmodel_cli.cli.main import run

    folder = tmp_path_factory.mktemp("visits")
    shutil.copytree(
        FROZEN / "data", folder / "data", ignore=lambda _, names: {*names} - {"visits.csv", "places.csv"}
    )
    (folder / "configs").mkdir()
    told = (FROZEN / "configs" / "visits.yaml").read_text()
    told = told.replace("training:", "metrics: [recall@5, mrr]\ntraining:")
    told += "  steps_per_execution: 2\n  checkpoint: {monitor: val_loss}\n"
    (folder / "configs" / "c.yaml").write_text(told)
    words = ["train", str(folder / "configs" / "c.yaml"), "--runs-dir", str(folder / "runs"), "--plain"]
    assert run(words) == 0
    return folder


@pytest.fixture(scope="module")
def trained(folder):
    (run,) = (folder / "runs" / "visits").iterdir()
    return run


@pytest.fixture(scope="module")
def rows(folder):
    """Who was where when, as the file has them: in the order of days."""
    with (folder / "data" / "visits.csv").open(newline="") as file:
        return [(row["who"], row["place"], float(row["day"])) for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def split(trained, rows):
    """The rows of training, and those of the test split."""
    sizes = {name: part["examples"] for name, part in record(trained)["data"]["splits"].items()}
    assert sum(sizes.values()) == len(rows)
    return rows[: sizes["train"]], rows[-sizes["test"] :]


@pytest.fixture(scope="module")
def kinds(folder):
    with (folder / "data" / "places.csv").open(newline="") as file:
        return {row["place"]: row["kind"] for row in csv.DictReader(file)}


def record(run):
    return json.loads((run / "run.json").read_text())


def halves(trained, kinds, who, places):
    """What the saved file, which is plain Keras, gives for rows: the vectors of both sides."""
    import keras
    import tensorflow as tf

    model = keras.models.load_model(trained / "checkpoints" / "best.keras", compile=False)
    columns = {"who": who, "place": places, "kind": [kinds[place] for place in places]}
    given = model({name: tf.constant(texts) for name, texts in columns.items()})
    return np.split(np.asarray(given, np.float64), 2, axis=1)


@pytest.fixture(scope="module")
def ranked(trained, split, kinds):
    """Of each row of the test split its user, and what all places score, what was had being out."""
    train, test = split
    places = sorted(kinds, key=int)
    _, of_places = halves(trained, kinds, ["p0"] * len(places), places)
    last = max(day for _, _, day in train)
    late = [place for _, place, day in train if day >= last - DAYS * 86400]
    counts = np.array([late.count(place) + 1 for place in places])
    prior = WEIGHT * np.log(counts / counts.sum())
    who = [user for user, _, _ in test]
    asks, _ = halves(trained, kinds, who, ["0"] * len(who))
    found = []
    for (user, place, _), query in zip(test, asks, strict=True):
        had = {there for one, there, _ in train if one == user}
        scores = [
            -np.inf if other in had else float(query @ vector + beforehand)
            for other, vector, beforehand in zip(places, of_places, prior, strict=True)
        ]
        found.append((user, place, dict(zip(places, scores, strict=True))))
    return found


def test_scores_are_those_of_all_items_ranked_by_the_saved_file(trained, split, ranked):
    """Computed here row by row, from the definitions; what a user has twice counts once."""
    train, _ = split
    often = {user: sum(one == user for one, _, _ in train) for user, _, _ in ranked}
    wanted: dict[str, dict[str, dict[str, float]]] = {}
    for user, place, scores in ranked:
        if often[user] >= LEAST and scores[place] > -np.inf:
            wanted.setdefault(user, {})[place] = scores
    recall, ndcg, first = [], [], []
    for asked in wanted.values():
        places = [
            1 + sum(other > scores[place] for other in scores.values()) for place, scores in asked.items()
        ]
        recall.append(np.mean([place <= 5 for place in places]))
        ideal = sum(1 / np.log2(place + 2) for place in range(min(5, len(places))))
        ndcg.append(sum(1 / np.log2(place + 1) for place in places if place <= 5) / ideal)
        first.append(1 / min(places))
    document = json.loads((trained / "evaluation" / "test.json").read_text())
    assert document["metrics"]["recall@5"] == pytest.approx(np.mean(recall), abs=1e-9)
    assert document["metrics"]["ndcg@5"] == pytest.approx(np.mean(ndcg), abs=1e-9)
    assert document["scores"]["mrr"] == pytest.approx(np.mean(first), abs=1e-9)
    assert document["users"] == len(wanted) > 10
    assert document["rows"] == sum(map(len, wanted.values()))


def test_an_evaluation_of_the_run_gives_the_same(trained, bigmodel, tmp_path):
    then = json.loads((trained / "evaluation" / "test.json").read_text())
    ended = bigmodel("evaluate", trained, "--json")
    assert ended.code == 0, ended.err
    now = json.loads((trained / "evaluation" / "test.json").read_text())
    for part in ("metrics", "scores", "groups"):
        assert now[part] == then[part]


def test_rows_of_another_file_are_ranked_among_what_the_run_knows(trained, split, ranked, bigmodel, tmp_path):
    """Users and places have other numbers there; of the run's own test rows scores are what they were."""
    train, test = split
    rows = [(f"{user}", place, str(int(day))) for user, place, day in reversed(test)]
    more = [("a stranger", "atlantis", "1"), ("a stranger", test[0][1], "1"), ("ann", test[0][1], "1")]
    new = {user for user, _, _ in test} - {user for user, _, _ in train}
    (tmp_path / "new.csv").write_text("\n".join(["who,place,day", *map(",".join, [*more, *rows])]))
    ended = bigmodel("evaluate", trained, "--data", tmp_path / "new.csv", "--json")
    assert ended.code == 0, ended.err
    assert f"1 of {len(test) + 3:,} rows have items that the run does not know" in ended.err
    assert f"{2 + len(new)} of " in ended.err
    document = json.loads((trained / "evaluation" / "new.json").read_text())
    different = {user: {place for one, place, _ in train if one == user} for user, _, _ in test}
    wanted: dict[str, dict[str, bool]] = {}
    for user, place, scores in ranked:
        if len(different[user]) >= LEAST and scores[place] > -np.inf:
            before = sum(other > scores[place] for other in scores.values())
            wanted.setdefault(user, {})[place] = before < 5
    recall = np.mean([np.mean([*found.values()]) for found in wanted.values()])
    assert document["metrics"]["recall@5"] == pytest.approx(recall, abs=1e-9)
    assert document["users"] == len(wanted)
    # The last epoch is the best: of other models than that vectors of items are computed, and are the same.
    assert record(trained)["best"]["epoch"] == 3
    last = bigmodel("evaluate", trained, "--data", tmp_path / "new.csv", "--checkpoint", "last")
    assert last.code == 0, last.err
    of_last = json.loads(RunFolder(trained).evaluation("new", "last").read_text())
    assert of_last["metrics"] == pytest.approx(document["metrics"], abs=1e-6)


def test_other_configs_have_items_of_their_own(trained, bigmodel, tmp_path):
    (tmp_path / "c.yaml").write_text("name: c\n")
    refused = bigmodel("evaluate", trained, "--data", tmp_path / "c.yaml")
    assert refused.code == 2 and "name the table: --data rows.csv" in refused.err


def test_rows_without_any_known_item_are_refused():
    opened = open_folder(RunFolder(FROZEN / "0.2.0" / "visits"))
    rows = np.zeros(2, np.int64)
    examples = Examples({}, {"place": rows}, sought={"place": rows_of(rows, rows, None)})
    task = replace(opened.signature.task, names=AllNames(["atlantis"], ["p1"], np.zeros(1, bool), False))
    signature = replace(opened.signature, targets={"place": task})
    with pytest.raises(DataError, match=r"^new\.csv: no row has an item that the run knows, such as '"):
        among_kept_items(examples, signature, opened.signature, Path("new.csv"), print)


def test_what_is_retrieved_is_not_packed(bigmodel, tmp_path):
    """That is said before the table is read, which is not there."""
    config = tmp_path / "c.yaml"
    config.write_text((FROZEN / "configs" / "visits.yaml").read_text())
    refused = bigmodel("data", "pack", config, "--out", tmp_path / "packed")
    assert refused.code == 2
    assert f"{config}: target place is retrieved: packed data have no names of items and users" in refused.err


def test_predict_recommends_what_was_not_had(trained, split, ranked, kinds, bigmodel, tmp_path):
    train, _ = split
    users = sorted({user for user, _, _ in ranked} & {user for user, _, _ in train})[:3]
    (tmp_path / "x.csv").write_text("who,place\n" + "".join(f"{user},\n" for user in [*users, "nobody"]))
    said = bigmodel("predict", tmp_path / "x.csv", "--run", trained, "--json", "--top", "4").json[
        "predictions"
    ]
    for user, told in zip(users, said, strict=False):
        scores = next(scores for one, _, scores in ranked if one == user)
        best = sorted(scores, key=scores.__getitem__, reverse=True)[:4]
        assert [one["item"] for one in told["top"]] == best
        assert [one["score"] for one in told["top"]] == pytest.approx([scores[one] for one in best], rel=1e-4)
    assert len(said[-1]["top"]) == 4, "nobody is known, and what is popular is told"


def test_a_run_keeps_what_recommends_without_its_model(trained, split, ranked, kinds):
    train, _ = split
    kept = open_catalogue(RunFolder(trained))
    # Those that nobody had are there by what the joined table says of them.
    assert {"22", "23"} <= {*kept.items} and {*kept.items} == {*kinds}
    assert [kept.columns["kind"][number] for number in range(len(kept.items))] == [
        [kinds[place]] for place in kept.items
    ]
    for user, _, scores in ranked:
        number = kept.users.number(user)
        if number < 0:
            continue
        products = kept.item_vectors @ kept.user_vectors[number] + kept.prior
        had = {kept.items[item] for item in kept.had[number].tolist()}
        assert had == {place for one, place, _ in train if one == user}
        for place, score in zip(kept.items, products, strict=True):
            assert place in had or score == pytest.approx(scores[place], rel=1e-4, abs=1e-4)
    counts = {place: sum(one == place for _, one, _ in train) for place in kinds}
    assert dict(zip(kept.items, kept.counts.tolist(), strict=True)) == counts


def test_all_items_are_ranked_after_each_epoch(folder, trained, bigmodel):
    """As an evaluation of the best epoch ranks them."""
    with (trained / "metrics.csv").open(newline="") as file:
        epochs = list(csv.DictReader(file))
    assert [*epochs[0]][-3:] == ["val_loss", "val_recall@5", "val_mrr"]
    assert len({row["val_mrr"] for row in epochs}) == len(epochs)
    assert bigmodel("evaluate", trained, "--split", "validation").code == 0
    validated = json.loads((trained / "evaluation" / "validation.json").read_text())
    row = epochs[record(trained)["best"]["epoch"] - 1]
    for name in ("recall@5", "mrr"):
        assert validated["metrics"][name] == pytest.approx(float(row[f"val_{name}"]), rel=1e-5)
    # Of the test split they are those of its ranking, and not what no step has measured.
    tested = json.loads((trained / "evaluation" / "test.json").read_text())
    assert tested["metrics"]["mrr"] == tested["scores"]["mrr"] > 0


def test_metrics_look_at_as_many_items_as_scores(folder, bigmodel):
    for config in (folder / "configs" / "c.yaml", Path("configs/visits.yaml").resolve()):
        ended = bigmodel("check", config, "metrics=[recall@50]")
        assert ended.code == 2
        assert "metrics.0: recall@50 looks at more or fewer items than scores do, which look at" in ended.err
        assert ", 50" in ended.err.split("write top: ")[1]


def test_a_metric_that_takes_no_name_stands_once():
    with pytest.raises(ConfigError) as caught:
        read_config(Path("configs/two_towers.yaml"), ["metrics=[recall@20, mrr, recall@20]"])
    (problem,) = caught.value.problems
    assert problem["path"] == "metrics.2"
    assert problem["message"] == "two metrics are called recall@20, and one of them would be lost"
    assert problem["suggestion"] == "remove one of them"


@pytest.mark.parametrize(
    ("words", "is_late"),
    [
        (["data.validation=0.1"], True),
        (["data.validation=auto"], True),
        (["data.validation=0"], False),
        (["data.validation=0.1", "data.test=0"], False),
        (["data.validation=0.1", "data.split_by=random"], False),
        (["data.validation=0.1", "data.source.table.target.item.retrieve.popularity.days=null"], False),
    ],
)
def test_popularity_of_late_is_out_of_date_behind_validation(words, is_late):
    searched = read_config(Path("configs/two_towers.yaml"), words)
    said = [
        warning for warning in searched.warnings if "popularity counts the last 7 days" in warning.message
    ]
    assert [one.path for one in said] == [("data", "validation")] * is_late
    assert all(one.suggestion == "write validation: 0 once options are chosen" for one in said)


def test_an_audit_counts_items_and_asks_for_none_of_them(folder, bigmodel):
    """How often items are had is how it is: nothing is to be weighed, and no item may be missing."""
    ended = bigmodel("data", folder / "configs" / "c.yaml", "--json")
    assert ended.code == 0, ended.err
    assert "data.class_weights" not in ended.out
    assert "in 10 to 99" in ended.out
    found = {one["kind"]: one for one in ended.json["findings"]}
    assert not {"copies", "leak"} & {*found}, "who is somewhere again is no copy"
    assert re.search(r"rows of test \(\d+\.\d+%\) are what users had in train", found["again"]["message"])
    kept = "data.source.table.target.place.retrieve.seen=keep"
    ended = bigmodel("data", folder / "configs" / "c.yaml", kept, "--json")
    assert not {"copies", "leak", "again"} & {one["kind"] for one in ended.json["findings"]}


@pytest.mark.slow
def test_going_on_after_a_signal_is_the_same_run(folder, trained, monkeypatch):
    taken, take = [], Restorable.take
    monkeypatch.setattr(Restorable, "take", lambda self: taken.append(take(self)) or taken[-1])
    goes_on_to_the_same(folder / "configs" / "c.yaml", trained, call=3)
    (other,) = (folder / "configs" / "broken").glob("*/*")
    late = [sorted(name for name in arrays if name.startswith("late_rows/")) for _, arrays in taken]
    # Behind an epoch none is late, and its checkpoint needs to say nothing.
    assert late[0] == [
        *(f"late_rows/{name}/since" for name in ("asks", "by_kind", "by_place")),
        "late_rows/missed",
    ]
    assert not late[-1]
    names = sorted(path.name for path in (trained / "catalogue").iterdir())
    assert len(names) > 10
    for name in names:
        assert (other / "catalogue" / name).read_bytes() == (trained / "catalogue" / name).read_bytes(), name


def test_the_loss_is_a_softmax_over_the_batch_with_its_correction():
    """As Yi et al. 2019 have it, computed here; equal items of other rows are out."""
    import tensorflow as tf

    from bigmodel_cli.known_items import AllNames, rows_of
    from bigmodel_cli.tasks.retrieval.bound import RetrievalBound
    from bigmodel_cli.tasks.retrieval.task import Popularity, Retrieval

    items = np.array([0, 0, 0, 1, 2])
    names = AllNames([*"abcd"], ["Ann"], np.zeros(4, bool), has_times=False)
    known = names.known(rows_of(items, np.zeros(5, np.int64), None))
    task = Retrieval("who").knowing(known)
    labels = np.array([0, 2, 0, -1])
    outputs = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    bound = RetrievalBound(task)
    encoded = bound.encode(tf.constant(labels), "integer")
    logits = np.asarray(bound.compared(tf.constant(outputs), encoded))
    plain = outputs[:, :3] @ outputs[:, 3:].T
    shares = np.array([3 / 5, 1 / 5, 3 / 5, 0.5 / 5])
    np.testing.assert_allclose(np.diag(logits), np.diag(plain) - np.log(shares), rtol=1e-5)
    np.testing.assert_allclose(logits[1], plain[1] - np.log(shares), rtol=1e-5)
    assert logits[0, 2] == logits[2, 0] == -1e9
    assert np.asarray(bound.answers(encoded)).tolist() == [0, 1, 2, 3]
    popular = RetrievalBound(Retrieval("who", "when", popularity=Popularity(7, 1, 1)).knowing(known))
    np.testing.assert_allclose(
        np.asarray(popular.compared(tf.constant(outputs), encoded))[1], plain[1], rtol=1e-5
    )


SIDES = "two_towers: {inputs: [asks, where]"
WRONG = {
    "sides changed": (
        SIDES,
        "two_towers: {inputs: [where, asks]",
        r"c\.yaml:19:.*the side of who asks takes place, which is what is to be found",
    ),
    "who asks on the item's side": (
        "inputs: [by_place, by_kind]",
        "inputs: [by_place, asks]",
        "the item's side takes who, which says who asks",
    ),
    "another end": (
        "  - two_towers: {inputs: [asks, where], temperature: 0.3}\n",
        "  - Concatenate: {inputs: [asks, where]}\n",
        "items are found by two vectors, and the model ends in Concatenate",
    ),
    "no time": ("time: day, ", "", "popularity: name the column that says when, as time"),
    "other tops": ("top: [1, 5, 10]", "top: [3]", "expected some of 1, 5, 10, 20, 50, 100, 200; found 3"),
    "two targets": (
        "target: {place: ",
        "target: {kind: {}, place: ",
        "items are found by a model of one target",
    ),
    "more of the target": (
        "retrieve: {user: who",
        "log: true, retrieve: {user: who",
        "log is not for items that are found: leave it out",
    ),
    "one side": ("inputs: [asks, where]", "inputs: [asks]", "two_towers takes 2 inputs"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_cannot_be_meant_is_said_before_data_are_read(folder, tmp_path, bigmodel, wrong):
    before, after, says = WRONG[wrong]
    told = (folder / "configs" / "c.yaml").read_text()
    assert before in told
    (tmp_path / "c.yaml").write_text(told.replace(before, after))
    ended = bigmodel("check", tmp_path / "c.yaml")
    assert ended.code == 2
    assert re.search(says, ended.err), ended.err


ROWS = {
    "nobody": ("p3,", ",", r"visits\.csv:\d+, who: no value"),
    "never": ("172800\n", "\n", r"visits\.csv:\d+, day: no value \(7 such rows\)"),
    "nothing": ("p3,", "p3,,x", "expected 3 cells"),
    "in milliseconds": (
        "172800\n",
        "1372800000000\n",
        r"visits\.csv:\d+, day: 1372800000000 seconds are 43,502 years, and popularity counts days\n"
        r"hint: write columns: \{day: date\}, if they are milliseconds since 1970",
    ),
}


@pytest.mark.parametrize("wrong", ROWS)
def test_rows_that_lack_who_or_when_are_named(folder, tmp_path, bigmodel, wrong):
    before, after, says = ROWS[wrong]
    shutil.copytree(folder / "data", tmp_path / "data")
    (tmp_path / "configs").mkdir()
    shutil.copy(folder / "configs" / "c.yaml", tmp_path / "configs")
    visits = tmp_path / "data" / "visits.csv"
    visits.write_text(visits.read_text().replace(before, after))
    ended = bigmodel("train", tmp_path / "configs" / "c.yaml", "--runs-dir", tmp_path / "runs")
    assert ended.code == 3, ended.err
    assert re.search(says, ended.err), ended.err


def test_who_asks_does_not_know_what_is_known_of_the_item(folder, tmp_path, bigmodel):
    """Columns of a joined table are known once it is read."""
    told = (folder / "configs" / "c.yaml").read_text()
    shutil.copytree(folder / "data", tmp_path / "data")
    (tmp_path / "configs").mkdir()
    leaking = told.replace("name: where, inputs: [by_place, by_kind]", "name: leaks, inputs: [asks, by_kind]")
    config = tmp_path / "configs" / "c.yaml"
    config.write_text(leaking.replace("inputs: [asks, where]", "inputs: [leaks, by_place]"))
    ended = bigmodel("train", config, "--runs-dir", tmp_path / "runs")
    assert ended.code == 2
    assert re.search(
        r"c\.yaml:19:\d+: model\.4.*the side of who asks takes kind, which is known of the item", ended.err
    ), ended.err
