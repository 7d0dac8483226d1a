"""Corruptions for evaluation: jitter of the Haar box and webcam faults, neither of which should change the label.

Weaker than `augment`, and the same for every network: they depend on seed, image and number only. All functions work on uint8
(48,48) before equalization.
"""

from collections.abc import Callable

import cv2
import numpy as np

from realtime import preprocess
from realtime.preprocess import SIZE
from train.images import augment
from train.images.augment import Image

JITTERS = 16
"""Number of jitters per image."""

SHIFT = 0.04
SCALE = (0.92, 1.08)
ROLL_DEG = 5.0
GAMMA = (0.7, 1.4)
"""Frame-to-frame variation of a face's box and lighting: half of the variation among FER2013's crops."""

Corruption = Callable[[Image, np.random.Generator], Image]


def jitter(face: Image, rng: np.random.Generator) -> Image:
    """The face in another frame: shifted by up to 4 % of its side, scaled by 8 %, rolled by 5 degrees, with other lighting."""
    scale, roll_deg = float(rng.uniform(*SCALE)), float(rng.uniform(-ROLL_DEG, ROLL_DEG))
    face = augment.moved(face, roll_deg, scale, rng.uniform(-SHIFT, SHIFT, size=2))
    return augment.lit(face, float(np.exp(rng.uniform(*np.log(GAMMA)))))


def blur(face: Image, rng: np.random.Generator) -> Image:
    """Out of focus: Gaussian blur of one pixel."""
    return np.asarray(cv2.GaussianBlur(face, (0, 0), 1.0), dtype=np.uint8)


def noise(face: Image, rng: np.random.Generator) -> Image:
    """Dim light with high gain: Gaussian noise of 8 gray levels."""
    noisy = face.astype(np.float32) + rng.normal(0, 8, face.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def jpeg(face: Image, rng: np.random.Generator) -> Image:
    """Compression: JPEG quality 30."""
    _, data = cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, 30])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


def third_of_the_light(face: Image, rng: np.random.Generator) -> Image:
    """Underexposure: every level divided by three, which leaves a third of the levels."""
    return np.rint(face / 3).astype(np.uint8)


def half_resolution(face: Image, rng: np.random.Generator) -> Image:
    """A face at twice the distance: 24 pixels, enlarged by the live program's preprocessing."""
    small = np.asarray(cv2.resize(face, (SIZE // 2, SIZE // 2), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return preprocess.shrink(small)


CONDITIONS: dict[str, Corruption] = {
    "blur": blur,
    "noise": noise,
    "JPEG 30": jpeg,
    "third of the light": third_of_the_light,
    "half resolution": half_resolution,
}
"""The webcam conditions of the published accuracies."""
