"""Reads CK+48, the seven classes of the paper, from its zip or from the unpacked folder."""

import lzma
import re
import struct
import zipfile
import zlib
from collections import Counter
from pathlib import Path, PureWindowsPath

from realtime.errors import ConfigError
from realtime.labels import PAPER_LABELS
from train.data import folders
from train.data.datasets import FaceSet
from train.data.folders import Tree

LARGEST = 64 << 20
"""Bytes of one unpacked image; a 48x48 image has 2 thousand, a large photograph 30 million."""


def load_ckplus(path: Path) -> FaceSet:
    """CK+48 with the paper's classes; a zip is read in memory and not unpacked.

    Zip and folder give the same faces, sorted by name: `<class folder>/<subject>_<sequence>_<frame>.png`, whatever the parent
    folders. Images are converted to gray 48x48 if necessary.

    Raises:
        ConfigError: a missing, unsafe or damaged archive, an unknown or empty class, or a broken image; the message names it.
    """
    if path.is_dir():
        return _load(path)
    with _open(path) as archive:
        return _load(_Entry(archive))


def _load(tree: Tree) -> FaceSet:
    images = folders.find_images(tree)
    for image in images:
        if image.label not in PAPER_LABELS:
            raise ConfigError(f"{tree}: {image.name}: CK+ has no class {image.label}; remove it, or give CK+48 as it is")
    return folders.load_images(images, PAPER_LABELS)


class _Entry(zipfile.Path):
    """A file or folder inside an open archive."""

    def __str__(self) -> str:
        return super().__str__().rstrip("/")

    def read_bytes(self) -> bytes:
        """The unpacked content.

        Raises:
            ConfigError: damaged, or too large for an image.
        """
        try:
            with self.root.open(self.at) as file:
                data = file.read(LARGEST + 1)  # the size in the archive's directory may be wrong
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, OSError) as error:
            raise ConfigError(f"{self}: cannot be read ({error}); the archive is damaged: get it again") from error
        if len(data) > LARGEST:
            raise ConfigError(f"{self}: unpacks to more than {LARGEST >> 20} MB, too large for a face; get CK+48 again")
        return data


def _open(path: Path) -> zipfile.ZipFile:
    """Opens the archive if no name leaves it and no entry has a password."""
    try:
        archive = zipfile.ZipFile(path)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); give the path of ckplus48.zip or its folder") from error
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
        raise ConfigError(f"{path}: cannot be read ({error}); give the path of ckplus48.zip or its folder") from error
    try:
        _check(path, archive)
    except ConfigError:
        archive.close()
        raise
    return archive


def _check(path: Path, archive: zipfile.ZipFile) -> None:
    names = Counter(archive.namelist())
    for entry in archive.infolist():
        parts = re.split(r"[/\\]", entry.filename)
        if ".." in parts or parts[0] == "" or PureWindowsPath(entry.filename).drive:
            raise ConfigError(f"{path}: {entry.filename!r} leads out of the archive; do not unpack it, get CK+48 elsewhere")
        if entry.flag_bits & 1:
            raise ConfigError(f"{path}: {entry.filename} has a password; unpack it yourself and give the folder")
        if names[entry.filename] > 1:
            raise ConfigError(f"{path}: {entry.filename} is in it {names[entry.filename]} times; get CK+48 again")
