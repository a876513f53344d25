"""The names of the config language with their help."""

from __future__ import annotations

import pytest

from bigmodel_cli.config.catalogue import load_catalogue
from bigmodel_cli.errors import UsageError
from bigmodel_cli.modeling.language import language
from bigmodel_cli.reference import describe_component, families, find_family, names_in

FAMILIES = [entry["family"] for entry in families()]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_name_can_be_described(family):
    names = names_in(family)
    assert names == sorted(names, key=lambda entry: entry["name"]) or family not in language().own
    for entry in names if family not in ("activations", "configs") else []:
        described = describe_component(family, entry["name"])
        assert described["doc"], entry["name"]
        for argument in described["arguments"]:
            assert set(argument) == {"name", "takes", "default", "doc"}


def test_every_source_explains_every_option():
    for entry in names_in("sources"):
        for argument in describe_component("sources", entry["name"])["arguments"]:
            assert argument["doc"], f"{entry['name']}.{argument['name']}"


def test_the_families_are_those_of_the_language():
    catalogue = load_catalogue()
    for family in FAMILIES:
        own = language().own.get(family)
        assert len(names_in(family)) == len(own if own is not None else names_in(family)) > 0
    assert {"sources", "blocks", "encodings", "augmentations", "trackers"} == set(language().own)
    assert {entry.name for entry in catalogue.entries("layers")} == {e["name"] for e in names_in("layers")}


@pytest.mark.parametrize(
    ("word", "family"), [("layers", "layers"), ("layer", "layers"), ("loss", "losses"), ("metric", "metrics")]
)
def test_a_family_in_the_singular(word, family):
    assert find_family(word) == family


@pytest.mark.parametrize(
    ("family", "name", "hint"),
    [
        ("layers", "Conv2", "did you mean Conv2D?"),
        ("layers", "AdamW", "bigmodel list optimizers AdamW"),
        ("losses", "CategoricalCrossEntropy", "did you mean CategoricalCrossentropy?"),
        ("blocks", "residul", "did you mean residual?"),
        ("encodings", "inpute", "did you mean impute?"),
        ("sources", "zzz", "bigmodel list sources shows all of them"),
    ],
)
def test_an_unknown_name_is_answered_with_a_known_one(family, name, hint):
    with pytest.raises(UsageError) as caught:
        describe_component(family, name)
    assert caught.value.message == f"there is no {name!r} among {family}"
    assert caught.value.hint == hint
