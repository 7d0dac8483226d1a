"""Composes scenes with a given number and size of faces from a clip.

Each face is cut out at the clip's true box (or the detected one, without truth), scaled to the requested size, and swayed like
a sitting person. The background is noise with the spectrum of natural images: on a plain one the cascade would have no work.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import av
import cv2
import cv2.data
import numpy as np
from numpy.typing import NDArray

from benchmarks.suite import Size
from benchmarks.truth import Truth
from realtime.errors import ConfigError, SinkError, SourceOpenError

Image = NDArray[np.uint8]

FPS = 30
AROUND = 1.7
"""Side of the cutout, including hair, relative to the face's box."""

FACE_PART = 7
"""Default height of a face relative to the image; sixteen just fit."""

SWAY_PART = 0.08
SWAY_S = 5.0
"""Amplitude of the sway, as a share of the face's width, and its period in seconds."""

MOST_FACES = 16
SMALLEST_FACE = 30
"""Pixels; smaller faces have no readable expression, and the tutorial loop does not search for them."""

LOOKED_AT = 300
"""Number of the clip's frames to use: ten seconds, played forwards and backwards."""

SMOOTHED = 9
"""Frames over which detected boxes are smoothed; true boxes are not."""

SEED = 5
CONTRAST = 32
BLURRED = 500
"""The background: standard deviation in gray levels, and sharpness as image heights per sigma of its blur."""


@dataclass(frozen=True, eq=False)
class Actor:
    """A face to place into scenes.

    Attributes:
        name: of the clip.
        images: cutouts from the clip's frames, uint8 (H,W,3), sizes differ.
        squares: the face in each cutout, float32 (n,3): centre x, centre y, side.
    """

    name: str
    images: tuple[Image, ...]
    squares: NDArray[np.float32]

    def at(self, number: int) -> int:
        """The cutout for a frame number: forwards, then backwards, so that there is no jump."""
        last = len(self.images) - 1
        step = number % max(1, 2 * last)
        return step if step <= last else 2 * last - step


