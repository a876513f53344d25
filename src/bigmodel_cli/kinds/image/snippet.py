"""How a few lines read a picture."""

from __future__ import annotations

from bigmodel_cli.kinds.snippet import Snippet

_MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
_FITTED = {
    "stretch": "image.resize({size}, {how})",
    "crop": "ImageOps.fit(image, {size}, {how})",
    "pad": "ImageOps.pad(image, {size}, {how})",
}


class ImageSnippet(Snippet):
    """By Pillow; drawings have to be made as those of training were."""

    placeholder = "picture.png"
    packages = ("pillow",)

    def value(self, function: str) -> str:
        written = self.kind.format
        height, width = written.image_size
        fitted = _FITTED[written.aspect_ratio].format(
            size=(width, height), how=f"Image.Resampling.{written.interpolation.upper()}"
        )
        return f'''\
from PIL import Image, ImageOps


def {function}(given, folder):
    image = ImageOps.exif_transpose(Image.open(Path(folder, given))).convert("{_MODES[written.color_mode]}")
    pixels = np.asarray({fitted}, np.uint8)
    return pixels.reshape(1, {", ".join(map(str, self.kind.shape))})
'''
