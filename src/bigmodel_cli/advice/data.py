"""What the data suggests: too few examples."""

from __future__ import annotations

from collections.abc import Iterator

from bigmodel_cli.advice.findings import Advice, Findings

# With fewer examples a number on them says little.
FEW_HELD_OUT = 30
# Photographs from which a network learns to see, in all and of each class.
_FEW, _FEW_OF_A_CLASS = 5000, 500
# What is better than this needs no other start.
_GOOD = 0.9


def few_held_out(findings: Findings) -> Iterator[Advice]:
    """Splits on which a number is mostly chance."""
    examples = findings.evaluation["examples"]
    split = findings.evaluation.get("split", "held-out")
    sizes = {split: examples}
    if (validation := findings.num_examples("validation")) is not None and not findings.was_adopted:
        sizes["validation"] = validation
    few = [f"{size:,} {name}" for name, size in sizes.items() if size < FEW_HELD_OUT]
    if not few:
        return
    interval = findings.evaluation["intervals"].get("accuracy")
    may_be = ""
    if interval is not None and examples < FEW_HELD_OUT:
        may_be = f": accuracy may be anything from {interval['low']:.0%} to {interval['high']:.0%}"
    if findings.was_adopted:
        yield Advice(
            f"{' and '.join(few)} examples are few{may_be}.",
            "Numbers on them are mostly chance: collect more.",
        )
        return
    yield Advice(
        f"{' and '.join(few)} examples are few{may_be}.",
        "Numbers on them, and the epoch that is chosen by them, are mostly chance: hold out more, "
        "or collect more.",
        "data.validation=0.2 data.test=0.2",
    )


def few_photographs(findings: Findings, begins_with: str) -> Iterator[Advice]:
    """Too few images to learn seeing from.

    Args:
        findings: Of the run.
        begins_with: The step of a model that has learned it, as YAML.
    """
    examples, classes = findings.num_examples("train"), len(findings.supports)
    if examples is None or not findings.are_photographs or findings.is_pretrained:
        return
    is_good = findings.accuracy is not None and findings.accuracy >= _GOOD
    if examples < _FEW and examples < _FEW_OF_A_CLASS * max(1, classes) and not is_good:
        yield Advice(
            f"{examples:,} images are few to learn seeing from, and the model began from nothing.",
            "Pretrained weights have learned it from a million others; frozen, they need few of yours: "
            "bigmodel init FOLDER --weights FILE writes such a config (without --weights it takes those of "
            "ImageNet, where they are in Keras's cache or can be downloaded).",
            begins_with,
        )
