"""When it is worth its time to try another way to execute a run, and what a machine remembers of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import pytest

from bigmodel_cli.modeling import devices
from bigmodel_cli.modeling.devices import Device, bfloat16_unit
from bigmodel_cli.training.plan import ExecutionPlan
from bigmodel_cli.training.worth import (
    Shown,
    Worth,
    kind_of,
    name_of_change,
    remember,
    remembered,
    this_machine,
)

PLAN = ExecutionPlan(Device("cpu", "a processor"), "float32", False, False, None)
HALF = "bfloat16 in avx512"


@dataclass
class Weight:
    shape: tuple[int, ...]


@dataclass
class Model:
    trainable_variables: list[Weight]


CONVOLUTIONAL = Model([Weight((3, 3, 1, 8)), Weight((8,)), Weight((100, 10))])
DENSE = Model([Weight((100, 10)), Weight((10,))])
# Kernels of rank 3 are no images'.
OF_RANK_3 = Model([Weight((8, 2, 4)), Weight((10,))])


@pytest.fixture
def onednn(monkeypatch):
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "1")


@pytest.mark.usefixtures("onednn")
@pytest.mark.parametrize(
    ("flags", "limit", "unit"),
    [
        ("avx2 avx512f", "", None),
        ("avx512_bf16", "", "avx512"),
        ("avx512_bf16 amx_bf16 amx_tile", "", "amx"),
        ("amx_bf16", "ALL", "amx"),
        ("avx512_bf16 amx_bf16", "AVX512_CORE", None),
        ("avx512_bf16 amx_bf16", "avx2", None),
        ("avx512_bf16 amx_bf16", "AVX512_CORE_BF16", "avx512"),
        ("avx512_bf16 amx_bf16", "AVX512_CORE_AMX", "amx"),
        ("amx_tile amx_int8", "", None),
    ],
)
def test_what_multiplies_bfloat16(processor, monkeypatch, flags, limit, unit):
    processor(*flags.split())
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    assert bfloat16_unit() == unit
    assert devices.has_bfloat16() is (unit is not None)


def test_without_onednn_nothing_uses_it(processor, monkeypatch):
    processor("avx512_bf16", "amx_bf16")
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    assert bfloat16_unit() is None


def test_kinds_of_models():
    assert [kind_of(model) for model in (CONVOLUTIONAL, DENSE, OF_RANK_3)] == [
        "convolutions",
        "products",
        "products",
    ]


@pytest.mark.tf
@pytest.mark.parametrize("how", ["our block", "Keras's layer", "a model inside"])
def test_attention_is_known_by_its_products(how):
    import keras

    from bigmodel_cli.modeling.attention import Attention, Heads

    given = keras.Input((6, 8))
    if how == "our block":
        heads = Heads(width=8, count=2, groups=2, dropout=0.0, use_bias=True)
        attention = Attention(heads, "a", lambda layer, *tensors, **words: layer(*tensors, **words))
        found = attention.to_itself(given, None)
    else:
        found = keras.layers.MultiHeadAttention(2, 4)(given, given)
    model = keras.Model(given, keras.layers.Dense(3)(found))
    if how == "a model inside":
        model = keras.Sequential([keras.Input((6, 8)), model, keras.layers.Flatten()])
    assert kind_of(model) == "attention"
    assert Worth.of(model).expected_share("xla on cpu") > Worth.of(DENSE).expected_share("xla on cpu")
    assert kind_of(keras.Sequential([keras.Input((6, 8)), keras.layers.Dense(3)])) == "products"


@pytest.mark.usefixtures("onednn")
def test_changes_have_names(processor):
    processor("avx512_bf16")
    assert name_of_change(PLAN, replace(PLAN, precision="mixed_bfloat16")) == HALF
    processor("avx512_bf16", "amx_bf16")
    assert name_of_change(PLAN, replace(PLAN, precision="mixed_bfloat16")) == "bfloat16 in amx"
    compiled = replace(PLAN, jit_compile=True)
    assert name_of_change(PLAN, compiled) == "xla on cpu"
    assert name_of_change(compiled, PLAN) == "no xla on gpu"


@pytest.mark.usefixtures("onednn")
def test_what_nothing_is_known_of_is_expected_by_kind():
    worth = Worth.of(CONVOLUTIONAL)
    assert worth.expected_share("bfloat16 in amx") > worth.expected_share(HALF) > 0.2
    # XLA makes convolutions slower on CPUs.
    assert worth.expected_share("xla on cpu") < 0.02 < Worth.of(DENSE).expected_share("xla on cpu")


def test_what_was_shown_here_corrects_it():
    before = Worth.of(DENSE).expected_share(HALF)
    remember([Worth.of(DENSE).shows(HALF, 0.5)])
    better = Worth.of(DENSE).expected_share(HALF)
    assert before < better < 0.5
    remember([Worth.of(DENSE).shows(HALF, -3.0)] * 10)
    assert 0 < Worth.of(DENSE).expected_share(HALF) < before
    # Of another kind of model, and of another change, nothing was shown.
    assert Worth.of(CONVOLUTIONAL).expected_share(HALF) == Worth("convolutions").expected_share(HALF)
    assert Worth.of(DENSE).expected_share("xla on cpu") == Worth("products").expected_share("xla on cpu")


def test_what_another_machine_has_shown_is_not_counted():
    remember([Shown("another one", HALF, "products", 0.9)] * 5)
    assert Worth.of(DENSE).expected_share(HALF) == Worth("products").expected_share(HALF)


def test_the_newest_count_and_the_oldest_go(tmp_path, monkeypatch):
    monkeypatch.setenv("BIGMODEL_CACHE", str(tmp_path))
    remember([Shown(this_machine(), HALF, "products", 0.9)] * 150)
    remember([Shown(this_machine(), HALF, "products", 0.0)] * 100)
    assert len(remembered()) == len(json.loads((tmp_path / "trials.json").read_text())) == 200
    assert Worth.of(DENSE).expected_share(HALF) < 0.02


@pytest.mark.parametrize("content", ["", "{", "[1]", '[{"machine": "m"}]', '{"a": 1}', "null"])
def test_a_damaged_memory_is_none(tmp_path, monkeypatch, content):
    monkeypatch.setenv("BIGMODEL_CACHE", str(tmp_path))
    (tmp_path / "trials.json").write_text(content)
    assert remembered() == []
    remember([Shown("m", HALF, "products", 0.1)])
    assert len(remembered()) == 1


def test_a_cache_that_cannot_be_written_is_no_reason_to_stop(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BIGMODEL_CACHE", str(tmp_path / "file" / "below"))
    remember([Shown("m", HALF, "products", 0.1)])
    assert remembered() == []
