"""The segments of a recording in which a face has a known expression: from a table, or from the markers of a session."""

import csv
import io
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path

from realtime.errors import ConfigError
from realtime.labels import LABELS, canonical
from realtime.records import Header, Marker, records

COLUMNS = ("start", "end", "label", "person")
FACE = "face"
"""An optional column: the number of the face, where several people are visible."""

RECORDING = "frames.jsonl"
"""Name of the recording in the folder of a session."""

PERSON = re.compile(r"[\w]([\w .-]{0,62}[\w-])?")
"""Names that are valid for folders on every system."""

FOLDERS_OF_WINDOWS = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


@dataclass(frozen=True)
class Segment:
    """A part of a recording in which one face has one expression.

    Attributes:
        name: for messages and the manifest: "row 3" (of the table, the header is row 1), or "marker 2".
        start_s, end_s: media time, seconds; the end is not included, and may be infinite.
        label: one of LABELS.
        person: a name, also of a folder.
        face: number of the face; None for the one that is seen most.
    """

    name: str
    start_s: float
    end_s: float
    label: str
    person: str
    face: int | None = None

    def __post_init__(self) -> None:
        if not PERSON.fullmatch(self.person) or FOLDERS_OF_WINDOWS.fullmatch(self.person):
            raise ValueError(f"person {self.person!r} is no name of a folder; give letters, digits, spaces, - or _")
        if not 0 <= self.start_s < self.end_s:  # nor nan
            raise ValueError(f"start {self.start_s:g} and end {self.end_s:g}: give seconds, and an end after the start")

    def overlaps(self, other: "Segment") -> bool:
        """Whether both may be about the same face at the same time."""
        return max(self.start_s, other.start_s) < min(self.end_s, other.end_s) and (
            self.face == other.face or None in (self.face, other.face)
        )


def read(path: Path) -> tuple[Segment, ...]:
    """Reads a table, CSV with commas, semicolons or tabs: start, end, label, person and, where there are several, face.

    Times are seconds, or minutes and seconds such as 1:02.5.

    Raises:
        ConfigError: it cannot be read, or a row is wrong; the message gives the number of the first such row.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}); give a CSV with {', '.join(COLUMNS)}") from error
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    names = [name.strip().lower() for name in rows.fieldnames or ()]
    if missing := [name for name in COLUMNS if name not in names]:
        raise ConfigError(f"{path}: the column {missing[0]} is missing; the first line is {','.join(COLUMNS)}")
    rows.fieldnames = names
    segments: list[Segment] = []
    for number, row in enumerate(rows, 2):
        if not any(isinstance(value, str) and value.strip() for value in row.values()):
            continue  # a spreadsheet's empty last row
        try:
            segment = _segment(f"row {number}", row)
            if other := next((each for each in segments if each.overlaps(segment)), None):
                raise ValueError(f"overlaps {other.name}; give each its own number in a column {FACE}, or other times")
        except (ValueError, csv.Error) as error:
            raise ConfigError(f"{path}: row {number}: {error}") from error
        segments.append(segment)
    if not segments:
        raise ConfigError(f"{path}: has no rows; give a line with {', '.join(COLUMNS)} for each segment")
    return tuple(segments)


def participant(path: Path) -> str:
    """The participant of a session; empty if it names none, or is a recording alone."""
    try:
        named = json.loads((path / "session.json").read_text(encoding="utf-8")).get("participant")
    except (OSError, ValueError, AttributeError):
        return ""
    return named if isinstance(named, str) else ""


def of_session(path: Path, clip: Path, person: str) -> tuple[Segment, ...]:
    """The segments of a session, or of a recording in JSON Lines, by its markers.

    A marker with the name of an expression begins a segment, and the next marker of any name ends it.

    Args:
        path: the folder of the session, or the recording.
        clip: the file that was played.
        person: whose face it is.

    Raises:
        ConfigError: it has no marker with the name of an expression, or is of another source.
        SourceError: it cannot be read.
    """
    file = path / RECORDING if path.is_dir() else path
    markers: list[Marker] = []
    for record in records(file):
        if isinstance(record, Header):
            _check_source(file, record, clip)
        elif isinstance(record, Marker):
            markers.append(record)
    times = [math.inf if marker.t is None else marker.t for marker in markers]
    segments = []
    for number, (marker, start_s, end_s) in enumerate(zip(markers, times, [*times[1:], math.inf], strict=True), 1):
        label = _label(marker.name or "")
        if label is not None and start_s < end_s:
            try:
                segments.append(Segment(f"marker {number}", start_s, end_s, label, person))
            except ValueError as error:
                raise ConfigError(f"{file}: marker {number}: {error}") from error
    if not segments:
        raise ConfigError(f"{file}: no marker has the name of an expression; name them {', '.join(LABELS)}")
    return tuple(segments)


def _check_source(file: Path, header: Header, clip: Path) -> None:
    source = header.run.source
    if source.live:
        raise ConfigError(
            f"{file} is of the camera {source.name}, of which no image without drawings is kept; play a video file, "
            "and set the markers there"
        )
    if source.name != clip.name:
        raise ConfigError(f"{file} is of {source.name}, not of {clip.name}; give that file")


def _segment(name: str, row: dict[str, str | None]) -> Segment:
    if None in row:
        raise ValueError("has more values than the header has columns")
    values = {column: (value or "").strip() for column, value in row.items()}
    if empty := [column for column in COLUMNS if not values[column]]:
        raise ValueError(f"{empty[0]} is empty")
    label = _label(values["label"])
    if label is None:
        raise ValueError(f"label {values['label']!r} is no expression; give one of {', '.join(LABELS)}")
    face = values.get(FACE, "")
    if face and not (face.isdecimal() and int(face) > 0):
        raise ValueError(f"{FACE} {face!r}: give the number of a face, from 1, or nothing")
    times_s = (_seconds(values["start"]), _seconds(values["end"]))
    return Segment(name, *times_s, label, values["person"], int(face) if face else None)


def _label(text: str) -> str | None:
    try:
        return canonical(text)
    except KeyError:
        return None


def _seconds(text: str) -> float:
    try:
        seconds = 0.0
        for part in text.replace(",", ".").split(":"):
            seconds = 60 * seconds + float(part)
    except ValueError:
        raise ValueError(f"{text!r} is no time; give seconds, such as 62.5, or 1:02.5") from None
    return seconds
