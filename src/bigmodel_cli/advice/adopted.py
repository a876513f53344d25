"""What the numbers of a model suggest that was trained elsewhere: nothing about its training."""

from __future__ import annotations

from bigmodel_cli.advice.findings import Advice, Findings


def gets_others(findings: Findings, seen: str) -> Advice:
    """No better than chance, or than the mean: it gets, or gives, something else than where it was trained.

    Args:
        findings: What advice is drawn from.
        seen: By what that is seen, a sentence.
    """
    if findings.are_pixels and not findings.config.get("preprocessing"):
        return Advice(
            seen,
            "A model that was trained gets other values here than it did there: pixels from 0 to 1, or from "
            "-1 to 1? Or its outputs stand for the classes in another order, as --labels FILE says",
            "bigmodel adopt … --rescale 1/255",
        )
    if findings.signature.task.is_of_classes:
        return Advice(
            seen,
            "A model that was trained gets other values here than it did there (pixels on another scale, "
            "columns in another order), or its outputs stand for the classes in another order.",
            "bigmodel adopt … --labels FILE",
        )
    return Advice(
        seen,
        "A model that was trained gets other values here than it did there (pixels on another scale, columns "
        "in another order), or it gives the labels on another scale.",
    )
