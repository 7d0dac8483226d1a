"""The result of each benchmark, as stored. Times are milliseconds and sizes pixels unless a name says otherwise."""

from dataclasses import dataclass
from typing import Any

from benchmarks.payloads_programs import Bulk, Delay, Web
from benchmarks.record import Clip, Spread, Timing


def _check_sides(timings: tuple[Timing, ...]) -> None:
    """Checks that the stages of each side add up to its frame."""
    for what in {timing.what for timing in timings}:
        stages = {timing.stage: timing for timing in timings if timing.what == what}
        whole = stages.pop("frame").mean_ms
        if abs(sum(timing.mean_ms for timing in stages.values()) - whole) > 0.2 + 0.05 * whole:
            raise ValueError(f"the stages of {what} do not add up to a frame")


@dataclass(frozen=True)
class Latency:
    """Time per stage and frame of one clip, for each side.

    Attributes:
        repeats: measured passes over the clip, in turns, after a warm-up pass of each side.
    """

    clip: Clip
    repeats: int
    timings: tuple[Timing, ...]

    def __post_init__(self) -> None:
        _check_sides(self.timings)


@dataclass(frozen=True)
class Cell:
    """Time per stage and frame of one composed scene.

    Attributes:
        faces: number of faces; face_px: side of each box.
        seen: faces per frame that each side found, in the order of the sides.
    """

    width: int
    height: int
    faces: int
    face_px: int
    frames: int
    seen: tuple[float, ...]
    timings: tuple[Timing, ...]

    def __post_init__(self) -> None:
        _check_sides(self.timings)

    def timing(self, what: str, stage: str = "frame") -> Timing:
        """One of the timings."""
        return next(timing for timing in self.timings if (timing.what, timing.stage) == (what, stage))


@dataclass(frozen=True)
class Matrix:
    """Scenes of several sizes and numbers of faces; `source` is the clip of the faces."""

    source: str
    repeats: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Slope:
    """Median time per frame against the number of faces (at one size) and against the size (with one number of faces).

    Attributes:
        ms_per_face, ms_per_megapixel: slopes of least-squares lines.
    """

    what: str
    ms_per_face: float
    ms_per_megapixel: float


@dataclass(frozen=True)
class Scaling:
    """Cost by number of faces and by number of pixels."""

    source: str
    repeats: int
    by_faces: tuple[Cell, ...]
    by_pixels: tuple[Cell, ...]
    slopes: tuple[Slope, ...]


@dataclass(frozen=True)
class Watched:
    """One side with a network camera.

    Attributes:
        frames: images shown in `seconds`, after the warm-up.
        cpu_share: CPU time of the whole process, as a share of one core.
        dropped: by the program's own count; None if it has none.
        never_shown: numbers sent but not shown.
        unreadable: images shown with an unreadable number.
        effort: the lowest effort for an image, if the side has a governor.
        age_ms: from sending an image to drawing it.
    """

    what: str
    frames: int
    seconds: float
    fps: float
    cpu_share: float
    dropped: int | None
    never_shown: int
    unreadable: int
    effort: str | None
    age_ms: Spread


@dataclass(frozen=True)
class Live:
    """A network camera of `fps`, with `faces` faces in the image; `sent_fps` is the measured rate."""

    source: str
    width: int
    height: int
    faces: int
    fps: float
    sent_fps: tuple[float, ...]
    sides: tuple[Watched, ...]


@dataclass(frozen=True)
class FileSpeed:
    """Whole runs of one side over one clip, from opening the file to closing the output; `output`: what it saved.

    Attributes:
        times_faster: than the tutorial loop with the same output, by medians; 1 for itself.
    """

    clip: Clip
    what: str
    output: str
    run_s: Spread
    frames_per_s: float
    times_faster: float


@dataclass(frozen=True)
class Throughput:
    """Files at full speed."""

    repeats: int
    speeds: tuple[FileSpeed, ...]


@dataclass(frozen=True)
class Started:
    """Start times of one side over several runs; seconds since the process start.

    Attributes:
        first_frame_s: the first row, with a face or without.
        first_label_s: the first row with a face that has a label.
        peak_mb: peak resident memory up to the end of the clip, 10^6 bytes; None if the system does not report it.
    """

    what: str
    first_frame_s: Spread
    first_label_s: Spread
    peak_mb: Spread | None


@dataclass(frozen=True)
class Startup:
    """From process start to the first labelled frame."""

    clip: Clip
    repeats: int
    sides: tuple[Started, ...]


@dataclass(frozen=True)
class Found:
    """Detection figures of one side on one clip; None if a figure needs missing truth, ids or a still face.

    Attributes:
        faces: boxes shown. ids: distinct ids.
        recall, precision: of boxes, matched at an IoU of 0.5 or more.
        false_tracks_per_min: ids with a majority of boxes on no face.
        id_switches: true faces that changed their id.
        label_delay_ms: media time until a new face has a label. unlabelled: faces without one.
        jitter_px, jitter_percent: of a still face's box; px, and % of its width.
        label_changes_per_min: per face and minute of display.
        agreement: share of labels equal to those of single frames, where both have the face.
    """

    what: str
    faces: int
    ids: int | None
    recall: float | None
    precision: float | None
    false_tracks_per_min: float | None
    id_switches: int | None
    label_delay_ms: Spread | None
    unlabelled: int | None
    jitter_px: float | None
    jitter_percent: float | None
    label_changes_per_min: float | None
    agreement: float | None

    def __post_init__(self) -> None:
        for share in (self.recall, self.precision, self.agreement):
            if share is not None and not 0 <= share <= 1:
                raise ValueError(f"impossible share in {self}")


@dataclass(frozen=True)
class Searched:
    """One clip or folder; `true_faces` is the number of true boxes, None without truth."""

    clip: Clip
    seconds: float | None
    true_faces: int | None
    sides: tuple[Found, ...]


@dataclass(frozen=True)
class Detection:
    """Detection quality and stability."""

    clips: tuple[Searched, ...]


@dataclass(frozen=True)
class Sample:
    """One sample of the running program: seconds since its first frame, resident memory in 10^6 bytes, frames done."""

    t_s: float
    rss_mb: float
    threads: int
    handles: int
    frames: int


@dataclass(frozen=True)
class Soak:
    """A long run on a looped clip as live source.

    Attributes:
        minutes: of media time; the run took minutes / speed.
        settled, ended: medians just after the first minute, and over the last tenth.
        growth_percent: of memory between the two.
        passed: memory grew by less than `allowed_percent`, and threads and handles did not.
    """

    source: str
    width: int
    height: int
    fps: float
    minutes: float
    speed: float
    allowed_percent: float
    settled: Sample
    ended: Sample
    growth_percent: float
    passed: bool
    samples: tuple[Sample, ...]


PAYLOADS: dict[str, type[Any]] = {
    "latency": Latency,
    "latency-matrix": Matrix,
    "scaling": Scaling,
    "live": Live,
    "bulk": Bulk,
    "delay": Delay,
    "web": Web,
    "throughput": Throughput,
    "startup": Startup,
    "detection": Detection,
    "soak": Soak,
    "peers": Latency,
}
"""The result type of each benchmark."""
