"""The annotated video, read back with another reader's eyes."""

import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from realtime.datatypes import Frame
from realtime.drawing.painter import Painted
from realtime.errors import SinkError
from realtime.sinks.video import VideoSink, fit
from tests import builders
from tests.conftest import ROOT
from tests.films import frames_at, pixels, read, save

# images and their times


def test_every_frame_comes_out_with_its_own_time(tmp_path: Path) -> None:
    times = [0.0, 0.033, 0.1, 0.5, 0.51, 2.75, 2.7501]  # a variable rate
    film = save(tmp_path / "out.mp4", frames_at(times))
    assert film.times == pytest.approx(times, abs=1e-5)
    assert (film.codec, film.pix_fmt) == ("h264", "yuv420p")
    assert [int(p.mean()) for p in film.images] == pytest.approx([20 + 10 * i for i in range(7)], abs=4)


def test_a_constant_rate_is_kept_exactly(tmp_path: Path) -> None:
    rate = Fraction(24000, 1001)
    film = save(tmp_path / "out.mp4", frames_at([float(n / rate) for n in range(30)]), builders.source_info(fps=float(rate)))
    with av.open(str(tmp_path / "out.mp4")) as file:
        assert file.streams.video[0].average_rate == rate
    assert film.times == [float(n / rate) for n in range(30)]


@pytest.mark.parametrize("fps", [None, 0.0004, 90_000.0])
def test_a_rate_that_lies_does_not_touch_the_times(fps: float | None, tmp_path: Path) -> None:
    film = save(tmp_path / "out.mp4", frames_at([0.0, 0.04, 0.08]), builders.source_info(fps=fps))
    assert film.times == pytest.approx([0, 0.04, 0.08], abs=1e-5)


def test_times_that_do_not_rise_lose_no_frame(tmp_path: Path) -> None:
    film = save(tmp_path / "out.mp4", frames_at([0.0, 0.1, 0.1, 0.05, 0.3]))
    assert len(film.times) == 5
    assert film.times == sorted(set(film.times))
    assert film.times[-1] == pytest.approx(0.3)


def test_a_live_source_counts_from_its_first_frame(tmp_path: Path) -> None:
    results = [builders.result(of=builders.frame(i, captured_at=1000 + t)) for i, t in enumerate((0.0, 0.25, 0.5))]
    sink = VideoSink(tmp_path / "out.mp4", builders.run_info(builders.camera_info()))
    for result in results:
        sink.write(Painted(result))
    sink.close(builders.summary())
    assert read(tmp_path / "out.mp4").times == pytest.approx([0, 0.25, 0.5], abs=1e-5)


def test_key_frames_come_twice_a_second_also_at_a_low_rate(tmp_path: Path) -> None:
    film = save(tmp_path / "out.mp4", frames_at([n / 8 for n in range(24)]))
    assert film.keys == pytest.approx([n / 2 for n in range(6)])


@pytest.mark.parametrize("suffix", [".mp4", ".m4v", ".mov", ".mkv", ".MP4"])
def test_containers(suffix: str, tmp_path: Path) -> None:
    film = save(tmp_path / f"out{suffix}", frames_at([n / 30 for n in range(5)]))
    assert film.times == pytest.approx([n / 30 for n in range(5)], abs=1e-3)


@pytest.mark.parametrize("size_wh", [(1, 1), (3, 5), (65, 47), (46, 80)])
def test_odd_sizes_grow_by_a_pixel(size_wh: tuple[int, int], tmp_path: Path) -> None:
    film = save(tmp_path / "out.mp4", frames_at([0.0, 0.1], size_wh))
    width, height = size_wh
    assert film.images[1].shape == (height + height % 2, width + width % 2, 3)


def test_a_frame_of_another_size_gets_bars(tmp_path: Path) -> None:
    white = builders.frame(1, media_time=0.1, size_wh=(48, 96), fill=250)
    film = save(tmp_path / "out.mp4", [*frames_at([0.0]), builders.result(of=white)])
    second = film.images[1]
    assert second.shape == (48, 64, 3)
    assert second[:, 28:36].mean() > 240
    assert second[:, :16].mean() < 12
    assert second[:, 48:].mean() < 12


def test_fitting() -> None:
    image = np.full((4, 6, 3), 7, np.uint8)
    assert fit(image, (6, 4)) is image
    assert (fit(image[:3, :5], (6, 4)) == 7).all()
    tall = fit(image, (6, 12))
    assert [int(v) for v in tall[:, 0, 0]] == [0] * 4 + [7] * 4 + [0] * 4
    assert fit(image[:1, :1], (8, 2)).max() == 7