@dataclass(frozen=True)
class Scene:
    """The specification of a scene: number of faces, `face_px` (side of the box) and image size.

    Raises:
        ConfigError: the faces do not fit.
    """

    size: Size
    faces: int
    frames: int
    face_px: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.faces <= MOST_FACES:
            raise ConfigError(f"{self.faces} faces: give 0 to {MOST_FACES}")
        if self.frames < 1:
            raise ConfigError(f"{self.frames} frames: give at least 1")
        if self.faces and not SMALLEST_FACE <= self.side <= 2 * self.size.height / (AROUND * 2):
            raise ConfigError(f"faces of {self.side} px in {self.size}: give {SMALLEST_FACE} px to three fifths of the height")

    @property
    def side(self) -> int:
        """Side of a face's box, pixels."""
        return self.face_px or self.size.height // FACE_PART

    @cached_property
    def seats(self) -> NDArray[np.float32]:
        """Centres of the faces without sway, float32 (faces,2)."""
        columns = math.ceil(math.sqrt(self.faces))
        rows = math.ceil(self.faces / columns) if columns else 0
        cell_w, cell_h = self.size.width / max(columns, 1), self.size.height / max(rows, 1)
        seats = [((n % columns + 0.5) * cell_w, (n // columns + 0.5) * cell_h) for n in range(self.faces)]
        return np.array(seats, np.float32).reshape(-1, 2)

    def boxes(self, number: int) -> NDArray[np.float32]:
        """True boxes of a frame, float32 (faces,4)."""
        phases = 2 * np.pi * (number / (FPS * SWAY_S) + np.arange(self.faces) * 0.381966)
        offset = SWAY_PART * self.side * np.stack([np.sin(phases), 0.5 * np.sin(2 * phases)], axis=1)
        centres = self.seats + offset.astype(np.float32)
        half = np.float32(self.side / 2)
        return np.concatenate([centres - half, centres + half], axis=1).astype(np.float32)


def cast(clip: Path, truth: Truth | None, name: str) -> Actor:
    """Reads the face of a clip, by its truth or by the cascade's detections.

    Raises:
        SourceOpenError: it cannot be read.
        ConfigError: no face in it.
    """
    capture = cv2.VideoCapture(str(clip))
    images: list[Image] = []
    squares: list[NDArray[np.float32]] = []
    corners: list[tuple[int, int, int]] = []
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    if not capture.isOpened():
        raise SourceOpenError(f"{clip}: OpenCV cannot open it; give another video")
    for index in range(LOOKED_AT):
        readable, raw = capture.read()
        if not readable:
            break
        image = np.asarray(raw, np.uint8)
        boxes = _found(cascade, image) if truth is None else truth.at(str(index)).boxes_xyxy
        if truth is not None and len(boxes) > 1:
            break  # a second face could appear in the cutout
        if len(boxes):
            box = boxes[np.argmax(boxes[:, 2] - boxes[:, 0])]
            square = np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2, box[2] - box[0]], np.float32)
            # copies: views would keep whole frames in memory
            left, top = (max(0, int(v - AROUND * square[2])) for v in square[:2])
            right, bottom = (int(v + AROUND * square[2]) for v in square[:2])
            images.append(image[top:bottom, left:right].copy())
            squares.append(square)
            corners.append((left, top, 0))
    capture.release()
    if not images:
        raise ConfigError(f"{name}: no face in the first {LOOKED_AT} frames; give another clip")
    places = np.stack(squares)
    steady = places if truth is not None else _smoothed(places)
    return Actor(name, tuple(images), steady - np.array(corners, np.float32))


def compose(scene: Scene, actor: Actor) -> Iterator[Image]:
    """The frames of a scene, uint8 (height,width,3)."""
    room = _room(scene.size)
    patch = round(scene.side * AROUND)
    mask = _feather(patch)
    for number in range(scene.frames):
        image = room.copy()
        for n, box in enumerate(scene.boxes(number)):
            at = actor.at(number + 37 * n)  # every face is at another frame
            left, top = (float(v) - (patch - scene.side) / 2 for v in box[:2])
            x, y = math.floor(left), math.floor(top)
            scale = scene.side / float(actor.squares[at, 2])
            centre = actor.squares[at, :2]
            # subpixel: steps of whole pixels would look like jitter
            shift = np.array([left - x, top - y]) + patch / 2 - scale * (centre + 0.5) - 0.5 + scale * 0.5
            matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
            source = actor.images[at]
            if scale < 0.5:  # warpAffine has no INTER_AREA
                source = np.asarray(cv2.GaussianBlur(source, (0, 0), 0.4 / scale), np.uint8)
            cut = cv2.warpAffine(source, matrix, (patch, patch), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            _paste(image, np.asarray(cut, np.uint8), mask, x, y)
        yield image


def write_video(scene: Scene, actor: Actor, path: Path) -> Path:
    """Writes the scene as an H.264 file.

    Raises:
        SinkError: it cannot be written.
    """
    try:
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=FPS, options={"crf": "20", "preset": "veryfast"})
            stream.width, stream.height, stream.pix_fmt = scene.size.width, scene.size.height, "yuv420p"
            for number, image in enumerate(compose(scene, actor)):
                frame = av.VideoFrame.from_ndarray(image, format="bgr24")
                frame.pts, frame.time_base = number, Fraction(1, FPS)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    except (OSError, av.FFmpegError) as error:
        raise SinkError(f"cannot write the scene {path}: {error}") from error
    return path


def _found(cascade: cv2.CascadeClassifier, image: Image) -> NDArray[np.float32]:
    """The cascade's detections, float32 (n,4), at least an eighth of the height, to exclude false positives."""
    gray = cv2.equalizeHist(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
    found = cascade.detectMultiScale(gray, scaleFactor=1.2, minNeighbors=6, minSize=(gray.shape[0] // 8,) * 2)
    xywh = np.array(found, np.float32).reshape(-1, 4)
    return np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], axis=1)


def _smoothed(squares: NDArray[np.float32]) -> NDArray[np.float32]:
    """A running median, because the cascade's boxes jump."""
    half = SMOOTHED // 2
    padded = np.pad(squares, ((half, half), (0, 0)), mode="edge")
    windows = np.stack([padded[i : i + len(squares)] for i in range(SMOOTHED)])
    return np.asarray(np.median(windows, axis=0), np.float32)


def _room(size: Size) -> Image:
    """Deterministic noise with the 1/f spectrum of natural images."""
    random = np.random.default_rng(SEED)
    fy, fx = np.fft.fftfreq(size.height)[:, None], np.fft.rfftfreq(size.width)[None, :]
    frequency = np.maximum(np.hypot(fy, fx), 1 / max(size.width, size.height))
    waves = np.fft.rfft2(random.standard_normal((size.height, size.width))) / frequency
    gray = np.fft.irfft2(waves, s=(size.height, size.width))
    blurred = np.asarray(cv2.GaussianBlur(gray, (0, 0), size.height / BLURRED), np.float64)
    gray = 128 + CONTRAST * (blurred - blurred.mean()) / blurred.std()
    tint = np.array([1.04, 1.0, 0.95])
    return np.asarray(np.clip(gray[:, :, None] * tint, 0, 255), np.uint8)


def _feather(side: int) -> NDArray[np.float32]:
    """Opacity of a cutout, float32 (side,side,1): 1 except near its edge."""
    edge = max(2, side // 12)
    ramp = np.clip((np.minimum(np.arange(side), np.arange(side)[::-1]) + 0.5) / edge, 0, 1)
    return np.asarray(np.outer(ramp, ramp), np.float32)[:, :, None]


def _paste(image: Image, cut: Image, mask: NDArray[np.float32], x: int, y: int) -> None:
    """Blends a cutout into an image, clipped to it."""
    height, width = image.shape[:2]
    x1, y1 = max(x, 0), max(y, 0)
    x2, y2 = min(x + cut.shape[1], width), min(y + cut.shape[0], height)
    if x1 >= x2 or y1 >= y2:
        return
    part = np.s_[y1 - y : y2 - y, x1 - x : x2 - x]
    under = image[y1:y2, x1:x2]
    image[y1:y2, x1:x2] = (cut[part] * mask[part] + under * (1 - mask[part])).astype(np.uint8)
