"""What a page may do with the session of its own camera: calibrate on a face, and hide faces in what is recorded."""

from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed

from realtime.config import Config
from realtime.neutral import profiles
from realtime.records import FrameRecord, Marker, records
from realtime.sources import open_source
from realtime.views.web import wire
from tests import demo
from tests.tiny_models import write_sad_at_rest
from tests.video_files import read_all
from tests.web_client import Socket, stage

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("nothing_left_behind")]

SIZE_WH = (640, 480)
FACE = 85
"""A frame of the demo clip with one face."""


def send(socket: Socket, first: int, count: int, every_s: float = 1 / 30) -> list[dict[str, object]]:
    """Frames of a camera that shows one image of the demo clip; returns the faces of the last."""
    image = wire.encode(demo.demo_frame(FACE).image)
    faces: list[dict[str, object]] = []
    for index in range(first, first + count):
        socket.frame(index, image, SIZE_WH, 1000 + index * every_s)
        faces = socket.next("frame")["faces"]
    return faces


def test_a_camera_is_calibrated_and_the_profile_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(profiles.VARIABLE, str(tmp_path / "profiles"))
    with (
        stage(tmp_path, network=write_sad_at_rest, source="browser", session=tmp_path / "P", smoothing_s=0.0) as on,
        on.browser().camera() as socket,
    ):
        socket.send(type="record", on=True)
        before = send(socket, 0, 30)[0]
        assert (before["label"], before["profile"]) == ("sadness", None)
        socket.send(type="action", action="calibrate")
        assert "calibrating" in socket.until("status", lambda status: status["calibrating"])["calibrating"]
        after = send(socket, 30, 240)[0]
        assert socket.until("status", lambda status: status["profile"])["calibrating"] == ""
        (made,) = (tmp_path / "profiles").iterdir()
        assert (after["label"], after["profile"]) == ("neutral", made.stem)
    on.view.close()
    markers = [row for row in records(tmp_path / "P" / "frames.jsonl") if isinstance(row, Marker)]
    assert [(row.name, row.by) for row in markers] == [(f"calibrated: {made.stem}", "calibration")]


def test_the_key_again_gives_up(tmp_path: Path) -> None:
    with stage(tmp_path, network=write_sad_at_rest, source="browser") as on, on.browser().camera() as socket:
        send(socket, 0, 2)
        for wanted in ("calibrating", ""):
            socket.send(type="action", action="calibrate")
            assert socket.until("status", lambda status, wanted=wanted: bool(status["calibrating"]) == bool(wanted))


def test_a_flood_of_actions_closes_the_connection(tmp_path: Path) -> None:
    with stage(tmp_path, source="browser") as on:
        with on.browser().camera() as socket, suppress(ConnectionClosed):
            for _ in range(50_000):
                socket.send(type="action", action="lesson")
            pytest.fail("it takes everything")
        assert socket.connection.close_code == 4408
        with on.browser().camera() as socket:
            assert len(send(socket, 0, 30)) == 1


def test_hidden_faces_are_hidden_in_the_recorded_video(tmp_path: Path) -> None:
    with (
        stage(tmp_path, source="browser", session=tmp_path / "P", save=Path()) as on,
        on.browser().camera() as socket,
    ):
        assert "blur" in socket.next("hello")["can"]
        socket.send(type="record", on=True)
        send(socket, 0, 30)
        socket.send(type="action", action="blur")
        assert socket.until("status", lambda status: status["blur"])
        send(socket, 30, 5)
    on.view.close()
    rows = [row for row in records(tmp_path / "P" / "frames.jsonl") if isinstance(row, FrameRecord)]
    x, y, w, h = (round(value) for value in rows[-1].faces[0].box_xywh)
    with closing(open_source(Config.of(source=str(tmp_path / "P" / "video.mp4")).source)) as video:
        shown, *_, hidden = (frame.image[y + h // 4 : y + 3 * h // 4, x + w // 4 : x + 3 * w // 4] for frame in read_all(video))

    def detail(face: np.ndarray) -> float:
        return float(np.abs(np.diff(face.astype(int), axis=1)).mean())

    assert detail(hidden) < 0.6 * detail(shown)


@pytest.mark.parametrize(("settings", "missing"), [({"blur": True}, "blur"), ({"numbers_only": True}, "lesson")])
def test_what_makes_no_sense_is_not_offered(settings: dict[str, bool], missing: str, tmp_path: Path) -> None:
    with stage(tmp_path, source="browser", **settings) as on, on.browser().camera() as socket:
        hello = socket.next("hello")
        assert missing not in hello["can"]
        assert hello["settings"]["blur"] is settings.get("blur", False)
