"""How a few lines read an array."""

from __future__ import annotations

from bigmodel_cli.kinds.snippet import Snippet


class ArraySnippet(Snippet):
    """By NumPy."""

    placeholder = "array.npy"

    def value(self, function: str) -> str:
        shape = "".join(f", {length}" for length in self.kind.shape)
        return f'''\
def {function}(given, folder):
    return np.load(Path(folder, given)).astype("{self.kind.dtype}").reshape(1{shape})
'''
