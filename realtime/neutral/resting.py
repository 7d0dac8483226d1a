"""Collects the readings of a resting face over a few seconds, and refuses faces that are not at rest."""

import math

import numpy as np
from numpy.typing import NDArray

from realtime.datatypes import FrameResult, State, TrackedFace
from realtime.errors import NotResting
from realtime.neutral.profile import MOST_OFFSET, NEUTRAL, Reading, logits

SECONDS = 5.0
READY_S = 2.0
"""In front of a camera: time to settle after the key or the start."""

WAIT_S = 10.0
"""How long to wait for a face."""

LEAST_FRAMES = 15
"""Half a second of a camera."""

LEAST_SHARE = 0.9
"""Share of the frames that must show one good face, and of the time that must be covered: a blink, or the end of a clip, may
spoil some."""

LEAST_SIDE = 48.0
"""Pixels: a face this large fills the network's input."""

MOST_SHIFT = 0.2
"""Of the face's side: largest distance from its median position, 95th percentile. Sitting still gives 0.01 to 0.09."""

MOST_GROWTH = 1.15
"""95th over 5th percentile of the side. Sitting still gives 1.01 to 1.05."""

MOST_CHANGE = 0.2
"""Standard deviation of any probability. A resting face gives up to 0.03, a smile that begins 0.45."""


class Resting:
    """Collects a stretch of a run, from the first frame with a face on.

    Args:
        labels: the network's expressions; one is neutral.
        seconds: length of the stretch.
        ready_s: time between the first face and the stretch.
        start_s: nothing counts before this time of a file.
    """

    def __init__(
        self, labels: tuple[str, ...], seconds: float = SECONDS, *, ready_s: float = 0.0, start_s: float = -math.inf
    ) -> None:
        self._labels = labels
        self._seconds = seconds
        self._ready_s = ready_s
        self._start_s = start_s
        self._first_s: float | None = None
        self._begins_s: float | None = None
        self._now_s = 0.0
        self._times_s: list[float] = []
        self._frames: list[tuple[TrackedFace, ...]] = []

    @property
    def done(self) -> bool:
        """Whether the stretch is over, or no face came."""
        if self._begins_s is not None:
            return self._now_s >= self._begins_s + self._seconds
        return self._first_s is not None and self._now_s - self._first_s >= WAIT_S + self._ready_s

    @property
    def text(self) -> str:
        """What the user should do now, in a few words, with a countdown."""
        if self._begins_s is None:
            return "waiting for a face"
        if self._now_s < self._begins_s:
            return f"rest your face and look here: begins in {math.ceil(self._begins_s - self._now_s)} s"
        return f"rest your face: {max(0, math.ceil(self._begins_s + self._seconds - self._now_s))} s"

    def add(self, result: FrameResult) -> None:
        """Adds the next frame."""
        self._now_s = result.frame.time_s
        if self._now_s < self._start_s or self.done:
            return
        if self._first_s is None:
            self._first_s = self._now_s
        if self._begins_s is None and result.faces:
            self._begins_s = self._now_s + self._ready_s
        if self._begins_s is not None and self._now_s >= self._begins_s:
            self._times_s.append(self._now_s)
            self._frames.append(result.faces)

    def reading(self) -> Reading:
        """The reading of the face.

        Raises:
            NotResting: it is not the reading of one resting face.
        """
        times_s, frames = self._times_s, self._frames
        if not frames:
            raise NotResting("no face was found; sit in front of the camera, in even light")
        lasted_s = times_s[-1] - times_s[0]
        if not self.done and lasted_s < LEAST_SHARE * self._seconds:
            raise NotResting(f"it ended after {lasted_s:.1f} of {self._seconds:g} s; give a longer stretch, or fewer seconds")
        _check_one_face(frames)
        faces = [faces[0] for faces in frames if len(faces) == 1 and faces[0].raw is not None]
        if len(faces) < LEAST_FRAMES:
            raise NotResting(f"the face was read in {len(faces)} frames, and {LEAST_FRAMES} are needed; take more seconds")
        side = _check_image(faces)
        _check_still(faces)
        probs = np.array([face.raw for face in faces], np.float32)
        _check_expression(probs, self._labels)
        return Reading.of(probs, self._labels, lasted_s, side)


def _check_one_face(frames: list[tuple[TrackedFace, ...]]) -> None:
    if sum(len(faces) > 1 for faces in frames) > (1 - LEAST_SHARE) * len(frames):
        raise NotResting("several faces were seen, and a profile belongs to one person; calibrate alone in front of the camera")
    seen = sum(any(face.state is State.SEEN for face in faces) for faces in frames)
    if seen < LEAST_SHARE * len(frames):
        raise NotResting(f"the face was seen in {seen} of {len(frames)} frames; stay in front of the camera and look at it")
    if len({face.id for faces in frames for face in faces if len(faces) == 1}) > 1:
        raise NotResting("the face left, and it or another one came; stay in front of the camera")


def _check_image(faces: list[TrackedFace]) -> float:
    """The median side of the face, pixels."""
    side = float(np.median([face.box_xyxy[2] - face.box_xyxy[0] for face in faces]))
    if side < LEAST_SIDE:
        raise NotResting(f"the face is too small: {side:.0f} px wide, and {LEAST_SIDE:.0f} are needed; come closer")
    faults = [face.reason for face in faces if face.reason is not None and not face.reason.startswith("between")]
    if len(faults) > (1 - LEAST_SHARE) * len(faces):
        fault = max(set(faults), key=faults.count)
        raise NotResting(f"the face is {fault}; look straight at the camera, in even light")
    return side


def _check_still(faces: list[TrackedFace]) -> None:
    boxes = np.array([face.box_xyxy for face in faces])
    sides = boxes[:, 2] - boxes[:, 0]
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    shift = np.hypot(*(centres - np.median(centres, axis=0)).T) / np.median(sides)
    low, high = np.percentile(sides, [5, 95])
    if np.percentile(shift, 95) > MOST_SHIFT or high > MOST_GROWTH * low:
        raise NotResting("the face moved; hold it still and try again")


def _check_expression(probs: NDArray[np.float32], labels: tuple[str, ...]) -> None:
    """Float32 (n,k): steady, and no expression further above neutral than a correction reaches."""
    spread = probs.std(axis=0)
    changed = int(spread.argmax())
    if spread[changed] > MOST_CHANGE:
        low, high = 100 * probs[:, changed].min(), 100 * probs[:, changed].max()
        raise NotResting(
            f"the expression changed: {labels[changed]} went from {low:.0f} to {high:.0f} %; keep your face at rest"
        )
    offsets = logits(probs, labels).mean(axis=0)
    strongest = int(offsets.argmax())
    if offsets[strongest] > MOST_OFFSET:
        likely, neutral = probs[:, strongest].mean(), probs[:, labels.index(NEUTRAL)].mean()
        raise NotResting(
            "the face is not at rest, or the network is too wrong about it to be corrected: "
            f"{labels[strongest]} {100 * likely:.0f} %, neutral {100 * neutral:.0f} %; relax it and try again"
        )
