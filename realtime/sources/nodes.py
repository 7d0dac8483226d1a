"""Camera numbers from names: a number, a device node, or a link to that node."""

import os
import re

LARGEST_NUMBER = 2**31 - 1
"""OpenCV stores camera numbers in a C int."""


def camera_number(name: str) -> int | None:
    """The number of the camera that `name` refers to; None if it refers to something else.

    "2", "/dev/video2" and every link to that node are camera 2, even while the camera is unplugged: udev's stable names in
    /dev/v4l/by-id are such links. An impossible number is returned too, and refused when the camera is opened.
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
