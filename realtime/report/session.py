"""Writes the report of a session at the end of a run."""

from pathlib import Path

from realtime.report import page, written
from realtime.report.recording import load

WINDOW_S = 5.0
"""Length of the window after each marker, as `fer-cam report` uses by default."""


def write(folder: Path) -> Path:
    """Writes `report.html` into the folder of a session and returns its path.

    Raises:
        ConfigError: jinja2 is missing; the message names the extra.
        SourceError: the session has no readable recording.
        SinkError: the file cannot be written.
    """
    recording = written.recording_in(folder)
    html = page.render(load(recording), WINDOW_S)
    return written.write(html, [recording], None, compared=False, overwrite=False)
