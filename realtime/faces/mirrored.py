"""Reads each face as it is and mirrored: in turns from frame to frame, or both at once in single images.

An expression is the same in a mirror, but a network's answer is not quite: the mean of both is right a little more often, and
steadier. In video it costs nothing, since every frame is read once either way.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.datatypes import Frame, Scores

RECENT_S = 0.25
"""A reading older than this is not averaged with the next one; an expression can change within it."""


@dataclass(frozen=True, eq=False)
class _Reading:
    """The last reading of a face: the probabilities of that one alone, float32 (k,), and its time in seconds."""

    probs: NDArray[np.float32]
    read_s: float


@dataclass(frozen=True)
class _Turn:
    """How a face was last read, and when, in seconds."""

    mirrored: bool
    read_s: float


class BothWays:
    """Turns faces over before they are read, and averages what the network says of both ways.

    Args:
        temporal: whether frames follow each other; if not, each face is read both ways in one batch.
    """

    def __init__(self, *, temporal: bool) -> None:
        self._temporal = temporal
        self._turns: dict[int, _Turn] = {}
        self._readings: dict[int, _Reading] = {}

    def images(self, ids: Sequence[int], faces: Sequence[NDArray[np.uint8]], frame: Frame) -> tuple[NDArray[np.uint8], ...]:
        """The images to read for a frame's faces, uint8 (S,S): one each in video, two each otherwise."""
        if not self._temporal:
            return tuple(image for face in faces for image in (face, face[:, ::-1]))
        return tuple(
            face[:, ::-1] if self._is_turned(face_id, frame) else face for face_id, face in zip(ids, faces, strict=True)
        )

    def mean(self, ids: Sequence[int], scores: Scores, now: float) -> Scores:
        """The scores of the n faces, from those of the `images` of a frame at `now`, seconds.

        In video the expressions are the mean of this reading and the one before, unless that is older than RECENT_S; the face
        probability is that of this reading alone.
        """
        if not self._temporal:
            both = scores.probs.reshape(len(ids), 2, len(scores.labels)).mean(axis=1)
            return Scores(both, scores.labels, scores.face_probs.reshape(len(ids), 2).mean(axis=1))
        rows = [self._with_the_last(face_id, probs, now) for face_id, probs in zip(ids, scores.probs, strict=True)]
        probs = np.array(rows, np.float32).reshape(scores.probs.shape)
        return Scores(probs, scores.labels, scores.face_probs)

    def forget_before(self, time_s: float) -> None:
        """Drops the faces not read since `time_s`."""
        self._readings = {face_id: kept for face_id, kept in self._readings.items() if kept.read_s >= time_s}
        self._turns = {face_id: turn for face_id, turn in self._turns.items() if turn.read_s >= time_s}

    def _is_turned(self, face_id: int, frame: Frame) -> bool:
        """Whether a face is to be mirrored.

        In a file that depends on the frame alone, so that it does not matter where reading began. A camera's frames may be
        dropped, and not every face be read in each: there it is the other way than last time.
        """
        if frame.media_time is not None:
            return frame.index % 2 == 1
        last = self._turns.get(face_id)
        turn = self._turns[face_id] = _Turn(mirrored=last is not None and not last.mirrored, read_s=frame.time_s)
        return turn.mirrored

    def _with_the_last(self, face_id: int, probs: NDArray[np.float32], now: float) -> NDArray[np.float32]:
        last = self._readings.get(face_id)
        self._readings[face_id] = _Reading(probs, now)
        if last is None or now - last.read_s > RECENT_S:
            return probs
        return np.asarray((probs + last.probs) / 2, np.float32)
