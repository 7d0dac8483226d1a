"""A session: one folder with all data of a run, and `session.json`, which describes the run."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from realtime.config import OutputConfig
from realtime.datatypes import RunInfo, Summary
from realtime.errors import SinkError
from realtime.records import FrameRecord, Header, Marker, header_fields, summary_fields
from realtime.sinks.base import DataSink
from realtime.sinks.paths import OutputPaths, reason

RUNNING = "running"
"""The status until the run ends, and after a kill."""

RESERVED = 32_768
"""Bytes kept on the disk for the last version of the file, so that a full disk cannot keep a run from saying how it ended."""


class SessionSink(DataSink):
    """Keeps `session.json` up to date: when the run begins, at its first frame, and at its end.

    Each time the whole file is replaced, so that a kill leaves the version before. `status` is "running", then the summary's
    `end`; of a run that was killed it stays "running".

    Args:
        path: the file.
        config: names participant and task.
        run: the facts of the run.

    Raises:
        SinkError: the file cannot be written.
    """

    marks = True

    def __init__(self, path: Path, config: OutputConfig, run: RunInfo) -> None:
        self.path = path.parent
        self._file = path
        self._aside = path.with_suffix(".json.tmp")
        self._config = config
        self._header = Header(run, None, None)
        self._begun = False
        self._markers = 0
        self._save(RUNNING, None)

    def write(self, record: FrameRecord) -> None:
        """Notes the clocks of the first frame.

        Raises:
            SinkError: the disk is full.
        """
        if not self._begun:
            self._begun = True
            self._header = replace(self._header, first_monotonic_s=record.captured_at, first_utc=record.captured_utc)
            self._save(RUNNING, None)

    def mark(self, marker: Marker) -> None:
        """Counts it."""
        self._markers += 1

    def close(self, summary: Summary) -> None:
        """Notes the totals.

        Raises:
            SinkError: the disk is full.
        """
        self._save(summary.end or RUNNING, summary)

    def _save(self, status: str, summary: Summary | None) -> None:
        values: dict[str, Any] = {
            "status": status,
            "error": None if summary is None else summary.error,
            "participant": self._config.participant,
            "task": self._config.task,
            "markers": self._markers,
            "run": header_fields(self._header),
            "summary": None if summary is None else summary_fields(summary),
        }
        text = json.dumps(values, indent=2, allow_nan=False) + "\n"
        try:
            with self._aside.open("r+b" if self._aside.exists() else "xb") as file:
                file.write(text.encode("utf-8"))
                file.truncate()
            self._aside.replace(self._file)
            if summary is None:
                self._aside.write_bytes(bytes(RESERVED))
        except OSError as error:
            raise SinkError(f"cannot write {self._file}: {reason(error)}") from error


def plan(config: OutputConfig, run: RunInfo, paths: OutputPaths) -> Callable[[], DataSink] | None:
    """The description of a session; see `base.Plan`."""
    if config.session is None:
        return None
    path = paths.place(Path(config.session) / "session.json", ".json")
    return lambda: SessionSink(path, config, run)


def in_its_folder(config: OutputConfig, paths: OutputPaths) -> OutputConfig:
    """The outputs of a session with their files in a new folder; other runs' outputs as they are.

    Raises:
        SinkError: the folder cannot be made.
    """
    if config.session is None:
        return config
    folder = paths.new_folder(Path(config.session))
    video = folder / "video.mp4" if config.save == Path() else config.save
    return replace(config, session=folder, jsonl=str(folder / "frames.jsonl"), csv=folder / "faces.csv", save=video)
