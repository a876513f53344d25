"""Parts of longer recordings: each epoch draws others, the same ones again after a break."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from bigmodel_cli.kinds.audio.kind import AudioFormat, AudioKind, Longer
from bigmodel_cli.pipeline.bad_files import SkippedFiles
from bigmodel_cli.pipeline.decoded import DecodedStore, MemoryDecoded
from bigmodel_cli.pipeline.draws import are_drawn, drawing, settled
from bigmodel_cli.pipeline.feed import Feed, in_order
from bigmodel_cli.signature import TARGET
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.sources.files import Files, FileStore

pytestmark = pytest.mark.tf
RATE, TAKEN, COUNT = 1000, 100, 12
# Every third recording is as long as what is taken, the others longer by so much at most.
LEFT = [0, 50, 400]
SCALE = 1 << 12


@pytest.fixture
def recordings(tmp_path):
    """Sounds of which each sample says its place, and examples of them; the label is the number."""
    for number in range(COUNT):
        ramp = np.arange(TAKEN + LEFT[number % 3]) / SCALE
        soundfile.write(tmp_path / f"{number}.wav", ramp, RATE, subtype="FLOAT")

    def make(longer: Longer = "random") -> Examples:
        kind = AudioKind(AudioFormat(RATE, TAKEN / RATE, longer=longer))
        ones = np.ones(COUNT, np.int64)
        files = Files(tmp_path, [f"{number}.wav" for number in range(COUNT)], ones, ones, kind)
        return Examples.of(FileStore(files, np.arange(COUNT)), np.arange(COUNT))

    return make


@pytest.fixture
def fed():
    """Makes a feed of examples that are kept, closed at the end."""
    made = []

    def make(examples, **options):
        decoded = MemoryDecoded([examples.store])
        kept = examples.with_inputs(lambda store: DecodedStore(store, decoded))
        made.append(Feed(drawing(examples, kept) if are_drawn(examples) else kept, 4, **options))
        return made[-1]

    yield make
    for feed in made:
        feed.close()


def starts_of(feed, order):
    """Where each example begins in its recording, by its label; all samples must be from there on."""
    found = {}
    feed.ahead(order, 0, 2)
    for number in range(feed.num_batches()):
        chunk = feed.chunk(feed.rows(order, number, 1))
        features, targets = feed.batch(chunk, 0)
        for wave, label in zip(features.numpy(), targets[TARGET].numpy(), strict=True):
            assert np.allclose(np.diff(wave), 1 / SCALE, atol=1e-6)
            found[int(label)] = round(float(wave[0]) * SCALE)
    return [found[label] for label in range(len(found))]


def test_each_epoch_draws_other_parts_and_the_same_ones_again(recordings, fed):
    feed, other = fed(recordings()), fed(recordings())
    epochs = [starts_of(feed, feed.epoch_order(seed=0, epoch=epoch)) for epoch in range(1, 41)]
    assert starts_of(other, other.epoch_order(seed=0, epoch=7)) == epochs[6]
    assert starts_of(other, other.epoch_order(seed=1, epoch=7)) != epochs[6]
    drawn = np.array(epochs)
    assert (drawn[:, ::3] == 0).all()
    for place in (1, 2):
        of_these = drawn[:, place::3]
        assert 0 <= of_these.min() < 0.1 * LEFT[place] and 0.9 * LEFT[place] < of_these.max() <= LEFT[place]
        assert abs(of_these.mean() / LEFT[place] - 0.5) < 0.1
        # Each has a draw of its own.
        assert len(set(map(tuple, of_these.T))) == COUNT // 3


def test_elsewhere_it_is_the_middle(recordings, fed):
    middle = [LEFT[number % 3] // 2 for number in range(COUNT)]
    feed = fed(recordings())
    starts_of(feed, feed.epoch_order(seed=0, epoch=1))
    assert starts_of(feed, feed.own_order) == middle
    still = fed(recordings("middle"))
    assert starts_of(still, still.epoch_order(seed=0, epoch=1)) == middle
    assert not are_drawn(settled(recordings()))
    assert settled(recordings()).store.read(2)[0] * SCALE == pytest.approx(middle[2])
    assert sum(chunk["rows"].numpy().size for chunk in in_order(feed)) == COUNT


def test_another_recording_stands_in_for_a_bad_one_with_its_draw(recordings, fed, tmp_path):
    examples = recordings()
    (tmp_path / "4.wav").write_bytes(b"RIFF and no more")
    feed = fed(examples, skipped=SkippedFiles(lambda _: None))
    order = feed.epoch_order(seed=0, epoch=1)
    chunks = [feed.chunk(feed.rows(order, number, 1)) for number in range(3)]
    rows = np.concatenate([chunk["rows"].numpy().reshape(-1) for chunk in chunks])
    assert 4 not in rows and len(set(rows.tolist())) == COUNT - 1


def test_how_a_file_is_decoded_does_not_depend_on_it(recordings):
    still, drawn = (recordings(longer).store.files for longer in ("middle", "random"))
    assert still.decoded_fingerprint == drawn.decoded_fingerprint
