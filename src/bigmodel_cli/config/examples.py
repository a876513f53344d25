"""One line of YAML for each name of the catalogue: help texts show it, and a test builds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bigmodel_cli.config.catalogue import Entry, Parameter
from bigmodel_cli.config.scalars import plain_scalar

# Layers whose required arguments alone make no good example.
LAYER_EXAMPLES: Mapping[str, str] = {
    "Activation": "Activation: {activation: relu}",
    "ActivityRegularization": "ActivityRegularization: {l2: 1e-4}",
    "AdaptiveAveragePooling1D": "AdaptiveAveragePooling1D: {output_size: 2}",
    "AdaptiveAveragePooling2D": "AdaptiveAveragePooling2D: {output_size: [2, 2]}",
    "AdaptiveAveragePooling3D": "AdaptiveAveragePooling3D: {output_size: [2, 2, 2]}",
    "AdaptiveMaxPooling1D": "AdaptiveMaxPooling1D: {output_size: 2}",
    "AdaptiveMaxPooling2D": "AdaptiveMaxPooling2D: {output_size: [2, 2]}",
    "AdaptiveMaxPooling3D": "AdaptiveMaxPooling3D: {output_size: [2, 2, 2]}",
    "Add": "Add: {inputs: [stem, previous]}",
    "AdditiveAttention": "AdditiveAttention: {inputs: [stem, previous]}",
    "Attention": "Attention: {inputs: [stem, previous]}",
    "Average": "Average: {inputs: [stem, previous]}",
    "AveragePooling1D": "AveragePooling1D: {pool_size: 2}",
    "AveragePooling2D": "AveragePooling2D: {pool_size: 2}",
    "AveragePooling3D": "AveragePooling3D: {pool_size: 2}",
    "Bidirectional": "Bidirectional: {layer: {LSTM: {units: 32}}}",
    "CategoryEncoding": "CategoryEncoding: {num_tokens: 10, output_mode: multi_hot}",
    "CenterCrop": "CenterCrop: {height: 6, width: 6}",
    "Concatenate": "Concatenate: {inputs: [stem, previous]}",
    "Conv1D": "Conv1D: {filters: 16, kernel_size: 3, activation: relu}",
    "Conv1DTranspose": "Conv1DTranspose: {filters: 16, kernel_size: 3, strides: 2}",
    "Conv2D": "Conv2D: {filters: 16, kernel_size: 3, activation: relu}",
    "Conv2DTranspose": "Conv2DTranspose: {filters: 16, kernel_size: 3, strides: 2}",
    "Conv3D": "Conv3D: {filters: 8, kernel_size: 3, activation: relu}",
    "Conv3DTranspose": "Conv3DTranspose: {filters: 8, kernel_size: 3, strides: 2}",
    "ConvLSTM1D": "ConvLSTM1D: {filters: 4, kernel_size: 3}",
    "ConvLSTM2D": "ConvLSTM2D: {filters: 4, kernel_size: 3}",
    "ConvLSTM3D": "ConvLSTM3D: {filters: 4, kernel_size: 3}",
    "Dense": "Dense: {units: 64, activation: relu}",
    "DepthwiseConv1D": "DepthwiseConv1D: {kernel_size: 3}",
    "DepthwiseConv2D": "DepthwiseConv2D: {kernel_size: 3, padding: same}",
    "Discretization": "Discretization: {bin_boundaries: [0.0, 0.5, 1.0]}",
    "Dot": "Dot: {axes: 1, inputs: [stem, previous]}",
    "Dropout": "Dropout: {rate: 0.5}",
    "EinsumDense": "EinsumDense: {equation: 'ab,bc->ac', output_shape: 64}",
    "Embedding": "Embedding: {input_dim: 1000, output_dim: 32}",
    "GRU": "GRU: {units: 32}",
    "GRUCell": "GRUCell: {units: 32}",
    "GaussianDropout": "GaussianDropout: {rate: 0.2}",
    "GaussianNoise": "GaussianNoise: {stddev: 0.1}",
    "GroupNormalization": "GroupNormalization: {groups: 4}",
    "GroupQueryAttention": (
        "GroupQueryAttention: "
        "{head_dim: 16, num_query_heads: 4, num_key_value_heads: 2, inputs: [stem, previous]}"
    ),
    "HashedCrossing": "HashedCrossing: {num_bins: 16, output_mode: one_hot, inputs: [stem, previous]}",
    "Hashing": "Hashing: {num_bins: 16}",
    "IntegerLookup": "IntegerLookup: {vocabulary: [2, 4, 8]}",
    "LSTM": "LSTM: {units: 32}",
    "LSTMCell": "LSTMCell: {units: 32}",
    "MaxNumBoundingBoxes": "MaxNumBoundingBoxes: {max_number: 10}",
    "MaxPooling1D": "MaxPooling1D: {pool_size: 2}",
    "MaxPooling2D": "MaxPooling2D: {pool_size: 2}",
    "MaxPooling3D": "MaxPooling3D: {pool_size: 2}",
    "Maximum": "Maximum: {inputs: [stem, previous]}",
    "MelSpectrogram": "MelSpectrogram: {fft_length: 256, sequence_stride: 128, num_mel_bins: 32}",
    "Minimum": "Minimum: {inputs: [stem, previous]}",
    "MultiHeadAttention": "MultiHeadAttention: {num_heads: 4, key_dim: 16, inputs: [stem, previous]}",
    "Multiply": "Multiply: {inputs: [stem, previous]}",
    "Normalization": "Normalization: {mean: 0.5, variance: 0.25}",
    "Permute": "Permute: {dims: [2, 1]}",
    "Pipeline": "Pipeline: {layers: [{RandomFlip: {mode: horizontal}}, {RandomRotation: {factor: 0.1}}]}",
    "RNN": "RNN: {cell: {LSTMCell: {units: 32}}}",
    "RandomBrightness": "RandomBrightness: {factor: 0.2}",
    "RandomColorDegeneration": "RandomColorDegeneration: {factor: 0.5}",
    "RandomColorJitter": "RandomColorJitter: {brightness_factor: 0.2, contrast_factor: 0.2}",
    "RandomContrast": "RandomContrast: {factor: 0.2}",
    "RandomCrop": "RandomCrop: {height: 6, width: 6}",
    "RandomFlip": "RandomFlip: {mode: horizontal}",
    "RandomHue": "RandomHue: {factor: 0.1}",
    "RandomPosterization": "RandomPosterization: {factor: 4}",
    "RandomRotation": "RandomRotation: {factor: 0.1}",
    "RandomSaturation": "RandomSaturation: {factor: 0.5}",
    "RandomSharpness": "RandomSharpness: {factor: 0.5}",
    # A range: Keras saves a single number as a range that it then refuses to load.
    "RandomShear": "RandomShear: {x_factor: [0.0, 0.1], y_factor: [0.0, 0.1]}",
    "RandomTranslation": "RandomTranslation: {height_factor: 0.1, width_factor: 0.1}",
    "RandomZoom": "RandomZoom: {height_factor: 0.1}",
    "RepeatVector": "RepeatVector: {n: 3}",
    "Rescaling": "Rescaling: {scale: 1/255}",
    "Reshape": "Reshape: {target_shape: [4, -1]}",
    "Resizing": "Resizing: {height: 6, width: 6}",
    "ReversibleEmbedding": "ReversibleEmbedding: {input_dim: 1000, output_dim: 32}",
    "STFTSpectrogram": "STFTSpectrogram: {frame_length: 128, frame_step: 64}",
    "SeparableConv1D": "SeparableConv1D: {filters: 16, kernel_size: 3}",
    "SeparableConv2D": "SeparableConv2D: {filters: 16, kernel_size: 3}",
    "SimpleRNN": "SimpleRNN: {units: 32}",
    "SimpleRNNCell": "SimpleRNNCell: {units: 32}",
    "SpectralNormalization": "SpectralNormalization: {layer: {Dense: {units: 32}}}",
    "StackedRNNCells": "StackedRNNCells: {cells: [{LSTMCell: {units: 32}}, {LSTMCell: {units: 16}}]}",
    "StringLookup": "StringLookup: {vocabulary: [cat, dog]}",
    "Subtract": "Subtract: {inputs: [stem, previous]}",
    "TextVectorization": "TextVectorization: {output_sequence_length: 6, vocabulary: [cat, dog]}",
    "TimeDistributed": "TimeDistributed: {layer: {Dense: {units: 8}}}",
}
_OTHERS: Mapping[str, str] = {
    "MultiOptimizer": "MultiOptimizer: {optimizer_map: {OptimizerMap: {default_optimizer: Adam}}}",
    "OptimizerMap": "OptimizerMap: {default_optimizer: Adam}",
    "LossScaleOptimizer": "LossScaleOptimizer: {inner_optimizer: Adam}",
    "PiecewiseConstantDecay": "PiecewiseConstantDecay: {boundaries: [1000], values: [1e-2, 1e-3]}",
}
_APPLICATION = "{include_top: false, weights: null, pooling: avg}"
# Values for required arguments whose kind alone does not say what is sensible.
_VALUES: Mapping[str, Any] = {
    "initial_learning_rate": 0.001,
    "decay_rate": 0.96,
    "decay_steps": 1000,
    "first_decay_steps": 1000,
    "num_classes": "num_classes",
    "target_class_ids": [0, 1],
    "filepath": "best.keras",
    "filename": "log.csv",
    "directory": "checkpoints",
    "backup_dir": "backup",
}
_SHARED = frozenset(
    {"reduction", "name", "dtype", "trainable", "autocast", "activity_regularizer", "seed", "data_format"}
)


def example(entry: Entry) -> str:
    """A component as YAML that can be put into a config as it stands.

    Raises:
        ValueError: If no config can write it (`entry.requires_function`).
    """
    if entry.requires_function:
        raise ValueError(f"{entry.name} cannot be written in a config: {entry.requires_function}")
    if entry.family == "applications":
        return f"{entry.name}: {_APPLICATION}"
    written = LAYER_EXAMPLES if entry.family == "layers" else _OTHERS
    if entry.name in written:
        return written[entry.name]
    arguments = {parameter.name: _value(parameter) for parameter in _shown(entry)}
    return f"{entry.name}: {_flow(arguments)}" if arguments else entry.name


def _shown(entry: Entry) -> list[Parameter]:
    """The required arguments; where there are none, the first one, with its default."""
    required = [parameter for parameter in entry.parameters.values() if parameter.required]
    if required or entry.family == "layers":
        return required
    own = (p for p in entry.parameters.values() if p.name not in _SHARED and p.default is not None)
    return list(own)[:1]


def _value(parameter: Parameter) -> Any:
    if not parameter.required:
        return parameter.default
    return _VALUES.get(parameter.name, 0.5 if "number" in parameter.accepts else 2)


def _flow(value: Any) -> str:
    """Plain data as YAML in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    if isinstance(value, str):
        return value if plain_scalar(value) == value and value.replace("_", "").isalnum() else f"'{value}'"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)
