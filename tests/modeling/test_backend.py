"""TensorFlow's start, and what its operations refuse, told from what is no fault of the data."""

from __future__ import annotations

import json
import subprocess
import sys

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


_STARTED = """
import gc, json, sys
from bigmodel_cli.modeling.backend import import_tensorflow
import_tensorflow()
import keras
libraries = ("sklearn", "matplotlib.pyplot")
at_once = [name for name in libraries if name in sys.modules]
asked_for = [keras.wrappers.SKLearnClassifier.__name__, keras.visualization.plot_image_gallery.__name__]
later = [name for name in libraries if name in sys.modules]
print(json.dumps([at_once, asked_for, later, gc.isenabled(), gc.get_threshold()[0]]))
"""


@pytest.mark.slow
def test_keras_brings_other_libraries_with_the_parts_that_need_them():
    """They would take longer to import than many a command takes; collecting goes on, more seldom."""
    done = subprocess.run([sys.executable, "-c", _STARTED], capture_output=True, text=True, check=True)
    at_once, asked_for, later, collects, threshold = json.loads(done.stdout.splitlines()[-1])
    assert at_once == []
    assert asked_for == ["SKLearnClassifier", "plot_image_gallery"]
    assert later == ["sklearn", "matplotlib.pyplot"]
    assert collects and threshold == 20_000
