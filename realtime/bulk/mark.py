"""Tells a dataset from other folders, without the libraries that read one."""

from pathlib import Path

MARK = "_dataset.json"
VERSION = 1


def is_dataset(folder: Path) -> bool:
    """Whether `fer-cam batch` wrote this folder."""
    return (folder / MARK).is_file()
