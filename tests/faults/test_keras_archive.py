"""`.keras` files as Keras writes them pass; whatever else may be in one is refused before Keras sees it."""

from __future__ import annotations

import json
import stat
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.modeling import keras_archive
from bigmodel_cli.modeling.keras_archive import TRUST_HINT, check_archive, check_document
from bigmodel_cli.run_folder import STATE_ARRAYS_MEMBER, STATE_MEMBER

METADATA, CONFIG, WEIGHTS = "metadata.json", "config.json", "model.weights.h5"
Members = list[tuple[zipfile.ZipInfo, bytes]]


def dense(**changes: Any) -> dict[str, Any]:
    """A layer as config.json has it."""
    layer = {
        "module": "keras.layers",
        "class_name": "Dense",
        "config": {"name": "dense_7", "units": 3, "activation": "relu"},
        "registered_name": None,
    }
    return {**layer, **changes}


def model_of(*layers: dict[str, Any]) -> bytes:
    config = {"name": "small", "layers": list(layers)}
    return json.dumps(
        {"module": "keras", "class_name": "Sequential", "config": config, "registered_name": "Sequential"}
    ).encode()


def info(name: str, **attributes: Any) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    for key, value in attributes.items():
        setattr(member, key, value)
    return member


def members(config: bytes | None = None) -> Members:
    contents = {
        METADATA: b"{}",
        CONFIG: model_of(dense()) if config is None else config,
        WEIGHTS: bytes(1000),
    }
    return [(info(name), content) for name, content in contents.items()]


@pytest.fixture
def write_archive(tmp_path: Path) -> Callable[[Members], Path]:
    def write(parts: Members) -> Path:
        path = tmp_path / "m.keras"
        with zipfile.ZipFile(path, "w") as archive:
            for member, content in parts:
                archive.writestr(member, content)
        return path

    return write


def reason(path: Path, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        check_archive(path, **options)
    message = caught.value.message
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


def test_what_keras_writes_and_our_own_members_pass(write_archive):
    extra = [(info("assets/layers/text_vectorization/vocabulary.txt"), b"a\nb")]
    extra += [(info(STATE_MEMBER), b"{}"), (info(STATE_ARRAYS_MEMBER), b"zip")]
    check_archive(write_archive(members() + extra))


LINK = (stat.S_IFLNK | 0o777) << 16
FOLDER = (stat.S_IFDIR | 0o755) << 16
NOT_KERAS = "is none that Keras writes"


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("trust", [False, True])
@pytest.mark.parametrize(
    ("extra", "says"),
    [
        (info("../escaped"), "the member ../escaped points out of the archive"),
        (info("assets/../../escaped"), "the member assets/../../escaped points out of the archive"),
        (info("/etc/passwd"), "the member /etc/passwd points out of the archive"),
        (info("assets/..\\escaped"), "the member assets/..\\escaped points out of the archive"),
        (info("assets/x", external_attr=LINK), "the member assets/x is a link, a folder or a device"),
        (info("assets/", external_attr=FOLDER), "the member assets/ is a link, a folder or a device"),
        (info("assets//x"), f"the member assets//x {NOT_KERAS}"),
        (info("code.py"), f"the member code.py {NOT_KERAS} (expected config.json, metadata.json, "),
        (info("bigmodel/code.py"), f"the member bigmodel/code.py {NOT_KERAS}"),
        (info(CONFIG), "it has more than one member config.json"),
        (
            info("assets/x", compress_type=zipfile.ZIP_DEFLATED),
            "the member assets/x is compressed (27 bytes that become 10,000), which Keras never does",
        ),
    ],
)
def test_members_that_keras_does_not_write(write_archive, extra, says, trust):
    path = write_archive([*members(), (extra, bytes(10_000))])
    assert reason(path, trust=trust).startswith(f"refused: {says}")


@pytest.mark.parametrize("name", [METADATA, CONFIG, WEIGHTS])
def test_a_member_that_is_missing(write_archive, name):
    path = write_archive([part for part in members() if part[0].filename != name])
    assert reason(path) == f"refused: it has no {name}, which every .keras file has"


def test_limits_of_size_and_number(write_archive, monkeypatch):
    monkeypatch.setattr(keras_archive, "MAX_JSON_BYTES", 100)
    assert reason(write_archive(members())) == (
        f"refused: the member config.json has {len(model_of(dense()))} bytes; expected at most 100"
    )
    monkeypatch.setattr(keras_archive, "MAX_MEMBERS", 2)
    assert reason(write_archive(members())) == "refused: 3 members; expected at most 2"


def test_an_encrypted_member(write_archive):
    path = write_archive(members())
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    path.write_bytes(content)
    assert reason(path) == "refused: the member metadata.json is encrypted"


def test_members_that_share_their_bytes(write_archive):
    """A megabyte of weights that many names of assets stand for."""
    path = write_archive([*members(), (info("assets/a"), bytes(10_000))])
    content = path.read_bytes()
    start = content.index(b"PK\x01\x02")
    entry = content[content.rindex(b"PK\x01\x02") : content.index(b"PK\x05\x06")]
    entries = content[start : content.index(b"PK\x05\x06")] + b"".join(
        entry.replace(b"assets/a", f"assets/{letter}".encode()) for letter in "bcd"
    )
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 7, 7, len(entries), start, 0)
    path.write_bytes(content[:start] + entries + end)
    assert reason(path) == "refused: its members are larger than the file, so they overlap"


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x05\x06" + bytes(17)])
def test_what_is_no_archive(tmp_path, content):
    path = tmp_path / "m.keras"
    path.write_bytes(content)
    assert reason(path).startswith("damaged, or not a .keras file: ")
    assert reason(tmp_path) == "a folder, not a .keras file"
    assert reason(tmp_path / "none.keras") == "no such file"


