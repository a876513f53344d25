"""What people ask for and bigmodel does not have yet, or has for tables alone: a plain sentence each."""

from __future__ import annotations

from collections.abc import Mapping

SEVERAL_INPUTS = "several inputs are the columns of a table: data: {source: {table: {path: …, target: …}}}"
SEVERAL_OUTPUTS = (
    "several outputs are the targets of a table, by whose names losses and metrics stand: "
    "data: {source: {table: {path: …, target: [age, sex]}}}"
)
OWN_TARGET = (
    "an array as its own target (an autoencoder) does not work yet: targets are classes, or numbers that are "
    "an array of their own"
)
OWN_CODE = (
    "classes and functions of your own are those of the Python files that the config lists: code: FILE.py"
)
EXAMPLE_WEIGHTS = (
    "a weight for each example is a column of a table: data: {source: {table: {sample_weight: …}}}; "
    "data.class_weights has one for each class"
)
# What there is not yet, as the docs list it.
SENTENCES = (OWN_TARGET,)

# Keys, folded, under which other tools have it.
UNSUPPORTED_KEYS: Mapping[str, str] = {
    **dict.fromkeys(("inputs", "input", "inputcolumns", "inputfeatures", "features"), SEVERAL_INPUTS),
    **dict.fromkeys(
        ("outputs", "output", "outputfeatures", "targets", "heads", "tasks", "lossweights", "lossesweights"),
        SEVERAL_OUTPUTS,
    ),
    **dict.fromkeys(
        ("customobjects", "custom", "modules", "module", "plugins", "python", "script", "function"),
        OWN_CODE,
    ),
    **dict.fromkeys(("sampleweight", "sampleweights", "exampleweights", "weightedmetrics"), EXAMPLE_WEIGHTS),
    "autoencoder": OWN_TARGET,
}
# Keys of ours where a list of several means something that there is not yet.
UNSUPPORTED_LISTS: Mapping[str, str] = {"features_array": SEVERAL_INPUTS, "labels_array": SEVERAL_OUTPUTS}
