"""Writes a report next to its recording without overwriting other files."""

from collections.abc import Sequence
from pathlib import Path

from realtime.errors import SinkError
from realtime.sinks.paths import claim, reason

RECORDING = "frames.jsonl"
"""File name of the recording in a session folder."""

RECORDINGS = "recordings.parquet"
"""Name of the table of recordings in a dataset."""


def recording_in(path: Path) -> Path:
    """The file of a recording; for a session folder, the recording in it."""
    return path / RECORDING if path.is_dir() else path


def write(html: str, recordings: Sequence[Path], out: Path | None, *, compared: bool, overwrite: bool) -> Path:
    """Writes the page and returns its path. If the file exists, a number is added to its name, unless `overwrite` is set.

    Args:
        html: the page.
        recordings: the recordings that it describes; they are never overwritten.
        out: a file, or a folder for a file with the default name; None means next to the first recording.
        compared: whether the page is a comparison; this changes the default name.
        overwrite: replace an existing file.

    Raises:
        SinkError: the file cannot be written.
    """
    path = _target(recordings, out, compared)
    if any(path.exists() and path.samefile(recording) for recording in recordings):
        raise SinkError(f"cannot write {path}: it is the recording itself; give another name")
    made = not (overwrite and path.exists())
    path = claim(path) if made else path
    try:
        path.write_text(html, encoding="utf-8", errors="backslashreplace")  # names of files need not be text
    except OSError as error:
        if made:
            path.unlink(missing_ok=True)
        raise SinkError(f"cannot write {path}: {reason(error)}") from error
    return path


def _target(recordings: Sequence[Path], out: Path | None, compared: bool) -> Path:
    first, what = recordings[0], "compared" if compared else "report"
    name = f"{what}.html" if first.name in (RECORDING, RECORDINGS) else f"{first.stem}_{what}.html"
    if out is None:
        return first.with_name(name)
    return out / name if out.is_dir() else out
