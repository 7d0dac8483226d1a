"""What people get wrong: each is one line that names the culprit and a remedy, an exit code, and nothing broken left behind."""

import hashlib
import json
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.labels import LABELS
from realtime.model import session
from realtime.model.session import CHECKSUMS
from realtime.sources.camera import CameraInfo
from tests import demo, program
from tests.commands import RunCommand
from tests.desk import Desk, refused
from tests.mjpeg_server import MjpegServer
from tests.tiny_models import write_left_right, write_linear
from tests.video_files import gray_levels, write_sound, write_video

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("nothing_left_behind")]


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path, capsys)


# sources


@dataclass(frozen=True)
class Bad:
    """Something that cannot be opened.

    Attributes:
        args: the command line.
        make: prepares it in the user's folder.
        culprit, remedy: what the line has to say.
    """

    args: str
    culprit: str
    remedy: str
    make: Callable[[Path], object] = lambda folder: None
    code: int = 3


def cut(folder: Path) -> None:
    """An MP4 whose index, at its end, is missing."""
    whole = write_video(folder / "whole.mp4", gray_levels(30))
    (folder / "cut.mp4").write_bytes(whole.read_bytes()[:-300])


def closed_port() -> int:
    """A port without a listener."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


BAD_SOURCES = {
    "no such video": Bad("--video nope.mp4", "nope.mp4", "check the name"),
    "no such file": Bad("--source nope.mp4", "nope.mp4", "check the name"),
    "no such image": Bad("--source nope.png", "nope.png", "check the name"),
    "a folder": Bad("--video sub", "sub", "use --source", lambda folder: (folder / "sub").mkdir(), code=2),
    "an empty folder": Bad("--source sub", "sub", "supported are", lambda folder: (folder / "sub").mkdir()),
    "a text file": Bad("--video a.txt", "a.txt", "give a video", lambda folder: (folder / "a.txt").write_text("words\n" * 99)),
    "a text file in disguise": Bad(
        "--video a.mp4", "a.mp4", "plays in another program", lambda folder: (folder / "a.mp4").write_text("words\n" * 99)
    ),
    "an empty file": Bad("--video a.mp4", "a.mp4", "to the end", lambda folder: (folder / "a.mp4").touch()),
    "a truncated video": Bad("--video cut.mp4", "cut.mp4", "complete", cut),
    "sound only": Bad("--video a.m4a", "a.m4a", "give a video", lambda folder: write_sound(folder / "a.m4a")),
    "a broken image": Bad("--source a.png", "a.png", "damaged", lambda folder: (folder / "a.png").write_bytes(b"\x89PNG")),
    "no such camera": Bad("--device 99", "camera 99", "--list-cameras"),
    "a negative camera": Bad("--device -1", "--device -1", "--list-cameras", code=2),
    "no known address": Bad("--source gopher://host/x", "gopher://", "use one of http"),
    "nobody there": Bad(f"--source http://127.0.0.1:{closed_port()}/v", "127.0.0.1", "check the address"),
    "a small face": Bad("--video clip.mp4 --min-face 9", "--min-face 9", "20 px", code=2),
    "no frames": Bad("--video clip.mp4 --max-frames 0", "--max-frames 0", "at least 1", code=2),
}


@pytest.mark.parametrize("bad", BAD_SOURCES.values(), ids=BAD_SOURCES.keys())
def test_a_source_that_cannot_be_opened(desk: Desk, bad: Bad) -> None:
    bad.make(desk.folder)
    desk.settle()
    done = desk.run(*bad.args.split(), "--jsonl", "out.jsonl", "--save", "out.mp4", "--csv", "out.csv")
    refused(done, bad.code, bad.culprit, bad.remedy)
    assert desk.made() == set()


def test_no_camera_to_list(desk: Desk) -> None:
    refused(desk.run("--list-cameras", load=RunCommand().load), 3, "no camera found", "plugged in")


def test_cameras_are_listed_as_they_are_asked_for(desk: Desk) -> None:
    command = RunCommand(cameras=[CameraInfo(2, "V4L2", 1280, 720, 29.97, 0.44)])
    done = desk.run("--list-cameras", load=command.load)
    assert (done.code, done.err) == (0, "")
    assert done.out.split() == ["--device", "2", "1280x720", "29.97", "fps", "V4L2", "opened", "in", "0.4", "s"]


def test_an_address_that_refuses(desk: Desk) -> None:
    with MjpegServer([]) as server:
        server.refuse()
        refused(desk.run("--source", server.url), 3, server.url, "check the address")


def test_an_address_that_never_answers(desk: Desk) -> None:
    with MjpegServer([], silent=True) as server:
        refused(desk.run("--source", server.url, "--timeout", "1"), 3, "within 1 s", "check the address")


def test_a_video_cut_in_its_middle_is_used_up_to_there(desk: Desk) -> None:
    clip = write_video(desk.folder / "a.mp4", gray_levels(60), options={"movflags": "faststart"})
    clip.write_bytes(clip.read_bytes()[: -clip.stat().st_size // 3])
    done = desk.run("--video", clip, "--jsonl", "out.jsonl", "--save", "out.mp4")
    assert done.code == 3
    (line,) = done.complaints
    assert re.search(r"a\.mp4 ends early, after \d+ frames .* fetch it again", line)
    frames = program.frames(desk.folder / "out.jsonl")
    assert 10 < len(frames) < 60
    assert program.rows(desk.folder / "out.jsonl")[-1]["frames"] == len(frames)
    assert len(program.watch(desk.folder / "out.mp4").times_s) == len(frames)


def test_a_bad_image_in_a_folder_is_named_and_skipped(desk: Desk) -> None:
    (desk.folder / "faces").mkdir()
    for name in ("1.png", "3.png"):
        cv2.imwrite(str(desk.folder / "faces" / name), np.full((40, 40, 3), 99, np.uint8))
    (desk.folder / "faces" / "2.png").write_text("no image")
    done = desk.run("--source", "faces", "--jsonl", "out.jsonl")
    assert (done.code, done.complaints) == (0, [])
    assert "2.png cannot be read as an image" in done.err
    assert [row["source"] for row in program.frames(desk.folder / "out.jsonl")] == ["1.png", "3.png"]


# models


def no_metadata(path: Path) -> None:
    write_linear(path, np.zeros((2304, 8), np.float32), np.zeros(8, np.float32), metadata={})


def other_metadata(path: Path) -> None:
    write_linear(path, np.zeros((2304, 8), np.float32), np.zeros(8, np.float32), metadata={"fer.spec": "{}"})


def other_shape(path: Path) -> None:
    write_linear(path, np.zeros((2304, 3), np.float32), np.zeros(3, np.float32))


def wrong_checksum(path: Path) -> None:
    write_left_right(path)
    (path.parent / CHECKSUMS).write_text(f"{hashlib.sha256(b'other').hexdigest()}  {path.name}\n")


def damaged(path: Path) -> None:
    write_left_right(path)
    path.write_bytes(path.read_bytes()[:5000])


BAD_MODELS: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "missing": (lambda path: None, "no such weights file", "or the path of an .onnx file"),
    "a folder": (lambda path: path.mkdir(), "no such weights file", "or the path of an .onnx file"),
    "text": (lambda path: path.write_text("words"), "cannot be loaded by onnxruntime", "fetch it again"),
    "damaged": (damaged, "cannot be loaded by onnxruntime", "fetch it again"),
    "wrong checksum": (wrong_checksum, "not the file that SHA256SUMS names", "fetch it again"),
    "no metadata": (no_metadata, "no fer.spec metadata", "train.export"),
    "other metadata": (other_metadata, "fer.spec metadata cannot be read", "export it with train.export"),
    "other shape": (other_shape, "has shapes", "train.export"),
}


@pytest.mark.parametrize(("make", "says", "remedy"), BAD_MODELS.values(), ids=BAD_MODELS.keys())
def test_a_model_that_cannot_be_used(desk: Desk, make: Callable[[Path], object], says: str, remedy: str) -> None:
    make(desk.folder / "net.onnx")
    desk.settle()
    done = desk.run("--video", "clip.mp4", "--model", "net.onnx", "--save", "out.mp4")
    refused(done, 4, says, remedy)
    assert desk.made() == set()


# images that are unlike a webcam's


@pytest.mark.parametrize("provider", sorted({"cuda", "coreml", "dml"} - set(session.installed())))
def test_a_provider_that_is_not_installed(desk: Desk, provider: str) -> None:
    done = desk.run("--video", desk.clip, "--jsonl", "-", "--provider", provider)
    refused(done, 4, f"--provider {provider}: the onnxruntime ", "pip install")
    assert desk.made() == set()


def test_a_provider_that_is_named_is_in_the_header(desk: Desk) -> None:
    for arguments, asked in (((), "auto"), (("--provider", "cpu"), "cpu")):
        done = desk.run("--video", desk.clip, "--jsonl", "-", "--max-frames", "1", *arguments)
        header = json.loads(done.out.splitlines()[0])
        assert (header["provider"], header["provider_asked"]) == ("cpu", asked)


def noise(*shape: int, dtype: type = np.uint8) -> NDArray[np.generic]:
    return np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, dtype)


IMAGES = {
    "gray": noise(120, 160),
    "16-bit": noise(120, 160, 3, dtype=np.uint16),
    "16-bit gray": noise(120, 160, dtype=np.uint16),
    "transparent": noise(120, 160, 4),
    "odd": noise(121, 163, 3),
    "1x1": noise(1, 1, 3),
    "one line": noise(1, 400, 3),
    "one column": noise(400, 1, 3),
    "portrait": noise(640, 360, 3),
    "8K": np.full((4320, 7680, 3), 128, np.uint8),
}


@pytest.mark.parametrize("image", IMAGES.values(), ids=IMAGES.keys())
def test_an_image_unlike_a_webcams(desk: Desk, image: NDArray[np.generic]) -> None:
    cv2.imwrite(str(desk.folder / "a.png"), np.asarray(image))
    done = desk.run("--source", "a.png", "--jsonl", "out.jsonl", "--save", "out.png", "--csv", "out.csv")
    assert (done.code, done.complaints) == (0, [])
    header, frame, summary = program.rows(desk.folder / "out.jsonl")
    height, width = image.shape[:2]
    assert (header["size"], frame["source"], summary["frames"]) == ([width, height], "a.png", 1)
    saved = cv2.imread(str(desk.folder / "out.png"), cv2.IMREAD_UNCHANGED)
    assert saved is not None
    assert saved.shape == (height, width, 3)
    assert saved.dtype == np.uint8


@pytest.mark.parametrize("size_wh", [(163, 121), (2, 2), (90, 160)], ids=str)
def test_a_video_unlike_a_webcams(desk: Desk, size_wh: tuple[int, int]) -> None:
    clip = write_video(desk.folder / "a.avi", gray_levels(5), codec="ffv1", pix_fmt="bgr0", size_wh=size_wh)
    done = desk.run("--video", clip, "--jsonl", "out.jsonl", "--save", "out.mp4")
    assert (done.code, done.complaints) == (0, [])
    video = program.watch(desk.folder / "out.mp4")
    assert (video.size_wh, len(video.times_s)) == (tuple(n + n % 2 for n in size_wh), 5)
    assert len(program.frames(desk.folder / "out.jsonl")) == 5


def test_a_frame_with_sixty_faces(desk: Desk) -> None:
    shot = demo.demo_frame(0)
    x1, y1, x2, y2 = shot.boxes_xyxy[0].round().astype(int)
    margin = (x2 - x1) // 3
    one = cv2.resize(shot.image[y1 - margin : y2 + margin, x1 - margin : x2 + margin], (120, 120), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(desk.folder / "crowd.png"), np.tile(one, (6, 10, 1)))
    done = desk.run(
        "--source", "crowd.png", "--jsonl", "out.jsonl", "--save", "out.png", "--min-face", "50", "--csv", "out.csv"
    )
    assert (done.code, done.complaints) == (0, [])
    (frame,) = program.frames(desk.folder / "out.jsonl")
    cells = {(int(x + w / 2) // 120, int(y + h / 2) // 120) for x, y, w, h in (face["box"] for face in frame["faces"])}
    assert cells == {(column, row) for column in range(10) for row in range(6)}
    assert sorted(face["id"] for face in frame["faces"]) == list(range(1, 61))
    assert all(set(face["probs"]) == set(LABELS) for face in frame["faces"])
    assert len((desk.folder / "out.csv").read_text("utf-8").splitlines()) == 61
