"""Whether weights that a model starts from were learned with the tokens that it gets."""

from __future__ import annotations

from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.signature import Signature, recorded_signature
from bigmodel_cli.vocabulary.subwords import Subwords
from bigmodel_cli.vocabulary.vocabulary import Vocabulary


def describe_other_tokens(parent: RunFolder, signature: Signature) -> list[str]:
    """A sentence for each vocabulary whose tokens stand for something else than in a run.

    Weights fit by their shapes: the vector of a token would be that of another one, and nobody would see it.

    Args:
        parent: The run whose weights are taken.
        signature: What the new model is trained on.
    """
    theirs, ours = _vocabularies(recorded_signature(parent.read_record())), _vocabularies(signature)
    # A text that goes on is what goes in and what comes out.
    changed = {known: theirs[name] for name, known in ours.items() if theirs.get(name, known) != known}
    sentences = []
    for known, before in changed.items():
        sentence = (
            f"{parent.title} knows other tokens ({before.described}, here {known.described}): vectors of "
            "tokens that are taken from it are those of other ones"
        )
        if isinstance(before, Subwords):
            sentence += f"; for the same write tokenizer: {{file: {parent.path / before.file}}}"
        sentences.append(sentence)
    return sentences


def _vocabularies(signature: Signature | None) -> dict[str, Vocabulary]:
    """Of columns and targets by name, where they have one."""
    if signature is None:
        return {}
    of_inputs = {name: kind.vocabulary for name, kind in signature.inputs.items()}
    of_targets = {name: task.vocabulary for name, task in signature.targets.items()}
    return {name: one for name, one in {**of_inputs, **of_targets}.items() if one is not None}
