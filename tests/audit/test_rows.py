"""What is planted in a table is found, by kind, and a sound one has no finding."""

from __future__ import annotations

import csv
import json
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.audit.audit import audit
from bigmodel_cli.audit.folder import write_audit
from bigmodel_cli.audit.rows.copies import Copies, RowHashes
from bigmodel_cli.audit.rows.drift import drift
from bigmodel_cli.audit.rows.spread import bars_of, mark_in
from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.date.kind import DateKind
from bigmodel_cli.kinds.number.kind import NumberKind
from bigmodel_cli.kinds.profile import Profile, Seen
from bigmodel_cli.listener import Silent
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.parts import part_of

CONFIG = """\
name: people
data:
  source: {{table: {{path: people.csv, target: {target}{more}}}}}
preprocessing: {{number: [impute, Normalization], category: [{{StringLookup: {{output_mode: one_hot}}}}]}}
model: [{{Dense: {{units: 1, activation: sigmoid}}}}]
loss: BinaryCrossentropy
optimizer: Adam
"""
ROWS = 1200


def people(count=ROWS, seed=0):
    """Columns of a sound table."""
    random = np.random.default_rng(seed)
    size = random.normal(170, 10, count).round(1)
    return {
        "size": size,
        "steps": random.integers(0, 60, count),
        "town": random.choice(["Rome", "Oslo", "Bern"], count, p=[0.5, 0.3, 0.2]),
        "day": np.datetime64("2024-01-01") + random.integers(0, 300, count),
        "glad": np.where(size + random.normal(0, 10, count) > 170, "yes", "no"),
    }


@pytest.fixture
def look(tmp_path, monkeypatch):
    """Audits a table: `look(columns)`; words are of a command line."""
    monkeypatch.chdir(tmp_path)

    def call(columns, *words, test=None, target="glad", more="", **how):
        write("people.csv", columns)
        if test is not None:
            write("test.csv", test)
            more += ", test: test.csv"
        Path("people.yaml").write_text(CONFIG.format(target=target, more=more))
        return audit(read_config(Path("people.yaml"), words).experiment, Silent(), **how)

    def write(path, columns):
        with Path(path).open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(columns)
            rows.writerows(zip(*columns.values(), strict=True))

    return call


def kinds(found):
    return [(finding.severity, finding.kind) for finding in found.findings]


def message(found, kind):
    (finding,) = (finding for finding in found.findings if finding.kind == kind)
    return finding.message


@pytest.mark.slow
def test_a_sound_table_has_no_finding(look):
    found = look(people())
    assert kinds(found) == []
    found.require_good(strict=True)
    document = found.document
    assert document["ok"] and document["data"]["examined"] == ROWS
    assert document["splits"]["train"]["copies"] == document["splits"]["test"]["in_train"] == 0
    counted = [row["examples"]["train"] for row in document["targets"]["glad"]["classes"]]
    assert sum(counted) == document["splits"]["train"]["examples"]
    town = document["columns"]["town"]["splits"]["train"]
    assert [name for name, _ in town["most_frequent"]] == ["Rome", "Oslo", "Bern"]
    day = document["columns"]["day"]["splits"]["train"]
    assert "2024-01-01" <= day["min"] < day["median"] < day["max"] <= "2024-10-27"
    told = {name: column["tells_alone"]["glad"] for name, column in document["columns"].items()}
    assert max(told, key=told.get) == "size" and told["size"] > 0.2 > told["steps"]


@pytest.mark.slow
def test_every_bar_counts_every_row(look):
    columns = people()
    columns["size"][::10] = np.nan
    found = look({**columns, "size": ["" if np.isnan(size) else size for size in columns["size"]]})
    for name, column in found.document["columns"].items():
        bars = column["histogram"]
        for split, counts in bars["counts"].items():
            assert sum(counts) == found.document["splits"][split]["examples"], name
            assert counts[-1] == column["splits"][split]["missing"], name
        by_class = np.sum(list(bars["classes"].values()), axis=0)
        assert by_class.tolist() == bars["counts"]["train"]