@pytest.mark.slow
def test_every_cut_and_every_flipped_byte_is_refused_or_harmless(write_archive):
    """What passes still has the members that were written."""
    path = write_archive(members())
    content = path.read_bytes()
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        assert reason(path)
    refused = 0
    for at in range(0, len(content), 3):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0x10]) + content[at + 1 :])
        try:
            check_archive(path)
        except DataError as error:
            refused += 1
            assert error.message.startswith(f"{path}: ")
        else:
            with zipfile.ZipFile(path) as archive:
                assert [archive.read(name) for name in (CONFIG, WEIGHTS)] == [model_of(dense()), bytes(1000)]
    assert refused > len(content) / 3 * 0.8


UNKNOWN = "it loads only in a program that defines the class; a model of Keras's own layers loads here"
CODE = {"class_name": "__lambda__", "config": {"code": "4wEA", "defaults": None, "closure": None}}


@pytest.mark.parametrize(
    ("layer", "says", "hint"),
    [
        (
            dense(class_name="Lambda", config={"name": "lambda_1", "function": CODE}),
            "the layer lambda_1 is a Lambda layer, which holds Python code",
            TRUST_HINT,
        ),
        (
            dense(config={"name": "dense_7", "activation": CODE}),
            "the layer dense_7 holds a Python lambda, which is code",
            TRUST_HINT,
        ),
        (
            {"class_name": "Lambda", "config": {"name": "old"}},
            "the layer old is a Lambda layer, which holds Python code",
            TRUST_HINT,
        ),
        (
            dense(class_name="TorchModuleWrapper"),
            "the layer dense_7 is a TorchModuleWrapper, which holds a pickle",
            TRUST_HINT,
        ),
        (
            dense(class_name="TFSMLayer"),
            "the layer dense_7 is a TFSMLayer, which runs a program from a folder",
            TRUST_HINT,
        ),
        (
            dense(module="keras", class_name="layers.TFSMLayer"),
            "the layer dense_7 is a TFSMLayer, which runs a program from a folder",
            TRUST_HINT,
        ),
        (
            dense(module="keras_hub.layers", class_name="Odd"),
            "the layer dense_7 needs the class keras_hub.layers.Odd which is none of Keras's own",
            TRUST_HINT,
        ),
        (
            dense(module="os", class_name="system"),
            "the layer dense_7 needs the class os.system which is none of Keras's own",
            UNKNOWN,
        ),
        (
            dense(module="kerasx.layers"),
            "the layer dense_7 needs the class kerasx.layers.Dense which is none of Keras's own",
            UNKNOWN,
        ),
        (
            dense(module="keras.utils", class_name="get_file"),
            "the layer dense_7 needs the class keras.utils.get_file which is none of Keras's own",
            UNKNOWN,
        ),
        (
            dense(module=None),
            "the layer dense_7 needs the class Dense which is none of Keras's own",
            UNKNOWN,
        ),
        (
            dense(registered_name="mine>Dense"),
            "the layer dense_7 needs the class keras.layers.Dense, registered as mine>Dense, "
            "which is none of Keras's own",
            UNKNOWN,
        ),
        (
            dense(
                config={
                    "name": "dense_7",
                    "activation": {"class_name": "function", "module": "os", "config": "system"},
                }
            ),
            "the layer dense_7 needs the function os.system which is none of Keras's own",
            UNKNOWN,
        ),
        (
            dense(class_name="__typespec__", module="tensorflow", config=[]),
            "the model needs the class tensorflow.__typespec__ which is none of Keras's own",
            UNKNOWN,
        ),
        (
            dense(class_name=["Dense"]),
            "refused: the layer dense_7 has a class_name that is no text",
            "get the file again, from a source that you trust",
        ),
    ],
)
def test_classes_that_are_code_or_not_keras_own(write_archive, layer, says, hint):
    path = write_archive(members(model_of(dense(), layer)))
    with pytest.raises(DataError) as caught:
        check_archive(path)
    assert (caught.value.message, caught.value.hint) == (f"{path}: {says}", hint)
    # With --trust, it is for Keras to say whether there is such a class.
    check_archive(path, trust=True)


