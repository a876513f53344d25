"""What kinds of value a Keras parameter takes, from its default, its docstring and its name.

An answer is given only where it is sure: a config that Keras takes must never be refused, so that a
parameter with nothing known about it accepts everything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

ORDER = ("integer", "number", "boolean", "string", "list", "mapping", "null", "component")


@dataclass(frozen=True)
class Described:
    """One parameter of one class, and all that Keras says of it.

    Attributes:
        owner: The class or function.
        doc: The whole text of the argument in the docstring.
    """

    family: str
    owner: str
    name: str
    required: bool
    default: Any
    doc: str


# Which components a parameter takes; the first pattern that matches decides.
_FAMILIES = (
    (
        r"layers\.(Conv|Dense|Depthwise|Separable|.*LSTM|.*GRU|SimpleRNN|Activation|EinsumDense).*:.*activation",
        ("activations", "layers"),
    ),
    (r"applications\..*:classifier_activation", ("activations",)),
    (r".*:\w*_?initializer", ("initializers",)),
    (r".*:\w*_?regularizer", ("regularizers",)),
    (r".*:\w*_?constraint", ("constraints",)),
    (r"optimizers\..*:learning_rate", ("schedules",)),
    (r"optimizers\..*:(inner_optimizer|default_optimizer|optimizer_map)", ("optimizers",)),
    (r"layers\.(Bidirectional|TimeDistributed|SpectralNormalization):(layer|backward_layer)", ("layers",)),
    (r"layers\.RNN:cell", ("layers",)),
    (r"layers\.StackedRNNCells:cells", ("layers",)),
    (r"layers\.Pipeline:layers", ("layers",)),
)

# Where Keras's own words are missing, too narrow or misleading. "" means: nothing is sure.
_KINDS = (
    (r".*:name", "string null"),
    (r".*:\w*dtype", "string null"),
    (r".*:data_format", "string null"),
    (r".*:seed", "integer"),
    (r".*:verbose", "integer boolean"),
    (r".*:(axis|axes|shared_axes|attention_axes|noise_shape)", "integer list null"),
    (r"optimizers\..*:learning_rate", "number component"),
    (r"optimizers\.\w+Optimizer:inner_optimizer|optimizers\.OptimizerMap:default_optimizer", "component"),
    (r"optimizers\.MultiOptimizer:optimizer_map", "component"),
    (r"optimizers\.OptimizerMap:optimizer_map", "mapping"),
    (r"layers\.RNN:cell", "component list"),
    (r"layers\.(StackedRNNCells:cells|Pipeline:layers)", "list"),
    (r"layers\.\w+:layer", "component"),
    (r"layers\.Rescaling:(scale|offset)", "number list"),
    (r"layers\.\w+:(num_heads|num_query_heads|num_key_value_heads|key_dim|head_dim|value_dim)", "integer"),
    (r"layers\.\w+:(num_bins|max_tokens|output_sequence_length|num_oov_indices|max_number)", "integer"),
    (r"layers\.\w+:(output_shape|target_shape)", "integer list null"),
    (
        r"layers\.\w+:(kernel_size|strides|pool_size|dilation_rate|size|output_size|output_padding)",
        "integer list",
    ),
    (r"layers\.\w+:output_mode", "string"),
    (r"layers\.Bidirectional:merge_mode", "string null"),
    (r"layers\.\w+:(lora_alpha|logit_soft_cap)", "number"),
    (r"layers\.\w+:weights", ""),
    (r"metrics\..*:num_thresholds", "integer null"),
    (r"metrics\..*:(num_classes|num_labels|top_k|k)", "integer"),
    (r"metrics\.F\w+Score:threshold", "number"),
    (r"(losses|metrics)\..*:ignore_class", "integer"),
    (r"initializers\.Constant:value", "number boolean list"),
    (r"schedules\..*:decay_steps", "integer number"),
    (r"callbacks\.\w+:(monitor|filename|filepath|directory|backup_dir|log_dir)", "string"),
    (r"callbacks\.\w+:profile_batch", ""),
    (r"callbacks\.\w+:baseline", "number"),
    (r"applications\..*:pooling|applications\..*:weights", "string null"),
    (r"applications\..*:input_shape", "list null"),
    (r"applications\..*:classes", "integer"),
)

_WORDS = {
    "integer": r"\bint(s|eger|egers)?\b",
    "number": r"\bfloats?\b|\bfloating[- ]point\b|\bscalar\b|\bPython number\b",
    "boolean": r"\bbool(ean)?s?\b|\Awhether\b|\bor `?(True|False)\b",
    "string": r"\bstr(ing|ings)?\b|(?<![=\w])[\"'][a-z]\w*[\"']",
    "list": r"\b(tuples?|lists?|arrays?|array_like|sequence)\b",
    "mapping": r"\bdict(ionary|ionaries)?\b",
    "null": r"\bNone\b",
}

_CHOICES = {
    "data_format": ("channels_last", "channels_first"),
    "reduction": ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none"),
    "pooling": ("avg", "max"),
    "score_mode": ("dot", "concat"),
}
_MONITOR_MODES = ("auto", "min", "max")
# Parameters whose docstring quotes every value there is, and nothing else.
_QUOTED = (
    r"layers\.\w*(Conv|Pool)\w*:padding",
    r"layers\.(RandomFlip|STFTSpectrogram):mode",
    r"layers\.STFTSpectrogram:(scaling|padding)",
    r"layers\.Bidirectional:merge_mode",
    r"layers\.(Resizing|UpSampling2D):interpolation",
    r"layers\.Random(Rotation|Shear|Translation|Zoom|Perspective|ElasticTransform):interpolation",
    r"metrics\.AUC:curve",
    r"metrics\.F(1|Beta)Score:average",
    r"initializers\.VarianceScaling:(mode|distribution)",
    r"initializers\.STFT:(side|scaling)",
    r"regularizers\.OrthogonalRegularizer:mode",
)


def families_of(parameter: Described) -> tuple[str, ...]:
    """The families of components that a parameter takes."""
    key = f"{parameter.family}.{parameter.owner}:{parameter.name}"
    return next((families for pattern, families in _FAMILIES if re.fullmatch(pattern, key)), ())


def accepted_kinds(parameter: Described) -> tuple[str, ...]:
    """Kinds of value that a parameter takes; empty where that is not known."""
    key = f"{parameter.family}.{parameter.owner}:{parameter.name}"
    for pattern, kinds in _KINDS:
        if re.fullmatch(pattern, key):
            by_default = {"null"} if kinds and not parameter.required and parameter.default is None else set()
            return _ordered(set(kinds.split()) | by_default)
    if families_of(parameter):
        return ("null", "component")
    return _ordered(_inferred(parameter))


def _ordered(kinds: set[str]) -> tuple[str, ...]:
    return tuple(kind for kind in ORDER if kind in kinds)


def _inferred(parameter: Described) -> set[str]:
    if isinstance(parameter.default, bool):
        return {"boolean"}
    by_default = _kinds_of_default(parameter)
    by_words = {kind for kind, pattern in _WORDS.items() if re.search(pattern, parameter.doc, _flags(kind))}
    if by_words - {"null"} or by_default - {"null"}:
        return by_default | by_words
    return set()


def _flags(kind: str) -> int:
    return 0 if kind in ("null", "string") else re.IGNORECASE


def _kinds_of_default(parameter: Described) -> set[str]:
    default = parameter.default
    if parameter.required:
        return set()
    if default is None:
        return {"null"}
    if isinstance(default, int):
        # `min_delta=0` and `max_value=2` are numbers, so that only Keras's words can narrow this.
        whole = re.search(_WORDS["integer"], parameter.doc, re.IGNORECASE)
        return {"integer"} if whole else {"integer", "number"}
    if isinstance(default, tuple | list):
        whole = all(isinstance(item, int) for item in default) and re.search(_WORDS["integer"], parameter.doc)
        return {"list", "integer"} if whole else {"list", "integer", "number"}
    return {"number"} if isinstance(default, float) else {"string"}


def choices_of(parameter: Described) -> tuple[str, ...]:
    """All strings that a parameter takes; empty where that is not known."""
    key = f"{parameter.family}.{parameter.owner}:{parameter.name}"
    if parameter.name in _CHOICES:
        return _CHOICES[parameter.name]
    if parameter.family == "callbacks" and parameter.name == "mode":
        return _MONITOR_MODES
    if not any(re.fullmatch(pattern, key) for pattern in _QUOTED):
        return ()
    quoted = re.findall(r"(?<![=\w])[\"'`{]{1,2}([A-Za-z]\w*)[\"'`]", parameter.doc)
    quoted = [word for word in quoted if word not in ("None", "True", "False")]
    return tuple(dict.fromkeys(quoted))
