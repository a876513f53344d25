"""Classes in the order of a model's outputs, as a file names them, and those of the data."""

from __future__ import annotations

from pathlib import Path

import pytest

from bigmodel_cli.adopting.data import with_class_names, with_targets
from bigmodel_cli.adopting.labels import LabelFile, knows_by_number, label_files, order_of
from bigmodel_cli.adopting.outputs import paired, targets_among
from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.modeling.foreign import Output
from bigmodel_cli.modeling.port import Port

THEIRS = LabelFile(Path("labels.txt"), ["red", "green", "blue"])
TWO = [Output(Port(name, (count,), "float32"), "linear") for name, count in (("kind", 3), ("price_eur", 1))]


def test_outputs_are_put_in_the_order_of_the_data() -> None:
    assert order_of(THEIRS, ["blue", "green", "red"], 3) == [2, 1, 0]
    assert order_of(THEIRS, ["red", "green", "blue"], 3) is None


@pytest.mark.parametrize(
    ("ours", "says"),
    [
        (["blue", "cyan"], "labels.txt: has no line for cyan, of which the data have examples"),
        (["blue", "red"], "labels.txt: the model tells 3 classes apart, and the data have no green"),
    ],
)
def test_other_classes_are_refused(ours: list[str], says: str) -> None:
    with pytest.raises(DataError, match=says):
        order_of(THEIRS, ours, 3)


def test_numbers_stand_for_names_by_their_place() -> None:
    assert knows_by_number(["0", "2"], THEIRS.names)
    assert not knows_by_number(["0", "3"], THEIRS.names)
    assert not knows_by_number(["0", "1"], ["1", "0", "2"])


def test_files_are_of_targets(tmp_path: Path) -> None:
    odd = tmp_path / "a=b.txt"
    odd.write_text("x")
    assert label_files([str(odd)]) == {"": odd}
    assert label_files(["kind=k.txt", "size=s.txt"]) == {"kind": Path("k.txt"), "size": Path("s.txt")}
    with pytest.raises(UsageError, match=r"--labels b.txt: a.txt names these classes already"):
        label_files(["a.txt", "b.txt"])


def test_sources_are_told_what_all_classes_are() -> None:
    folder = {"source": {"image_folder": {"path": "a", "image_size": [8, 8]}}}
    found = with_class_names(folder, None, ["a", "b"])
    assert found["source"]["image_folder"]["class_names"] == ["a", "b"]
    assert "class_names" not in folder["source"]["image_folder"], "what it was is as it was"
    table = {"source": {"table": {"path": "a.csv", "target": ["kind", "price"]}}}
    found = with_class_names(table, "kind", ["a", "b"])
    assert found["source"]["table"]["target"] == {"kind": {"class_names": ["a", "b"]}, "price": {}}


def test_what_was_left_out_may_be_a_target() -> None:
    table = {"source": {"table": {"path": "a.csv", "target": "a", "columns": {"b": "ignore", "c": "text"}}}}
    assert with_targets(table, ["a", "b"])["source"]["table"] == {
        "path": "a.csv",
        "target": ["a", "b"],
        "columns": {"c": "text"},
    }


def test_outputs_are_for_the_targets_that_are_called_so() -> None:
    # As Keras writes names, capitals aside.
    assert targets_among(["Kind", "age", "price eur"], TWO) == ["Kind", "price eur"]
    assert targets_among(["kind", "age"], TWO) is None
    found = paired(["price eur", "Kind"], TWO, None, Path("m.keras"))
    assert {target: output.port.name for target, output in found.items()} == {
        "price eur": "price_eur",
        "Kind": "kind",
    }
    assert paired(["y"], TWO, "kind", Path("m.keras")) == {"y": TWO[0]}
    assert paired(["y"], TWO[:1], None, Path("m.keras")) == {"y": TWO[0]}


@pytest.mark.parametrize(
    ("targets", "asked", "says", "hint"),
    [
        (["y"], None, "no output is called as the target y of the data is", "outputs: kind, price_eur; name"),
        (["y"], "price", "--output price: m.keras has none of this name", "outputs: kind, price_eur"),
        (["kind", "y"], "kind", "--output kind: is for data with one target; these have kind, y", "--target"),
    ],
)
def test_what_nothing_tells_is_asked_for(targets: list[str], asked: str | None, says: str, hint: str) -> None:
    with pytest.raises(UsageError, match=says) as refused:
        paired(targets, TWO, asked, Path("m.keras"))
    assert hint in (refused.value.hint or "")