@pytest.mark.parametrize("trust", [False, True])
@pytest.mark.parametrize("key", ["units", "filters", "output_dim", "input_dim"])
def test_sizes_that_the_weights_cannot_have(write_archive, key, trust):
    sized = {"name": "huge", key: 2_000_000_000}
    path = write_archive(members(model_of(dense(config=sized))))
    assert reason(path, trust=trust) == (
        f"refused: the layer huge (Dense) has {key}=2,000,000,000, "
        "but the weights in the file are 1,000 bytes"
    )
    check_archive(write_archive(members(model_of(dense(config={**sized, key: 2000})))))


def test_many_tokens_are_no_weights(write_archive):
    encoding = {"name": "tokens", "num_tokens": 1_000_000}
    check_archive(write_archive(members(model_of(dense(config=encoding)))))
    path = write_archive(members(model_of(dense(config={**encoding, "num_tokens": 10**10}))))
    assert "the layer tokens (Dense) has num_tokens=10,000,000,000" in reason(path)


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "refused: config.json is nested too deeply"),
        (b"[" * 100_000, "refused: config.json is nested too deeply"),
        (b'{"class_name": ', "damaged: config.json: Expecting value"),
        (b"\xff\xfe{", "damaged: config.json: "),
        (b'{"class_name": 1' + b"0" * 5000 + b"}", "damaged: config.json: Exceeds the limit"),
        (b"[]", "refused: config.json describes no model"),
        (b"{}", "refused: config.json describes no model"),
        (b"null", "refused: config.json describes no model"),
    ],
)
def test_a_config_that_describes_no_model(write_archive, config, says):
    assert reason(write_archive(members(config))).startswith(says)


