"""Images and their masks in two folders: `cells/images/1.png` and `cells/masks/1.png`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, field_validator, model_validator

from bigmodel_cli.config.facts import PIXELS, DataFacts
from bigmodel_cli.config.fields import ConfigPath
from bigmodel_cli.cut import some
from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.image.kind import ImageKind
from bigmodel_cli.kinds.mask.classes import MaskClasses, code_of, told_classes
from bigmodel_cli.sources.base import LoadContext, Source, SplitName
from bigmodel_cli.sources.checked_files import checked_source
from bigmodel_cli.sources.file_checks import first_of
from bigmodel_cli.sources.image_options import ImageFileOptions
from bigmodel_cli.sources.listed_files import ListedFiles
from bigmodel_cli.sources.mask_pairs import Folders, Pairs, find_pairs, without_mask
from bigmodel_cli.sources.mask_reading import MaskFile, MaskReader, look_for_classes
from bigmodel_cli.sources.memory import check_memory
from bigmodel_cli.sources.name_pattern_option import NamePatternOptions
from bigmodel_cli.tasks.segmentation.target import pixels_by_class
from bigmodel_cli.tasks.segmentation.task import Segmentation

if TYPE_CHECKING:
    import numpy as np

_VALUES = "a value of pixels, a colour such as '#ff0000', or a list of these"


class MaskFolder(NamePatternOptions, ImageFileOptions):
    """Images and masks of the same names in two folders, or in these of train/, val/ and test/."""

    source_name: ClassVar[str] = "mask_folder"
    example: ClassVar[str] = "{mask_folder: {path: cells/, image_size: [128, 128]}}"

    path: ConfigPath = Field(
        description="A folder with images/ and masks/ in it, or with train/, val/ and test/ that have them."
    )
    images: str = Field(default="images", min_length=1, description="What the folder of images is called.")
    masks: str = Field(default="masks", min_length=1, description="What the folder of masks is called.")
    mask_suffix: str = Field(
        default="", description="What a mask's name has behind that of its image: _mask of 1_mask.png."
    )
    classes: list[str] | dict[str, Any] | None = Field(
        default=None,
        min_length=2,
        description=f"Names of the classes, in the order of their values from 0 on; or each with {_VALUES}. "
        "Default: the values that masks have.",
    )
    ignore: int | str | list[int | str] | None = Field(
        default=None,
        description=f"What counts nowhere, in loss, metrics and scores: {_VALUES}.",
    )

    @field_validator("ignore")
    @classmethod
    def _ignore(cls, written: Any) -> Any:
        for value in _listed(written):
            code_of(value)
        return written

    @model_validator(mode="after")
    def _classes(self) -> MaskFolder:
        if self.made_like is not None:
            raise ValueError("made_like draws images anew, which leaves their masks behind")
        self.told()
        return self

    def told(self) -> MaskClasses | None:
        """The classes, as far as the options say them."""
        ignored = [code_of(value) for value in _listed(self.ignore)]
        return None if self.classes is None else told_classes(self.classes, ignored)

    def facts(self) -> DataFacts:
        number = None if self.classes is None else len(self.classes)
        return DataFacts(
            Segmentation.labels, number, has_files=True, value_range=PIXELS, beside=self.named_parts
        )

    def load(self, context: LoadContext) -> Source:
        folders = Folders(self.path, self.images, self.masks, self.mask_suffix)
        pairs, left_out = self._with_masks(find_pairs(folders, context), folders, context)
        files = {split: self._files(part) for split, part in pairs.items()}
        ignored = frozenset(code_of(value) for value in _listed(self.ignore))
        every = [file for part in files.values() for file in part]
        classes = self.told() or look_for_classes(every, ignored, context)
        listed, bad = self._listed(pairs, files, MaskReader(classes, self.image_format), context)
        task = Segmentation(self.image_size, classes.names)
        if not context.for_evaluation and "train" in listed:
            self._tell_of_unseen(listed["train"].labels, classes.names, context)
        found = checked_source(self.path, listed, ImageKind(self.image_format), task, context)
        noted = self.model_copy(update={"classes": classes.written})
        return replace(found, num_skipped=found.num_skipped + left_out + bad, looked_at=noted)

    def _with_masks(
        self, pairs: Mapping[SplitName, Pairs], folders: Folders, context: LoadContext
    ) -> tuple[dict[SplitName, Pairs], int]:
        """The images that have a mask, and how many have none.

        Raises:
            DataError: If one has none, and none may be left out.
        """
        lacking = [
            (split, image)
            for split, part in pairs.items()
            for image, mask in zip(part.images, part.masks, strict=True)
            if mask is None
        ]
        problems = {image: without_mask(self.path, image, folders) for _, image in lacking}
        self._leave_out(lacking, problems, sum(len(part.images) for part in pairs.values()), context)
        kept = {
            split: Pairs(
                [image for image in part.images if image not in problems],
                [mask for mask in part.masks if mask is not None],
            )
            for split, part in pairs.items()
        }
        return {split: part for split, part in kept.items() if part.images}, len(lacking)

    def _leave_out(
        self,
        lacking: Sequence[tuple[SplitName, str]],
        problems: Mapping[str, DataError],
        total: int,
        context: LoadContext,
    ) -> None:
        """Say which images are left out.

        Raises:
            DataError: If none may be, or none is left.
        """
        if not lacking:
            return
        told = list(problems.values())
        if not context.skip_bad_files or len(told) == total:
            raise first_of(told, total)
        if context.left_out is None:
            context.warn(f"skipped {len(told):,} of {total:,} images, the first: {told[0].message}")
            return
        for split, image in lacking:
            context.left_out(split, image, problems[image])

    def _tell_of_unseen(self, masks: np.ndarray, names: Sequence[str], context: LoadContext) -> None:
        """Say which classes no mask of training has: nothing is learnt of them."""
        counts = pixels_by_class(masks, len(names)).sum(axis=0).tolist()
        if unseen := [name for name, count in zip(names, counts, strict=True) if not count]:
            told = some(unseen, 10)
            context.warn(f"{self.path}: no pixel of the training masks is {told}: nothing is learnt of that")

    def _files(self, part: Pairs) -> list[MaskFile]:
        return [
            MaskFile(self.path / str(mask), self.path / image)
            for image, mask in zip(part.images, part.masks, strict=True)
        ]

    def _listed(
        self,
        pairs: Mapping[SplitName, Pairs],
        files: Mapping[SplitName, Sequence[MaskFile]],
        reader: MaskReader,
        context: LoadContext,
    ) -> tuple[dict[SplitName, ListedFiles], int]:
        """The images of each split with their masks, and how many are left out for a mask that is none."""
        import numpy as np

        height, width = self.image_size
        every = [file for part in files.values() for file in part]
        check_memory(
            self.path, len(every) * height * width * reader.dtype.itemsize, "masks", "make them smaller"
        )
        masks, problems = reader.read_all(every, context)
        split_of = [(split, image) for split, part in pairs.items() for image in part.images]
        bad = [split_of[index] for index in problems]
        named = {image: problems[index] for index, (_, image) in zip(problems, bad, strict=True)}
        self._leave_out(bad, named, len(every), context)
        beside = self.parts_beside(self.path, [image for _, image in split_of], context)
        listed = {}
        for split in pairs:
            rows = np.array(
                [row for row, (own, _) in enumerate(split_of) if own == split and row not in problems],
                np.int64,
            )
            if len(rows):
                listed[split] = ListedFiles(
                    [split_of[row][1] for row in rows],
                    masks[rows],
                    {name: store.take(rows) for name, store in beside.items()},
                )
        return listed, len(bad)


def _listed(written: Any) -> list[Any]:
    return [] if written is None else written if isinstance(written, list) else [written]
