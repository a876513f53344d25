"""Whether what is held out was trained on by the run that another one starts from."""

from __future__ import annotations

from bigmodel_cli.inference.run_data import HELD_OUT
from bigmodel_cli.inference.trained_on import TrainedOn, trained_on
from bigmodel_cli.pipeline.splits import OWN, Splits
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.sources.base import SplitName

_INSTEAD = (
    "give the data splits of their own (folders train/, validation/ and test/, or a column split), or train "
    "both runs on the same data with the same seed, data.validation and data.test"
)


def trained_on_before(parent: RunFolder, splits: Splits) -> tuple[dict[SplitName, int], str | None]:
    """Look for held-out examples among those that a run has learned from.

    Args:
        parent: The run whose weights are taken.
        splits: Of the new run.

    Returns:
        How many there are by split, where there are some; and what to warn of, or None.
    """
    held_out = [name for name in HELD_OUT if splits.parts.get(name)]
    recorded = parent.read_record().get("data", {}).get("splits", {})
    fingerprints = splits.fingerprints()
    if all(recorded.get(name, {}).get("sha256") == fingerprints[name] for name in ("train", *held_out)):
        return {}, None
    known = trained_on(parent)
    counts = {name: known.count(splits.parts[name]) or 0 for name in held_out}
    counts = {name: count for name, count in counts.items() if count}
    if counts:
        parts = [
            f"{count:,} of {len(splits.parts[name]):,} {name} examples" for name, count in counts.items()
        ]
        return counts, (
            f"{parent.title}, whose weights this run starts from, was trained on {' and '.join(parts)}: "
            f"scores on these say little about new ones; {_INSTEAD}"
        )
    return {}, _unknown(known, parent, recorded, splits)


def _unknown(
    known: TrainedOn, parent: RunFolder, recorded: dict[str, dict[str, int]], splits: Splits
) -> str | None:
    """What to warn of where it cannot be told, and the splits are cut from the data."""
    cut = [name for name in HELD_OUT if name in splits.parts and splits.origins[name] != OWN]
    if not known.has_changed or not cut:
        return None
    sizes = {name: int(entry.get("examples", 0)) for name, entry in recorded.items()}
    share = f"; it was trained on {sizes['train']:,} of {sum(sizes.values()):,}" if sizes.get("train") else ""
    return (
        f"how much of {' and '.join(cut)} was trained on by {parent.title}, whose weights this run starts "
        "from, cannot be told: its data have changed since, so that splits are cut otherwise"
        f"{share}; {_INSTEAD}"
    )
