"""python -m train.demo_clip --data ckplus48.zip --images fer2013.csv.xz --votes fer2013new.csv --out realtime/assets

Renders demo.mp4, the clip of `fer-cam --demo`, and demo.csv, its ground truth. Each face is the mean of 54 to 283 images of
many people (train.demo.average_faces); no single image is in the clip or can be recovered from it.
"""

import argparse
import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from realtime.errors import FerError, SinkError
from train.data import ckplus, fer2013
from train.demo.average_faces import SIDE, Average, expressions, neutral
from train.demo.portrait import LEFT, TOP, Look, Morph, draw
from train.failed import failed

FRAME_WH = (640, 480)
FPS = 30
RAMP_S, HOLD_S, REST_S = 0.75, 1.15, 0.6
"""Seconds. A posed expression takes 0.5 to 1 s to build up; REST_S is the neutral face before the next one."""

NEUTRAL = "neutral"
ORDER = ("happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Pose:
    """One expression: rises from `start_s` for RAMP_S, is held for `hold_s`, and falls again."""

    expression: str
    start_s: float
    hold_s: float

    def intensity(self, t: float) -> float:
        """0 (neutral) to 1 (full) at a time in seconds."""
        into, left = t - self.start_s, self.start_s + 2 * RAMP_S + self.hold_s - t
        share = float(np.clip(min(into, left) / RAMP_S, 0, 1))
        return share * share * (3 - 2 * share)


@dataclass(frozen=True)
class Actor:
    """One person in the clip: appearance, expressions and motion.

    Attributes:
        id: from 1.
        look: hair, skin, shirt.
        poses: in order, not overlapping.
        centre_x, centre_y, side_px: of the face's square, as (seconds, value) points, interpolated smoothly.
        sway: slow head motion: tilt in degrees, period in seconds, drift in pixels.
    """

    id: int
    look: Look
    poses: tuple[Pose, ...]
    centre_x: Points
    centre_y: Points
    side_px: Points
    sway: tuple[float, float, float]

    def placement(self, t: float) -> tuple[float, float, float, float]:
        """Centre x, centre y, side in pixels and tilt in degrees at a time in seconds."""
        degrees, period_s, drift_px = self.sway
        turn = 2 * np.pi * t / period_s
        return (
            _smooth(self.centre_x, t) + drift_px * float(np.sin(turn)),
            _smooth(self.centre_y, t) + drift_px / 3 * float(np.sin(2.3 * turn + 1)),
            _smooth(self.side_px, t),
            degrees * float(np.sin(turn + 0.5)),
        )

    def pose(self, t: float) -> Pose | None:
        """The expression at a time, while its intensity is above 0; None while neutral."""
        return next((pose for pose in self.poses if pose.intensity(t) > 0), None)


@dataclass(frozen=True)
class Truth:
    """One face in one frame: a row of demo.csv.

    Attributes:
        frame: from 0.
        id: of the person, from 1.
        x1, y1, x2, y2: the upright square of the 48x48 crop, pixels, fully inside the frame.
        expression: the current one, or neutral.
        intensity: 0 (neutral) to 1 (full).
        apex: 1 while the expression, or neutral, is at full intensity; 0 in transition.
    """

    frame: int
    id: int
    x1: float
    y1: float
    x2: float
    y2: float
    expression: str
    intensity: float
    apex: int


def cast() -> tuple[Actor, ...]:
    """The actors: one is visible throughout and shows all seven expressions, one passes by."""
    step = 2 * RAMP_S + HOLD_S + REST_S
    poses = tuple(Pose(expression, 1.0 + i * step, HOLD_S) for i, expression in enumerate(ORDER))
    first = Actor(
        1,
        Look(skin=(0.80, 0.95, 1.175), hair=(38, 46, 62), shirt=(122, 104, 58)),
        poses,
        centre_x=((0, 320), (9.0, 320), (10.6, 215), (17.6, 215), (19.4, 320)),
        centre_y=((0, 222), (4, 226), (8, 216), (12, 228), (16, 220), (20, 224)),
        side_px=((0, 196), (3.5, 222), (7.5, 190), (10.6, 172), (14, 186), (17.6, 172), (21, 214), (24, 196)),
        sway=(6.5, 5.2, 9.0),
    )
    second = Actor(
        2,
        Look(skin=(0.83, 0.96, 1.144), hair=(40, 66, 104), shirt=(72, 84, 150), mirrored=True, long_hair=False),
        (Pose("happiness", 12.2, 2.2),),
        centre_x=((9.4, 860), (11.2, 468), (16.0, 462), (18.0, 860)),
        centre_y=((9.4, 262), (13, 250), (18, 262)),
        side_px=((9.4, 140), (13, 150), (18, 140)),
        sway=(5.0, 4.1, 5.0),
    )
    return first, second


def duration_s(actors: tuple[Actor, ...]) -> float:
    """Length of the clip: one second beyond the end of the last expression."""
    return max(pose.start_s + 2 * RAMP_S + pose.hold_s for actor in actors for pose in actor.poses) + 1.0


def render(
    faces: dict[str, Average], actors: tuple[Actor, ...], seconds: float
) -> Iterator[tuple[NDArray[np.uint8], tuple[Truth, ...]]]:
    """Every frame, uint8 (480,640,3), BGR, with its truth."""
    morphs = {name: Morph(faces[NEUTRAL], face) for name, face in faces.items() if name != NEUTRAL}
    room = _room()
    for frame in range(round(seconds * FPS)):
        t = frame / FPS
        image = room.copy()
        rows = []
        for actor in actors:
            pose = actor.pose(t)
            share = 0.0 if pose is None else pose.intensity(t)
            gray, skin = morphs[pose.expression if pose else ORDER[0]].at(share)
            _place(image, *draw(gray, skin, actor.look), actor.placement(t))
            centre_x, centre_y, side, _ = actor.placement(t)
            box = (centre_x - side / 2, centre_y - side / 2, centre_x + side / 2, centre_y + side / 2)
            if min(box) >= 0 and box[2] <= FRAME_WH[0] and box[3] <= FRAME_WH[1]:
                name = NEUTRAL if pose is None else pose.expression
                rows.append(Truth(frame, actor.id, *box, name, share, int(share in (0.0, 1.0))))
        yield np.clip(np.rint(image), 0, 255).astype(np.uint8), tuple(rows)


def write(frames: Iterator[tuple[NDArray[np.uint8], tuple[Truth, ...]]], folder: Path) -> None:
    """Writes folder/demo.mp4 (H.264) and folder/demo.csv.

    Raises:
        SinkError: they cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (
            av.open(str(folder / "demo.mp4"), "w", options={"movflags": "+faststart"}) as container,
            (folder / "demo.csv").open("w", newline="", encoding="utf-8") as file,
        ):
            # veryslow: the clip is encoded once
            stream = container.add_stream("libx264", rate=FPS, options={"crf": "20", "preset": "veryslow"})
            stream.width, stream.height = FRAME_WH
            stream.pix_fmt = "yuv420p"
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(Truth.__dataclass_fields__)
            for image, truths in frames:
                for packet in stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")):
                    container.mux(packet)
                rows.writerows(_row(truth) for truth in truths)
            for packet in stream.encode(None):
                container.mux(packet)
    except (OSError, av.FFmpegError) as error:
        raise SinkError(f"{folder}: cannot write the clip ({error}); give another --out") from error


def main(argv: list[str] | None = None, actors: tuple[Actor, ...] | None = None) -> int:
    """Renders the clip with these actors, by default those of `cast`; returns the exit code."""
    args = _parser().parse_args(argv)
    console = Console(stderr=True)
    try:
        means = [
            neutral(fer2013.load_ferplus(args.pictures, args.votes, "Training")),
            *expressions(ckplus.load_ckplus(args.data)),
        ]
        for mean in means:
            console.print(f"{mean.label}: mean of {mean.count} images", highlight=False)
        actors = actors or cast()
        write(render({mean.label: mean.image for mean in means}, actors, duration_s(actors)), args.out)
    except FerError as error:
        return failed("demo_clip", error, console)
    return 0


def _place(
    frame: NDArray[np.float32], portrait: NDArray[np.float32], opacity: NDArray[np.float32], placement: tuple[float, ...]
) -> None:
    """Draws a portrait into a frame, with the face's square at the given centre, side and tilt."""
    centre_x, centre_y, side, tilt_deg = placement
    middle = (LEFT + SIDE / 2, TOP + SIDE / 2)
    matrix = np.asarray(cv2.getRotationMatrix2D(middle, tilt_deg, side / SIDE), dtype=np.float64)
    matrix[:, 2] += (centre_x - middle[0], centre_y - middle[1])
    colour = cv2.warpAffine(portrait, matrix, FRAME_WH, flags=cv2.INTER_LINEAR)
    cover = cv2.warpAffine(opacity, matrix, FRAME_WH, flags=cv2.INTER_LINEAR)
    frame *= 1 - cover[..., None]
    frame += colour


def _room() -> NDArray[np.float32]:
    """The plain background: a wall, lit from above."""
    width, height = FRAME_WH
    y, x = np.mgrid[:height, :width].astype(np.float32)
    light = 1.08 - 0.22 * np.hypot((x - 0.5 * width) / width, (y - 0.35 * height) / height)
    wall = np.array((206, 198, 186), np.float32)
    return np.asarray(light[..., None] * wall, dtype=np.float32)


def _smooth(points: Points, t: float) -> float:
    """Interpolates (seconds, value) points with smooth starts and stops; constant outside."""
    times = [time for time, _ in points]
    i = int(np.clip(np.searchsorted(times, t, side="right") - 1, 0, len(points) - 2))
    (t0, v0), (t1, v1) = points[i], points[i + 1]
    share = float(np.clip((t - t0) / (t1 - t0), 0, 1))
    return v0 + (v1 - v0) * share * share * (3 - 2 * share)


def _row(truth: Truth) -> list[object]:
    values = (getattr(truth, name) for name in Truth.__dataclass_fields__)
    return [f"{value:.2f}" if isinstance(value, float) else value for value in values]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m train.demo_clip", description="Render the bundled demo clip.")
    parser.add_argument("--data", type=Path, required=True, help="ckplus48.zip, for the seven expressions")
    parser.add_argument("--pictures", type=Path, required=True, help="fer2013.csv, plain, .xz or .gz, for the neutral face")
    parser.add_argument("--votes", type=Path, required=True, help="fer2013new.csv: the FER+ votes, row by row")
    parser.add_argument("--out", type=Path, required=True, help="folder for demo.mp4 and demo.csv")
    return parser


if __name__ == "__main__":
    sys.exit(main())
