"""The results of fer-cam with other programs: receivers of live data, browsers, workers."""

from dataclasses import dataclass

from benchmarks.record import Spread


@dataclass(frozen=True)
class Heard:
    """The figures of one receiver of live data.

    Attributes:
        what: the output.
        frames: number of counted frames that arrived.
        delay_ms: from capture to receipt.
        sending_ms: the part of it after the frame was processed.
    """

    what: str
    frames: int
    delay_ms: Spread
    sending_ms: Spread


@dataclass(frozen=True)
class Delay:
    """Delay of live data to other programs on the same machine.

    Attributes:
        frames: processed, and counted. dropped: meanwhile, by the program's own count.
        processed_ms: from capture to the end of processing.
    """

    clip: str
    width: int
    height: int
    faces: int
    frames: int
    dropped: int
    processed_ms: Spread
    receivers: tuple[Heard, ...]


@dataclass(frozen=True)
class Bulked:
    """Runs over the same files.

    Attributes:
        fps: frames a second of a whole run, its start included; one value per turn.
        most_mb: the most memory of one process that reads, 10^6 bytes.
    """

    what: str
    frames: int
    fps: Spread
    most_mb: float


@dataclass(frozen=True)
class Cutting:
    """A video read whole and in parts.

    Attributes:
        seconds: of the video.
        part_s, warm_up_s: least length of a part, and of the beginning that it shares with the part before.
        frames, frames_read: of the video, and of all parts.
        labels_equal, ids_equal: share of frames whose faces have the same labels, and the same ids.
    """

    seconds: float
    parts: int
    part_s: float
    warm_up_s: float
    frames: int
    frames_read: int
    labels_equal: float
    ids_equal: float

    def __post_init__(self) -> None:
        if not (0 <= self.labels_equal <= 1 and 0 <= self.ids_equal <= 1):
            raise ValueError(f"impossible share in {self}")


@dataclass(frozen=True)
class Bulk:
    """fer-cam batch.

    Attributes:
        rows: plain runs first, then by number of workers.
        ms_per_task: of client and scheduler, from tasks that do nothing.
        busy_percent: extrapolated: how busy they are with a hundred workers that read parts of five minutes.
    """

    clip: str
    files: int
    seconds_each: float
    rows: tuple[Bulked, ...]
    cutting: Cutting
    ms_per_task: float
    busy_percent: float


@dataclass(frozen=True)
class Served:
    """Clients of the page, of one kind and number.

    Attributes:
        what: kind and number of the clients.
        fps: frames a second of each client, the slowest one's.
        delay_ms: of all of them; from capture to receipt for those that watch, from sending to the answer for cameras.
        cpu_percent: CPU time of the server, of one core.
    """

    what: str
    clients: int
    fps: float
    delay_ms: Spread
    cpu_percent: float


@dataclass(frozen=True)
class Web:
    """The page for browsers, with clients on the same machine.

    Attributes:
        fps: images a second of the network camera, and of each browser's camera.
        seconds: counted, for each row.
    """

    clip: str
    width: int
    height: int
    faces: int
    fps: float
    seconds: float
    rows: tuple[Served, ...]
