"""How a few lines read a sound."""

from __future__ import annotations

from bigmodel_cli.kinds.audio.kind import AudioKind
from bigmodel_cli.kinds.snippet import Snippet

_SHORTER = {
    "pad": "np.pad(sound, (0, max(0, {count} - len(sound))))",
    "loop": "np.resize(sound, max({count}, len(sound)))",
}


class AudioSnippet(Snippet):
    """By soundfile and SciPy."""

    kind: AudioKind
    placeholder = "sound.wav"
    packages = ("soundfile", "scipy")

    def value(self, function: str) -> str:
        written = self.kind.format
        channel = "sound.mean(axis=1)" if written.channel is None else f"sound[:, {written.channel}]"
        return f"""\
import soundfile
from fractions import Fraction
from scipy.signal import resample_poly


def {function}(given, folder):
    sound, rate = soundfile.read(Path(folder, given), dtype="float32", always_2d=True)
    ratio = Fraction({written.sample_rate}, rate).limit_denominator(1000)
    sound = resample_poly({channel}, ratio.numerator, ratio.denominator)
    first = max(0, (len(sound) - {written.num_samples}) // 2)
    sound = {_SHORTER[written.shorter].format(count=written.num_samples)}
    return sound[first : first + {written.num_samples}].astype("float32")[None]
"""
