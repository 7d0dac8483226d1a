"""The paper's Algorithm 1 (edges) and Algorithm 2 (regions), on an image of any size. Training and the lesson view share it.

The paper used MATLAB 2024a with defaults; MATLAB's constants are used here where known.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import cv2.data
import numpy as np
from numpy.typing import NDArray

from realtime import preprocess
from realtime.datatypes import Faces
from realtime.faces.detector import SHIPPED, HaarDetector, load_cascade

CANNY_SIGMA_PX = 2**0.5
"""Smoothing before the gradient: default of MATLAB's edge(I, "canny")."""

CANNY_NOT_EDGES = 0.7
"""Share of pixels with a gradient below the upper threshold, as in MATLAB."""

CANNY_LOW_TO_HIGH = 0.4
"""Ratio of lower to upper threshold, as in MATLAB."""

CANNY_BINS = 64
"""Number of MATLAB's candidates for the upper threshold, from 0 to the strongest gradient."""

GRADIENT_STEPS = 16
"""Steps per gray level: OpenCV's Canny has integer gradients, and this keeps weak ones (maximum 4 * 255 * 16)."""

EYE_CASCADE = "haarcascade_eye.xml"
MOUTH_CASCADE = "haarcascade_smile.xml"
"""OpenCV's cascades: none for noses, and the mouth cascade is trained on smiles. In 327 CK+ images (the last of each sequence)
they find both eyes in 271 and the mouth in 302. They miss narrowed eyes (both found in 46 % of disgust) and wide open mouths
(71 % of surprise) most."""

SMALL_SIDE = 96
"""Pixels: images with a shorter side below this are enlarged, because the cascades' windows are 20 to 36 pixels."""

WORK_SIDE = 192
"""Pixels, 4 times 48: side of a face when searching eyes and mouth, and shorter side of an enlarged image."""

MOST_ENLARGED = 8.0
"""Largest enlargement. Only images below 24 pixels would need more, and they are too small for a face."""

BORDER = 1 / 8
"""Width of the replicated border around a close crop, as a share of its shorter side. The cascade needs context around a face:
with the border it finds one face in each of 327 CK+ images (one per sequence); the median box is the whole image within 2 %."""

EYE_BAND = (0.15, 0.60)
MOUTH_BAND = (0.60, 1.2)
"""Vertical search range in units of the face's height; beyond the box, because a mouth can open that far."""

EYE_SIDES = (0.15, 0.40)
"""Smallest and largest eye, as a share of the face's side."""

MOUTH_SMALLEST_WH = (0.25, 0.125)
"""Smallest mouth, as a share of the face's side."""

PART_SCALE_STEP = 1.1
PART_MIN_NEIGHBOURS = 3
"""OpenCV's defaults. 5 or 8 neighbours lose 3 % of eyes and mouths; the search bands have few false positives."""

FACE_COLOUR = (0, 0, 255)
LINE_PX = 2
"""Red boxes of width 2 (Algorithm 2). Colours are BGR."""

EYE_COLOUR = (66, 228, 240)
MOUTH_COLOUR = (233, 180, 86)
"""Okabe and Ito's yellow and sky blue; distinct from red for colour-blind people too."""

Boxes = NDArray[np.float32]