class TestRows:
    @pytest.mark.slow
    def test_a_test_split_of_known_rows_is_an_error(self, look):
        columns = people()
        half = {name: np.concatenate([v[:50], people(50, 9)[name]]) for name, v in columns.items()}
        found = look(columns, "data.validation=0", test=half)
        assert ("error", "leak") in kinds(found)
        assert message(found, "leak") == (
            "50 rows of test (50.00%) are in train too, the first: test.csv:2 (test) and people.csv:2 (train)"
        )
        assert found.document["splits"]["test"]["in_train"] == 50
        with pytest.raises(DataError, match="not fit for training: 50 rows of test"):
            found.require_good(strict=False)

    @pytest.mark.slow
    def test_a_few_known_rows_are_a_warning(self, look):
        columns = people()
        known = {name: np.concatenate([v[:3], people(97, 9)[name]]) for name, v in columns.items()}
        found = look(columns, "data.validation=0", test=known)
        assert [kind for kind in kinds(found) if kind[1] == "leak"] == [("warning", "leak")]

    @pytest.mark.slow
    def test_rows_of_few_values_are_the_same_by_chance(self, look):
        columns = {name: values for name, values in people().items() if name in ("town", "glad")}
        found = look(columns)
        assert found.document["by_chance_in_train"] == pytest.approx(1)
        assert {severity for severity, _ in kinds(found)} == {"warning"}
        assert found.document["splits"]["test"]["in_train"] == found.document["splits"]["test"]["examples"]

    @pytest.mark.slow
    def test_contradictions(self, look):
        columns = people()
        again = {name: np.concatenate([v, v[:6]]) for name, v in columns.items()}
        again["glad"][-6:] = np.where(again["glad"][:6] == "yes", "no", "yes")
        found = look(again, "data.validation=0", "data.test=0")
        assert "12 rows have the same inputs as another one with another glad" in message(
            found, "contradiction"
        )
        assert "people.csv:2 (train): " in message(found, "contradiction")
        assert "6 rows of train cannot be learned" in message(found, "contradiction")
        assert message(found, "copies").startswith("6 rows of train (0.50%) have the same inputs")

    def test_order_of_columns_changes_no_group(self):
        random = np.random.default_rng(0)
        columns = {name: Seen(random.integers(0, 3, 500).astype(np.float32)) for name in "abc"}
        columns["a"].numbers[:50] = np.nan
        groups = []
        for names in ("abc", "cab"):
            hashes = RowHashes(500)
            for name in names:
                hashes.add(name, columns[name], np.arange(500))
            groups.append(Copies.of(hashes.values, {"train": np.arange(500)}))
        assert np.array_equal(groups[0].group, groups[1].group)
        rows = np.stack([columns[name].numbers for name in "abc"], axis=1)
        assert len(groups[0].sizes) == len(np.unique(np.nan_to_num(rows, nan=9), axis=0))
        swapped = RowHashes(2)
        swapped.add("a", Seen(np.array([1, 2], np.float32)), np.arange(2))
        swapped.add("b", Seen(np.array([2, 1], np.float32)), np.arange(2))
        assert len(set(swapped.values.tolist())) == 2, "values of two columns that change places"


@pytest.mark.slow
class TestColumns:
    def test_that_give_the_target_away(self, look):
        columns = people()
        found = look({**columns, "mood": np.where(columns["glad"] == "yes", "good", "bad")})
        assert kinds(found)[0] == ("error", "giveaway")
        assert "the column mood gives glad away: each of its values" in message(found, "giveaway")

    def test_that_are_left_out(self, look):
        columns = people()
        found = look({**columns, "id": [f"p{n:05}" for n in range(ROWS)], "planet": ["Earth"] * ROWS})
        assert set(found.document["left_out"]) == {"id", "planet"}
        assert kinds(found) == []

    def test_that_are_taken_though_they_say_nothing(self, look):
        ids = [f"p{n:05}" for n in range(ROWS)]
        more = ", columns: {id: category, planet: category}"
        found = look({**people(), "id": ids, "planet": ["Earth"] * ROWS}, more=more)
        assert message(found, "id") == "1 column has another value in nearly every row: id"
        assert message(found, "constant_feature") == "1 column has one value in all of train: planet"

    def test_that_are_mostly_missing(self, look):
        columns = people()
        columns["steps"] = [number if place % 4 == 0 else "" for place, number in enumerate(columns["steps"])]
        found = look(columns)
        assert message(found, "missing").endswith("half of the rows of train or more: steps (74%)")

    def test_twins(self, look):
        columns = people()
        found = look({**columns, "again": columns["size"]})
        assert message(found, "twin_columns") == "2 columns have the same values: size, again"

    def test_marks(self, look):
        columns = people()
        columns["size"][:20] = 9999
        assert "the column size has 9,999 in" in message(look(columns), "mark")

    def test_rare_and_unseen_categories(self, look):
        columns, test = people(), people(200, 5)
        columns["town"] = np.where(np.arange(ROWS) < 4, "Bonn", columns["town"])
        test["town"] = np.where(np.arange(200) < 20, "Kiew", test["town"])
        found = look(columns, "data.validation=0", test=test)
        assert "town (1 of 4)" in message(found, "rare")
        assert "town (10.0% of rows)" in message(found, "unseen")
        assert found.document["columns"]["town"]["drift"]["test"]["unseen"] == 0.1

    def test_drift(self, look):
        columns, test = people(), people(400, 5)
        test["size"] = (test["size"] + 8).round(1)
        test["day"] = test["day"] + 300
        found = look(columns, "data.validation=0", test=test)
        text = message(found, "drift")
        assert text.startswith("2 columns have other values in test than in train")
        assert "day (1.00), size (0." in text

    def test_of_what_splits_are_cut_by_is_none(self, look):
        found = look(people(), "data.split_by={time: day}")
        assert found.document["columns"]["day"]["drift"]["test"]["distance"] == 1
        assert kinds(found) == []

    def test_missing_values_of_one_split(self, look):
        columns, test = people(), people(400, 5)
        test["steps"] = [number if place % 2 else "" for place, number in enumerate(test["steps"])]
        text = message(look(columns, "data.validation=0", test=test), "drift")
        assert "steps (50% of rows more missing)" in text


