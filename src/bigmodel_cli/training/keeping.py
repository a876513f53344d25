"""What of the examples is kept, so that not every epoch makes it anew: their pixels, or what does not learn.

Which of the two, only the built model tells. Feeds are made when the first model is there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bigmodel_cli.config.frozen import begins_frozen
from bigmodel_cli.config.preprocessing import is_kept_of_files, is_worth_keeping
from bigmodel_cli.kinds.array.kind import ArrayKind
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.listener import Listener
from bigmodel_cli.modeling.build import BuiltModel
from bigmodel_cli.modeling.cut import Cut, cut, cut_row, never_changes, without
from bigmodel_cli.pipeline.bad_files import SkippedFiles
from bigmodel_cli.pipeline.by_length import Cutting
from bigmodel_cli.pipeline.cache_choice import CacheChoice, choose_cache, choose_feature_cache
from bigmodel_cli.pipeline.draws import are_drawn, drawing
from bigmodel_cli.pipeline.feed import Feed
from bigmodel_cli.pipeline.kept_features import Front, KeptFeatures
from bigmodel_cli.pipeline.windows import feed_of
from bigmodel_cli.signature import INPUT
from bigmodel_cli.sources.base import Examples, SplitName
from bigmodel_cli.training.gauges import free_memory
from bigmodel_cli.training.lengths import Lengths, Trained, decide_lengths
from bigmodel_cli.training.work import Work


@dataclass(frozen=True)
class Fed:
    """A model with the feeds of what it is trained on.

    Attributes:
        built: The part of the model that is trained on what the feeds yield.
        feeds: Of the splits that training sees.
        cache: Where something is kept of the examples.
        halves: The model in two, where the feeds yield what the front gives.
        features: What the front gives, once it is computed.
    """

    built: BuiltModel
    feeds: dict[SplitName, Feed]
    cache: CacheChoice
    halves: Cut | None = None
    features: KeptFeatures | None = None

    def fill(self, skipped: SkippedFiles | None, listener: Listener) -> None:
        """Compute what is computed once; weights must be those that training begins with."""
        if self.features is not None and self.halves is not None:
            front = as_front(self.halves.front)
            self.features.fill(front, skipped, listener.download, listener.warn)

    def close(self) -> None:
        """Stop the feeds' threads, and close what they read from."""
        for feed in self.feeds.values():
            feed.close()
        if self.features is not None:
            self.features.close()


