"""How an array is read."""

from __future__ import annotations

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.image.files.opening import ImageFile
from bigmodel_cli.kinds.read import Read, Value


class ArrayRead(Read):
    """Takes rows of arrays; a file that is none holds no value."""

    def file(self, path: ImageFile, *, invert: bool = False) -> Value:
        shape = " × ".join(map(str, self.kind.shape))
        raise DataError(
            f"{path}: this model takes arrays of shape {shape}, not images",
            hint="give a .npy or .npz file",
        )