@pytest.mark.slow
def test_numbers_as_target(look):
    columns = people()
    columns["glad"] = (columns["size"] * 3).round()
    columns["glad"][5] = 1e6
    found = look(columns, "model=[{Dense: {units: 1}}]", "loss=MeanSquaredError")
    assert "far outside of what is usual" in message(found, "outlier")
    target = found.document["targets"]["glad"]
    assert target["classes"] == [] and target["numbers"]["train"][0]["max"] == 1e6
    assert found.document["columns"]["size"]["histogram"]["classes"] == {}


@pytest.mark.slow
def test_a_sample(look):
    found = look(people(), max_examples=300)
    data = found.document["data"]
    assert (data["examples"], data["examined"], data["sampled"]) == (ROWS, 300, True)
    counted = sum(row["examples"]["train"] for row in found.document["targets"]["glad"]["classes"])
    assert counted == found.document["splits"]["train"]["examples"], "labels are counted in full"


@pytest.mark.slow
def test_many_cells_are_described_by_some_rows(look, monkeypatch):
    monkeypatch.setattr("bigmodel_cli.audit.rows.look._MAX_CELLS", 1600)
    monkeypatch.setattr("bigmodel_cli.audit.rows.look._MIN_ROWS", 100)
    columns = people()
    again = {name: np.concatenate([v, v[:6]]) for name, v in columns.items()}
    found = look(again, "data.validation=0", "data.test=0")
    assert found.document["data"]["described"] == 400
    assert found.document["splits"]["train"]["copies"] == 6, "copies are looked for in all rows"
    assert sum(found.document["columns"]["size"]["histogram"]["counts"]["train"]) == 400


class TestDrift:
    @pytest.mark.slow
    def test_of_one_distribution_is_what_chance_makes(self):
        random = np.random.default_rng(0)
        for count in (50, 500):
            of_numbers, of_codes = [], []
            for _ in range(200):
                one, other = (Seen(random.normal(size=n).astype(np.float32)) for n in (1000, count))
                of_numbers.append(drift(one, other))
                codes = (random.choice(5, n, p=[0.4, 0.3, 0.2, 0.05, 0.05]) for n in (1000, count))
                of_codes.append(drift(*(Seen(codes=c.astype(np.int32), names="abcde") for c in codes)))
            for found in (of_numbers, of_codes):
                mean = np.mean([one.distance for one in found])
                assert mean == pytest.approx(np.mean([one.by_chance for one in found]), rel=0.1)
                assert np.mean([one.matters for one in found]) <= 0.02

    @pytest.mark.slow
    def test_as_scipy_has_it(self):
        from scipy.stats import ks_2samp

        random = np.random.default_rng(1)
        one, other = random.normal(size=300), random.normal(0.4, 1.3, 200)
        found = drift(Seen(one.astype(np.float32)), Seen(other.astype(np.float32)))
        expected = ks_2samp(one.astype(np.float32), other.astype(np.float32)).statistic
        assert found.distance == pytest.approx(expected)

    def test_of_categories_is_the_share_that_moves(self):
        one = Seen(codes=np.array([0] * 6 + [1] * 4, np.int32), names="ab")
        other = Seen(codes=np.array([0] * 2 + [1] * 4 + [-1] * 4, np.int32), names="ab")
        found = drift(one, other)
        assert (found.distance, found.missing) == (pytest.approx(0.4), pytest.approx(0.4))


def test_a_mark_is_far_away_and_often():
    numbers = np.arange(1000, dtype=np.float32)
    assert mark_in(numbers) is None
    assert mark_in(np.append(numbers, [99999] * 4)) is None
    assert mark_in(np.append(numbers, [99999] * 6)) == (99999.0, 6)
    assert mark_in(np.append(numbers, [-9999] * 6)) == (-9999.0, 6)


def test_bars_of_few_numbers_are_the_numbers():
    numbers = np.array([0, 0, 1, 5, np.nan, 5, 5], np.float32)
    bars = bars_of(Seen(numbers), part_of(NumberKind(), Profile), np.ones(7, np.bool_))
    assert list(bars.labels) == ["0", "1", "5"]
    assert bars.counts(np.arange(7)) == [2, 1, 3, 1]


