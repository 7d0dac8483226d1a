"""Which camera a name stands for: its number, its device node, or a link to that node."""

import os
import re

LARGEST_NUMBER = 2**31 - 1
"""OpenCV takes camera numbers as a C int."""


def camera_number(name: str) -> int | None:
    """The number of the camera that `name` stands for; None if it stands for something else.

    "2", "/dev/video2" and every link to that node are camera 2, also while the camera is unplugged: udev's stable names in
    /dev/v4l/by-id are such links. A number that no system has is returned as it is and refused when it is opened.
    """
    if number := re.fullmatch(r"(?:/dev/video)?(-?\d+)", name, re.ASCII):
        return _bounded(number[1])
    try:
        node = os.path.realpath(name)
    except (OSError, ValueError):  # the current folder was deleted; a name with a NUL in it
        return None
    linked = re.fullmatch(r"/dev/video(\d+)", node, re.ASCII)
    return None if linked is None else _bounded(linked[1])


def _bounded(digits: str) -> int:
    """The number, or one past the largest: Python refuses to read thousands of digits."""
    return int(digits) if len(digits) <= len(str(LARGEST_NUMBER)) else LARGEST_NUMBER + 1
