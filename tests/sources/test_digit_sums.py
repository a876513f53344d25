"""Rows of an image and a number, whose sum is the target."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.mark.slow
def test_the_sum_is_that_of_digit_and_number(load):
    from sklearn.datasets import load_digits

    source = load("digit_sums")
    examples = source.splits["train"]
    found = load_digits()
    np.testing.assert_array_equal(examples.targets["sum"] - examples.inputs["added"].array, found.target)
    assert examples.inputs["digit"].array.shape == (1797, 8, 8, 1)
    assert [kind.name for kind in source.signature.inputs.values()] == ["image", "number"]
    # Neither tells the sum alone.
    assert abs(np.corrcoef(found.target, examples.inputs["added"].array)[0, 1]) < 0.1
