"""Metrics of ours, which are no classes of Keras and take no arguments."""

from __future__ import annotations

from collections.abc import Mapping

from bigmodel_cli.tasks.generation.task import BITS_PER_BYTE, PERPLEXITY
from bigmodel_cli.tasks.retrieval.task import AFTER_EPOCHS
from bigmodel_cli.tasks.tagging.task import SPAN_F1
from bigmodel_cli.tasks.transcription.task import WORD_ERROR_RATE

_OF_ITEMS = {
    "mrr": "1 / the place of the item that was taken, on average, among all items.",
    "recall": "Share of the items taken that are among the best {top} of all.",
    "ndcg": "How high the items taken stand among the best {top} of all: 1 where they lead (NDCG).",
    "hit_rate": "Share of users of whose items at least one is among the best {top} of all.",
}
# With a sentence about each. They are not measured in training steps, which they would hold up.
OWN_METRICS: Mapping[str, str] = {
    BITS_PER_BYTE: "Bits that a byte of held-out text takes: comparable between vocabularies.",
    PERPLEXITY: "Exponential of the loss for each token of held-out text.",
    WORD_ERROR_RATE: "Words to be replaced, added or left out, for each word that was said.",
    SPAN_F1: "F1 of whole spans of tags: right is who finds the ends and the kind.",
    **{name: _OF_ITEMS[name.partition("@")[0]].format(top=name.partition("@")[2]) for name in AFTER_EPOCHS},
}
