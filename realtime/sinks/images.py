"""Annotated images, saved instead of a video if the source is images, and snapshots."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.config import OutputConfig
from realtime.datatypes import RunInfo
from realtime.drawing.painter import Painted
from realtime.errors import SinkError
from realtime.sinks.base import PaintedSink
from realtime.sinks.paths import OutputPaths, claim, reason, shortened

JPEG = frozenset({".jpg", ".jpeg"})
JPEG_QUALITY = 95


class ImageSink(PaintedSink):
    """Saves every frame as `<name>_fer.<png|jpg>`, or a single image under the given name.

    Args:
        target: a folder (created if missing) if the source is a folder; a folder or a file for a single image.
        run: provides the source.
        paths: of the run; if it overwrites, so do images, but never those of the source or of this run.

    Raises:
        SinkError: the folder cannot be created, or the file cannot be written.
    """

    def __init__(self, target: Path, run: RunInfo, paths: OutputPaths) -> None:
        self.path: Path
        source = run.source
        self._folder = source.path is not None and Path(source.path).is_dir()
        self._written: set[Path] = set()
        if not self._folder:
            self.path = paths.place(target, _suffix(source.name))
            return
        self.path = target
        try:
            target.mkdir(exist_ok=True)
            self._overwrite = paths.overwrite and not (source.path is not None and target.samefile(source.path))
        except OSError as error:
            raise SinkError(f"cannot create the folder {target}: {reason(error)}") from error

    def write(self, painted: Painted) -> None:
        """Saves one image.

        Raises:
            SinkError: the disk is full, or the suffix is not an image format.
        """
        path = self.path
        if self._folder:
            name = Path(painted.result.frame.source)
            path = self.path / f"{shortened(name.stem)}_fer{_suffix(name.name)}"
            path = path if self._overwrite and path not in self._written else claim(path)
            self._written.add(path)
        _save(painted.image, path)


def plan(config: OutputConfig, run: RunInfo, paths: OutputPaths) -> Callable[[], PaintedSink] | None:
    """Annotated images, if requested and the source is images; see `base.Plan`."""
    if config.save is None or run.source.temporal:
        return None
    sink = ImageSink(paths.target(config.save), run, paths)
    return lambda: sink


def save_snapshot(image: NDArray[np.uint8], folder: Path, name: str) -> Path:
    """Saves an image as `<name>_snapshot.png`, `<name>_snapshot-2.png`, ... and returns the path.

    Raises:
        SinkError: the folder is missing, read-only or full.
    """
    path = claim(folder / f"{name}_snapshot.png")
    _save(image, path)
    return path


def _suffix(name: str) -> str:
    return ".jpg" if Path(name).suffix.lower() in JPEG else ".png"


def _save(image: NDArray[np.uint8], path: Path) -> None:
    """Encodes in memory, since OpenCV's own writer cannot open every name on Windows and does not report errors."""
    try:
        _, data = cv2.imencode(path.suffix, image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        path.write_bytes(data.tobytes())
    except cv2.error as error:
        path.unlink(missing_ok=True)
        raise SinkError(f"cannot write {path}: give a name that ends in .png or .jpg") from error
    except OSError as error:
        raise SinkError(f"cannot write {path}: {reason(error)}") from error
