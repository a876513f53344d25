"""The example that lies beside an exported file: it needs that file's runtime, NumPy, and nothing of ours."""

from __future__ import annotations

from importlib.metadata import packages_distributions

from bigmodel_cli.exporting.deployed import Deployed
from bigmodel_cli.exporting.format import Format
from bigmodel_cli.kinds.snippet import Snippet
from bigmodel_cli.parts import part_of
from bigmodel_cli.signature import Signature
from bigmodel_cli.tasks.predictions import Predictions, Telling

_LOOKED_UP_BY = "from lookups.front import Front, Values\n"
_LOOKED_UP = """\
FRONT = Front.read(json.loads((HERE / "front.json").read_text()))
"""
_WHOLE = '''\
"""What {file} says of a file: python example.py {placeholder}

pip install {packages}
"""

import json
import sys
from pathlib import Path

import numpy as np
{imports}
HERE = Path(__file__).resolve().parent
ABOUT = json.loads((HERE / "model.json").read_text())
LABELS = json.loads((HERE / "labels.json").read_text())
{front}
{predict}

{read}

features = read(sys.argv[1])
{looked_up}{tell}'''
_TELLING = "tell(features)\n"
_NUMBERS = """\
predicted = predict(features)
# TensorFlow gives them in any order.
for name in (port["name"] for port in ABOUT["outputs"]):
    (values,) = predicted[name]
    for place in np.argsort(-values.ravel())[:3] if LABELS[name] and values.size > 1 else range(values.size):
        label = LABELS[name][place] if LABELS[name] and values.size > 1 else name
        print(label, f"{values.ravel()[place]:.4f}")
"""


def telling_of(signature: Signature) -> Telling | None:
    """How the one answer of a model is told; None: by labels and numbers."""
    if len(signature.targets) > 1:
        return None
    return part_of(signature.task, Predictions).telling


def example_of(one: Format, deployed: Deployed, signature: Signature) -> str:
    """Python that reads a user's file and prints what the exported one says of it.

    Args:
        one: The format.
        deployed: What the file was written from.
        signature: What one example is.
    """
    snippet, telling = part_of(signature.kind, Snippet), telling_of(signature)
    has_front = deployed.front is not None
    predict, read = _parted(one.example_of(deployed)), _parted(snippet.code(deployed.inputs[0].name))
    tell = _parted("" if telling is None else telling.code)
    packages = ["numpy", *map(_distribution, one.runtimes), *snippet.packages]
    packages += () if telling is None else telling.packages
    return _WHOLE.format(
        imports="".join(
            dict.fromkeys([*predict[0], *([_LOOKED_UP_BY] if has_front else []), *read[0], *tell[0]])
        ),
        file=one.file,
        placeholder=snippet.placeholder,
        packages=" ".join(dict.fromkeys(packages)),
        front=_LOOKED_UP if has_front else "",
        predict=predict[1],
        read=read[1] if telling is None else f"{read[1]}\n\n{tell[1]}",
        tell=_NUMBERS if telling is None else _TELLING,
        looked_up=(
            "features = FRONT.run({name: Values.of(values) for name, values in features.items()})\n"
            'features = {port["name"]: features[port["name"]] for port in ABOUT["inputs"]}\n'
            if has_front
            else ""
        ),
    )


def _parted(code: str) -> tuple[list[str], str]:
    """The lines that import, and what they are for."""
    lines = code.splitlines(keepends=True)
    imports = [line for line in lines if line.startswith(("import ", "from "))]
    others = (line for line in lines if line not in imports)
    return imports, "".join(others).strip() + "\n"


def _distribution(package: str) -> str:
    """What pip calls a package."""
    return packages_distributions().get(package, [package])[0]
