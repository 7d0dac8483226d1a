"""The weights, and everything that can run them."""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from realtime.checkup.check import Check, Value
from realtime.errors import ModelError
from realtime.model import session
from realtime.model.chooser import CHOICES, measure
from realtime.model.providers import CPU
from realtime.model.session import Session

BUDGET_S = 0.3
"""Time for measuring the networks on one provider, after loading."""

Locate = Callable[[str], Path]
Open = Callable[[Path, int, str], Session]


def checks() -> Iterator[Check]:
    """Of this installation."""
    yield weights(CHOICES, session.locate)
    for name in session.installed():
        yield provider(name, CHOICES, session.locate)


def weights(models: Sequence[str], locate: Locate) -> Check:
    """Whether the weights files are there and have the checksums in SHA256SUMS."""
    sums: dict[str, Value] = {}
    for model in models:
        try:
            sums[model] = session.verified_checksum(locate(model))
        except ModelError as error:
            return Check.failed_with("weights", error)
    return Check.ok("weights", f"{', '.join(models)}: checksums agree", sums)


def provider(
    name: str,
    models: Sequence[str],
    locate: Locate,
    open_session: Open = Session,
    clock: Callable[[], float] = time.perf_counter,
) -> Check:
    """Whether a provider runs the networks, and how long a face takes, by a real inference of each.

    Args:
        name: a key of PROVIDERS.
        models: names of networks.
        locate: their files.
        open_session: takes the file, the number of threads and the provider.
        clock: seconds.
    """
    opened: dict[str, Session] = {}
    refusals: list[ModelError] = []
    for model in models:
        try:
            opened[model] = open_session(locate(model), 1, name)
        except ModelError as error:
            refusals.append(error)
    title = f"provider {name}"
    if name == CPU and refusals:
        return Check.failed_with(title, refusals[0])
    if not opened:  # `auto` leaves it alone
        return Check.warned_by(title, refusals[0])
    try:
        times = measure([partial(_face, network) for network in opened.values()], BUDGET_S, clock)
    finally:
        for network in opened.values():
            network.close()
    ms: dict[str, Value] = {f"{model}_ms": round(1000 * seconds, 2) for model, seconds in zip(opened, times, strict=True)}
    words = ", ".join(f"{model} {1000 * seconds:.1f}" for model, seconds in zip(opened, times, strict=True))
    return Check.ok(title, f"milliseconds a face: {words}", ms)


def _face(network: Session) -> None:
    side = network.spec.input_size
    network.run(np.linspace(-1, 1, side * side, dtype=np.float32).reshape(1, 1, side, side))
