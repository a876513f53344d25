"""What TensorFlow's operations refuse, told from what is no fault of the data."""

from __future__ import annotations

import pytest

from bigmodel_cli.modeling.backend import refused_by_kernel


def raised(name, message):
    return type(name, (Exception,), {})(message)


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (
            "Graph execution error:\n\nDetected at node a/GatherV2 defined at (most recent call last):\n"
            "  <stack traces unavailable>\nindices[0,3] = 999 is not in [0, 500)\n\t "
            "[[{{node a/GatherV2}}]] [Op:b]",
            "indices[0,3] = 999 is not in [0, 500)",
        ),
        (
            "\x1b[1m{{function_node __wrapped__GatherV2_device_/job:localhost/device:CPU:0}} "
            "indices[0] = 7 is not in [0, 5)\x1b[0m [Op:GatherV2] name: ",
            "indices[0] = 7 is not in [0, 5)",
        ),
        (
            "assertion failed: [`labels` out of bound] [Condition x < y]",
            "assertion failed: [`labels` out of bound]",
        ),
    ],
)
def test_one_line_of_it(message, says):
    found = refused_by_kernel(raised("InvalidArgumentError", message))
    assert found is not None and found.startswith(says)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("InvalidArgumentError", "Detected unsupported operations when trying to compile graph: Where"),
        ("InvalidArgumentError", "XLA compilation failed"),
        ("InvalidArgumentError", "Cannot parse tensor from proto: dtype: DT_FLOAT"),
        ("ResourceExhaustedError", "OOM when allocating"),
        ("ValueError", "indices[0] = 7 is not in [0, 5)"),
        ("InternalError", "something of ours"),
    ],
)
def test_other_errors_are_not_of_the_data(name, message):
    assert refused_by_kernel(raised(name, message)) is None
