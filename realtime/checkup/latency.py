"""How long a frame takes here, on the bundled clip."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

import numpy as np

from realtime.checkup.check import Check, Value
from realtime.config import Config
from realtime.engine import Engine
from realtime.errors import FerError
from realtime.model.chooser import FAST
from realtime.model.classifier import Classifier
from realtime.model.session import SHIPPED

SECONDS = 5.0

WARM_UP = 10
"""Frames before the caches of processor and libraries are warm."""

CAMERA_S = 1 / 30
"""The time between two frames of a common camera."""


def checks() -> Iterator[Check]:
    """Of this machine."""
    yield latency(Classifier.load, Engine.open)


def latency(
    load: Callable[[], Classifier],
    open_engine: Callable[[Config, Classifier], Engine],
    seconds: float = SECONDS,
    clock: Callable[[], float] = time.perf_counter,
) -> Check:
    """Reads the demo clip for some seconds, frame by frame as from a camera, with the network that a run would choose."""
    try:
        with closing(load()) as classifier, open_engine(Config.of(source="demo"), classifier) as engine:
            engine.watched = True  # each frame alone, as from a camera
            size = f"{engine.info.width}x{engine.info.height}"
            end_s, latencies_s = clock() + seconds, list[float]()
            for result in engine.results(lambda _: None):
                latencies_s.append(result.latency_s)
                if clock() > end_s:
                    break
            return verdict(latencies_s, size, classifier.name, classifier.provider)
    except FerError as error:
        return Check.failed_with("latency", error)


def verdict(latencies_s: Sequence[float], size: str, network: str, provider: str) -> Check:
    """What the latencies mean for a camera.

    Args:
        latencies_s: of each frame, seconds; at least one.
        size: of the frames, for people.
        network: file name of the weights.
        provider: what ran them.
    """
    counted = list(latencies_s[WARM_UP:]) or list(latencies_s)
    median_s, p95_s = (float(np.percentile(counted, q)) for q in (50, 95))
    found = (
        f"median {1000 * median_s:.1f} ms, 95 % within {1000 * p95_s:.1f} ms "
        f"({len(counted)} frames of {size}, {network} on {provider})"
    )
    values: dict[str, Value] = {
        "median_ms": round(1000 * median_s, 2),
        "p95_ms": round(1000 * p95_s, 2),
        "frames": len(counted),
        "network": network,
        "provider": provider,
    }
    if median_s <= CAMERA_S:
        return Check.ok("latency", found, values)
    if network != SHIPPED[FAST]:
        return Check.warning("latency", found, "use --model fast", values, ("--model", "fast"))
    return Check.warning("latency", found, "close other programs; frames of a camera will be dropped", values)