@pytest.mark.slow
def test_a_config_of_many_megabytes_is_looked_through_in_seconds(write_archive):
    path = write_archive(members(model_of(*[dense()] * 60_000)))
    started = time.monotonic()
    check_archive(path)
    assert time.monotonic() - started < 10


def _models() -> dict[str, Callable[[Any], Any]]:
    """Models of all that Keras writes in some other way than a plain layer."""

    def vectorized(keras: Any) -> Any:
        layer = keras.layers.TextVectorization(max_tokens=50_000, output_sequence_length=4)
        layer.adapt(np.array(["a b", "c d"]))
        inputs = keras.Input((1,), dtype="string")
        return keras.Model(inputs, layer(inputs))

    def nested(keras: Any) -> Any:
        inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, keras.activations.gelu)])
        inputs = keras.Input((4,))
        cut = keras.ops.relu(inner(inputs))[:, :2] * 2
        return keras.Model(inputs, keras.ops.concatenate([cut, cut], -1))

    def recurrent(keras: Any) -> Any:
        layers = keras.layers
        cells = layers.RNN([layers.GRUCell(3), layers.LSTMCell(2)])
        return keras.Sequential(
            [keras.Input((4, 4)), layers.Bidirectional(layers.LSTM(3)), layers.Reshape((3, 2)), cells]
        )

    def compiled(keras: Any) -> Any:
        kernel = {
            "kernel_initializer": keras.initializers.HeNormal(seed=1),
            "kernel_regularizer": keras.regularizers.L1L2(0.1, 0.1),
            "kernel_constraint": keras.constraints.MaxNorm(2),
        }
        layers = [
            keras.layers.Dense(3, keras.layers.LeakyReLU(), **kernel),
            keras.layers.Dense(2, dtype="float32"),
        ]
        model = keras.Sequential([keras.Input((4,)), *layers])
        schedule = keras.optimizers.schedules.CosineDecay(0.1, 100)
        error = keras.metrics.MeanMetricWrapper(keras.losses.mean_squared_error)
        optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.AdamW(schedule))
        model.compile(
            optimizer, keras.losses.CategoricalCrossentropy(label_smoothing=0.1), [keras.metrics.AUC(), error]
        )
        return model

    def quantized(keras: Any) -> Any:
        model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(2000, use_bias=False)])
        model.build()
        model.layers[0].quantize("int4")
        return model

    def with_application(keras: Any) -> Any:
        return keras.applications.ConvNeXtTiny(weights=None, include_top=False, input_shape=(32, 32, 3))

    return {
        "vectorized": vectorized,
        "nested": nested,
        "recurrent": recurrent,
        "compiled": compiled,
        "quantized": quantized,
        "application": with_application,
    }


@pytest.mark.tf
@pytest.mark.slow
@pytest.mark.parametrize("kind", _models())
def test_models_of_keras_pass(tmp_path, kind):
    """Every layer is saved and checked in tests/modeling/test_every_layer.py."""
    from bigmodel_cli.modeling.backend import start

    start(seed=0, precision="mixed_float16" if kind == "compiled" else "float32")
    import keras

    path = tmp_path / "m.keras"
    _models()[kind](keras).save(path)
    check_archive(path)
    start(seed=0)


def test_the_content_of_a_member_is_compared_with_its_checksum(write_archive):
    path = write_archive(members())
    content = bytearray(path.read_bytes())
    content[content.index(WEIGHTS.encode()) + 100] ^= 1
    path.write_bytes(content)
    assert reason(path) == "damaged: model.weights.h5: Bad CRC-32 for file 'model.weights.h5'"


def test_an_older_file_cannot_ask_for_more_weights_than_it_has(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    path.write_bytes(bytes(1000))
    layer = dense(config={"name": "dense_7", "units": 10**10})
    with pytest.raises(DataError, match=r"has units=10,000,000,000, but the weights"):
        check_document(path, json.loads(model_of(layer)))
    check_document(path, json.loads(model_of(dense())))
