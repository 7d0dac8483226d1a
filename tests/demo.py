"""The demo clip for tests: its frames and its ground truth."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from tests.conftest import ROOT

CLIP = ROOT / "realtime" / "assets" / "demo.mp4"
TRUTH = ROOT / "realtime" / "assets" / "demo.csv"


@dataclass(frozen=True)
class TrueFace:
    """The true face of one person in one frame."""

    frame: int
    id: int
    box_xyxy: tuple[float, float, float, float]
    expression: str
    apex: bool


@dataclass(frozen=True, eq=False)
class Shot:
    """A frame, uint8 (480,640,3), and its true boxes, float32 (n,4)."""

    image: NDArray[np.uint8]
    boxes_xyxy: NDArray[np.float32]


@cache
def truth() -> tuple[TrueFace, ...]:
    """All faces of all frames."""
    with TRUTH.open(encoding="utf-8", newline="") as file:
        return tuple(
            TrueFace(
                frame=int(row["frame"]),
                id=int(row["id"]),
                box_xyxy=(float(row["x1"]), float(row["y1"]), float(row["x2"]), float(row["y2"])),
                expression=row["expression"],
                apex=row["apex"] == "1",
            )
            for row in csv.DictReader(file)
        )


def frames() -> Iterator[NDArray[np.uint8]]:
    """All frames of the clip, uint8 (480,640,3)."""
    capture = cv2.VideoCapture(str(CLIP))
    try:
        while (got := capture.read())[0]:
            yield np.asarray(got[1], dtype=np.uint8)
    finally:
        capture.release()


def demo_frame(index: int) -> Shot:
    """One frame of the clip with its truth."""
    image = next(islice(frames(), index, None))
    boxes = [face.box_xyxy for face in truth() if face.frame == index]
    return Shot(image, np.array(boxes, np.float32).reshape(-1, 4))


def write_clip(path: Path, first: int, count: int, size_wh: tuple[int, int] = (640, 480), fps: int = 30) -> Path:
    """A video of consecutive frames of the clip."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height = size_wh
        stream.pix_fmt = "yuv420p"
        for number, image in enumerate(islice(frames(), first, first + count)):
            frame = av.VideoFrame.from_ndarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA), format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_images(folder: Path, indices: tuple[int, ...]) -> Path:
    """Some frames of the clip as PNG."""
    folder.mkdir(parents=True)
    for index in indices:
        cv2.imwrite(str(folder / f"{index:04}.png"), demo_frame(index).image)
    return folder
