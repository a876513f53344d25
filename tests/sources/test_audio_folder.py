"""Sounds from files: any format, rate and length becomes the same numbers, or an error that says why not."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import soundfile

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.audio.files import opening
from bigmodel_cli.kinds.audio.files.decoding import decode_joined, decode_sound
from bigmodel_cli.kinds.audio.files.opening import recorded
from bigmodel_cli.kinds.audio.files.resampling import resampled
from bigmodel_cli.kinds.audio.kind import AudioFormat
from bigmodel_cli.kinds.image.files.opening import EncodedImage
from bigmodel_cli.sources.audio_folder import AudioFolder

FORMAT = AudioFormat(8000, 0.5)
TONE = 400


def tone(rate, seconds, frequency=TONE):
    return 0.5 * np.sin(2 * np.pi * frequency * np.arange(round(rate * seconds)) / rate)


def saved(path, samples, rate=8000, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, **options)
    return path


@pytest.mark.parametrize(
    ("name", "rate", "options", "tolerance"),
    [
        ("a.wav", 8000, {"subtype": "FLOAT"}, 1e-7),
        ("a.wav", 44100, {"subtype": "PCM_24"}, 0.01),
        ("a.wav", 11025, {"subtype": "PCM_16"}, 0.01),
        ("a.flac", 16000, {}, 0.01),
        ("a.ogg", 44100, {}, 0.03),
        ("a.opus", 48000, {"format": "OGG", "subtype": "OPUS"}, 0.05),
        ("a.mp3", 44100, {}, 0.05),
        # In proportions of small numbers this is 8,000; the tone is 0.05 Hz higher.
        ("a.wav", 7999, {}, 0.1),
    ],
)
def test_every_format_and_rate_gives_the_same_sound(tmp_path, name, rate, options, tolerance):
    path = saved(tmp_path / name, tone(rate, 0.5), rate, **options)
    found, expected = decode_sound(path, FORMAT), tone(8000, 0.5).astype(np.float32)
    assert (found.shape, found.dtype) == ((4000,), np.float32)
    # The ends are those of a filter, or of a lossy format's blocks.
    assert np.abs(found - expected)[400:-400].max() < tolerance


def test_the_middle_of_a_longer_sound_is_read_alone(tmp_path, monkeypatch):
    whole = np.random.default_rng(0).uniform(-1, 1, 8000 * 20).astype(np.float32)
    path = saved(tmp_path / "a.wav", whole, subtype="FLOAT")
    read = []
    real = soundfile.SoundFile.read
    monkeypatch.setattr(
        soundfile.SoundFile, "read", lambda self, n, **o: read.append(n) or real(self, n, **o)
    )
    assert np.array_equal(decode_sound(path, FORMAT), whole[78_000:82_000])
    assert np.array_equal(decode_sound(path, FORMAT, start=3), whole[24_000:28_000])
    assert read == [4800, 4800]


@pytest.mark.parametrize(
    ("shorter", "expected"), [("pad", [1, 2, 3, 0, 0, 0, 0, 0]), ("loop", [1, 2, 3] * 3)]
)
def test_a_shorter_sound_is_padded_or_looped(tmp_path, shorter, expected):
    path = saved(tmp_path / "a.wav", np.array([1, 2, 3]) / 8, 1000, subtype="FLOAT")
    found = decode_sound(path, AudioFormat(1000, 0.008, shorter))
    assert (found * 8).tolist() == expected[:8]


def test_channels_are_mixed_or_one_is_taken(tmp_path):
    path = saved(tmp_path / "a.wav", np.stack([tone(8000, 1), -tone(8000, 1) / 2], 1), subtype="FLOAT")
    left, mean = (decode_sound(path, AudioFormat(8000, 1, channel=channel)) for channel in (0, None))
    np.testing.assert_allclose(mean, left / 4, atol=1e-7)
    with pytest.raises(DataError, match=r"a\.wav: no channel 2; it has 2, the first is 0"):
        decode_sound(path, AudioFormat(8000, 1, channel=2))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.wav", b"", "found an empty file"),
        ("a.wav", b"hello, this is text", "found something else"),
        ("a.m4a", b"\0\0\0\x20ftypM4A \0\0", r"found an MP4 file \(M4A, AAC\)"),
        ("a.aac", b"\1\2\3\4\5\6\7\x08", "found a AAC file"),
        ("a.wma", b"0&\xb2u\x8ef\xcf\x11", "found a WMA sound"),
        ("a.flac", b"fLaC\0\0\0\x22 and no more", "damaged sound"),
    ],
)
def test_what_is_no_sound_is_refused_by_what_it_is(tmp_path, name, content, reason):
    (tmp_path / name).write_bytes(content)
    for file in (tmp_path / name, EncodedImage(name, content)):
        with pytest.raises(DataError, match=f"{name}: .*{reason}") as refused:
            decode_sound(file, FORMAT)
        is_other = "found a" in reason and "empty" not in reason
        assert ("ffmpeg -i FILE FILE.flac" in str(refused.value.hint)) >= is_other


def test_other_containers_are_refused_although_they_could_be_read(tmp_path):
    path = saved(tmp_path / "a.aiff", tone(8000, 1))
    with pytest.raises(DataError, match=r"a\.aiff: expected a WAV, .* found AIFF") as refused:
        decode_sound(path, FORMAT)
    assert "ffmpeg" in refused.value.hint


def test_silence_without_end_and_numbers_that_are_none(tmp_path):
    with pytest.raises(DataError, match=r"a\.wav: holds no sound: it is 0 seconds long"):
        decode_sound(saved(tmp_path / "a.wav", np.zeros(0)), FORMAT)
    with pytest.raises(DataError, match=r"b\.wav: damaged sound: samples are NaN or infinite"):
        decode_sound(saved(tmp_path / "b.wav", np.full(9, np.nan), subtype="FLOAT"), FORMAT)
    with pytest.raises(DataError, match=r"none\.wav: no such file"):
        decode_sound(tmp_path / "none.wav", FORMAT)
    with pytest.raises(DataError, match=r"expected a WAV, .* found a folder"):
        decode_sound(tmp_path, FORMAT)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3"])
def test_a_sound_that_breaks_off_is_no_shorter_one(tmp_path, name):
    """Nothing is put in the place of what lacks."""
    path = saved(tmp_path / name, np.random.default_rng(0).uniform(-0.5, 0.5, 24_000))
    content = path.read_bytes()
    assert len(decode_sound(path, AudioFormat(8000, 3))) == 24_000
    path.write_bytes(content[: len(content) * 6 // 10])
    with pytest.raises(DataError, match=rf"{name}: damaged sound: (it breaks off: |Error : flac)") as caught:
        decode_sound(path, AudioFormat(8000, 3))
    assert name == "a.flac" or "its header tells of 3 s, and 1." in caught.value.message


def test_a_length_that_is_guessed_is_no_promise(tmp_path):
    """Of an MP3 with other numbers of bits in each frame, and none of these frames in its header."""
    wave = np.random.default_rng(0).normal(0, 0.1, 66_150)
    path = saved(tmp_path / "a.mp3", wave, 22_050, bitrate_mode="AVERAGE", compression_level=0.0)
    content = path.read_bytes()
    assert len(decode_sound(path, AudioFormat(8000, 3))) == 24_000
    marks = [mark for mark in (b"Xing", b"Info") if mark in content]
    path.write_bytes(content.replace(marks[0], bytes(4), 1))
    with soundfile.SoundFile(path) as file:
        assert len(file.read(file.frames)) < file.frames - 0.2 * 22_050
    assert len(decode_sound(path, AudioFormat(8000, 3))) == 24_000
    assert recorded(path).seconds == pytest.approx(3, abs=0.1)
    # A picture of 2 ** 18 bytes in front of it lasts no time.
    tagged = saved(tmp_path / "b.mp3", wave, 22_050, bitrate_mode="CONSTANT", compression_level=0.0)
    content = tagged.read_bytes().replace(b"Info", bytes(4), 1)
    tagged.write_bytes(b"ID3\x04\0\0" + bytes([0, 16, 0, 0]) + bytes(2**18) + content)
    assert recorded(tagged).seconds == pytest.approx(3, abs=0.1)
    middle, whole = decode_sound(path, AudioFormat(22_050, 1)), decode_sound(path, AudioFormat(22_050, 3))
    assert np.abs(np.correlate(whole, middle)).argmax() == pytest.approx(22_050, abs=2_000)


def test_what_is_guessed_to_be_shorter_is_not_read_in_part(tmp_path):
    wave = np.random.default_rng(0).normal(0, 0.1, 66_150)
    path = saved(tmp_path / "a.mp3", wave, 22_050, bitrate_mode="VARIABLE", compression_level=0.9)
    path.write_bytes(path.read_bytes().replace(b"Xing", bytes(4), 1))
    for read in (recorded, lambda path: decode_sound(path, FORMAT)):
        with pytest.raises(DataError, match=r"a\.mp3: damaged sound: .* of its 3\.\d+ s can be read"):
            read(path)


@pytest.mark.parametrize("size", [b"\xff\xff\xff\xff", b"\x00\xf0\xff\x7f"])
def test_what_was_written_while_it_was_recorded_is_read(tmp_path, size):
    """Such a header has the largest number, or nearly, since nobody knew how many samples there would be."""
    path = saved(tmp_path / "a.wav", tone(8000, 1))
    content = path.read_bytes()
    place = content.index(b"data") + 4
    path.write_bytes(content[:place] + size + content[place + 4 :])
    assert np.abs(decode_sound(path, AudioFormat(8000, 1)) - tone(8000, 1)).max() < 1e-4


def test_a_header_that_does_not_say_how_long_it_is(tmp_path):
    """Nor is anything as long as it says: 0 and 2^36 - 1 samples."""
    content = bytearray(saved(tmp_path / "a.flac", tone(8000, 1)).read_bytes())
    for high, low in ((0, b"\0\0\0\0"), (15, b"\xff\xff\xff\xff")):
        content[21] = (content[21] & 0xF0) | high
        content[22:26] = low
        (tmp_path / "b.flac").write_bytes(content)
        for read in (decode_sound, lambda path, of: decode_joined([path], of)):
            with pytest.raises(DataError, match=r"b\.flac: .* does not say how long it is"):
                read(tmp_path / "b.flac", FORMAT)


def test_a_codec_that_cannot_be_searched_is_read(tmp_path):
    path = saved(tmp_path / "a.wav", tone(8000, 0.5), subtype="GSM610")
    assert np.abs(decode_sound(path, FORMAT)).max() > 0.3


def test_a_sound_that_was_sent_is_the_same(tmp_path):
    path = saved(tmp_path / "a.mp3", tone(44100, 1), 44100)
    sent = EncodedImage("a.mp3", path.read_bytes())
    assert np.array_equal(decode_sound(sent, FORMAT), decode_sound(path, FORMAT))


def test_the_extra_is_named_where_it_is_missing(tmp_path, monkeypatch, load):
    saved(tmp_path / "dog/1.wav", tone(8000, 1))
    saved(tmp_path / "cat/1.wav", tone(8000, 1))
    monkeypatch.setitem(__import__("sys").modules, "soundfile", None)
    with pytest.raises(DataError, match="soundfile, which reads sounds, cannot be loaded") as refused:
        load("audio_folder", path=tmp_path, sample_rate=8000, seconds=1)
    assert refused.value.hint == "pip install 'bigmodel-cli[audio]'"
    assert opening.library.__doc__


def test_what_is_done_to_files_is_counted(tmp_path, told):
    for number in range(3):
        saved(tmp_path / f"dog/{number}.wav", tone(8000, 1))
    saved(tmp_path / "cat/1.wav", np.stack([tone(44100, 3)] * 2, 1), 44100)
    saved(tmp_path / "cat/2.wav", tone(4000, 1), 4000)
    (tmp_path / "cat/3.m4a").write_bytes(b"\0\0\0\x20ftypM4A ")
    AudioFolder(path=tmp_path, sample_rate=8000, seconds=2.0).load(told.context())
    assert [line.replace(str(tmp_path), "") for line in told.warnings] == [
        "passed over 1 .m4a, for example /cat/3.m4a; convert .m4a to use them: ffmpeg -i FILE FILE.flac",
        "2 of 5 sounds are resampled to 8,000 Hz: 1 from 44,100 Hz, 1 from 4,000 Hz",
        "1 of 5 sounds have a lower rate than others, so that they lack high tones, for example /cat/2.wav",
        "1 of 5 sounds have several channels, of which the mean is taken; channel: 0 takes one",
        "1 of 5 sounds are longer than 2 s, of which the middle is taken; the longest has 3 s",
    ]


def test_bad_files_stop_or_are_left_out(tmp_path, told):
    for name in ("dog/1.wav", "dog/2.wav", "cat/1.wav"):
        saved(tmp_path / name, tone(8000, 1))
    (tmp_path / "dog/2.wav").write_bytes(b"RIFF and no more")
    options = AudioFolder(path=tmp_path, sample_rate=8000, seconds=1.0)
    with pytest.raises(DataError, match=r"dog/2\.wav: expected a WAV") as stopped:
        options.load(told.context())
    assert "data.on_bad_file=skip leaves such files out" in stopped.value.hint
    source = options.load(told.context(skip_bad_files=True))
    assert (len(source.splits["train"]), source.num_skipped) == (2, 1)
    assert told.warnings[-1].startswith("skipped 1 of 3 files that cannot be read, the first: ")


@pytest.fixture
def recordings(tmp_path):
    for digit, speaker, index in product("37", ("ann", "bob"), range(3)):
        saved(tmp_path / f"{digit}_{speaker}_{index}.wav", tone(8000, 0.1))
    return tmp_path


BY_NAME = {"sample_rate": 8000, "seconds": 0.1, "name_pattern": "{digit}_{speaker}_{index}", "label": "digit"}


def test_names_of_files_tell_class_and_split(recordings, load):
    source = load(
        "audio_folder", path=recordings, test={"index": 0}, validation={"speaker": ["bob"]}, **BY_NAME
    )
    assert source.signature.task.class_names == ("3", "7")
    assert {split: list(part.store.paths) for split, part in source.splits.items()} == {
        "train": [f"{digit}_ann_{index}.wav" for digit in "37" for index in (1, 2)],
        "validation": [f"{digit}_bob_{index}.wav" for digit in "37" for index in (0, 1, 2)],
        "test": [f"{digit}_ann_0.wav" for digit in "37"],
    }
    assert source.splits["train"].labels.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"test": {"index": [9]}}, "no file is of the test split"),
        ({"test": {"digit": [3, 7]}}, "every file is held out"),
        ({"test": {"digit": 3}}, r"only one class \(7\); a classifier needs at least two"),
        ({"name_pattern": "{digit}-{speaker}"}, r"3_ann_0\.wav: not named as name_pattern says"),
    ],
)
def test_names_that_tell_too_little_are_refused(recordings, load, options, message):
    with pytest.raises(DataError, match=message):
        load("audio_folder", path=recordings, **{**BY_NAME, **options})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label": "word"}, "name_pattern has no part 'word'; its parts: digit, index, speaker"),
        (
            {"label": None, "test": {"index": 0}},
            "test: splits by name need label, the part that is the class",
        ),
        ({"test": {"take": 0}}, "name_pattern has no part 'take'"),
    ],
)
def test_parts_that_names_have_not_are_found_before_files_are(options, message):
    with pytest.raises(ValueError, match=message):
        AudioFolder(path="none", **{**BY_NAME, **options})


@pytest.mark.parametrize(
    ("rate", "to"), [(44100, 16000), (8000, 16000), (48000, 8000), (11025, 8000), (3, 2)]
)
def test_resampling_is_that_of_scipy(rate, to):
    from scipy.signal import resample_poly

    samples = np.random.default_rng(0).normal(size=1003).astype(np.float32)
    expected = resample_poly(samples.astype(np.float64), to, rate)
    found = resampled(samples, rate, to)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=2e-6)
