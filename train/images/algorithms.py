"""The paper's Algorithm 1 (edges) and Algorithm 2 (regions), on an image of any size.

The paper ran MATLAB 2024a with its defaults; where MATLAB's constants are known they are used here.
"""

from dataclasses import dataclass

import cv2
import cv2.data
import numpy as np
from numpy.typing import NDArray

from realtime import preprocess
from realtime.datatypes import Faces
from realtime.faces.detector import HaarDetector, load_cascade

CANNY_SIGMA_PX = 2**0.5
"""Smoothing before the gradient: default of MATLAB's edge(I, "canny")."""

CANNY_NOT_EDGES = 0.7
"""Share of pixels whose gradient stays below the upper threshold, as MATLAB chooses it."""

CANNY_LOW_TO_HIGH = 0.4
"""Lower threshold over upper threshold, as MATLAB chooses it."""

CANNY_BINS = 64
"""Steps in which MATLAB looks for the upper threshold, from 0 to the strongest gradient."""

GRADIENT_STEPS = 16
"""Gradients are whole numbers in OpenCV's Canny: so many steps a gray level keep weak ones (the largest is 4 * 255 * 16)."""

EYE_CASCADE = "haarcascade_eye.xml"
MOUTH_CASCADE = "haarcascade_smile.xml"
"""What OpenCV ships: nothing for noses, and for mouths one that was trained on smiles. Of 327 CK+ images (the last of each
sequence) both eyes are found in 271 and the mouth in 302; narrowed eyes (46 % of disgust have both) and wide open mouths
(71 % of surprise) are missed most."""

SMALL_SIDE = 96
"""Pixels: an image whose shorter side is below this is enlarged for the cascades, whose windows are 20 to 36 pixels."""

WORK_SIDE = 192
"""Pixels: side of a face in which eyes and mouth are searched, and shorter side of an enlarged image: 4 times 48."""

MOST_ENLARGED = 8.0
"""Times. More would only be needed below 24 pixels, where nothing of a face is left."""

BORDER = 1 / 8
"""Width of the repeated edge around a close crop, as a part of its shorter side. The cascade needs to see a face's frame:
so it finds one face in each of 327 CK+ images (one a sequence), the median box being the whole image within 2 %."""

EYE_BAND = (0.15, 0.60)
MOUTH_BAND = (0.60, 1.2)
"""From where to where in the face's height eyes and mouth are searched; below the box, since a mouth can open that far."""

EYE_SIDES = (0.15, 0.40)
"""Smallest and largest eye, as parts of the face's side; half of the face is 0.5."""

MOUTH_SMALLEST_WH = (0.25, 0.125)
"""Smallest mouth, as parts of the face's side."""

PART_SCALE_STEP = 1.1
PART_MIN_NEIGHBOURS = 3
"""OpenCV's defaults. 5 or 8 neighbours lose 3 % of eyes and mouths, and in the bands there is little to confuse them with."""

FACE_COLOUR = (0, 0, 255)
LINE_PX = 2
"""Red boxes of width 2 (Algorithm 2). Colours are BGR."""

EYE_COLOUR = (66, 228, 240)
MOUTH_COLOUR = (233, 180, 86)
"""Okabe and Ito's yellow and sky blue, which differ from red for colour-blind eyes, too."""

Boxes = NDArray[np.float32]


