"""CIFAR-100: 60,000 small colour photographs of a hundred classes (the fine labels)."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from bigmodel_cli.config.facts import PIXELS, DataFacts
from bigmodel_cli.config.fields import ConfigPath
from bigmodel_cli.sources.base import LoadContext, Source
from bigmodel_cli.sources.cifar import CifarLayout, load_cifar
from bigmodel_cli.sources.options import SourceOptions

CLASS_NAMES = """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel
can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur
dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion
lizard lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree
pear pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea
seal shark shrew skunk skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank
telephone television tiger tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm
"""
LAYOUT = CifarLayout(
    source_name="cifar100",
    archive="cifar-100-python.tar.gz",
    sha256="85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
    folder="cifar-100-python",
    batches={"train": ("train",), "test": ("test",)},
    label_key=b"fine_labels",
    class_names=tuple(CLASS_NAMES.split()),
)


class Cifar100(SourceOptions):
    """Photographs: 50,000 + 10,000 colour images of 32 × 32 in 100 classes (169 MB, downloaded once)."""

    source_name: ClassVar[str] = "cifar100"
    example: ClassVar[str] = "cifar100"

    path: ConfigPath | None = Field(
        default=None,
        description="A copy to use instead of a download: cifar-100-python.tar.gz or what it unpacks to.",
    )

    def facts(self) -> DataFacts:
        num_examples = None if self.path else 50_000
        return DataFacts(
            "classes", len(LAYOUT.class_names), num_examples, frozenset({"test"}), value_range=PIXELS
        )

    def load(self, context: LoadContext) -> Source:
        return load_cifar(LAYOUT, self.path, context)
