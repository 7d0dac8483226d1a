"""Everything a user can choose, with every default in this one place."""

from dataclasses import dataclass
from pathlib import Path

from realtime.errors import ConfigError
from realtime.model.providers import AUTO, PROVIDERS

MIN_FACE_FLOOR = 20
"""Pixels: the cascade itself is 24 px wide, and a face below 20 px holds no expression."""

STDOUT = "-"
"""The name of standard output, where data go."""

LONGEST_TIMEOUT_S = 86_400.0
MOST_FPS = 10_000.0


@dataclass(frozen=True)
class Config:
    """One run of the program.

    Attributes:
        source: camera index ("0"), its device node or a link to that, path of a video, picture or folder of pictures,
            http(s)/rtsp URL, or "demo".
        model: "auto" (the best that is quick enough, see chooser), "int8", "full", "fast", or the path of an ONNX file made by
            train.export.
        provider: what runs the network: "auto" or a name in providers.PROVIDERS.
        threads: faces read side by side on the CPU; 0 lets the program choose.
        min_face: side of the smallest face looked for, pixels of the source; 0 means a twelfth of the frame's height.
        threshold: below this smoothed probability the label is `uncertain`.
        smoothing_s: time constant of the smoothing of probabilities, seconds; 0 turns it off.
        display: True asks for a window, False forbids it, None opens one where there is a screen.
        mirror: mirror the window (never data, never files); None means for cameras only.
        save: where the annotated video goes; a folder gets `<source>_fer.mp4`. A folder that is not there is made if the text
            ends in a slash, here and below.
        jsonl: where JSON Lines go; "-" is stdout.
        csv: where the CSV goes; "-" is stdout.
        overwrite: replace outputs that exist instead of numbering the new ones.
        snapshots: the folder of snapshots taken with the s key.
        camera_size_wh, camera_fps: what to ask a camera for; None leaves it to the driver.
        open_timeout_s: how long a URL or a camera may take to open, and a stream to give its next frame.
        reconnect_s: how long to try to re-open a camera or stream that was lost; 0 gives up at once.
        target_latency_ms: what a camera's frame may take from capture to the screen before the program does less; 0 means the
            time between two frames.
        max_frames: stop after so many frames; None means at the end.
        verbosity: -1 quiet, 0 normal, 1 verbose (tracebacks, the libraries' own messages).
    """

    source: str = "0"
    model: str = "auto"
    provider: str = AUTO
    threads: int = 0
    min_face: int = 0
    threshold: float = 0.5
    smoothing_s: float = 0.35
    display: bool | None = None
    mirror: bool | None = None
    save: Path | str | None = None
    jsonl: str | None = None
    csv: Path | str | None = None
    overwrite: bool = False
    snapshots: Path = Path()
    camera_size_wh: tuple[int, int] | None = None
    camera_fps: float | None = None
    open_timeout_s: float = 10.0
    reconnect_s: float = 60.0
    target_latency_ms: float = 0.0
    max_frames: int | None = None
    verbosity: int = 0

    def __post_init__(self) -> None:
        """Raises ConfigError for a value out of range; the message names the option."""
        if self.min_face and self.min_face < MIN_FACE_FLOOR:
            raise ConfigError(f"--min-face {self.min_face}: the smallest face that can be found is {MIN_FACE_FLOOR} px")
        if not 0 <= self.threshold < 1:
            raise ConfigError(f"--threshold {self.threshold}: give a probability from 0 to below 1")
        if not 0 <= self.smoothing_s <= 10:
            raise ConfigError(f"--smoothing {self.smoothing_s}: give seconds from 0 to 10")
        if self.provider != AUTO and self.provider not in PROVIDERS:
            raise ConfigError(f"--provider {self.provider}: give one of {', '.join((AUTO, *PROVIDERS))}")
        if self.threads < 0:
            raise ConfigError(f"--threads {self.threads}: give a number of threads, or 0 to let the program choose")
        if not 0 <= self.target_latency_ms <= 10_000:
            raise ConfigError(
                f"--target-latency {self.target_latency_ms:g}: give milliseconds up to 10000, or 0 for the default"
            )
        if self.max_frames is not None and self.max_frames < 1:
            raise ConfigError(f"--max-frames {self.max_frames}: give at least 1")
        if not 0 < self.open_timeout_s <= LONGEST_TIMEOUT_S:
            raise ConfigError(f"--timeout {self.open_timeout_s:g}: give seconds above 0, {LONGEST_TIMEOUT_S:g} at most")
        if not self.reconnect_s >= 0:  # nor nan
            raise ConfigError(f"--reconnect {self.reconnect_s}: give seconds, or 0 to give up at once")
        if self.camera_size_wh is not None and min(self.camera_size_wh) < 1:
            raise ConfigError(f"--size {self.camera_size_wh[0]}x{self.camera_size_wh[1]}: give a width and a height above 0")
        if self.camera_fps is not None and not 0 < self.camera_fps <= MOST_FPS:
            raise ConfigError(f"--fps {self.camera_fps:g}: give frames a second above 0, {MOST_FPS:g} at most")
        if self.save is not None and str(self.save) == STDOUT:
            raise ConfigError("--save -: a video cannot go to standard output; give a file or a folder")
        if self.jsonl == STDOUT and self.csv is not None and str(self.csv) == STDOUT:
            raise ConfigError("--jsonl - and --csv - would mix on standard output; give one of them a file")
        if not self.source:
            raise ConfigError("--source is empty; give a camera index, a path or a URL")
