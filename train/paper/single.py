"""Reads one image with the live program's detector, preprocessing and network, and keeps the intermediate results."""

import numpy as np
from numpy.typing import NDArray

from realtime import preprocess
from realtime.config import ReadingConfig
from realtime.datatypes import Faces
from realtime.faces import quality
from realtime.faces.detector import HaarDetector
from realtime.faces.smoother import Smoother
from realtime.lesson.reading import FaceReading, ImageReading
from realtime.model.classifier import Classifier

NO_FACE = "no face found: using the whole image as the face; the result is meaningful only if it is one"


def read(image: NDArray[np.uint8], classifier: Classifier) -> ImageReading:
    """Finds and reads the faces of an image; without a detection the whole image is the face.

    Args:
        image: uint8, gray, BGR or BGRA, any size.
        classifier: the network.

    Raises:
        ValueError: wrong dtype or shape.
        ModelError: this OpenCV has no cascades.
    """
    image = preprocess.to_bgr(image)
    gray = preprocess.to_gray(image)
    height, width = gray.shape
    if min(height, width) > classifier.spec.input_size:
        found, note = HaarDetector().detect(gray), NO_FACE
    else:  # in a face crop the cascade could only find a wrong, smaller face
        found, note = Faces.empty(), f"the image is only {width}x{height}, the size of a face crop: using all of it as the face"
    boxes = found.boxes_xyxy if len(found) else np.array([[0, 0, width, height]], np.float32)
    order = np.argsort(boxes[:, 0] - boxes[:, 2], kind="stable")
    faces = _classify(gray, boxes[order], classifier)
    return ImageReading(image, faces, classifier.spec.labels, classifier.name, "" if len(found) else note)


def _classify(gray: NDArray[np.uint8], boxes_xyxy: NDArray[np.float32], classifier: Classifier) -> tuple[FaceReading, ...]:
    """All faces in one call of the network, labelled by the live program's rule for single images."""
    spec, config = classifier.spec, ReadingConfig()
    crops = classifier.prepare(preprocess.crop(gray, box) for box in boxes_xyxy)
    # both ways, as the live program reads single images
    as_is, mirrored = (classifier.classify([face[:, ::step] for face in crops.faces]).probs for step in (1, -1))
    probs = (as_is + mirrored) / 2
    rule = Smoother(spec.labels, config.threshold, time_constant_s=0.0)
    readings = []
    for number, (box, small, row) in enumerate(zip(boxes_xyxy, crops.smalls, probs, strict=True)):
        side = float((box[2:] - box[:2]).min())
        label = rule.update(number, row, quality.measure(small, side), now=0.0).label
        readings.append(FaceReading(box, small, row, label))
    return tuple(readings)
