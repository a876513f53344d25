"""How fast a run writes, beside loops that compute the whole window anew for each token.

    python benchmarks/generating.py RUN [TOKENS] [ROUNDS]

RUN is one of configs/shakespeare_char.yaml. The likeliest token is taken each time: all write the same
text until the window is full; then bigmodel goes on from half a window, the loops from a whole one.
They take turns; the medians count.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from bigmodel_cli.inference.generating.of_run import writer_of
from bigmodel_cli.inference.generating.sampling import Sampling
from bigmodel_cli.inference.generating.writing import Wanted
from bigmodel_cli.inference.loading import load_for_inference
from bigmodel_cli.inference.opened import open_run

PROMPT = "ROMEO:\n"


def main() -> None:
    run = sys.argv[1]
    tokens = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    opened = open_run(run, Path("runs"))
    writer = writer_of(opened)
    model = load_for_inference(opened.folder, "best", trust=False)
    length = opened.signature.kind.length
    ids = writer.vocabulary.encode(PROMPT, "the prompt")
    wanted = Wanted(tokens, sampling=Sampling(temperature=0))
    ways: dict[str, Callable[[], object]] = {
        "bigmodel": lambda: writer.write(PROMPT, wanted)[0].text,
        "a compiled loop": looped(compiled(model), ids, tokens, length),
        "a loop of model(…)": looped(lambda one: model(one, training=False).numpy(), ids, tokens, length),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            # The first round compiles.
            if number:
                taken[name].append(time.perf_counter() - began)
    for name, seconds in taken.items():
        ratio = median(one / ours for one, ours in zip(seconds, taken["bigmodel"], strict=True))
        print(f"{name:20} {tokens / median(seconds):8,.0f} tokens/s, {ratio:.1f} times bigmodel's time")


def compiled(model: Any) -> Callable[[np.ndarray], np.ndarray]:
    """The model on one window, as a graph."""
    import tensorflow as tf

    graph = tf.function(lambda window: model(window, training=False), reduce_retracing=True)
    return lambda window: graph(tf.constant(window)).numpy()


def looped(
    step: Callable[[np.ndarray], np.ndarray], ids: np.ndarray, tokens: int, length: int
) -> Callable[[], object]:
    """Writes token by token, each from the last window."""

    def write() -> list[int]:
        written = ids.tolist()
        for _ in range(tokens):
            window = written[-length:]
            padded = np.array([window + [0] * (length - len(window))], np.int32)
            written.append(int(step(padded)[0, len(window) - 1].argmax()))
        return written

    return write


if __name__ == "__main__":
    main()
