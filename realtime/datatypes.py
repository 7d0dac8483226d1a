"""The data types of the program: frozen values whose arrays are validated and made read-only.

Coordinates are pixels of the full frame, float32, half-open (x2 and y2 are outside). Colour is BGR. Time is seconds of
`time.perf_counter`, unless a field says media time.

One file because these few values pass between all folders, and are looked up together.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import DTypeLike, NDArray

from realtime.ending import End
from realtime.labels import LABELS
from realtime.rates import plausible_fps


def _checked(name: str, array: NDArray[np.generic], dtype: DTypeLike, shape: tuple[int | None, ...]) -> None:
    fits = array.ndim == len(shape) and all(s is None or s == a for s, a in zip(shape, array.shape, strict=True))
    if array.dtype != dtype or not fits:
        raise ValueError(f"{name} is {np.dtype(dtype).name} {shape}, not {array.dtype} {array.shape}")
    array.flags.writeable = False


Setting = str | int | float | bool | None | tuple[int, ...] | tuple[str, ...]
"""The value of one setting, as in JSON."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame of a source.

    Attributes:
        image: uint8 (H,W,3), BGR.
        index: counted from 0 where the frame is captured, so that a gap is a dropped frame.
        captured_at: seconds, stamped right after the frame was grabbed.
        media_time: seconds from the start of the file, or None for images and frames of a live feed, which consumes it.
        source: name of the source, for messages and data.
    """

    image: NDArray[np.uint8]
    index: int
    captured_at: float
    media_time: float | None
    source: str

    def __post_init__(self) -> None:
        _checked("Frame.image", self.image, np.uint8, (None, None, 3))

    @property
    def time_s(self) -> float:
        """The time axis of tracks and labels: media time of a file, capture time otherwise."""
        return self.captured_at if self.media_time is None else self.media_time

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.image.shape[0], self.image.shape[1]


@dataclass(frozen=True, eq=False)
class Faces:
    """The n faces found in one frame.

    Attributes:
        boxes_xyxy: float32 (n,4), square.
        scores: float32 (n,), higher is more certain; comparable only within one detector.
    """

    boxes_xyxy: NDArray[np.float32]
    scores: NDArray[np.float32]

    def __post_init__(self) -> None:
        _checked("Faces.boxes_xyxy", self.boxes_xyxy, np.float32, (None, 4))
        _checked("Faces.scores", self.scores, np.float32, (len(self.boxes_xyxy),))

    def __len__(self) -> int:
        return len(self.boxes_xyxy)

    @classmethod
    def empty(cls) -> "Faces":
        """No faces: what a detector returns when it finds none."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))

    @classmethod
    def joined(cls, parts: Iterable["Faces"]) -> "Faces":
        """The faces of several parts, in order."""
        every = [cls.empty(), *parts]
        return cls(np.concatenate([part.boxes_xyxy for part in every]), np.concatenate([part.scores for part in every]))


@dataclass(frozen=True, eq=False)
class Scores:
    """The output of a network for n crops.

    Attributes:
        probs: float32 (n,k), of the expressions, given that the crop shows a face; rows sum to 1; column i belongs to
            labels[i].
        labels: the k expressions.
        face_probs: float32 (n,), that the crop shows a face; 1 if the network has no such output.
    """

    probs: NDArray[np.float32]
    labels: tuple[str, ...] = LABELS
    face_probs: NDArray[np.float32] = field(default_factory=lambda: np.ones(0, np.float32))

    def __post_init__(self) -> None:
        _checked("Scores.probs", self.probs, np.float32, (None, len(self.labels)))
        if len(self.face_probs) == 0 and len(self.probs):
            object.__setattr__(self, "face_probs", np.ones(len(self.probs), np.float32))
        _checked("Scores.face_probs", self.face_probs, np.float32, (len(self.probs),))

    def __len__(self) -> int:
        return len(self.probs)

    def names(self) -> tuple[str, ...]:
        """The likeliest label of each face."""
        return tuple(self.labels[i] for i in self.probs.argmax(axis=1))


class State(StrEnum):
    """Whether a face was seen in this frame."""

    SEEN = "seen"
    COASTING = "coasting"
    """Missed for a moment; box and label are kept from the last sighting."""


@dataclass(frozen=True, eq=False)
class TrackedFace:
    """One face of one frame, with its history.

    Attributes:
        id: from 1, never used again for another face.
        box_xyxy: float32 (4,).
        state: seen in this frame, or kept over a gap.
        raw: float32 (k,), the network's probabilities, or None if the face was not classified in this frame (coasting, or
            skipped to reduce work): the mean of this frame's reading and the one before, one of which is mirrored; in a
            single image, of both ways.
        probs: float32 (k,), smoothed over time; sums to 1.
        label: the shown expression, or `uncertain`.
        confidence: smoothed probability of `label`, 0 to 1; None for `uncertain`, which is not an expression.
        quality: of the crop, 0 to 1 (size, contrast, sharpness).
        first_seen_s, last_seen_s: seconds of `Frame.time_s`.
        reason: why the face is `uncertain` or poor: "small", "dark", "low contrast", "blurred", "covered", "turned away", or
            "between neutral and sadness"; None if neither.
        profile: name of the person's profile that corrected `probs`; None if none did.
    """

    id: int
    box_xyxy: NDArray[np.float32]
    state: State
    raw: NDArray[np.float32] | None
    probs: NDArray[np.float32]
    label: str
    confidence: float | None
    quality: float
    first_seen_s: float
    last_seen_s: float
    reason: str | None = None
    profile: str | None = None

    def __post_init__(self) -> None:
        _checked("TrackedFace.box_xyxy", self.box_xyxy, np.float32, (4,))
        _checked("TrackedFace.probs", self.probs, np.float32, (None,))
        if self.raw is not None:
            _checked("TrackedFace.raw", self.raw, np.float32, (len(self.probs),))

    @property
    def caption(self) -> str:
        """The label with its own probability, or `uncertain` with the reason."""
        if self.confidence is not None:
            return f"{self.label} {100 * self.confidence:.0f} %"
        return self.label if self.reason is None else f"{self.label}: {self.reason}"


