"""Data sets that TensorFlow Datasets prepares."""

from __future__ import annotations

from typing import ClassVar, get_args

from pydantic import Field, field_validator

from bigmodel_cli.config.fields import ConfigPath
from bigmodel_cli.kinds.image.redrawing.drawings import MadeLike
from bigmodel_cli.sources.base import LoadContext, Source
from bigmodel_cli.sources.hubs.options import HubOptions
from bigmodel_cli.sources.hubs.tfds_folder import NAME, Wanted, prepared_folder


class Tfds(HubOptions):
    """A data set of TensorFlow Datasets by name, prepared (and downloaded) once; needs the extra tfds."""

    source_name: ClassVar[str] = "tfds"
    example: ClassVar[str] = "{tfds: {name: mnist}}"

    name: str = Field(
        description="Its name, with config and version where they matter: mnist, glue/sst2, cifar10:3.0.2."
    )
    data_dir: ConfigPath | None = Field(
        default=None,
        description="The folder of prepared data sets; default: TFDS_DATA_DIR, else ~/tensorflow_datasets.",
    )

    @field_validator("name")
    @classmethod
    def _name(cls, name: str) -> str:
        if NAME.fullmatch(name) is None:
            raise ValueError(
                "expected the name of a data set as TFDS writes it: mnist, glue/sst2, cifar10:3.0.2"
            )
        return name

    @property
    def drawings(self) -> MadeLike | None:
        known: tuple[MadeLike, ...] = get_args(MadeLike)
        name = NAME.fullmatch(self.name)
        own = next((each for each in known if name is not None and each == name["name"]), None)
        return self.made_like or own

    def load(self, context: LoadContext) -> Source:
        from bigmodel_cli.sources.hubs.extras import library
        from bigmodel_cli.sources.hubs.loading import load_examples
        from bigmodel_cli.sources.hubs.tfds_data import open_prepared

        tfds = library("tensorflow_datasets", "tensorflow-datasets", "tfds")
        wanted = Wanted.of(self.name, self.data_dir)
        folder = prepared_folder(wanted, offline=context.offline)
        return load_examples(open_prepared(tfds, folder, str(wanted)), self, context)
