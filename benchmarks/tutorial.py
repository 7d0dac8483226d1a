"""The usual tutorial loop, as the reference: one thread, a full-frame search, one network call per face."""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import cv2.data
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from benchmarks import steps as names
from benchmarks.steps import Part, Steps
from realtime.errors import SinkError, SourceOpenError
from realtime.labels import LABELS

INPUT = "faces"


@dataclass(frozen=True, eq=False)
class Looked:
    """One frame of the loop.

    Attributes:
        image: uint8 (H,W,3), the drawn frame.
        boxes_xyxy: float32 (n,4), pixels.
        labels: of each box.
        drawn_at: time.perf_counter after drawing.
        steps: duration of each stage.
    """

    image: NDArray[np.uint8]
    boxes_xyxy: NDArray[np.float32]
    labels: tuple[str, ...]
    drawn_at: float
    steps: Steps


class Loop:
    """The loop with its cascade and the full-precision network at `model`; mean and std are the network's."""

    def __init__(self, model: Path, mean: float, std: float) -> None:
        self._cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
        self._session = ort.InferenceSession(str(model), providers=["CPUExecutionProvider"])
        self._mean, self._std = mean, std

    def look(self, frame: NDArray[np.uint8], decode_s: float = 0.0) -> Looked:
        """Processes one frame, uint8 (H,W,3) BGR, and draws on it; `decode_s` is its decoding time."""
        decoded = time.perf_counter()
        gray = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        boxes = self._cascade.detectMultiScale(gray, scaleFactor=1.1, minNeighbors=5, minSize=(30, 30))
        detected = time.perf_counter()
        labels = []
        for x, y, w, h in boxes:
            face = cv2.equalizeHist(cv2.resize(gray[y : y + h, x : x + w], (48, 48), interpolation=cv2.INTER_AREA))
            blob = ((face.astype(np.float32) / 255 - self._mean) / self._std)[None, None]
            logits = np.asarray(self._session.run(None, {INPUT: blob})[0])
            labels.append(LABELS[int(logits[0].argmax())])
        classified = time.perf_counter()
        for (x, y, w, h), label in zip(boxes, labels, strict=True):
            cv2.rectangle(frame, (x, y), (x + w, y + h), (0, 0, 255), 2)
            cv2.putText(frame, label, (x, y - 10), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (0, 0, 255), 2)
        drawn = time.perf_counter()
        parts = (
            Part(names.DECODE, decode_s),
            Part(names.DETECT, detected - decoded),
            Part(names.CLASSIFY, classified - detected),
            Part(names.DRAW, drawn - classified),
        )
        xywh = np.array(boxes, np.float32).reshape(-1, 4)
        xyxy = np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], axis=1)
        return Looked(frame, xyxy, tuple(labels), drawn, Steps(parts, len(labels)))

    def watch(self, source: str) -> Iterator[Looked]:
        """Every frame of a file or network camera, from `cv2.VideoCapture`.

        Raises:
            SourceOpenError: OpenCV cannot open it.
        """
        capture = cv2.VideoCapture(source)
        try:
            if not capture.isOpened():
                raise SourceOpenError(f"{source}: OpenCV cannot open it; give another video")
            while True:
                started = time.perf_counter()
                readable, frame = capture.read()
                if not readable:
                    return
                yield self.look(np.asarray(frame, np.uint8), time.perf_counter() - started)
        finally:
            capture.release()


def play(clip: Path, model: Path, mean: float, std: float) -> list[Steps]:
    """Runs the loop over a clip; nothing is shown or saved.

    Raises:
        SourceOpenError: OpenCV cannot open the clip.
    """
    return [looked.steps for looked in Loop(model, mean, std).watch(str(clip))]


def save(clip: Path, model: Path, mean: float, std: float, path: Path, fps: float) -> int:
    """Runs the loop over a clip and saves the drawn video as tutorials do; returns the number of frames.

    Raises:
        SourceOpenError: OpenCV cannot open the clip.
        SinkError: OpenCV cannot write the video.
    """
    writer: cv2.VideoWriter | None = None
    frames = 0
    try:
        for looked in Loop(model, mean, std).watch(str(clip)):
            if writer is None:
                height, width = looked.image.shape[:2]
                writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, (width, height))
                if not writer.isOpened():
                    raise SinkError(f"OpenCV cannot write {path}")
            writer.write(looked.image)
            frames += 1
    finally:
        if writer is not None:
            writer.release()
    return frames


def main(clip: str, model: str, mean: str, std: str, frames: str) -> None:
    """Runs the loop as a program for timing its start: plays `frames` frames and prints a line at the first frame and at the
    first labelled face.
    """
    loop, said = Loop(Path(model), float(mean), float(std)), ""
    for looked in islice(loop.watch(clip), int(frames)):
        word = "label" if looked.labels else "frame"
        if said != "label" and word != said:
            print(word, flush=True)
            said = word


if __name__ == "__main__":
    main(*sys.argv[1:])
