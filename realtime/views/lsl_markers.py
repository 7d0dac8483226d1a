"""Markers from a stream of the Lab Streaming Layer, which a stimulus program such as PsychoPy offers."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from realtime.sinks.lsl import Clocks, library
from realtime.views.marks import MarkerView

OPTION = "--lsl-markers"

RESOLVE_S = 0.5
"""How long one search for the stream takes; it is repeated until the stream is there."""

CONNECT_S = 1.0
"""How long the stream may take to connect, and to measure how its clock differs from ours (a few milliseconds in a lab)."""

POLL_S = 0.1
"""How often the thread checks whether it should end; a marker wakes it at once."""

JOIN_S = RESOLVE_S + 2 * CONNECT_S
"""How long `close` waits: the thread may be in any of these calls."""


class LslMarkers(MarkerView):
    """Takes the samples of a marker stream, found by its name, as markers; waits for it when it comes later or is lost.

    A marker has the stream's own time, converted to the clock of the run: its time stamp, corrected by the measured
    difference between the clocks of both computers, and by that between LSL's clock and `clock` on this one.

    Args:
        name: of the stream.
        names: of the markers with keys.
        clock: seconds, the clock of `Frame.captured_at`.
        lsl: the module pylsl.

    Raises:
        SinkError: pylsl or liblsl is missing.
    """

    def __init__(
        self,
        name: str,
        names: Sequence[str] = (),
        *,
        clock: Callable[[], float] = time.perf_counter,
        lsl: Any = None,
    ) -> None:
        super().__init__(names)
        self._name = name
        self._lsl = library(OPTION) if lsl is None else lsl
        self._to_run_s = -Clocks(self._lsl.local_clock, clock).offset_s
        self._correction_s = 0.0
        self._waits = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="LSL markers", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the thread, in bounded time; may be called twice."""
        self._closing.set()
        self._thread.join(JOIN_S)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                inlet = self._connected()
                while inlet is not None and not self._closing.is_set():
                    self._take(inlet)
            except (RuntimeError, TimeoutError):  # pylsl's LostError is a RuntimeError
                self._wait(f"the LSL stream {self._name} is gone; waiting for it")

    def _connected(self) -> Any:
        """An inlet whose clock is compared; None if the stream is not there.

        Samples that arrive during the comparison are kept by the inlet.
        """
        found = self._lsl.resolve_byprop("name", self._name, 1, RESOLVE_S)
        if not found:
            self._wait(f"waiting for the LSL stream {self._name}")
            return None
        # liblsl's own recovery needs a source id, which many programs leave out
        inlet = self._lsl.StreamInlet(found[0], recover=False)
        inlet.open_stream(CONNECT_S)
        self._correction_s = inlet.time_correction(CONNECT_S)
        self.say(f"LSL markers come from {self._name} on {found[0].hostname()}")
        self._waits = False
        return inlet

    def _take(self, inlet: Any) -> None:
        sample, stamp = inlet.pull_sample(POLL_S)
        if sample is not None:
            self._correction_s = inlet.time_correction(CONNECT_S)  # at once: liblsl updates it in the background
            self.leave(" ".join(map(_text, sample)), stamp + self._correction_s + self._to_run_s, "lsl")

    def _wait(self, text: str) -> None:
        """Says it once until the stream is back."""
        if not self._waits:
            self.say(text)
        self._waits = True


def _text(value: str | float) -> str:
    """A channel's value; a code is a whole number, also in a stream of floats."""
    return f"{value:g}" if isinstance(value, int | float) else value
