"""The loop that tutorials teach, to compare with: one thread, the whole frame searched, one call of the network per face."""

import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import cv2.data
import numpy as np
import onnxruntime as ort

from realtime.errors import SourceOpenError
from realtime.labels import LABELS

INPUT = "faces"


@dataclass(frozen=True)
class Steps:
    """Seconds that one frame took, step by step, and the faces it had."""

    decode: float
    detect: float
    classify: float
    draw: float
    faces: int

    @property
    def total(self) -> float:
        """The whole frame."""
        return self.decode + self.detect + self.classify + self.draw


def play(clip: Path, model: Path, mean: float, std: float) -> list[Steps]:
    """Runs the loop over a clip with the full-precision network at `model`; nothing is shown or saved.

    Raises:
        SourceOpenError: OpenCV cannot open the clip.
    """
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    session = ort.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    capture = cv2.VideoCapture(str(clip))
    if not capture.isOpened():
        raise SourceOpenError(f"{clip}: OpenCV cannot open it; give another video")
    steps = []
    while True:
        started = time.perf_counter()
        readable, frame = capture.read()
        if not readable:
            break
        decoded = time.perf_counter()
        gray = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        boxes = cascade.detectMultiScale(gray, scaleFactor=1.1, minNeighbors=5, minSize=(30, 30))
        detected = time.perf_counter()
        labels = []
        for x, y, w, h in boxes:
            face = cv2.equalizeHist(cv2.resize(gray[y : y + h, x : x + w], (48, 48), interpolation=cv2.INTER_AREA))
            blob = ((face.astype(np.float32) / 255 - mean) / std)[None, None]
            logits = np.asarray(session.run(None, {INPUT: blob})[0])
            labels.append(LABELS[int(logits[0].argmax())])
        classified = time.perf_counter()
        for (x, y, w, h), label in zip(boxes, labels, strict=True):
            cv2.rectangle(frame, (x, y), (x + w, y + h), (0, 0, 255), 2)
            cv2.putText(frame, label, (x, y - 10), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (0, 0, 255), 2)
        drawn = time.perf_counter()
        steps.append(Steps(decoded - started, detected - decoded, classified - detected, drawn - classified, len(boxes)))
    capture.release()
    return steps
