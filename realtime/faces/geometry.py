"""Boxes: arithmetic on float32 (n,4) arrays x1 y1 x2 y2, half-open."""

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32]


def iou(a_xyxy: Boxes, b_xyxy: Boxes) -> NDArray[np.float32]:
    """Intersection over union of every pair: (n,4), (m,4) -> float32 (n,m)."""
    low = np.maximum(a_xyxy[:, None, :2], b_xyxy[None, :, :2])
    high = np.minimum(a_xyxy[:, None, 2:], b_xyxy[None, :, 2:])
    overlap = np.prod(np.maximum(high - low, 0), axis=2)
    union = area(a_xyxy)[:, None] + area(b_xyxy)[None, :] - overlap
    return np.asarray(overlap / np.maximum(union, 1e-6), dtype=np.float32)


def area(boxes_xyxy: Boxes) -> NDArray[np.float32]:
    """Square pixels: (n,4) -> float32 (n,)."""
    sides = np.maximum(boxes_xyxy[:, 2:] - boxes_xyxy[:, :2], 0)
    return np.asarray(sides[:, 0] * sides[:, 1], dtype=np.float32)


def to_centre_side(boxes_xyxy: Boxes) -> NDArray[np.float32]:
    """Square boxes (n,4) -> float32 (n,3): centre x, centre y, side."""
    centre = (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2
    side = boxes_xyxy[:, 2:3] - boxes_xyxy[:, 0:1]
    return np.concatenate([centre, side], axis=1, dtype=np.float32)


def from_centre_side(squares: NDArray[np.float32]) -> Boxes:
    """float32 (n,3) centre x, centre y, side -> boxes (n,4)."""
    half = squares[:, 2:3] / 2
    return np.concatenate([squares[:, :2] - half, squares[:, :2] + half], axis=1, dtype=np.float32)
