"""What CI systems read: JUnit XML, and Markdown as GitHub shows it."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from bigmodel_cli.errors import ResourceError
from bigmodel_cli.gates import GateResult
from bigmodel_cli.reporting.ci import Checked, add_to_github_summary, junit, markdown, write_junit

GATES = [
    GateResult("test_accuracy", ">= 0.9", 0.95, True),
    GateResult("per_class.recall.min", ">= 0.8", 0.5, False),
]


@pytest.fixture
def checked(evaluated):
    def make(names=("cat", "dog"), gates=GATES, run="runs/pets/1"):
        return Checked(run, evaluated(list(names))[0], gates)

    return make


def test_a_test_case_for_each_gate(checked):
    root = ElementTree.fromstring(junit([checked()]))
    (suite,) = root
    assert root.tag == "testsuites" and suite.get("name") == "runs/pets/1, test split"
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    met, missed = suite.findall("testcase")
    assert met.get("name") == "test_accuracy >= 0.9" and met.find("failure") is None
    failure = missed.find("failure")
    assert failure.get("message") == "per_class.recall.min is 0.5, expected >= 0.8"
    properties = {item.get("name"): float(item.get("value")) for item in suite.iter("property")}
    document = checked().document
    assert properties == pytest.approx(document["metrics"], rel=1e-5)


def test_without_gates_there_is_one_case_that_passed(checked):
    (suite,) = ElementTree.fromstring(junit([checked(gates=[])]))
    assert (suite.get("tests"), suite.get("failures")) == ("1", "0")
    assert [case.get("name") for case in suite.findall("testcase")] == ["evaluated"]


def test_names_that_xml_cannot_hold(checked):
    hostile = 'a\x00b\x1b[31m"<&>\ud800'
    gates = [GateResult(f"per_class.recall.{hostile}", ">= 1", 0.0, False)]
    (suite,) = ElementTree.fromstring(junit([checked(gates=gates, run=hostile)]))
    assert suite.get("name") == 'a�b�[31m"<&>�, test split'


def test_a_junit_file_that_cannot_be_written(checked, tmp_path):
    (tmp_path / "r.xml").mkdir()
    with pytest.raises(ResourceError, match=r"r\.xml"):
        write_junit(tmp_path / "r.xml", [checked()])


def test_markdown_has_metrics_gates_and_classes(checked):
    text = markdown([checked()])
    document = checked().document
    low, high = (document["intervals"]["accuracy"][end] for end in ("low", "high"))
    accuracy = document["metrics"]["accuracy"]
    assert text.startswith("### runs/pets/1, test split — 1 of 2 gates missed\n\n60 examples\n")
    assert f"| accuracy | {accuracy:.4f} | {low:.4f} to {high:.4f} |" in text
    assert "| per\\_class.recall.min | >= 0.8 | 0.5 | **missed** |" in text.replace("&gt;", ">")
    row = document["per_class"][0]
    assert f"| cat | {row['precision']:.4f} | {row['recall']:.4f} | {row['f1']:.4f} | 30 |" in text


def test_markdown_shows_names_as_they_are(checked):
    text = markdown([checked(names=["a|b", "<img src=x>", "*bold*"])])
    assert "a\\|b" in text and "&lt;img src=x&gt;" in text and "\\*bold\\*" in text
    assert "<img" not in text


def test_of_many_classes_the_weakest_are_shown(checked):
    text = markdown([checked(names=[f"class {number}" for number in range(40)])])
    assert text.count("| class ") == 21 and "<summary>weakest classes</summary>" in text


def test_the_summary_of_a_github_job_is_added_to(checked, tmp_path, monkeypatch):
    place = tmp_path / "summary.md"
    place.write_text("# other step\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(place))
    add_to_github_summary([checked()])
    assert place.read_text().startswith("# other step\n### runs/pets/1")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "missing/summary.md"))
    with pytest.raises(ResourceError, match=r"GITHUB_STEP_SUMMARY=.*missing/summary\.md: cannot be written"):
        add_to_github_summary([checked()])
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    add_to_github_summary([checked()])
