"""Augmentation: random changes like those from a Haar box, a moving head and a cheap webcam.

All functions work on uint8 (48,48) before equalization, where the webcam's faults occur too.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.preprocess import SIZE

Image = NDArray[np.uint8]
Augmentation = Callable[[Image, np.random.Generator], Image]

ROLL_DEG = 15.0
SHIFT = 0.08
SCALE = (0.85, 1.18)
"""Measured spread of FER2013's own crops around the Haar box: roll up to 13 degrees, shift 6 %, scale 0.83 to 1.17."""

WIDE_SCALE = (0.78, 1.3)
"""For RAF-DB, whose Haar boxes are 0.94 to 1.26 of the crop (5th to 95th percentile)."""

GAMMA = (0.6, 1.6)
ERASE_PROBABILITY = 0.25
WEBCAM_PROBABILITY = 0.25


def unchanged(face: Image, rng: np.random.Generator) -> Image:
    """No augmentation."""
    return face


def webcam(face: Image, rng: np.random.Generator) -> Image:
    """Flip, roll, shift, scale and gamma; sometimes webcam faults; sometimes an occlusion."""
    return _changed(face, rng, SCALE)


def wide(face: Image, rng: np.random.Generator) -> Image:
    """Like `webcam` with a wider range of scales, for sets with less uniform crops."""
    return _changed(face, rng, WIDE_SCALE)


def _changed(face: Image, rng: np.random.Generator, scale: tuple[float, float]) -> Image:
    face = affine(face, rng, scale)
    face = gamma(face, rng)
    if rng.random() < WEBCAM_PROBABILITY:
        face = _FAULTS[rng.integers(len(_FAULTS))](face, rng)
    if rng.random() < ERASE_PROBABILITY:
        face = erase(face, rng)
    return face


def affine(face: Image, rng: np.random.Generator, scales: tuple[float, float] = SCALE) -> Image:
    """Flip with probability one half; roll, shift and scale together, in one interpolation."""
    scale = float(np.exp(rng.uniform(*np.log(scales))))
    roll_deg = float(rng.uniform(-ROLL_DEG, ROLL_DEG))
    shift = rng.uniform(-SHIFT, SHIFT, size=2)
    return moved(face, roll_deg, scale, shift, flip=rng.random() < 0.5)


def moved(face: Image, roll_deg: float, scale: float, shift: NDArray[np.float64], *, flip: bool = False) -> Image:
    """The face rolled and scaled about its centre and shifted by fractions of its side, (x,y), in one interpolation.

    The border is replicated.
    """
    centre = (SIZE - 1) / 2
    matrix = np.asarray(cv2.getRotationMatrix2D((centre, centre), roll_deg, scale), dtype=np.float64)
    matrix[:, 2] += shift * SIZE
    if flip:
        matrix = matrix @ np.array([[-1, 0, SIZE - 1], [0, 1, 0], [0, 0, 1]], dtype=np.float64)
    return np.asarray(
        cv2.warpAffine(face, matrix, (SIZE, SIZE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        dtype=np.uint8,
    )


def gamma(face: Image, rng: np.random.Generator) -> Image:
    """Lighting: gamma from 0.6 to 1.6; brightening and darkening are equally likely."""
    return lit(face, float(np.exp(rng.uniform(*np.log(GAMMA)))))


def lit(face: Image, exponent: float) -> Image:
    """The face with every level between 0 and 1 raised to a power: below 1 brightens, above 1 darkens."""
    curve = np.rint(255 * (np.arange(256) / 255) ** exponent).astype(np.uint8)
    return np.asarray(cv2.LUT(face, curve), dtype=np.uint8)


def erase(face: Image, rng: np.random.Generator) -> Image:
    """Occlusion: a gray rectangle over 5 to 20 % of the image."""
    area = rng.uniform(0.05, 0.2) * SIZE * SIZE
    aspect = np.exp(rng.uniform(np.log(0.5), np.log(2.0)))
    height = int(np.clip(np.sqrt(area * aspect), 1, SIZE - 1))
    width = int(np.clip(np.sqrt(area / aspect), 1, SIZE - 1))
    y, x = rng.integers(SIZE - height), rng.integers(SIZE - width)
    face = face.copy()
    face[y : y + height, x : x + width] = rng.integers(256)
    return face


def blur(face: Image, rng: np.random.Generator) -> Image:
    """Out of focus: Gaussian blur of up to one pixel."""
    return np.asarray(cv2.GaussianBlur(face, (0, 0), rng.uniform(0.4, 1.0)), dtype=np.uint8)


def low_resolution(face: Image, rng: np.random.Generator) -> Image:
    """Distant face: downscaled to 24 to 40 pixels and enlarged again."""
    side = int(rng.integers(24, 41))
    small = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def noise(face: Image, rng: np.random.Generator) -> Image:
    """Dim light: Gaussian noise of 3 to 12 gray levels."""
    noisy = face.astype(np.float32) + rng.normal(0, rng.uniform(3, 12), face.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def jpeg(face: Image, rng: np.random.Generator) -> Image:
    """Compression: JPEG quality 30 to 80."""
    _, data = cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 81))])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


_FAULTS: tuple[Augmentation, ...] = (blur, low_resolution, noise, jpeg)

AUGMENTATIONS: dict[str, Augmentation] = {"none": unchanged, "webcam": webcam, "wide": wide}
