"""One image and its faces with their probabilities, for a panel."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime import preprocess
from realtime.datatypes import FrameResult
from realtime.model.classifier import Crops

Prepare = Callable[[Iterable[NDArray[np.uint8]]], Crops]
"""Gray crops of faces, each uint8 (H,W) -> what the network reads: `Classifier.prepare`."""


@dataclass(frozen=True, eq=False)
class FaceReading:
    """One face and its prediction.

    Attributes:
        box_xyxy: float32 (4,), pixels of the image.
        small: uint8 (S,S), gray, at the network's input size, not equalized.
        probs: float32 (k,), sums to 1.
        label: as in the live program: an expression or `uncertain`.
    """

    box_xyxy: NDArray[np.float32]
    small: NDArray[np.uint8]
    probs: NDArray[np.float32]
    label: str

    @property
    def best(self) -> int:
        """Index of the most likely expression."""
        return int(self.probs.argmax())


@dataclass(frozen=True, eq=False)
class ImageReading:
    """One image and its faces.

    Attributes:
        image: uint8 (H,W,3), BGR.
        faces: largest first, at least one.
        labels: classes of the columns of `probs`.
        model: file name of the weights.
        note: why the whole image is used as the face; empty if faces were found.
    """

    image: NDArray[np.uint8]
    faces: tuple[FaceReading, ...]
    labels: tuple[str, ...]
    model: str
    note: str

    @classmethod
    def of(cls, result: FrameResult, prepare: Prepare, model: str) -> "ImageReading":
        """A processed frame with at least one face, as the viewer has just seen it: its boxes and its smoothed probabilities.

        Args:
            result: the frame; for a separate image, the same as what `train.predict` reads.
            prepare: `Classifier.prepare`.
            model: file name of the weights.
        """
        gray = preprocess.to_gray(result.frame.image)
        faces = sorted(result.faces, key=lambda face: face.box_xyxy[0] - face.box_xyxy[2])
        smalls = prepare(preprocess.crop(gray, face.box_xyxy) for face in faces).smalls
        readings = tuple(
            FaceReading(face.box_xyxy, small, face.probs, face.label) for face, small in zip(faces, smalls, strict=True)
        )
        return cls(result.frame.image, readings, result.labels, model, "")