@dataclass(frozen=True)
class StageSeconds:
    """Seconds per stage of one frame; a network call for several frames is divided among them."""

    find: float
    preprocess: float
    classify: float
    smooth: float

    @property
    def total(self) -> float:
        """All stages together."""
        return self.find + self.preprocess + self.classify + self.smooth


@dataclass(frozen=True)
class Effort:
    """The amount of work per frame; the governor reduces it if the machine cannot keep up.

    Attributes:
        name: for display.
        pause: factor on the time between two searches for new faces.
        min_face: factor on the side of the smallest face to find.
        readings: share of the faces classified per frame, in rotation.
    """

    name: str
    pause: float = 1.0
    min_face: float = 1.0
    readings: float = 1.0


FULL_EFFORT = Effort("full")
"""Full work, for a machine that is fast enough."""


@dataclass(frozen=True, eq=False)
class FrameResult:
    """The result of one frame.

    Attributes:
        frame: the frame itself.
        faces: confirmed faces, by id; may be empty.
        labels: names of the columns of every probability array.
        stages: seconds per stage.
        latency_s: from capture to the end of processing; for a frame of a file, the processing time.
        dropped: number of frames of the source not processed so far.
        effort: the amount of work for this frame.
        found_xyxy: float32 (n,4), every face that was found, also one that has not been read yet.
    """

    frame: Frame
    faces: tuple[TrackedFace, ...]
    labels: tuple[str, ...]
    stages: StageSeconds
    latency_s: float
    dropped: int
    effort: Effort = FULL_EFFORT
    found_xyxy: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 4), np.float32))

    def __post_init__(self) -> None:
        _checked("FrameResult.found_xyxy", self.found_xyxy, np.float32, (None, 4))


@dataclass(frozen=True)
class SourceInfo:
    """Facts about a source, known when it opens.

    Attributes:
        name: as given by the user, without the folders of a path or the password of a URL.
        live: frames arrive at their own pace and are lost if not taken.
        temporal: consecutive frames belong together (False for a folder of images).
        width, height: square pixels as shown, rotation applied.
        fps: nominal frames a second; None if unknown or implausible (`rates.plausible_fps`).
        frames: number of frames declared by the file, which may be wrong; None if unknown.
        path: the file; None if the source is not a file.
        start_s: time of the first frame on the file's clock, seconds; its sound uses the same clock.
    """

    name: str
    live: bool
    temporal: bool
    width: int
    height: int
    fps: float | None
    frames: int | None
    path: str | None = None
    start_s: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "fps", plausible_fps(self.fps))  # one place for all users

    @property
    def duration_s(self) -> float | None:
        """Declared duration of a file, seconds; None if unknown."""
        return None if self.live or not self.frames or not self.fps else self.frames / self.fps


@dataclass(frozen=True)
class RunInfo:
    """Facts of a run, for the header of every output.

    Attributes:
        version: of fer-cam.
        model: file name of the weights.
        labels: names of the columns of every probability array.
        source: the source.
        provider: the provider in use, a name in `providers.PROVIDERS`.
        provider_asked: the requested provider: the same, or "auto".
        notes: how the network was chosen, a line each, for verbose output.
        weights_sha256: of the weights file.
        settings: every setting of the run by name.
        versions: of the program and its libraries, by name.
        correction: what the profile subtracts from the logits, by expression.
    """

    version: str
    model: str
    labels: tuple[str, ...]
    source: SourceInfo
    provider: str
    provider_asked: str
    notes: tuple[str, ...] = ()
    weights_sha256: str = ""
    settings: tuple[tuple[str, Setting], ...] = ()
    versions: tuple[tuple[str, str], ...] = ()
    correction: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Percentiles:
    """Milliseconds: median, 95th and 99th percentile; zeros if nothing was measured."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True)
class Summary:
    """Totals of a run.

    Attributes:
        frames: frames processed; equals the rows written.
        faces: number of different ids.
        seconds: wall time from the first frame to the last.
        fps: frames a second of wall time.
        dropped: number of frames of a live source not processed.
        latency_ms: capture to the end of processing.
        labels: the expressions.
        share: fraction of the labelled time (without uncertain) per expression; sums to 1 or is all zeros.
        end: how the run ended; None in recordings that do not say it.
        error: the line that the user got; None unless an error ended the run.
    """

    frames: int
    faces: int
    seconds: float
    fps: float
    dropped: int
    latency_ms: Percentiles
    labels: tuple[str, ...]
    share: tuple[float, ...]
    end: End | None = End.COMPLETE
    error: str | None = None
