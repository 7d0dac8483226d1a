"""Average faces: means of many people's images, each warped to a common shape first so that the mean is sharp.

A plain mean of 48x48 crops is blurred, because eyes and mouths are in slightly different places. Here a smooth flow warps each
image onto the mean, and shape and brightness are averaged separately, as for composite portraits. The result is not the face
of any person.
"""

from dataclasses import dataclass

import cv2
import cv2.data
import numpy as np
from numpy.typing import NDArray

from realtime.labels import PAPER_LABELS
from realtime.preprocess import SIZE
from train.data.datasets import FaceSet

SIDE = 192
"""Side of an average face, pixels: 4 times its images, since their samples fall between each other's pixels."""

SMOOTHING_PX = (20.0, 14.0, 10.0, 8.0)
"""Standard deviation of the flow's smoothing in each round, from aligning the head to aligning the mouth corners."""

NEUTRAL_KEPT = (1.0, 0.5, 0.3, 0.3, 0.2, 0.2)
NEUTRAL_SMOOTHING_PX = (20.0, 14.0, 10.0, 8.0, 7.0, 6.0)
"""FER2013's images vary widely: each round keeps this share, the most similar to the mean of the previous round."""

Average = NDArray[np.float32]
"""float32 (SIDE,SIDE): zero mean, unit variance."""


@dataclass(frozen=True, eq=False)
class AverageFace:
    """A mean face and the number of its images."""

    label: str
    image: Average
    count: int


def expressions(ckplus: FaceSet) -> list[AverageFace]:
    """The seven expressions of CK+, each the mean of all its images (54 to 249 images of 18 to 83 persons)."""
    classes = ckplus.classes()
    return [
        registered_mean(label, ckplus.images[classes == ckplus.labels.index(label)], SMOOTHING_PX) for label in PAPER_LABELS
    ]


def neutral(ferplus: FaceSet) -> AverageFace:
    """The mean of about 300 frontal FER2013 images that all annotators labelled neutral."""
    unanimous = ferplus.images[ferplus.targets[:, ferplus.labels.index("neutral")] > 0.999]
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    frontal = np.array([_faces_the_camera(image, cascade) for image in unanimous])
    # a small data set: keep all
    chosen = unanimous[frontal] if frontal.sum() >= 100 else unanimous
    return registered_mean("neutral", chosen, NEUTRAL_SMOOTHING_PX, NEUTRAL_KEPT)


def registered_mean(
    label: str, images: NDArray[np.uint8], smoothing_px: tuple[float, ...], kept: tuple[float, ...] | None = None
) -> AverageFace:
    """The mean of n images, uint8 (n,48,48), after warping each onto it.

    Args:
        label: expression of the images.
        images: the images.
        smoothing_px: smoothing of the flow, one value per round.
        kept: share of the images, the most typical ones, kept in each round; None keeps all.
    """
    faces = np.stack([_standardised(image) for image in images])
    mean: Average = np.asarray(faces.mean(axis=0), dtype=np.float32)
    for round_, sigma in enumerate(smoothing_px):
        bent = _bend(faces, mean, sigma)
        mean = np.asarray(bent.mean(axis=0), dtype=np.float32)
        if kept is not None:
            best = np.argsort(-_likeness(bent, mean))[: max(1, round(kept[round_] * len(images)))]
            faces, mean = faces[best], np.asarray(bent[best].mean(axis=0), dtype=np.float32)
    return AverageFace(label, (mean - mean.mean()) / (mean.std() + 1e-6), len(faces))


def to_gray(image: Average) -> NDArray[np.uint8]:
    """An average face as a gray image with mean 128."""
    return np.clip(np.rint(image * 50 + 128), 0, 255).astype(np.uint8)


def flow(from_: Average, to: Average, sigma_px: float) -> NDArray[np.float32]:
    """Smooth displacement, float32 (SIDE,SIDE,2), such that from_[x] looks like to[x + flow[x]]."""
    finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    found = finder.calc(to_gray(from_), to_gray(to), np.zeros((*from_.shape, 2), np.float32))
    return np.asarray(cv2.GaussianBlur(found, (0, 0), sigma_px), dtype=np.float32)


def warp(image: NDArray[np.float32], displacement: NDArray[np.float32]) -> NDArray[np.float32]:
    """The image, float32 (S,S), read at x + displacement[x]."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float32)
    moved = cv2.remap(
        image, x + displacement[..., 0], y + displacement[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(moved, dtype=np.float32)


def _bend(images: NDArray[np.float32], mean: Average, sigma_px: float) -> NDArray[np.float32]:
    flows = [flow(mean, image, sigma_px) for image in images]
    # the mean flow is the shape bias of the current mean; without it the result has the mean shape
    common = np.mean(flows, axis=0)
    return np.stack([warp(image, found - common) for image, found in zip(images, flows, strict=True)])


def _likeness(images: NDArray[np.float32], mean: Average) -> NDArray[np.float32]:
    """Correlation of each image with the mean, without the border: float32 (n,)."""
    rim = SIDE // 7
    ours = images[:, rim:-rim, rim:-rim].reshape(len(images), -1)
    ours = ours - ours.mean(axis=1, keepdims=True)
    theirs = mean[rim:-rim, rim:-rim].ravel() - mean[rim:-rim, rim:-rim].mean()
    norms = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs) + 1e-6
    return np.asarray(ours @ theirs / norms, dtype=np.float32)


def _standardised(image: NDArray[np.uint8]) -> Average:
    large = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    return np.asarray((large - large.mean()) / (large.std() + 1e-6), dtype=np.float32)


def _faces_the_camera(image: NDArray[np.uint8], cascade: cv2.CascadeClassifier) -> bool:
    """Whether Haar finds exactly one face, centred in the crop and about as large."""
    scale, pad = SIDE // SIZE, SIDE // 4
    large = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    padded = cv2.copyMakeBorder(large, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    boxes = cascade.detectMultiScale(padded, 1.1, 5, minSize=(120, 120))
    if len(boxes) != 1:
        return False
    x, y, side, _ = boxes[0]
    off_x, off_y = (x + side / 2 - pad) / SIDE - 0.5, (y + side / 2 - pad) / SIDE - 0.5
    return 0.93 < side / SIDE < 1.07 and abs(off_x) < 0.03 and abs(off_y) < 0.03
