"""All settings with their defaults, in one frozen group per part of the program.

Each group validates its values. Errors name the setting; the command line replaces that with its option.

One file because all settings are looked up in one place.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from realtime.endpoints import Broker, Endpoint
from realtime.errors import ConfigError
from realtime.model.providers import AUTO, PROVIDERS
from realtime.triggers import Kind, Trigger

MIN_FACE_FLOOR = 20
"""Pixels: the cascade is 24 px wide, and the expression of a face below 20 px cannot be recognized."""

BROWSER = "browser"
"""The source of a run whose frames come from the cameras of browsers alone."""

LOOPBACK = "127.0.0.1"

STDOUT = "-"
"""The name of standard output."""

MOST_MARKERS = 9
"""Named markers: one per number key."""

LONGEST_TIMEOUT_S = 86_400.0
MOST_FPS = 10_000.0


@dataclass(frozen=True)
class SourceConfig:
    """The source of frames.

    Attributes:
        location: camera index ("0"), its device node or a link to that, path of a video, image or folder of images,
            http(s)/rtsp URL, "demo", or "browser" for none on this machine.
        camera_size_wh, camera_fps: requested from the camera; None leaves them to the driver.
        open_timeout_s: time limit for opening a camera or URL, and for the next frame of a stream.
        reconnect_s: how long to try to re-open a lost camera or stream; 0 gives up at once.
        max_frames: stop after this many frames; None stops at the end.
    """

    location: str = "0"
    camera_size_wh: tuple[int, int] | None = None
    camera_fps: float | None = None
    open_timeout_s: float = 10.0
    reconnect_s: float = 60.0
    max_frames: int | None = None

    def __post_init__(self) -> None:
        if not self.location:
            raise ConfigError("is empty; give a camera index, a path or a URL", "source")
        if self.camera_size_wh is not None and min(self.camera_size_wh) < 1:
            width, height = self.camera_size_wh
            raise ConfigError(f"{width}x{height}: give a width and a height above 0", "camera_size_wh")
        if self.camera_fps is not None and not 0 < self.camera_fps <= MOST_FPS:
            raise ConfigError(f"{self.camera_fps:g}: give frames a second above 0, {MOST_FPS:g} at most", "camera_fps")
        if not 0 < self.open_timeout_s <= LONGEST_TIMEOUT_S:
            raise ConfigError(f"{self.open_timeout_s:g}: give seconds above 0, {LONGEST_TIMEOUT_S:g} at most", "open_timeout_s")
        if not self.reconnect_s >= 0:  # nor nan
            raise ConfigError(f"{self.reconnect_s}: give seconds, or 0 to give up at once", "reconnect_s")
        if self.max_frames is not None and self.max_frames < 1:
            raise ConfigError(f"{self.max_frames}: give at least 1", "max_frames")


@dataclass(frozen=True)
class ModelConfig:
    """The network and its backend.

    Attributes:
        name: "auto" (the best that is fast enough, see chooser), "int8", "full", "fast", or the path of an ONNX file made by
            train.export.
        provider: "auto" or a name in providers.PROVIDERS.
        threads: faces classified in parallel on the CPU; 0 lets the program choose.
    """

    name: str = AUTO
    provider: str = AUTO
    threads: int = 0

    def __post_init__(self) -> None:
        if self.provider != AUTO and self.provider not in PROVIDERS:
            raise ConfigError(f"{self.provider}: give one of {', '.join((AUTO, *PROVIDERS))}", "provider")
        if self.threads < 0:
            raise ConfigError(f"{self.threads}: give a number of threads, or 0 to let the program choose", "threads")


@dataclass(frozen=True)
class ReadingConfig:
    """How faces are detected and classified.

    Attributes:
        min_face: side of the smallest face to find, pixels of the source; 0 means a twelfth of the frame's height.
        threshold: below this smoothed probability the label is `uncertain`.
        smoothing_s: time constant of the smoothing of probabilities, seconds; 0 turns it off.
        target_latency_ms: latency of a camera from capture to the screen above which work is reduced; 0 means the time between
            two frames.
        profile: name or path of a person's profile, made by `fer-cam calibrate`; None for none.
    """

    min_face: int = 0
    threshold: float = 0.5
    smoothing_s: float = 0.35
    target_latency_ms: float = 0.0
    profile: str | None = None

    def __post_init__(self) -> None:
        if self.profile is not None and not self.profile.strip():
            raise ConfigError("is empty; give the name of a profile", "profile")
        if self.min_face and self.min_face < MIN_FACE_FLOOR:
            raise ConfigError(f"{self.min_face}: the smallest face that can be found is {MIN_FACE_FLOOR} px", "min_face")
        if not 0 <= self.threshold < 1:
            raise ConfigError(f"{self.threshold}: give a probability from 0 to below 1", "threshold")
        if not 0 <= self.smoothing_s <= 10:
            raise ConfigError(f"{self.smoothing_s}: give seconds from 0 to 10", "smoothing_s")
        if not 0 <= self.target_latency_ms <= 10_000:
            raise ConfigError(
                f"{self.target_latency_ms:g}: give milliseconds up to 10000, or 0 for the default", "target_latency_ms"
            )


@dataclass(frozen=True)
class OutputConfig:
    """The outputs.

    Attributes:
        save: path of the annotated video; a folder gets `<source>_fer.mp4`. A missing folder is created if the text ends in a
            slash, here and below.
        jsonl: path of the JSON Lines; "-" is stdout.
        csv: path of the CSV; "-" is stdout.
        overwrite: replace existing outputs instead of numbering the new ones.
        snapshots: the folder of snapshots taken with the s key.
        blur: hide every face in every image that leaves the program: window, video, images and snapshots.
        numbers_only: write no images; an output of images is then an error.
        session: the folder for all data of a run; it gets JSON Lines, CSV, events and session.json.
        participant, task: what the session is about, for session.json.
        markers: names of the markers with the keys 1 to 9.
        marker_port: a UDP port of this machine on which other programs set markers.
        lsl_markers: the name of a stream of the Lab Streaming Layer whose samples set markers.
        osc: where OSC messages go, HOST:PORT.
        mqtt: the broker and the topic that MQTT messages go to, mqtt://USER:PASSWORD@HOST:PORT/TOPIC.
        lsl: the name of the stream of the Lab Streaming Layer.
        triggers: conditions and their actions, as `Trigger.parse` reads them.
    """

    save: Path | str | None = None
    jsonl: str | None = None
    csv: Path | str | None = None
    overwrite: bool = False
    snapshots: Path = Path()
    blur: bool = False
    numbers_only: bool = False
    session: Path | None = None
    participant: str = ""
    task: str = ""
    markers: tuple[str, ...] = ()
    marker_port: int | None = None
    lsl_markers: str | None = None
    osc: str | None = None
    mqtt: str | None = None
    lsl: str | None = None
    triggers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        others = [target for target in (self.jsonl, self.csv) if target is not None and Path(target).parent != self.session]
        if self.session is not None and others:
            raise ConfigError("writes JSON Lines and CSV already; leave the options for them out", "session")
        if self.session is None and (self.participant or self.task):
            raise ConfigError("belong to a session; add --session DIR", "participant", "task")
        if len(self.markers) > MOST_MARKERS or not all(name.strip() for name in self.markers):
            raise ConfigError(f"{','.join(self.markers)}: give 1 to {MOST_MARKERS} names with commas between them", "markers")
        if self.marker_port is not None and not 1 <= self.marker_port <= 65_535:
            raise ConfigError(f"{self.marker_port}: give a port from 1 to 65535", "marker_port")
        if self.lsl_markers is not None and not self.lsl_markers.strip():
            raise ConfigError("is empty; give the name of a stream", "lsl_markers")
        if self.lsl is not None and self.lsl_markers == f"{self.lsl}-markers":
            raise ConfigError(f"{self.lsl_markers} is this run's own stream; give that of another program", "lsl_markers")
        if self.numbers_only and self.save is not None:
            raise ConfigError("exclude each other; leave one of them out", "numbers_only", "save")
        if self.save is not None and str(self.save) == STDOUT:
            raise ConfigError("-: a video cannot go to standard output; give a file or a folder", "save")
        if self.jsonl == STDOUT and self.csv is not None and str(self.csv) == STDOUT:
            raise ConfigError("would mix on standard output; give one of them a file", "jsonl", "csv")
        if self.osc is not None:
            Endpoint.parse(self.osc, "osc")
        if self.mqtt is not None:
            Broker.parse(self.mqtt, "mqtt")
        if self.lsl is not None and not self.lsl.strip():
            raise ConfigError("is empty; give the stream a name", "lsl")
        kinds = {Trigger.parse(text).action.kind for text in self.triggers}
        if Kind.OSC in kinds and self.osc is None:
            raise ConfigError("with osc: needs a receiver; add --osc HOST:PORT", "triggers")
        if Kind.MQTT in kinds and self.mqtt is None:
            raise ConfigError("with mqtt: needs a broker; add --mqtt mqtt://HOST", "triggers")


@dataclass(frozen=True)
class ViewConfig:
    """The views.

    Attributes:
        display: True requires a window, False forbids it, None opens one if a screen is available.
        mirror: mirror the window (never data or files); None mirrors cameras only.
        lesson: begin with the lesson view, which a saved video then shows too.
        verbosity: -1 quiet, 0 normal, 1 verbose (tracebacks, the libraries' own messages).
    """

    display: bool | None = None
    mirror: bool | None = None
    lesson: bool = False
    verbosity: int = 0


@dataclass(frozen=True)
class WebConfig:
    """The page for browsers. Without `serve` there is no port.

    Attributes:
        serve: the TCP port; 0 means 8765, or any free one if that is taken.
        bind: the address of this machine to listen at.
        tls_cert, tls_key: certificate and key, PEM files.
        insecure: allow other addresses than loopback without encryption.
    """

    serve: int | None = None
    bind: str = LOOPBACK
    tls_cert: Path | None = None
    tls_key: Path | None = None
    insecure: bool = False

    def __post_init__(self) -> None:
        if self.serve is not None and not 0 <= self.serve <= 65_535:
            raise ConfigError(f"{self.serve}: give a port from 1 to 65535", "serve")
        given = [each.name for each in fields(self) if getattr(self, each.name) != each.default]
        if self.serve is None and given:
            raise ConfigError("needs the page for browsers; add --serve", *given)
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ConfigError("belong together; give both", "tls_cert", "tls_key")
        if self.bind not in (LOOPBACK, "localhost", "::1") and self.tls_cert is None and not self.insecure:
            raise ConfigError(
                f"{self.bind}: others could read what is sent there; add --tls-cert and --tls-key, or --insecure to "
                "send unencrypted",
                "bind",
            )


Group = SourceConfig | ModelConfig | ReadingConfig | OutputConfig | ViewConfig | WebConfig

SETTINGS = {"location": "source", "name": "model"}
"""Settings whose name in the data and in `Config.of` differs from that of their field."""


@dataclass(frozen=True)
class Config:
    """One run of the program.

    Usage:
        Config(reading=ReadingConfig(threshold=0.6), model=ModelConfig("fast"))
        Config.of(threshold=0.6, model="fast")  # the same, by the settings' own names
    """

    source: SourceConfig = field(default_factory=SourceConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    reading: ReadingConfig = field(default_factory=ReadingConfig)
    output: OutputConfig = field(default_factory=OutputConfig)
    view: ViewConfig = field(default_factory=ViewConfig)
    web: WebConfig = field(default_factory=WebConfig)

    def __post_init__(self) -> None:
        if self.view.lesson and self.output.blur:
            raise ConfigError("exclude each other: a lesson shows the faces that blur hides", "lesson", "blur")
        if self.source.location != BROWSER:
            return
        if self.web.serve is None:
            raise ConfigError("browser needs the page for browsers; add --serve", "source")
        asked, usual = self.output, OutputConfig()
        alone = [
            name for name in ("jsonl", "csv", "osc", "mqtt", "lsl", "triggers") if getattr(asked, name) != getattr(usual, name)
        ]
        alone += ["save"] if asked.save not in (None, Path()) or (asked.save is not None and asked.session is None) else []
        alone += ["display"] if self.view.display else []
        if alone:
            raise ConfigError(
                "cannot be used without a source on this machine; leave that out, or give --session DIR and record on the page",
                *alone,
            )

    @classmethod
    def of(cls, **settings: Any) -> "Config":
        """The defaults with these settings changed, by the names in the header of JSON Lines.

        Raises:
            ConfigError: a name is unknown, or a value is out of range.
        """
        return cls().but(**settings)

    def but(self, **settings: Any) -> "Config":
        """A copy with these settings changed.

        Raises:
            ConfigError: as in `of`.
        """
        homes = {name: (group, attribute) for name, group, attribute, _ in self._walk()}
        changes: dict[str, dict[str, Any]] = {}
        for name, value in settings.items():
            if name not in homes:
                raise ConfigError(f"unknown setting {name!r}; give one of {', '.join(homes)}")
            group, attribute = homes[name]
            changes.setdefault(group, {})[attribute] = value
        return replace(self, **{group: replace(getattr(self, group), **values) for group, values in changes.items()})

    def settings(self) -> dict[str, Any]:
        """Every setting by its own name."""
        return {name: value for name, _, _, value in self._walk()}

    def _walk(self) -> Iterator[tuple[str, str, str, Any]]:
        """Name, group, attribute and value of each setting, in order."""
        for group in fields(self):
            values = getattr(self, group.name)
            for item in fields(values):
                yield SETTINGS.get(item.name, item.name), group.name, item.name, getattr(values, item.name)