def edges(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Algorithm 1: gray, histogram equalization, Canny.

    Args:
        image: uint8, gray, BGR or BGRA, any size.

    Returns:
        uint8 (H,W): 255 on an edge, 0 elsewhere.

    Raises:
        ValueError: the array is no such image.
    """
    enhanced = preprocess.equalize(preprocess.to_gray(image))
    # float, since rounding to gray levels after the smoothing would draw contour lines on smooth skin
    smooth = cv2.GaussianBlur(enhanced.astype(np.float32), (0, 0), CANNY_SIGMA_PX, borderType=cv2.BORDER_REPLICATE)
    dx = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, borderType=cv2.BORDER_REPLICATE)
    dy = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, borderType=cv2.BORDER_REPLICATE)
    high = _upper_threshold(np.hypot(dx, dy)) * GRADIENT_STEPS
    steps_x, steps_y = (np.rint(gradient * GRADIENT_STEPS).astype(np.int16) for gradient in (dx, dy))
    found = cv2.Canny(steps_x, steps_y, CANNY_LOW_TO_HIGH * high, high, L2gradient=True)
    return np.asarray(found, dtype=np.uint8)


@dataclass(frozen=True, eq=False)
class Regions:
    """What Algorithm 2 found in an image. Boxes are x1 y1 x2 y2 in pixels of the image that was given.

    Attributes:
        faces: the faces.
        eyes_xyxy: float32 (n,4), at most two a face.
        mouths_xyxy: float32 (m,4), at most one a face.
        annotated: uint8 (scale*H,scale*W,3), BGR: the image with boxes: faces red, eyes yellow, mouths blue.
        scale: how many times larger the annotated image is; 1 for all but small images.
    """

    faces: Faces
    eyes_xyxy: Boxes
    mouths_xyxy: Boxes
    annotated: NDArray[np.uint8]
    scale: float

    @property
    def message(self) -> str:
        """What the algorithm says: the number of faces, or that there are none."""
        return f"Faces detected: {len(self.faces)}" if len(self.faces) else "No faces detected."


class RegionDetector:
    """Algorithm 2: gray, cascade object detector, red boxes; then eyes and mouth in every face, by cascades too.

    Raises:
        ModelError: this OpenCV has no cascades.
    """

    def __init__(self) -> None:
        self._faces = HaarDetector()
        self._eye = load_cascade(EYE_CASCADE)
        self._mouth = load_cascade(MOUTH_CASCADE)

    def detect(self, image: NDArray[np.uint8]) -> Regions:
        """Finds and draws. A small image is enlarged first, and its edge is repeated around it, as it is a face already.

        Args:
            image: uint8, gray, BGR or BGRA, any size.

        Raises:
            ValueError: the array is no such image.
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

    def _detect_close(self, gray: NDArray[np.uint8]) -> Faces:
        """The face in a close crop: it fills at least half of the image."""
        border = round(min(gray.shape) * BORDER)
        around = cv2.copyMakeBorder(gray, border, border, border, border, cv2.BORDER_REPLICATE)
        found = HaarDetector(min_face=max(1, min(gray.shape) // 2)).detect(np.asarray(around, dtype=np.uint8))
        return Faces(found.boxes_xyxy - np.float32(border), found.scores)

    def _eyes(self, gray: NDArray[np.uint8], face: Boxes) -> list[Boxes]:
        """The surest eye of each half of the face."""
        top, bottom = EYE_BAND
        smallest, largest = ((side, side) for side in EYE_SIDES)
        halves = ((0.0, top, 0.5, bottom), (0.5, top, 1.0, bottom))
        return [box for half in halves for box in _surest(self._eye, gray, face, half, smallest, largest)]

    def _mouths(self, gray: NDArray[np.uint8], face: Boxes) -> list[Boxes]:
        """The surest mouth."""
        top, bottom = MOUTH_BAND
        return _surest(self._mouth, gray, face, (0.0, top, 1.0, bottom), MOUTH_SMALLEST_WH, (1.0, 1.0))


def _surest(
    cascade: cv2.CascadeClassifier,
    gray: NDArray[np.uint8],
    face: Boxes,
    window: tuple[float, float, float, float],
    smallest_wh: tuple[float, float],
    largest_wh: tuple[float, float],
) -> list[Boxes]:
    """The detection with most votes in a part of a face (window and sizes in units of the face), in pixels of the image."""
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
    """A box that stays visible where it leaves the image. Not cv2.rectangle, which draws width 2 as 3 pixels."""
    height, width = canvas.shape[:2]
    x1, y1, x2, y2 = (int(value) for value in np.rint(box))
    inside = canvas[max(y1, 0) : min(y2, height), max(x1, 0) : min(x2, width)]
    for side in (inside[:LINE_PX], inside[-LINE_PX:], inside[:, :LINE_PX], inside[:, -LINE_PX:]):
        side[:] = colour
