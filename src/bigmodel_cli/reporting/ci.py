"""Results for continuous integration: JUnit XML, and a summary in Markdown."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from bigmodel_cli.config.measures import said_once
from bigmodel_cli.errors import ResourceError
from bigmodel_cli.evaluation_parts import by_target, intervals_in, scores_in
from bigmodel_cli.gates import GateResult
from bigmodel_cli.whole_files import write_output

# GitHub's file for what a job wants to show on its page.
GITHUB_SUMMARY = "GITHUB_STEP_SUMMARY"
_SHOWN_CLASSES = 20
# What XML 1.0 cannot hold, even escaped.
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Checked:
    """An evaluation with its gates.

    Attributes:
        run: How the user names the run.
        document: As evaluation/<split>.json has it.
        gates: How what is expected fared.
    """

    run: str
    document: Mapping[str, Any]
    gates: Sequence[GateResult]

    @property
    def title(self) -> str:
        return f"{self.run}, {self.document['split']} split"


def write_junit(path: Path, checked: Sequence[Checked]) -> None:
    """Write a test suite per evaluation with a test case per gate, as CI systems read it.

    Raises:
        ResourceError: If it cannot be written.
    """
    write_output(path, lambda temporary: temporary.write_bytes(junit(checked)))


def junit(checked: Sequence[Checked]) -> bytes:
    """The same as XML. Without a gate there is one case, which passed, so that the suite is not empty."""
    root = ElementTree.Element("testsuites", name="bigmodel")
    for one in checked:
        missed = [gate for gate in one.gates if not gate.met]
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=_text(one.title),
            tests=str(max(1, len(one.gates))),
            failures=str(len(missed)),
            errors="0",
            skipped="0",
        )
        properties = ElementTree.SubElement(suite, "properties")
        for name, value in one.document["metrics"].items():
            ElementTree.SubElement(properties, "property", name=_text(name), value=f"{value:.6g}")
        for gate in one.gates:
            name = _text(f"{gate.metric} {gate.expected}")
            case = ElementTree.SubElement(suite, "testcase", classname=_text(one.title), name=name)
            if not gate.met:
                failure = ElementTree.SubElement(case, "failure", message=_text(str(gate)))
                failure.text = _text(f"quality gate missed: {gate}")
        if not one.gates:
            ElementTree.SubElement(suite, "testcase", classname=_text(one.title), name="evaluated")
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _text(text: str) -> str:
    return _NOT_IN_XML.sub("�", text)


def write_summary(path: Path, checked: Sequence[Checked]) -> None:
    """Write a summary in Markdown.

    Raises:
        ResourceError: If it cannot be written.
    """
    write_output(path, lambda temporary: temporary.write_text(markdown(checked), encoding="utf-8"))


def add_to_github_summary(checked: Sequence[Checked]) -> None:
    """Add the summary to the page of a GitHub job, where this is one.

    Raises:
        ResourceError: If it cannot be written.
    """
    place = os.environ.get(GITHUB_SUMMARY)
    if not place:
        return
    try:
        # Other steps of the job have theirs in the same file.
        with Path(place).open("a", encoding="utf-8") as file:
            file.write(markdown(checked))
    except OSError as error:
        raise ResourceError(f"{GITHUB_SUMMARY}={place}: cannot be written: {error.strerror}") from error


def markdown(checked: Sequence[Checked]) -> str:
    """Metrics, gates and the weakest classes of each evaluation, as GitHub shows Markdown."""
    return "\n".join(line for one in checked for line in _lines(one)) + "\n"


def _lines(one: Checked) -> list[str]:
    document, missed = one.document, [gate for gate in one.gates if not gate.met]
    verdict = f" — {len(missed)} of {len(one.gates)} gates missed" if missed else ""
    verdict = verdict or (" — all gates met" if one.gates else "")
    lines = [f"### {_cell(one.title)}{verdict}", "", f"{document['examples']:,} examples", ""]
    lines += ["| metric | value | 95 % interval |", "|---|---:|---|"]
    intervals = intervals_in(document)
    for name, value in said_once({**document["metrics"], **scores_in(document)}).items():
        interval = intervals.get(name)
        between = f"{interval['low']:.4f} to {interval['high']:.4f}" if interval else ""
        lines.append(f"| {_cell(name.replace('_', ' '))} | {value:.4f} | {between} |")
    if one.gates:
        lines += ["", "| gate | expected | found | |", "|---|---|---:|---|"]
        lines += [
            f"| {_cell(gate.metric)} | {_cell(gate.expected)} | {gate.found} | "
            f"{'met' if gate.met else '**missed**'} |"
            for gate in one.gates
        ]
    for target, part in by_target(document).items():
        lines += _class_lines(target, part.get("per_class", []))
    return [*lines, ""]


def _class_lines(target: str, classes: Sequence[Mapping[str, Any]]) -> list[str]:
    """The weakest classes of a target; nothing where it has none."""
    if not classes:
        return []
    weakest = sorted(classes, key=lambda row: row["f1"])[:_SHOWN_CLASSES]
    heading = "weakest classes" if len(classes) > len(weakest) else "classes, weakest first"
    of_one = f"{_html(target)}: " if target else ""
    lines = ["", f"<details><summary>{of_one}{heading}</summary>", ""]
    lines += ["| class | precision | recall | F1 | examples |", "|---|---:|---:|---:|---:|"]
    lines += [
        f"| {_cell(row['class'])} | {row['precision']:.4f} | {row['recall']:.4f} | {row['f1']:.4f} "
        f"| {row['support']:,} |"
        for row in weakest
    ]
    return [*lines, "", "</details>"]


def _cell(text: str) -> str:
    """A name that says itself in a table: neither Markdown, nor HTML, nor the end of the cell."""
    return re.sub(r"([\\`*_\[\]|~#])", r"\\\1", _html(text))


def _html(text: str) -> str:
    """A name that says itself in HTML."""
    visible = "".join(c if c.isprintable() else "�" for c in text)
    return visible.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