def test_dates_are_shown_as_such():
    days = part_of(DateKind(("year", "days")), Profile)
    assert days.shown(19844.0) == "2024-05-01"
    assert part_of(DateKind(("hour", "days")), Profile).shown(19844.25) == "2024-05-01T06:00"
    without = part_of(DateKind(("month",)), Profile)
    assert without.shown(5.0) == 5 and without.counts == "month"


class Page(HTMLParser):
    """Counts what is open, and fails where something is closed that is not."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        if tag not in ("meta", "br", "img", "rect", "path"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.slow
def test_the_page(look, tmp_path):
    columns = people()
    found = look({**columns, "<b>&": columns["size"] + 1})
    write_audit(tmp_path / "out", found, augmentation=True)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"audit.json", "index.html"}
    assert json.loads((tmp_path / "out" / "audit.json").read_text()) == json.loads(json.dumps(found.document))
    text = (tmp_path / "out" / "index.html").read_text()
    page = Page()
    page.feed(text)
    assert page.open == []
    assert page.seen.count("svg") == 5
    assert "&lt;b&gt;&amp;" in text and "<b>&<" not in text
    assert "http" not in text.replace("http-equiv", "")


@pytest.mark.slow
def test_texts(look):
    random = np.random.default_rng(0)
    words = ["the", "cat", "sat", "on", "a", "mat", "with", "big", "red", "dogs"]
    columns = people()
    columns["note"] = [" ".join(random.choice(words, random.integers(4, 20))) for _ in range(ROWS)]
    columns["note"][:30] = [""] * 20 + ["nothing to say about this one here"] * 10
    found = look(columns, "preprocessing.text=[{TextVectorization: {output_mode: multi_hot}}]")
    note = found.document["columns"]["note"]
    assert (note["kind"], note["counts"]) == ("text", "characters")
    train = note["splits"]["train"]
    assert train["most_frequent"][0][0] == "nothing to say about this one here"
    assert 5 < train["min"] < train["median"] < train["max"] < 200
    assert sum(split["missing"] for split in note["splits"].values()) == 20


@pytest.mark.slow
def test_images_beside_numbers(look, tmp_path):
    """Of images all that is known is whether they are the same."""
    (tmp_path / "photos").mkdir()
    for number in range(30):
        Image.new("L", (8, 8), number * 8).save(tmp_path / "photos" / f"{number}.png")
    columns = {name: values[:30] for name, values in people().items()}
    columns["photo"] = [f"photos/{number}.png" for number in range(30)]
    found = look(
        columns,
        "data.validation=0.2",
        "data.test=0.2",
        "preprocessing.image=[{Rescaling: {scale: 1/255}}]",
        "model=[{Flatten: {inputs: [photo]}}, {Dense: {units: 1, activation: sigmoid}}]",
        more=", columns: {photo: {image: {image_size: 8, color_mode: grayscale}}}",
    )
    photo = found.document["columns"]["photo"]
    assert (photo["kind"], photo["drift"], photo["tells_alone"]) == ("image", {}, {})
    assert photo["splits"]["train"] == {"missing": 0, "missing_share": 0, "distinct": 18}
    assert not [finding for finding in found.findings if "photo" in finding.message]
    assert found.document["splits"]["test"]["in_train"] == 0


@pytest.mark.slow
def test_rows_without_one_of_several_targets_are_no_class_and_no_contradiction(look):
    columns = people(300)
    columns["size"][1], columns["steps"][1] = columns["size"][0], columns["steps"][0]
    columns["town"][1], columns["day"][1] = columns["town"][0], columns["day"][0]
    columns["pay"] = columns["size"] * 2
    glad = columns["glad"].astype(object)
    glad[:2] = "yes", ""
    glad[2:100] = ""
    columns["glad"] = glad
    heads = "model=[{Dense: {name: glad, units: 1, activation: sigmoid}}, {Dense: {name: pay, units: 1}}]"
    loss = "loss={glad: BinaryCrossentropy, pay: MeanSquaredError}"
    found = look(columns, heads, loss, target="[glad, pay]", more=", missing_target: mask").document
    assert sum(found["targets"]["glad"]["missing"].values()) == 99
    counted = [sum(row["examples"].values()) for row in found["targets"]["glad"]["classes"]]
    assert counted == [int((glad == label).sum()) for label in ("no", "yes")]
    assert found["contradictions"]["glad"] == [] and "missing" not in found["targets"]["pay"]
    assert (
        found["columns"]["size"]["tells_alone"]["pay"] > 0.9 > found["columns"]["steps"]["tells_alone"]["pay"]
    )
