"""Profiles made in the course of a run, at the press of a key; and what is done with them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from realtime import Config, Recognizer
from realtime.calibrate import Calibrator, Maker
from realtime.datatypes import Frame, SourceInfo
from realtime.errors import ConfigError
from realtime.labels import LABELS
from realtime.model.classifier import Classifier
from realtime.neutral import profiles
from realtime.neutral.profile import Profile, Reading
from realtime.sources.feed import DirectFeed
from realtime.views.base import Action
from tests import program
from tests.demo import demo_frame
from tests.fakes import FakeSource
from tests.studio import Album, FakeWindow, Studio
from tests.tiny_models import write_left_right, write_sad_at_rest

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
BOX = (10.0, 10.0, 110.0, 110.0)
FPS = 30


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder for profiles."""
    monkeypatch.setenv(profiles.VARIABLE, str(tmp_path / "profiles"))
    return tmp_path / "profiles"


class Portrait(FakeSource):
    """A clip of one striped face, which the network of the test reads as sad at rest."""

    def __init__(self, frames: int) -> None:
        super().__init__(range(frames), live=False)
        self.info = SourceInfo("portrait.mp4", False, True, 120, 120, float(FPS), frames)
        self._image = np.full((120, 120, 3), 100, np.uint8)
        self._image[10:110, 10:110] = np.where(np.arange(100)[:, np.newaxis, np.newaxis] // 6 % 2, 180, 100)

    def read(self) -> Frame | None:
        frame = super().read()
        if frame is None:
            return None
        return replace(frame, image=self._image.copy(), captured_at=frame.index / FPS, media_time=frame.index / FPS)


class Hasty(FakeWindow):
    """A window that does not hold a clip to its own speed."""

    paced = False


@pytest.fixture
def studio(tmp_path: Path, folder: Path) -> Studio:
    """Runs with a window in front of one still face; calibrations take one second of it."""
    studio = Studio(tmp_path)
    studio.window = Hasty()
    studio.watcher.boxes = [BOX]
    studio.openers = replace(studio.openers, calibrator=quick)
    return studio


def quick(maker: Maker, config: Config, source: SourceInfo) -> Calibrator:
    return Calibrator(
        replace(maker, utc=lambda: NOW), config.reading.profile, overwrite=config.output.overwrite, ready_s=0, seconds=1
    )


def calibrated(studio: Studio, frames: int = 60, keys: dict[int, list[Action | None]] | None = None, **options: object) -> None:
    studio.window.keys = {10: [Action.CALIBRATE]} if keys is None else dict(keys)  # type: ignore[arg-type]
    options = {"model": str(write_sad_at_rest(studio.folder / "sad.onnx")), "smoothing_s": 0.0, "display": True} | options
    assert studio.run(DirectFeed(Portrait(frames)), **options) == 0


def rows(studio: Studio) -> Iterator[tuple[int, str, str | None]]:
    for frame in program.frames(studio.jsonl):
        for face in frame["faces"]:
            yield frame["frame"], face["label"], face["profile"]


def test_the_key_makes_a_profile_and_uses_it_from_the_next_frame_on(studio: Studio, folder: Path) -> None:
    calibrated(studio)
    name = "neutral-20260131-120000"
    assert [path.name for path in folder.iterdir()] == [f"{name}.json"]
    lines = program.rows(studio.jsonl)
    (marker,) = [line for line in lines if line["type"] == "marker"]
    assert (marker["name"], marker["by"]) == (f"calibrated: {name}", "calibration")
    for index, label, profile in rows(studio):
        later = index > marker["frame"]
        assert (label, profile) == (("neutral", name) if later else ("sadness", None))
    for frame in program.frames(studio.jsonl)[10:]:
        assert frame["faces"][0]["raw"]["sadness"] > 0.5  # what the network said
    assert marker["frame"] == 41  # the key at frame 10, then one second
    hud = studio.window.huds[-1]
    assert hud.profile == name
    assert f"calibrated: {name}; corrected: sadness by 1.30" in hud.notices


def test_the_window_counts_down(studio: Studio) -> None:
    calibrated(studio)
    said = dict.fromkeys(hud.calibrating for hud in studio.window.huds)
    assert list(said) == ["", "calibrating: waiting for a face", "calibrating: rest your face: 1 s"]
    assert studio.window.huds[-1].calibrating == ""


def test_the_key_again_gives_up(studio: Studio, folder: Path) -> None:
    calibrated(studio, keys={10: [Action.CALIBRATE], 20: [Action.CALIBRATE]})
    assert not folder.exists()
    assert studio.window.huds[-1].notices[-1] == "calibration cancelled"
    assert {profile for _, _, profile in rows(studio)} == {None}


def test_the_name_is_that_of_the_run_and_nothing_is_overwritten(studio: Studio, folder: Path) -> None:
    calibrated(studio)
    first = folder / "neutral-20260131-120000.json"
    first.rename(folder / "anna.json")
    before = (folder / "anna.json").read_text()
    calibrated(studio, profile="anna", overwrite=False, jsonl=str(studio.folder / "second.jsonl"))
    assert sorted(path.stem for path in folder.iterdir()) == ["anna", "anna-2"]
    assert (folder / "anna.json").read_text() == before
    assert studio.window.huds[-1].profile == "anna-2"
    studio.jsonl.unlink()
    calibrated(studio, profile="anna", overwrite=True)
    assert sorted(path.stem for path in folder.iterdir()) == ["anna", "anna-2"]
    # the new one was made from what the network said, not from what the old one made of it
    assert profiles.load("anna").correction == pytest.approx({"sadness": 1.3}, abs=1e-3)


def test_a_refusal_is_a_notice_and_the_run_goes_on(studio: Studio, folder: Path) -> None:
    def move(number: int) -> None:
        x = 10.0 if number < 25 else 35.0
        studio.watcher.boxes = [(x, 10.0, x + 60, 70.0)]

    studio.watcher.seen = move
    calibrated(studio)
    assert "not calibrated: the face moved; hold it still and try again" in studio.window.huds[-1].notices
    assert not folder.exists()
    assert len(program.frames(studio.jsonl)) == 60


def test_a_profile_that_cannot_be_written_is_a_notice(studio: Studio, folder: Path) -> None:
    folder.write_text("a file in the place of the folder")
    calibrated(studio)
    assert any(text.startswith("not calibrated: ") and "cannot be written" in text for text in studio.window.huds[-1].notices)


def test_images_are_refused(studio: Studio) -> None:
    studio.window.keys = {0: [Action.CALIBRATE]}
    assert studio.run(DirectFeed(Album(1)), display=True) == 0
    assert "no calibration: it needs a camera or a video" in studio.window.huds[-1].notices


def test_a_session_says_what_was_applied(studio: Studio, folder: Path) -> None:
    calibrated(studio)
    (folder / "neutral-20260131-120000.json").rename(folder / "anna.json")
    calibrated(studio, keys={}, profile="anna", jsonl=None, session=studio.folder / "P07", display=False)
    about = json.loads((studio.folder / "P07" / "session.json").read_text())["run"]
    assert about["settings"]["profile"] == "anna"
    assert about["correction"] == {"sadness": pytest.approx(1.3, abs=1e-3)}
    table = (studio.folder / "P07" / "faces.csv").read_text().splitlines()
    column = table[0].split(",").index("profile")
    assert {row.split(",")[column] for row in table[10:]} == {"anna"}


# from Python


@pytest.fixture
def anna(tmp_path: Path, folder: Path) -> tuple[str, Profile]:
    """A network, and a profile made with it, called anna."""
    model = str(write_sad_at_rest(tmp_path / "sad.onnx"))
    network = Classifier.load(model)
    resting = [0.0 if label == "neutral" else 0.3 if label == "sadness" else -5.0 for label in LABELS]
    reading = Reading(LABELS, tuple(resting), (0.0,) * len(LABELS), 150, 5.0, 120.0)
    made = Maker.of(Config(), network).make("anna", reading)
    profiles.save("anna", made)
    return model, made


def test_recognizer_and_sessions_use_it(anna: tuple[str, Profile]) -> None:
    model, made = anna
    image = demo_frame(20).image
    with Recognizer(config=Config.of(model=model, profile="anna")) as recognizer, recognizer.session() as session:
        pushed = [session.push(image, at=i / 30) for i in range(8)][-1]
        for result in (recognizer.process(image), pushed):
            (face,) = result.faces
            assert (face.label, face.profile) == ("neutral", "anna")
            assert face.raw is not None
            assert LABELS[face.raw.argmax()] == "sadness"
            np.testing.assert_allclose(face.probs, made.correct(face.raw), atol=1e-6)
        assert recognizer.classify([image]).names() == ("sadness",)


def test_a_stream_uses_it_and_another_network_is_refused(anna: tuple[str, Profile], tmp_path: Path) -> None:
    model, _ = anna
    config = Config.of(model=model, profile="anna", max_frames=20, source="demo")
    with Recognizer(config=config) as recognizer:
        assert {face.profile for result in recognizer.stream() for face in result.faces} == {"anna"}
    with pytest.raises(ConfigError, match=r"profile anna: it was made with another network, sad\.onnx"):
        Recognizer(config=Config.of(model=str(write_left_right(tmp_path / "other.onnx")), profile="anna"))