def test_colours_survive(tmp_path: Path) -> None:
    image = np.zeros((64, 96, 3), np.uint8)
    image[:, :32], image[:, 32:64], image[:, 64:] = (200, 30, 30), (30, 200, 30), (30, 30, 200)
    film = save(tmp_path / "out.mp4", [builders.result(of=Frame(image, 0, 1.0, 0.0, "x"))])
    with av.open(str(tmp_path / "out.mp4")) as file:
        context = file.streams.video[0].codec_context
        assert (context.colorspace, context.color_range, context.color_primaries, context.color_trc) == (1, 1, 1, 1)
        shown = pixels(next(file.decode(video=0)), "rgb24")
    assert film.images[0].shape == image.shape
    for x, rgb in ((16, (30, 30, 200)), (48, (30, 200, 30)), (80, (200, 30, 30))):
        assert np.abs(shown[32, x].astype(int) - rgb).max() <= 6


def test_the_overlay_is_in_the_video(tmp_path: Path) -> None:
    frame = builders.frame(media_time=0.0, size_wh=(640, 480), fill=20)
    film = save(tmp_path / "out.mp4", [builders.result([builders.face(box=(100, 60, 180, 140))], of=frame)])
    assert film.images[0][50:160, 90:220].max() > 150
    assert film.images[0][70:130, 110:170].max() < 40


# the end


def test_a_video_without_frames_is_removed(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "out.mp4", builders.run_info())
    sink.close(builders.summary())
    assert list(tmp_path.iterdir()) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from realtime.drawing.painter import Painted
from realtime.sinks.video import VideoSink
from tests import builders

sink = VideoSink(Path(sys.argv[1]), builders.run_info())
for n in range(95):
    sink.write(Painted(builders.result(of=builders.frame(n, media_time=n / 30))))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("name", ["out.mp4", "out.mkv"])
def test_a_kill_costs_less_than_a_second(name: str, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / name)], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    film = read(tmp_path / name)
    assert len(film.times) >= 95 - 30
    assert film.times == pytest.approx([n / 30 for n in range(len(film.times))], abs=1e-3)


FULL = """
import resource, sys
from pathlib import Path
from realtime.errors import SinkError
from realtime.drawing.painter import Painted
from realtime.sinks.video import VideoSink
from tests import builders
import numpy as np
from realtime.datatypes import Frame

resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
sink = VideoSink(Path(sys.argv[1]), builders.run_info())
noise = np.random.default_rng(0)
try:
    for n in range(200):
        image = noise.integers(0, 255, (120, 160, 3), np.uint8)
        sink.write(Painted(builders.result(of=Frame(image, n, 1.0, n / 30, "x"))))
    sink.close(builders.summary())
except SinkError as error:
    print(error)
    sink.close(builders.summary())
    sys.exit(error.exit_code)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits are set as Unix does")
def test_a_full_disk_is_one_line_and_keeps_the_written_part(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "out.mp4")], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert done.returncode == 5, done.stderr
    assert done.stdout.startswith(f"cannot write {tmp_path / 'out.mp4'}: ")
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


def test_an_output_that_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match=r"give a name that ends in \.mp4, \.m4v, \.mov, \.mkv"):
        VideoSink(tmp_path / "out.avi", builders.run_info())
    with pytest.raises(SinkError, match="the folder does not exist; create it first") as caught:
        VideoSink(tmp_path / "missing" / "out.mp4", builders.run_info())
    assert "\n" not in str(caught.value)


def test_an_image_the_encoder_refuses_is_one_line(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "out.mp4", builders.run_info())
    with pytest.raises(SinkError, match="cannot write"):
        sink.write(Painted(builders.result(of=builders.frame(size_wh=(40_000, 2), media_time=0.0))))
    sink.close(builders.summary())


# a real clip


@pytest.mark.clips
def test_a_real_clip_keeps_its_frames_and_times(clips: Path, tmp_path: Path) -> None:
    source = clips / "no_face.mp4"
    with av.open(str(source)) as file:
        frames = list(file.decode(video=0))
    times = [float(f.time) - float(frames[0].time) for f in frames]
    results = [
        builders.result(of=Frame(pixels(f), i, 1.0, t, source.name)) for i, (f, t) in enumerate(zip(frames, times, strict=True))
    ]
    info = builders.source_info(source.name, path=str(source), fps=23.67, frames=98)
    sink = VideoSink(tmp_path / "out.mp4", builders.run_info(info))
    for result in results:
        sink.write(Painted(result))
    sink.close(builders.summary())
    film = read(tmp_path / "out.mp4")
    assert film.times == pytest.approx(times, abs=1e-5)
    assert np.abs(film.images[50].astype(int) - results[50].frame.image).mean() < 4
    assert film.sound is not None
    assert (tmp_path / "out.mp4").stat().st_size < 4_000_000
