"""Scores of groups and gaps between them: by counting, against fairlearn, and against permutations."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from bigmodel_cli.scoring.groups.classes import Decisions, grouped_classes
from bigmodel_cli.scoring.groups.gaps import Gap, gap_of, mean_by_chance, share_by_chance
from bigmodel_cli.scoring.groups.grouping import Groups, groups_of_names, groups_of_numbers
from bigmodel_cli.scoring.groups.numbers import grouped_numbers
from bigmodel_cli.scoring.intervals import wilson
from bigmodel_cli.scoring.numbers import number_scores

pytestmark = pytest.mark.slow

NAMES = ("no", "yes")


def two(labels, decided, groups: Groups, scores=None):
    """Scores of decisions between two classes."""
    labels, decided = np.asarray(labels), np.asarray(decided)
    if scores is None:
        scores = np.eye(2)[decided] * 0.6 + 0.2
    return grouped_classes(Decisions(labels, decided, scores, NAMES, 1), groups, seed=0)


def groups_of(letters: str) -> Groups:
    names = sorted(set(letters) - {"?"})
    return groups_of_names(np.array([names.index(x) if x in names else -1 for x in letters]), names)


def of(values: Mapping[str, object], name: str) -> list[float | None]:
    return [None if value is None else round(value, 6) for value in values[name]]


def test_by_counting():
    #          a: 2 of 3 found, 1 false alarm of 2   b: 1 of 2 found, none of 1
    labels = [1, 1, 1, 0, 0, 1, 1, 0]
    decided = [1, 1, 0, 1, 0, 1, 0, 0]
    found = two(labels, decided, groups_of("aaaaabbb"))
    expected = {
        "accuracy": [3 / 5, 2 / 3],
        "recall": [2 / 3, 1 / 2],
        "precision": [2 / 3, 1],
        "f1": [2 / 3, 2 / 3],
        "selection_rate": [3 / 5, 1 / 3],
        "false_positive_rate": [1 / 2, 0],
        "balanced_accuracy": [(2 / 3 + 1 / 2) / 2, (1 / 2 + 1) / 2],
    }
    for name, values in expected.items():
        assert found.values[name] == pytest.approx(values), name
    assert found.fairness == pytest.approx(
        {
            "demographic_parity_difference": 3 / 5 - 1 / 3,
            "demographic_parity_ratio": 5 / 9,
            "equalized_odds_difference": 1 / 2,
            "equalized_odds_ratio": 0,
            "equal_opportunity_difference": 1 / 6,
            "equal_opportunity_ratio": 3 / 4,
        }
    )
    assert found.positive == "yes"
    assert found.intervals[0]["recall"] == wilson(2, 3)
    assert found.intervals[1]["accuracy"] == wilson(2, 3)
    document = found.as_json()
    assert [row["examples"] for row in document["groups"]] == [5, 3]
    assert document["gaps"]["recall"] == {
        "gap": pytest.approx(1 / 6),
        "ratio": pytest.approx(3 / 4),
        "min": 1 / 2,
        "max": pytest.approx(2 / 3),
        "lowest": "b",
        "highest": "a",
        "worst": "b",
        "by_chance": pytest.approx(found.by_chance["recall"]),
    }
    assert document["gaps"]["false_positive_rate"]["worst"] == "a"
    # Neither more nor less of it is better.
    assert document["gaps"]["selection_rate"]["worst"] is None


def test_scores_and_losses_of_a_group_are_those_of_its_examples_alone():
    from sklearn import metrics

    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 200)
    probability = np.clip(labels * 0.3 + random.random(200) * 0.7, 0.01, 0.99)
    scores = np.stack([1 - probability, probability], axis=1)
    groups = groups_of("".join(random.choice(list("abc"), 200)))
    found = two(labels, (probability > 0.5).astype(int), groups, scores)
    for number in range(3):
        inside = groups.members == number
        truth, p = labels[inside], probability[inside]
        expected = {
            "roc_auc": metrics.roc_auc_score(truth, p),
            "average_precision": metrics.average_precision_score(truth, p),
            "log_loss": metrics.log_loss(truth, p),
            "brier_score": metrics.brier_score_loss(truth, p),
            "f1": metrics.f1_score(truth, p > 0.5),
        }
        for name, value in expected.items():
            assert found.values[name][number] == pytest.approx(value), name
        for name in ("log_loss", "f1", "balanced_accuracy"):
            interval = found.intervals[number][name]
            assert interval.low < found.values[name][number] < interval.high


# Letters are groups, `+` and `-` labels, upper case is what was decided for `yes`.
CASES = {
    "two groups": "A+A+a+A-a- B+b+b-",
    "three groups": "A+a+a-a- B+B+b-B- C+C-c-c-c-",
    "one example in a group": "A+a+a-A- B+",
    "nobody decided for": "a+a-b+b-b-",
    "everybody decided for": "A+A-B+B-B-",
    "many groups": "".join(
        f"{letter.upper() if (number * 7) % 3 else letter}+{letter}-{letter}+{letter.upper()}-{letter}-"
        for number, letter in enumerate("abcdefghijklmnopqrstuvwxyz")
    ),
}


def case(text: str) -> tuple[np.ndarray, np.ndarray, list[str]]:
    pairs = text.replace(" ", "")
    letters, signs = pairs[::2], pairs[1::2]
    labels = np.array([sign == "+" for sign in signs]).astype(int)
    decided = np.array([letter.isupper() for letter in letters]).astype(int)
    return labels, decided, [letter.lower() for letter in letters]


@pytest.fixture
def fairlearn():
    return pytest.importorskip("fairlearn.metrics", reason="fairlearn is not installed")


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_fairness_is_that_of_fairlearn(fairlearn, name):
    from sklearn import metrics

    labels, decided, letters = case(CASES[name])
    found = two(labels, decided, groups_of("".join(letters)))
    # What a group cannot have is 0 there and nothing here.
    has_both = all({0, 1} <= set(labels[np.array(letters) == each].tolist()) for each in set(letters))
    for measure in found.fairness:
        if has_both or measure.startswith("demographic"):
            expected = getattr(fairlearn, measure)(labels, decided, sensitive_features=letters)
            assert found.fairness[measure] == pytest.approx(expected), measure
    # Where all are 0 there is no ratio: fairlearn says NaN.
    ratios = {"demographic_parity_ratio", "equalized_odds_ratio"}
    for measure in ratios - set(found.fairness):
        assert not getattr(fairlearn, measure)(labels, decided, sensitive_features=letters) >= 0
    functions = {
        "accuracy": metrics.accuracy_score,
        "recall": metrics.recall_score,
        "precision": metrics.precision_score,
        "selection_rate": fairlearn.selection_rate,
        "false_positive_rate": fairlearn.false_positive_rate,
    }
    frame = fairlearn.MetricFrame(
        metrics=functions, y_true=labels, y_pred=decided, sensitive_features=letters
    )
    for measure in functions:
        for value, expected in zip(found.values[measure], frame.by_group[measure], strict=True):
            assert value is None or value == pytest.approx(expected), measure
        gap = gap_of(found.values[measure])
        if gap is not None and None not in found.values[measure]:
            assert gap.gap == pytest.approx(frame.difference()[measure])
            assert (gap.low, gap.high) == pytest.approx(
                (frame.group_min()[measure], frame.group_max()[measure])
            )
            if gap.ratio is not None:
                assert gap.ratio == pytest.approx(frame.ratio()[measure])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_a_group_that_nothing_can_be_found_in_counts_nowhere(fairlearn):
    """Recall of no positives is no number: as 0 it would be the largest gap there can be."""
    labels, decided, letters = case("A+A+a-a- B+B+b-B- c-c-C-")
    found = two(labels, decided, groups_of("".join(letters)))
    assert of(found.values, "recall") == [1, 1, None]
    assert of(found.values, "roc_auc")[2] is None
    assert found.fairness["equal_opportunity_difference"] == 0
    others = np.array(letters) != "c"
    expected = fairlearn.equal_opportunity_difference(
        labels[others], decided[others], sensitive_features=np.array(letters)[others]
    )
    assert found.fairness["equal_opportunity_difference"] == expected
    assert fairlearn.equal_opportunity_difference(labels, decided, sensitive_features=letters) == 1
    assert "recall" not in found.intervals[2]
    assert found.as_json()["gaps"]["recall"]["lowest"] in ("a", "b")
    # Its false alarms count.
    assert of(found.values, "false_positive_rate") == [0, 0.5, round(1 / 3, 6)]


def test_one_group_has_no_gaps():
    found = two([1, 0, 1], [1, 1, 1], groups_of("aaa"))
    assert found.fairness == {} and found.by_chance == {} and found.as_json()["gaps"] == {}
    assert found.as_json()["groups"][0]["scores"]["recall"] == 1


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_several_classes_are_each_against_all_others(fairlearn):
    from sklearn import metrics

    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 300)
    letters = random.choice(list("abc"), 300)
    decided = np.where((random.random(300) < 0.6) | (letters == "a"), labels, random.integers(0, 3, 300))
    scores = np.eye(3)[decided] * 0.7 + 0.1
    groups = groups_of("".join(letters))
    found = grouped_classes(Decisions(labels, decided, scores, ("cat", "dog", "owl"), None), groups, seed=0)
    assert found.positive is None
    for measure, over in (("demographic_parity_difference", max), ("equalized_odds_ratio", min)):
        expected = [
            getattr(fairlearn, measure)(labels == each, decided == each, sensitive_features=letters)
            for each in range(3)
        ]
        assert found.fairness[measure] == pytest.approx(over(expected)), measure
    for number, letter in enumerate("abc"):
        inside = letters == letter
        report = metrics.classification_report(labels[inside], decided[inside], output_dict=True)
        assert found.values["per_class.recall.dog"][number] == pytest.approx(report["1"]["recall"])
        assert found.values["per_class.precision.owl"][number] == pytest.approx(report["2"]["precision"])
        assert found.values["macro.f1"][number] == pytest.approx(report["macro avg"]["f1-score"])
        assert found.values["balanced_accuracy"][number] == pytest.approx(report["macro avg"]["recall"])
    assert found.as_json()["gaps"]["per_class.recall.dog"]["worst"] in ("b", "c")


def test_errors_of_numbers():
    random = np.random.default_rng(0)
    labels = random.normal(size=120).astype(np.float32)
    groups = groups_of("a" * 60 + "b" * 59 + "c")
    predicted = (labels + np.where(groups.members == 1, -2, 0.1 * random.normal(size=120)))[:, np.newaxis]
    found = grouped_numbers(labels, predicted, groups, seed=0)
    inside = groups.members == 0
    expected = number_scores(labels[inside], predicted[inside], seed=0)
    for name, value in {**expected.headline, **expected.others}.items():
        assert found.values[name][0] == value, name
    assert found.intervals[0] == {**expected.intervals, "mean_error": found.intervals[0]["mean_error"]}
    # Label minus prediction: what is predicted too low is above 0.
    assert found.values["mean_error"][1] == pytest.approx(2)
    # R² of one example is no number.
    assert found.values["r2"][2] is None and "mean_absolute_error" not in found.intervals[2]
    gaps = found.as_json()["gaps"]
    assert gaps["mean_absolute_error"]["worst"] == "b"
    assert gaps["mean_absolute_error"]["gap"] > 1.5 > gaps["mean_absolute_error"]["by_chance"]
    assert gaps["r2"]["worst"] == "b" and gaps["mean_error"]["worst"] is None
    assert found.fairness == {}


def test_the_gap_by_chance_is_that_of_a_permutation_test():
    random = np.random.default_rng(0)
    members = np.repeat([0, 1, 2], [50, 30, 10])
    hit = random.random(90) < 0.4
    counts = np.bincount(members)
    shuffled = [np.ptp(np.bincount(members, random.permutation(hit)) / counts) for _ in range(4000)]
    expected = np.quantile(shuffled, 0.95)
    hits = np.bincount(members, hit).astype(np.int64)
    assert share_by_chance(hits, counts, 0) == pytest.approx(expected, abs=0.03)
    groups = Groups(("a", "b", "c"), members, ("a", "b", "c"))
    assert mean_by_chance(hit.astype(float), groups, 0) == pytest.approx(expected, abs=0.03)


def test_a_gap_that_is_there_is_larger_than_by_chance():
    labels = np.ones(400, int)
    decided = np.concatenate([np.ones(150), np.zeros(50), np.ones(110), np.zeros(90)]).astype(int)
    gap = two(labels, decided, groups_of("a" * 200 + "b" * 200)).as_json()["gaps"]["recall"]
    assert gap["gap"] == pytest.approx(0.2) and 0.05 < gap["by_chance"] < 0.15


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.5, None, 0.25], (Gap(0.25, 0.5, 2, 0), 0.25, 0.5)),
        ([0.0, 0.0], (Gap(0, 0, 0, 0), 0, None)),
        ([-1.0, 2.0], (Gap(-1, 2, 0, 1), 3, None)),
    ],
)
def test_gaps(values, expected):
    found = gap_of(values)
    assert (found, found.gap, found.ratio) == expected


def test_no_gap_of_one():
    assert gap_of([0.5, None]) is None and gap_of([None, None]) is None


def test_names_that_are_missing_or_do_not_occur():
    groups = groups_of_names(np.array([2, 0, 3, 1, 4, 0]), ["m", "", "f", "x"])
    assert groups.names == ("m", "f", "x", "(missing)")
    assert groups.members.tolist() == [1, 0, 2, 3, 3, 0]
    assert groups.sizes.tolist() == [2, 1, 1, 2]
    assert groups.notes == ()


def test_of_many_names_the_rarest_are_one_group():
    codes = np.concatenate([np.arange(150), np.arange(120), np.full(3, 140)])
    groups = groups_of_names(codes, [f"n{number:03}" for number in range(150)])
    assert len(groups.names) == 100 and groups.names[-1] == "(others)"
    # The largest one is at the end of the names, which keep their order.
    assert groups.names[:2] == ("n000", "n001") and groups.names[-2] == "n140"
    assert groups.sizes.sum() == len(codes) and groups.sizes[-1] == 22 * 2 + 29
    assert groups.notes == ("150 different values: the 51 that are rarest are one group",)


def test_few_numbers_are_groups_and_many_are_cut():
    few = groups_of_numbers(np.array([1, 0, 1, np.nan, 0.5]))
    assert few.names == ("0", "0.5", "1", "(missing)")
    assert few.members.tolist() == [2, 0, 2, 3, 1]
    many = groups_of_numbers(np.r_[np.arange(1.0, 41), np.nan])
    assert many.names == ("q1", "q2", "q3", "q4", "(missing)")
    assert many.sizes.tolist() == [10, 10, 10, 10, 1]
    assert many.described[0] == "q1: 1 to 10" and many.described[-1] == "(missing)"
    assert many.notes == ("40 different numbers, cut at quartiles",)


def test_quartiles_that_coincide_are_one_cut():
    groups = groups_of_numbers(np.r_[np.zeros(60), np.arange(1.0, 41)])
    assert groups.described == ("q1: 0 to 0", "q2: 1 to 15", "q3: 16 to 40")
    assert groups.sizes.tolist() == [60, 15, 25]
