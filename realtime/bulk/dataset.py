"""The folder of a dataset: its tables, what is known of each recording, and a lock.

DATASET/frames/recording=NAME/part-0.parquet    one row per frame
DATASET/faces/recording=NAME/part-0.parquet     one row per face and frame
DATASET/recordings.parquet                      one row per recording
DATASET/_state/                                 the same, a file each, so that nothing is lost; readers skip it
"""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from realtime.bulk.mark import MARK, VERSION, is_dataset
from realtime.bulk.recordings import Recording
from realtime.bulk.tables import text
from realtime.errors import ConfigError, SinkError

DONE, INCOMPLETE, FAILED = "done", "incomplete", "failed"

RECORDINGS = pa.schema(
    [
        ("recording", pa.string()),
        ("path", pa.string()),
        ("status", pa.string()),
        ("seconds", pa.float64()),
        ("frames", pa.int64()),
        ("faces", pa.int64()),
        ("error", pa.string()),
    ]
)


@dataclass(frozen=True)
class State:
    """What is known of a recording.

    Attributes:
        recording, path: its name in the dataset, and its file.
        status: "done"; "incomplete" if it ends early or is damaged; "failed" if nothing of it could be read.
        seconds: media time; None for images and if it failed.
        frames, faces: how many; faces that were tracked, or in images all.
        error: the reason, if it is not done.
        fingerprint: of the content that was read.
        reading: of the network and the settings.
    """

    recording: str
    path: str
    status: str
    seconds: float | None
    frames: int
    faces: int
    error: str | None
    fingerprint: str
    reading: str


class Dataset:
    """A dataset in a folder.

    Args:
        folder: one that `made` has made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    @classmethod
    def made(cls, folder: Path) -> "Dataset":
        """A dataset to write, in a folder that is made if it is missing; otherwise it is empty, or a dataset.

        Raises:
            ConfigError: the folder holds something else.
            SinkError: it cannot be made.
        """
        try:
            if folder.exists() and not is_dataset(folder) and (not folder.is_dir() or any(folder.iterdir())):
                raise ConfigError(f"{folder} holds something else; give a new folder, or one that fer-cam batch wrote")
            (folder / "_state").mkdir(parents=True, exist_ok=True)
            if not is_dataset(folder):
                (folder / MARK).write_text(json.dumps({"version": VERSION}), encoding="utf-8")
        except OSError as error:
            raise SinkError(f"cannot write {folder}: {error.strerror}; give another folder") from error
        return cls(folder)

    def frames(self, recording: str) -> Path:
        """The table of a recording's frames."""
        return self.folder / "frames" / f"recording={recording}" / "part-0.parquet"

    def faces(self, recording: str) -> Path:
        """The table of its faces."""
        return self.folder / "faces" / f"recording={recording}" / "part-0.parquet"

    def parts(self, recording: str) -> Path:
        """Where the parts of a long recording wait to be joined."""
        return self.folder / "_parts" / recording

    @property
    def is_locked(self) -> bool:
        """Whether a run writes it, or was killed."""
        return self._lock.exists()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps other runs out; a lock of a program that is gone is taken over.

        Raises:
            ConfigError: another run writes this dataset.
            SinkError: the lock cannot be written.
        """
        path = self._lock
        mine = json.dumps({"host": socket.gethostname(), "pid": os.getpid()})
        while True:
            try:
                with path.open("x", encoding="utf-8") as file:
                    file.write(mine)
                break
            except FileExistsError:
                self._check_stale(path)
            except OSError as error:
                with suppress(OSError):
                    path.unlink(missing_ok=True)  # an empty one would keep later runs out
                raise _unwritable(path, error) from error
        try:
            yield
        finally:
            path.unlink(missing_ok=True)

    def state(self, recording: str) -> State | None:
        """What is known of a recording whose tables are there."""
        try:
            state = State(**json.loads(self._state(recording).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        whole = state.status == FAILED or (self.frames(recording).exists() and self.faces(recording).exists())
        return state if whole else None

    def states(self) -> tuple[State, ...]:
        """Of every recording, by name."""
        names = sorted(path.stem for path in (self.folder / "_state").glob("*.json"))
        return tuple(state for name in names if (state := self.state(name)) is not None)

    def keep(self, state: State) -> None:
        """Notes the end of a recording.

        Raises:
            SinkError: the disk is full.
        """
        path = self._state(state.recording)
        partial = path.with_suffix(".partial")
        try:
            if state.status == FAILED:
                self.frames(state.recording).unlink(missing_ok=True)
                self.faces(state.recording).unlink(missing_ok=True)
            partial.write_text(json.dumps(asdict(state)), encoding="utf-8")
            partial.replace(path)
            for table in (self.frames(state.recording), self.faces(state.recording)):
                for left in table.parent.glob(f".{table.name}.*"):  # by a process that was killed
                    left.unlink(missing_ok=True)
        except OSError as error:
            raise _unwritable(path, error) from error

    def names(self) -> dict[str, str]:
        """Names of recordings by path; empty if there is no dataset yet."""
        return {state.path: state.recording for state in self.states()}

    def write_recordings(self) -> Path:
        """Writes the table of all recordings; returns its path.

        Raises:
            SinkError: the disk is full.
        """
        path = self.folder / "recordings.parquet"
        partial = path.with_name(".recordings.partial")
        rows = [{name: _cell(getattr(state, name)) for name in RECORDINGS.names} for state in self.states()]
        try:
            pq.write_table(pa.Table.from_pylist(rows, schema=RECORDINGS), partial)
            partial.replace(path)
        except OSError as error:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            raise _unwritable(path, error) from error
        return path

    @property
    def _lock(self) -> Path:
        return self.folder / "_lock"

    def _state(self, recording: str) -> Path:
        return self.folder / "_state" / f"{recording}.json"

    def _check_stale(self, path: Path) -> None:
        """Removes a lock whose program is gone."""
        try:
            holder = json.loads(path.read_text(encoding="utf-8"))
            host, pid = str(holder["host"]), int(holder["pid"])
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError):
            raise ConfigError(f"{path} cannot be read; if no other run writes this dataset, remove that file") from None
        if host == socket.gethostname() and not _is_alive(pid):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise _unwritable(path, error) from error
            return
        raise ConfigError(
            f"process {pid} on {host} writes this dataset; wait until it has ended, or remove {path} if it is gone"
        )


def state_of(recording: Recording, status: str, fingerprint: str, reading: str, error: str | None) -> State:
    """The state of a recording of which nothing could be read."""
    return State(recording.name, recording.path, status, None, 0, 0, error, fingerprint, reading)


def _cell(value: object) -> object:
    return text(value) if isinstance(value, str) else value


def _unwritable(path: Path, error: OSError) -> SinkError:
    return SinkError(f"cannot write {path}: {error.strerror or error}; is the disk full?")


def _is_alive(pid: int) -> bool:
    if os.name == "nt":  # there, signal 0 would end it
        import ctypes

        handle = ctypes.windll.kernel32.OpenProcess(0x1000, False, pid)  # type: ignore[attr-defined]
        if handle:
            ctypes.windll.kernel32.CloseHandle(handle)  # type: ignore[attr-defined]
        return bool(handle)
    with suppress(PermissionError):  # it is alive and somebody else's
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
    return True
