"""Tables that come with scikit-learn are rows of named columns."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("dataset", "target", "rows", "columns", "classes"),
    [
        ("iris", "species", 150, 4, ("setosa", "versicolor", "virginica")),
        ("wine", "cultivar", 178, 13, ("class_0", "class_1", "class_2")),
        ("breast_cancer", "diagnosis", 569, 30, ("malignant", "benign")),
        ("diabetes", "progression", 442, 10, None),
    ],
)
def test_columns_have_names_and_labels_theirs(load, dataset, target, rows, columns, classes):
    from sklearn import datasets

    source = load("scikit_learn", dataset=dataset)
    examples = source.splits["train"]
    assert (len(examples), len(examples.inputs), list(examples.targets)) == (rows, columns, [target])
    task = source.signature.targets[target]
    assert getattr(task, "class_names", None) == classes
    options = {"scaled": False} if dataset == "diabetes" else {}
    found = getattr(datasets, f"load_{dataset}")(**options)
    name = list(examples.inputs)[-1]
    assert name == found.feature_names[-1]
    np.testing.assert_allclose(examples.inputs[name].array, found.data[:, -1], rtol=1e-6)
    np.testing.assert_array_equal(examples.targets[target], found.target)


def test_what_is_known_without_reading():
    from bigmodel_cli.sources import source_options

    options = source_options()["scikit_learn"](dataset="wine")
    facts = options.facts()
    assert (options.target_names, facts.num_classes, facts.num_examples) == (("cultivar",), 3, 178)
