"""A class in two forms of Unicode is the same class wherever names are compared."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest

from bigmodel_cli.class_names import alike_but_for_case, class_name
from bigmodel_cli.gates import check_gates, parse_fail_under
from bigmodel_cli.inference.other_data import parse_map
from bigmodel_cli.kinds.array.kind import ArrayKind
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.new_run import NewRun
from bigmodel_cli.run_folder import RunFolder, labels_hash, update_record
from bigmodel_cli.scoring.names import measures
from bigmodel_cli.scoring.rule import rule_from_json
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import LoadContext, class_indices
from bigmodel_cli.sources.label_values import label_values
from bigmodel_cli.sources.npz import Npz
from bigmodel_cli.tasks.classification.explain import ClassificationExplained
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.whole_files import write_json

WORDS = ("café", "Ångström", "한글", "ệ", "ñandú")
PAIRS = [(unicodedata.normalize("NFC", word), unicodedata.normalize("NFD", word)) for word in WORDS]


@pytest.fixture(params=PAIRS, ids=WORDS)
def forms(request):
    """One word in two forms: composed, and letters with accents of their own."""
    composed, decomposed = request.param
    assert composed != decomposed
    return composed, decomposed


def test_a_name_has_one_form(forms):
    assert {class_name(form) for form in forms} == {forms[0]}
    assert Signature.of(ArrayKind((2,), "float32"), Classification(("a", forms[1]))).task.class_names == (
        "a",
        forms[0],
    )


@pytest.mark.parametrize("name", ["cat", "", "Cat ", "０", "①", "ﬁ", "\udce9"])
def test_other_names_stay_as_they_are(name):
    assert class_name(name) == name


def test_labels(forms):
    indices, names = class_indices([forms[0], "a", forms[1], "zebra"])
    assert set(names) == {"a", forms[0], "zebra"}
    assert indices[0] == indices[2] and len(set(indices.tolist())) == 3


def test_the_order_is_that_of_the_names_as_they_are_written():
    """Runs that were trained on decomposed names go on with their classes in that order."""
    _, decomposed = class_indices([unicodedata.normalize("NFD", name) for name in ("cafz", "café")])
    _, composed = class_indices(["cafz", "café"])
    assert decomposed == ("café", "cafz") and composed == ("cafz", "café")


@pytest.mark.parametrize("given", [0, 1])
def test_class_names_and_labels_of_an_npz(forms, tmp_path, given):
    names, labels = (forms[given], "b"), [forms[1 - given], "b", forms[given]]
    np.savez(tmp_path / "x.npz", x=np.zeros((3, 2)), y=np.array(labels))
    source = Npz(path=tmp_path / "x.npz", class_names=names).load(LoadContext())
    assert source.signature.task.class_names == (forms[0], "b")
    assert source.splits["train"].labels.tolist() == [0, 1, 0]


def test_held_out_splits(forms, tmp_path):
    labels = {"train": np.array([forms[0], "b"]), "test": np.array([forms[1], "b"])}
    indices, task = label_values(labels, "auto", None, tmp_path, LoadContext())
    assert indices["train"].tolist() == indices["test"].tolist() and set(task.class_names) == {forms[0], "b"}


def test_names_that_are_given_twice_are_refused(forms):
    with pytest.raises(ValueError, match="a name of its own for each class"):
        Npz(path="x.npz", class_names=(*forms, "b"))


def test_the_config(forms, tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(
        "data: {source: digits, class_weights: {%s: 2}}\n"
        "model: [Flatten, {Dense: {units: 10, activation: softmax}}]\n"
        'loss: CategoricalCrossentropy\noptimizer: Adam\nexpect: {test_per_class.recall.%s: ">= 0.5"}\n'
        "calibrate: {threshold: f1, positive: %s}\n" % ((forms[1],) * 3),
        "utf-8",
    )
    experiment = read_config(path).experiment
    assert experiment.data.class_weights == {forms[0]: 2}
    assert list(experiment.expect) == [f"test_per_class.recall.{forms[0]}"]
    assert experiment.calibrate.positive == forms[0]


def test_options(forms):
    assert parse_map([f"{forms[1]}={forms[0]}", f"x={forms[1]}"]) == {forms[0]: forms[0], "x": forms[0]}
    document = {
        "metrics": {},
        "scores": {},
        "per_class": [{"class": forms[0], "recall": 0.5}, {"class": "b", "recall": 1.0}],
    }
    (gate,) = check_gates(parse_fail_under([f"per_class.recall.{forms[1]}=0.4"]), measures(document), "test")
    assert gate.met and gate.value == 0.5
    explained = ClassificationExplained(Classification(("a", forms[0])))
    assert [explained.index(form) for form in forms] == [1, 1]


def test_runs_of_earlier_versions(forms, tmp_path):
    folder: RunFolder = NewRun(tmp_path, "x").create()
    write_json(folder.labels, [forms[1], "b"])
    update_record(folder, {"labels_sha256": labels_hash([forms[1], "b"])})
    assert folder.read_labels() == (forms[0], "b")
    rule = rule_from_json({"positive": forms[1], "threshold": 0.3, "temperature": 1}, (forms[0], "b"))
    assert rule.positive == 0


@pytest.mark.parametrize(
    ("names", "said"),
    [(("Cat", "cat"), "Cat and cat"), (("a", "ÉCOLE", "école"), "ÉCOLE and école"), (("a", "b", "a1"), None)],
)
def test_names_that_differ_in_case_alone(names, said):
    assert alike_but_for_case(names) == said
