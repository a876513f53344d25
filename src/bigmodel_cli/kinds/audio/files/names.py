"""Which files are sounds, by the names that they have."""

from __future__ import annotations

from bigmodel_cli.kinds.image.files.names import suffix_of

# What libsndfile reads, and what is asked for here.
SOUND_SUFFIXES = frozenset({".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3"})
# Sounds of kinds that are not read: whoever has them can convert them.
OTHER_SOUND_SUFFIXES = frozenset(
    {".m4a", ".m4b", ".aac", ".mp4", ".wma", ".ac3", ".amr", ".aif", ".aiff", ".aifc", ".caf", ".au", ".snd"}
    | {".ape", ".wv", ".mka", ".webm", ".3gp", ".ra", ".dsf", ".mid", ".midi", ".sph", ".w64", ".mpc"}
)
CONVERT = "ffmpeg -i FILE FILE.flac"
CONVERT_HINT = f"convert it to WAV, FLAC, OGG, Opus or MP3, for instance by: {CONVERT}"


def is_sound_name(name: str) -> bool:
    """Whether the name of a file says that it is a sound that can be read here."""
    return suffix_of(name) in SOUND_SUFFIXES
