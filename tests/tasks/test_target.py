"""Tasks on the way of the data: groups of examples, and weights of classes."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.parts import part_of
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.regression.task import Regression
from bigmodel_cli.tasks.target import ClassWeights, Target

# 3 cats, 7 dogs, 2 eels.
LABELS = np.repeat([0, 1, 2], [3, 7, 2])
CLASSES = part_of(Classification(("cat", "dog", "eel")), Target)
NUMBERS = part_of(Regression(), Target)


def test_classes_are_groups_and_numbers_are_none():
    np.testing.assert_array_equal(CLASSES.strata(LABELS), LABELS)
    assert NUMBERS.strata(np.array([0.5, 0.5, 2])) is None
    assert NUMBERS.class_weights("balanced", np.array([0.5, 0.5, 2])) is None


@pytest.mark.slow
def test_balanced_weights_are_those_of_scikit_learn():
    from sklearn.utils.class_weight import compute_class_weight

    found = CLASSES.class_weights("balanced", LABELS).values
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, compute_class_weight("balanced", classes=np.arange(3), y=LABELS))
    np.testing.assert_allclose(found[LABELS].mean(), 1, rtol=1e-6)


def test_weights_of_ones_own_are_one_on_average():
    found = CLASSES.class_weights({"eel": 6.0}, LABELS).values
    # (3 * 1 + 7 * 1 + 2 * 6) / 12 examples
    np.testing.assert_allclose(found, np.array([1, 1, 6]) * 12 / 22, rtol=1e-6)
    np.testing.assert_allclose(found[LABELS].mean(), 1, rtol=1e-6)


def test_a_class_that_the_training_part_lacks_has_no_weight():
    found = CLASSES.class_weights("balanced", np.array([0, 0, 0, 1])).values
    np.testing.assert_allclose(found, [4 / (2 * 3), 4 / (2 * 1), 0], rtol=1e-6)


def test_weights_in_words():
    assert ClassWeights(["cat", "dog"], np.array([0.5714, 4.0])).describe() == "cat 0.571, dog 4"
    many = ClassWeights([f"c{number}" for number in range(100)], np.ones(100)).describe()
    assert many.endswith("c7 1, … (100 in all)")
