"""Looks for faces in images in which they should be hidden."""

from collections.abc import Iterable
from typing import Any

from realtime.faces import geometry
from realtime.faces.detector import HaarDetector
from realtime.faces.follower import Follower
from realtime.preprocess import to_gray


def faces_in(images: Iterable[Any]) -> list[int]:
    """How many faces with eyes each image shows; a few blocks alone may look like a face to the cascade."""
    detector, follower = HaarDetector(60), Follower()
    counts = []
    for image in images:
        gray = to_gray(image)
        squares = geometry.to_centre_side(detector.detect(gray).boxes_xyxy)
        counts.append(sum(follower.has_eyes(gray, square) for square in squares))
    return counts
