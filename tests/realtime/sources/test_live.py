"""Live streams through the whole program: only the newest frame is kept, drops are counted, lost streams return."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.config import Config, OutputConfig
from realtime.datatypes import RunInfo, Summary
from realtime.drawing.painter import Painted
from realtime.errors import SourceLostError
from realtime.run import Openers, run
from realtime.sinks import Outputs
from realtime.sinks.base import PaintedSink
from realtime.sinks.jsonl import JsonlSink
from tests import program
from tests.mjpeg_server import MjpegServer
from tests.program import read_frames, started
from tests.tiny_models import write_left_right

pytestmark = [pytest.mark.timeout(90), pytest.mark.usefixtures("nothing_left_behind")]

BITS = 10
SIDE = 16
FPS = 30.0


def numbered(number: int) -> NDArray[np.uint8]:
    """An image that tells its number in black and white squares, which survive JPEG; uint8 (48,160,3)."""
    bits = [(number >> i & 1) * 255 for i in range(BITS)]
    row = np.repeat(np.array(bits, np.uint8), SIDE)
    return np.ascontiguousarray(np.broadcast_to(row[None, :, None], (3 * SIDE, len(row), 3)))


def number_of(image: NDArray[np.uint8]) -> int:
    """The number that `numbered` wrote."""
    return sum(1 << i for i in range(BITS) if image[SIDE, i * SIDE + SIDE // 2, 0] > 127)


JPEGS = [cv2.imencode(".jpg", numbered(i))[1].tobytes() for i in range(1 << BITS)]


@pytest.fixture
def camera() -> Iterator[MjpegServer]:
    with MjpegServer(JPEGS, fps=FPS) as server:
        yield server


More = Callable[[PaintedSink], Openers]


class SlowSink(PaintedSink):
    """An output that takes as long as the camera takes to send ten images, and notes how old each frame is then."""

    def __init__(self, camera: MjpegServer, rounds: int) -> None:
        self.numbers: list[int] = []
        self.sent: list[int] = []
        self.drops: list[int] = []
        self._camera = camera
        self._rounds = rounds

    def write(self, painted: Painted) -> None:
        result = painted.result
        self.sent.append(self._camera.sent)
        self.numbers.append(number_of(result.frame.image))
        self.drops.append(result.dropped)
        if len(self.numbers) < self._rounds:
            self._camera.wait_for(sent=self._camera.sent + 10)

    def close(self, summary: Summary) -> None:
        self.summary = summary


@pytest.fixture
def config(camera: MjpegServer, tmp_path: Path) -> Config:
    """A run on the camera, in this process."""
    model = str(write_left_right(tmp_path / "tiny.onnx"))
    return Config.of(source=camera.url, model=model, display=False, jsonl=str(tmp_path / "out.jsonl"))


@pytest.fixture
def more() -> More:
    """A run with JSON Lines and one more output."""

    def added(sink: PaintedSink) -> Openers:
        def opened(output: OutputConfig, info: RunInfo) -> Outputs:
            return Outputs(info, [sink], [JsonlSink(Path(output.jsonl or ""), info)])

        return Openers(outputs=opened)

    return added


def test_a_slow_sink_makes_drops_and_never_lag(camera: MjpegServer, config: Config, more: More) -> None:
    sink = SlowSink(camera, rounds=8)
    assert run(config.but(max_frames=8), more(sink)) == 0
    lag = [sent - 1 - number for sent, number in zip(sink.sent, sink.numbers, strict=True)]
    assert sink.numbers[-1] >= 60  # it kept up with the camera ...
    assert max(lag[1:]) <= 4, lag  # ... and what it got was new: at most what a busy machine has in its hands
    assert sink.drops[-1] == sink.numbers[-1] - 7 == sink.summary.dropped
    rows = program.frames(Path(config.output.jsonl or ""))
    assert [row["frame"] for row in rows] == sink.numbers  # gaps in the numbers are the drops
    assert [row["dropped"] for row in rows] == sink.drops
    assert rows[-1]["t"] == pytest.approx((sink.numbers[-1] - sink.numbers[0]) / FPS, abs=1.0)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
def test_a_stream_is_followed_until_ctrl_c(camera: MjpegServer, tmp_path: Path) -> None:
    args = ("--source", camera.url, "--no-display", "--jsonl", "-", "--save", "out.mp4")
    with started(*args, cwd=tmp_path) as process:
        rows = read_frames(process, 60)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, program.complaints(err)) == (130, [])
    numbers = [row["frame"] for row in rows]
    assert numbers == sorted(set(numbers))
    assert [row["dropped"] for row in rows] == [number - i for i, number in enumerate(numbers)]
    times_s = [row["t"] for row in rows]
    assert times_s == sorted(times_s)
    assert times_s[-1] == pytest.approx((numbers[-1] - numbers[0]) / FPS, abs=1.0)
    assert len(program.watch(tmp_path / "out.mp4").times_s) == 60 + len(out.splitlines()) - 1


class Meddler(PaintedSink):
    """An output during whose third frame something happens to the camera."""

    def __init__(self, camera: MjpegServer, happens: Callable[[MjpegServer], None]) -> None:
        self.clients: list[int] = []
        self._camera = camera
        self._happens = happens

    def write(self, painted: Painted) -> None:
        self.clients.append(self._camera.clients)
        if len(self.clients) == 3:
            self._happens(self._camera)


def test_a_stream_that_is_cut_comes_back_and_says_so(
    camera: MjpegServer, config: Config, more: More, capsys: pytest.CaptureFixture[str]
) -> None:
    meddler = Meddler(camera, MjpegServer.cut)
    assert run(config.but(max_frames=12), more(meddler)) == 0
    assert (meddler.clients[0], meddler.clients[-1]) == (1, 2)
    notices = capsys.readouterr().err
    assert "reconnecting" in notices
    assert "is back after" in notices


def test_a_stream_that_hangs_for_good_is_an_error_in_bounded_time(camera: MjpegServer, config: Config, more: More) -> None:
    openers = more(Meddler(camera, MjpegServer.stall))
    with pytest.raises(SourceLostError, match=r"could not be re-opened within 0\.2 s") as caught:
        run(config.but(open_timeout_s=0.5, reconnect_s=0.2), openers)
    assert "\n" not in str(caught.value)
    kinds = [row["type"] for row in program.rows(Path(config.output.jsonl or ""))]
    assert (kinds[:4], kinds[-1]) == (["header", "frame", "frame", "frame"], "summary")
