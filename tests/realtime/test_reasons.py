"""Why a face is poor or uncertain, in the data and in the image: faces of the demo clip, made small, dark, flat, blurred,
turned, covered or mixed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from pathlib import Path

import av
import cv2
import jsonschema
import numpy as np
import pytest
from cv2.typing import MatLike
from numpy.typing import NDArray

from realtime.config import Config
from realtime.datatypes import Summary
from realtime.drawing import overlay
from realtime.drawing.hud import Status
from realtime.drawing.painter import Painted
from realtime.labels import UNCERTAIN
from realtime.run import Openers, run
from realtime.views.base import Action
from tests import demo, program
from tests.recorded import schema

Image = NDArray[np.uint8]

CALM = 20
"""Frames before the first change: the face is found, and its label has settled."""

MIDDLE_X = 320
"""Column of the middle of the face, which is 196 px wide and hardly moves in these frames."""

SAD = 253
"""A frame of the clip in which the same face is sad."""


@dataclass(frozen=True)
class Change:
    """A change of the image from a frame on.

    Attributes:
        reason: what the program should say.
        of: the image and the number of changed frames before it -> the changed image.
        after: frames that are left as they are.
        frames: how long the clip is.
        min_face: pixels; 0 is the default.
    """

    reason: str
    of: Callable[[Image, int], MatLike]
    after: int = CALM
    frames: int = 40
    min_face: int = 0


def small(image: Image, step: int) -> MatLike:
    face = cv2.resize(image, None, fx=0.12, fy=0.12, interpolation=cv2.INTER_AREA)
    wall = np.full_like(image, image[:20].mean(axis=(0, 1)).astype(np.uint8))
    wall[200 : 200 + face.shape[0], 280 : 280 + face.shape[1]] = face
    return wall


def narrow(image: Image, step: int) -> MatLike:
    """As narrow as a head that turns away."""
    width = max(0.42, 1 - 0.03 * step)
    move = np.array([[width, 0, MIDDLE_X * (1 - width)], [0, 1, 0]])
    return cv2.warpAffine(image, move, (image.shape[1], image.shape[0]), borderMode=cv2.BORDER_REPLICATE)


def covered(image: Image, top: int, bottom: int) -> MatLike:
    """Something smooth in front of the face, with the noise of a camera."""
    noise = np.random.default_rng(0).normal(0, 6, (bottom - top, 196, 1))
    result = image.copy()
    result[top:bottom, 222:418] = np.clip(np.array((110, 140, 190)) + noise, 0, 255).astype(np.uint8)
    return result


@cache
def sad() -> Image:
    return demo.demo_frame(SAD).image


CHANGES = {
    "small": Change("small", small, after=0, frames=20, min_face=20),
    "dark": Change("dark", lambda image, step: (image * 0.12).astype(np.uint8)),
    "flat": Change("low contrast", lambda image, step: (image * 0.12 + 130).astype(np.uint8)),
    "blurred": Change("blurred", lambda image, step: cv2.GaussianBlur(image, (0, 0), 15)),
    "turned": Change("turned away", narrow, frames=60),
    "mouth covered": Change("covered", lambda image, step: covered(image, 240, 340)),
    "eyes covered": Change("covered", lambda image, step: covered(image, 150, 235)),
    "mixed": Change(
        "between neutral and sadness", lambda image, step: cv2.addWeighted(image, 0.5, sad(), 0.5, 0), after=0, frames=20
    ),
}


class Gallery:
    """A view that keeps what it was shown."""

    paced = False

    def __init__(self) -> None:
        self.shown: list[Painted] = []

    def due(self) -> bool:
        return True

    def show(self, painted: Painted, status: Status) -> None:
        self.shown.append(painted)

    def poll(self, wait_ms: int) -> Action | None:
        return None

    def notice(self, text: str) -> None: ...
    def finish(self, summary: Summary, paths: Sequence[Path]) -> None: ...
    def close(self) -> None: ...


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_the_reason_is_in_the_data_and_in_the_image(change: Change, tmp_path: Path) -> None:
    gallery = Gallery()
    config = Config.of(
        source=str(clip(tmp_path / "clip.avi", change)),
        model="fast",
        jsonl=str(tmp_path / "out.jsonl"),
        min_face=change.min_face,
        display=True,
    )
    assert run(config, Openers(window=lambda title, mirror, markers: gallery)) == 0
    frames = program.frames(tmp_path / "out.jsonl")
    validator = jsonschema.Draft202012Validator(schema())
    assert [error.message for frame in frames for error in validator.iter_errors(frame)] == []
    said = [(frame["frame"], face) for frame in frames for face in frame["faces"] if face["reason"] == change.reason]
    assert all(number >= change.after for number, _ in said)
    assert len(said) >= 5
    number, face = said[-1]
    (painted,) = (each for each in gallery.shown if each.result.frame.index == number)
    assert [shown.reason for shown in painted.result.faces] == [change.reason]
    without = overlay.draw(replace(painted.result, faces=tuple(replace(f, reason=None) for f in painted.result.faces)))
    assert not np.array_equal(painted.image, without)
    (shown,) = painted.result.faces
    assert (face["label"] == UNCERTAIN) == shown.caption.endswith(f": {change.reason}")
    assert {face["reason"] for frame in frames[10 : change.after] for face in frame["faces"]} <= {None}
    others = {face["reason"] for frame in frames for face in frame["faces"]} - {None, change.reason}
    assert all(reason.startswith("between ") for reason in others)  # a dark face is not turned away


def clip(path: Path, change: Change) -> Path:
    """The beginning of the demo clip with a change, without loss."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=30)
        stream.width, stream.height, stream.pix_fmt = 640, 480, "bgr0"
        still = list(islice(demo.frames(), CALM))
        for number in range(change.frames):
            image = still[min(number, CALM - 1)]
            if number >= change.after:
                image = np.asarray(change.of(image, number - change.after), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))
    return path