def edges(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Algorithm 1: gray, histogram equalization, Canny.

    Args:
        image: uint8, gray, BGR or BGRA, any size.

    Returns:
        uint8 (H,W): 255 on an edge, 0 elsewhere.

    Raises:
        ValueError: wrong dtype or shape.
    """
    enhanced = preprocess.equalize(preprocess.to_gray(image))
    # float: rounding to gray levels after smoothing would create contour lines on smooth skin
    smooth = cv2.GaussianBlur(enhanced.astype(np.float32), (0, 0), CANNY_SIGMA_PX, borderType=cv2.BORDER_REPLICATE)
    dx = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, borderType=cv2.BORDER_REPLICATE)
    dy = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, borderType=cv2.BORDER_REPLICATE)
    high = _upper_threshold(np.hypot(dx, dy)) * GRADIENT_STEPS
    steps_x, steps_y = (np.rint(gradient * GRADIENT_STEPS).astype(np.int16) for gradient in (dx, dy))
    found = cv2.Canny(steps_x, steps_y, CANNY_LOW_TO_HIGH * high, high, L2gradient=True)
    return np.asarray(found, dtype=np.uint8)


@dataclass(frozen=True, eq=False)
class Regions:
    """The detections of Algorithm 2. Boxes are x1 y1 x2 y2 in pixels of the input image.

    Attributes:
        faces: the faces.
        eyes_xyxy: float32 (n,4), at most two per face.
        mouths_xyxy: float32 (m,4), at most one per face.
        annotated: uint8 (scale*H,scale*W,3), BGR: the image with boxes: faces red, eyes yellow, mouths blue.
        scale: size of `annotated` relative to the input; 1 except for small images.
    """

    faces: Faces
    eyes_xyxy: Boxes
    mouths_xyxy: Boxes
    annotated: NDArray[np.uint8]
    scale: float

    @property
    def message(self) -> str:
        """The paper's message: the number of faces, or none."""
        return f"Faces detected: {len(self.faces)}" if len(self.faces) else "No faces detected."


@dataclass(frozen=True, eq=False)
class Parts:
    """Eyes and mouth of one face. Boxes are x1 y1 x2 y2 in pixels of the image.

    Attributes:
        eyes_xyxy: float32 (n,4), at most two.
        mouths_xyxy: float32 (m,4), at most one.
    """

    eyes_xyxy: Boxes
    mouths_xyxy: Boxes


class RegionDetector:
    """Algorithm 2: gray, cascade face detector, red boxes; then cascades for eyes and mouth in each face.

    Args:
        cascades: the folder with those for eyes and mouth.

    Raises:
        ModelError: this OpenCV has no cascades.
    """

    def __init__(self, cascades: Path = SHIPPED) -> None:
        self._faces = HaarDetector()
        self._eye = load_cascade(EYE_CASCADE, cascades)
        self._mouth = load_cascade(MOUTH_CASCADE, cascades)

    def detect(self, image: NDArray[np.uint8]) -> Regions:
        """Detects and draws. A small image counts as a face crop: it is enlarged and gets a replicated border.

        Args:
            image: uint8, gray, BGR or BGRA, any size.

        Raises:
            ValueError: wrong dtype or shape.
        """
        gray = preprocess.to_gray(image)
        scale = min(WORK_SIDE / min(gray.shape), MOST_ENLARGED) if min(gray.shape) < SMALL_SIDE else 1.0
        gray, canvas = _enlarged(gray, scale), _enlarged(preprocess.to_bgr(image), scale)
        faces = self._faces.detect(gray) if scale == 1 else Faces.empty()
        if not len(faces):
            faces = self._detect_close(gray)
        eyes = _stack([box for face in faces.boxes_xyxy for box in self._eyes(gray, face)])
        mouths = _stack([box for face in faces.boxes_xyxy for box in self._mouths(gray, face)])
        for boxes, colour in ((eyes, EYE_COLOUR), (mouths, MOUTH_COLOUR), (faces.boxes_xyxy, FACE_COLOUR)):
            for box in boxes:
                _draw(canvas, box, colour)
        unit = np.float32(scale)
        return Regions(Faces(faces.boxes_xyxy / unit, faces.scores), eyes / unit, mouths / unit, canvas, scale)

    def parts(self, gray: NDArray[np.uint8], face_xyxy: Boxes) -> Parts:
        """Eyes and mouth of a face that is known already: the second half of the algorithm, in 2 ms instead of 100.

        Args:
            gray: uint8 (H,W), the whole image.
            face_xyxy: float32 (4,), the face's square box.
        """
        return Parts(_stack(self._eyes(gray, face_xyxy)), _stack(self._mouths(gray, face_xyxy)))

    def _detect_close(self, gray: NDArray[np.uint8]) -> Faces:
        """The face in a close crop, at least half as large as the image."""
        border = round(min(gray.shape) * BORDER)
        around = cv2.copyMakeBorder(gray, border, border, border, border, cv2.BORDER_REPLICATE)
        found = HaarDetector(min_face=max(1, min(gray.shape) // 2)).detect(np.asarray(around, dtype=np.uint8))
        return Faces(found.boxes_xyxy - np.float32(border), found.scores)

    def _eyes(self, gray: NDArray[np.uint8], face: Boxes) -> list[Boxes]:
        """The best eye in each half of the face."""
        top, bottom = EYE_BAND
        smallest, largest = ((side, side) for side in EYE_SIDES)
        halves = ((0.0, top, 0.5, bottom), (0.5, top, 1.0, bottom))
        return [box for half in halves for box in _best(self._eye, gray, face, half, smallest, largest)]

    def _mouths(self, gray: NDArray[np.uint8], face: Boxes) -> list[Boxes]:
        """The best mouth."""
        top, bottom = MOUTH_BAND
        return _best(self._mouth, gray, face, (0.0, top, 1.0, bottom), MOUTH_SMALLEST_WH, (1.0, 1.0))


def _best(
    cascade: cv2.CascadeClassifier,
    gray: NDArray[np.uint8],
    face: Boxes,
    window: tuple[float, float, float, float],
    smallest_wh: tuple[float, float],
    largest_wh: tuple[float, float],
) -> list[Boxes]:
    """The detection with the most votes in a window of the face (units of the face); returns image pixels."""
    side = face[2] - face[0]
    area = (face[[0, 1, 0, 1]] + np.array(window, np.float32) * side).astype(np.float32)
    size_wh = (round((window[2] - window[0]) * WORK_SIDE), round((window[3] - window[1]) * WORK_SIDE))
    work = cv2.resize(preprocess.crop(gray, area), size_wh, interpolation=cv2.INTER_LINEAR)
    found_xywh, votes = cascade.detectMultiScale2(
        work,
        scaleFactor=PART_SCALE_STEP,
        minNeighbors=PART_MIN_NEIGHBOURS,
        minSize=(round(smallest_wh[0] * WORK_SIDE), round(smallest_wh[1] * WORK_SIDE)),
        maxSize=(round(largest_wh[0] * WORK_SIDE), round(largest_wh[1] * WORK_SIDE)),
    )
    if len(found_xywh) == 0:
        return []
    x, y, width, height = np.asarray(found_xywh, dtype=np.float32)[int(np.argmax(votes))]
    inside = np.array([x, y, x + width, y + height], dtype=np.float32)
    return [np.asarray(inside * (side / WORK_SIDE) + area[[0, 1, 0, 1]], dtype=np.float32)]


def _upper_threshold(strength: NDArray[np.float32]) -> float:
    """MATLAB's choice: the first step below which CANNY_NOT_EDGES of the gradients lie."""
    strongest = float(strength.max())
    if strongest == 0:
        return 0.0
    counts, _ = np.histogram(strength, bins=CANNY_BINS, range=(0, strongest))
    step = int(np.argmax(np.cumsum(counts) > CANNY_NOT_EDGES * strength.size)) + 1
    return step / CANNY_BINS * strongest


def _enlarged(image: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    if scale == 1:
        return image
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def _stack(boxes: list[Boxes]) -> Boxes:
    return np.asarray(boxes, dtype=np.float32).reshape(-1, 4)


def _draw(canvas: NDArray[np.uint8], box: Boxes, colour: tuple[int, int, int]) -> None:
    """Draws a box that stays visible at the image border. cv2.rectangle would draw width 2 as 3 pixels."""
    height, width = canvas.shape[:2]
    x1, y1, x2, y2 = (int(value) for value in np.rint(box))
    inside = canvas[max(y1, 0) : min(y2, height), max(x1, 0) : min(x2, width)]
    for side in (inside[:LINE_PX], inside[-LINE_PX:], inside[:, :LINE_PX], inside[:, -LINE_PX:]):
        side[:] = colour