class Keeping:
    """Decides what is kept, and makes the feeds of each model that is tried.

    Args:
        work: What is trained.
        listener: Is told what was decided.

    Attributes:
        parts: The examples that every epoch sees, by split.
    """

    def __init__(self, work: Work, listener: Listener) -> None:
        self.work = work
        self.listener = listener
        self.parts: dict[SplitName, Examples] = {
            name: part for name, part in work.splits.parts.items() if name != "test"
        }
        # Decided once, whichever model is tried next.
        self.lengths: Lengths | None = None
        self._features: CacheChoice | None = None
        self._cache: CacheChoice | None = None
        self._feeds: dict[SplitName, Feed] = {}
        self._is_row = work.splits.signature.kind.is_composed
        stores, slug_of = self.parts["train"].inputs, work.splits.signature.slugs
        # Pixels stay as small as they are.
        self._pixel_columns = [slug_of[name] for name, store in stores.items() if store.files is not None]
        are_held = all(store.gathers or store.files is not None for store in stores.values())
        begins = are_held if self._is_row else begins_frozen(work.experiment)
        in_memory = all(store.array is not None for store in stores.values())
        in_memory = in_memory or (not self._is_row and is_kept_of_files(work.experiment))
        # On a GPU the same takes next to nothing, and features would take its memory.
        self._is_prepared = not begins and in_memory and not _has_gpu() and is_worth_keeping(work.experiment)
        # What is rounded in training has to be seen by the steps, and columns by a teacher.
        compress = work.experiment.compress
        is_asked = work.teaching is not None and not work.teaching.is_kept and self._is_row
        is_whole = is_asked or (compress is not None and compress.quantize is not None)
        self._draws = are_drawn(self.parts["train"])
        self._may_cut = (
            not (is_whole or self._draws)
            and (begins or self._is_prepared)
            and work.experiment.data.cache != "none"
        )
        if not self._may_cut:
            self._choose_cache()

    def fed(self, built: BuiltModel) -> Fed:
        """A model with its feeds; the first one decides what is kept."""
        halves = self._halves(built) if self._may_cut else None
        made = {} if halves is None else _kinds_of(halves)
        # Texts of any length have features of none.
        if halves is not None and all(None not in kind.shape for kind in made.values()):
            choice = self._features = self._features or self._choose_features(halves, made)
            if choice.cache != "none":
                label = (
                    "computing preprocessing" if self._is_preprocessing else "computing what does not learn"
                )
                # Rows are small and many: a file of slots would take longer than looking words up again.
                place = "columns" if self._is_row and choice.cache == "disk" else choice.cache
                cutting = self._cutting(built, halves.back, made, halves.front)
                features = KeptFeatures(self.parts, made, place, label, cutting)
                return self._fed_features(built, halves, features)
        cache = self._cache or self._choose_cache()
        self._feeds = self._feeds or self._feeds_of(self._cutting(built, built.network, self._own_kinds))
        return Fed(built, self._feeds, cache)

    @property
    def _is_preprocessing(self) -> bool:
        """Whether what is kept is preprocessing, and nothing that is frozen."""
        return self._is_row or self._is_prepared

    def _halves(self, built: BuiltModel) -> Cut | None:
        if self._is_row:
            return cut_row(built.network, as_they_are=self._pixel_columns, changing=built.layers_in_network)
        if not self.work.experiment.augmentation:
            return cut(built.network, needs_frozen=not self._is_prepared)
        front = built.preprocess
        if front is None or not never_changes(front):
            return None
        return Cut(front, built.network)

    def _fed_features(self, built: BuiltModel, halves: Cut, features: KeptFeatures) -> Fed:
        assert self._features is not None
        feeds = features.feeds(self.work.batch_size, self._strata, self.work.distribution.dealing)
        trained = replace(built, network=halves.back, preprocess=None)
        if built.layers_in_network:
            # Who measures has no augmentation.
            halves = Cut(halves.front, without(halves.back, built.layers_in_network))
        return Fed(trained, feeds, self._features, halves, features)

    def _choose_features(self, halves: Cut, made: Mapping[str, Kind]) -> CacheChoice:
        # Looking words up takes so much longer than a step that it is worth its while in a single epoch.
        epochs = max(self.work.experiment.training.epochs, 2 if self._is_row else 1)
        choice = choose_feature_cache(
            self.work.experiment.data.cache,
            sum(map(len, self.parts.values())) * sum(kind.num_bytes for kind in made.values()),
            epochs=epochs,
            free_memory=min(free_memory().values(), default=None),
            warn=self.listener.warn,
        )
        if choice.cache == "disk" and (self._is_prepared or self._pixel_columns):
            what = "columns beside images" if self._is_row else "what is made of arrays in memory"
            choice = CacheChoice("none", f"{what}: kept in memory alone, if there is room")
        if epochs > 1:
            places = {
                "memory": "once, and kept in memory",
                "disk": "once, and kept on disk",
                "none": "in each epoch",
            }
            frozen = "frozen: what the frozen layers give for an example"
            what = "preprocessing" if self._is_preprocessing else frozen
            self.listener.say(f"{what} is computed {places[choice.cache]} ({choice.reason})")
        return choice

    def _cutting(
        self, built: BuiltModel, network: Any, kinds: Mapping[str, Kind], front: Any = None
    ) -> Cutting | None:
        """Which columns of batches are cut, decided with the first model.

        Args:
            built: The model.
            network: The part of it that training computes.
            kinds: What that takes.
            front: The part of the model before it; None: there is none.
        """
        if self.lengths is None:
            run = None if front is None else as_front(front, is_compiled=False).run
            trained = Trained(built, network, kinds, run)
            self.lengths = decide_lengths(self.work, self.parts["train"], trained)
            if self.lengths.said:
                self.listener.say(self.lengths.said)
        return self.lengths.cutting

    @property
    def _own_kinds(self) -> Mapping[str, Kind]:
        """Of the examples as they are."""
        stores = self.parts["train"].inputs
        return {name: ArrayKind(store.shape, str(store.dtype)) for name, store in stores.items()}

    def _feeds_of(self, cutting: Cutting | None) -> dict[SplitName, Feed]:
        """Feeds of the examples themselves."""
        train = "train"
        any_order = {} if cutting is None else {"any_order": True}
        return {
            name: feed_of(
                part,
                self.work.batch_size,
                self.work.skipped if name == train else None,
                strata=self._strata if name == train else None,
                dealing=self.work.distribution.dealing,
                cutting=cutting,
                **any_order,
            )
            for name, part in self.parts.items()
        }

    def _choose_cache(self) -> CacheChoice:
        """Where the examples themselves are kept, of which files are decoded once where there is room."""
        cache = choose_cache(
            self.work.experiment.data.cache,
            self.work.splits,
            epochs=self.work.experiment.training.epochs,
            free_memory=min(free_memory().values(), default=None),
            warn=self.listener.warn,
        )
        if cache.reason:
            self.listener.say(cache.describe())
        kept = {name: cache.kept(part) for name, part in self.parts.items()}
        if self._draws:
            kept["train"] = drawing(self.parts["train"], kept["train"])
        self.parts = kept
        self._cache = cache
        return cache

    @property
    def _strata(self) -> np.ndarray | None:
        return self.work.splits.strata(self.work.experiment.data)

    def close(self) -> None:
        """Give back what is open; no feed may need it any more."""
        for feed in self._feeds.values():
            feed.close()
        if self._cache is not None:
            self._cache.close()


def _kinds_of(halves: Cut) -> dict[str, Kind]:
    """What the front makes of an example, by the names of its outputs."""
    given = halves.front.output
    tensors = given if isinstance(given, dict) else {INPUT: given}
    return {name: ArrayKind(tuple(tensor.shape[1:]), str(tensor.dtype)) for name, tensor in tensors.items()}


def _has_gpu() -> bool:
    import tensorflow as tf

    return bool(tf.config.list_logical_devices("GPU"))


def as_front(model: Any, *, is_compiled: bool = True) -> Front:
    """The front of a model, to be run on batches; of few it takes longer to compile."""
    import keras
    import tensorflow as tf

    def run(features: Any) -> Any:
        return model(features, training=False)

    if is_compiled:
        run = tf.function(run, autograph=False)

    def computed(features: Any) -> dict[str, np.ndarray]:
        given = run(tf.nest.map_structure(tf.constant, features))
        named = given if isinstance(given, dict) else {INPUT: given}
        return {name: tensor.numpy() for name, tensor in named.items()}

    def identity() -> str:
        digest = hashlib.sha256(json.dumps(model.get_config(), sort_keys=True, default=str).encode())
        digest.update(f"{keras.__version__} {tf.__version__}".encode())
        for weight in model.get_weights():
            digest.update(np.ascontiguousarray(weight).tobytes())
        return digest.hexdigest()

    return Front(computed, identity)
