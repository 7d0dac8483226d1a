"""The names of cameras. The only file that imports cv2_enumerate_cameras (extra `cameras`)."""

import sys

import cv2

from realtime.sources.camera import BACKENDS


def camera_names() -> dict[int, str] | None:
    """The name of every camera by its number; None if the extra is not installed or cannot tell.

    Windows numbers its cameras by backend; Media Foundation is the one that OpenCV tries first.
    """
    try:
        from cv2_enumerate_cameras import enumerate_cameras

        return {camera.index: camera.name for camera in enumerate_cameras(BACKENDS.get(sys.platform, cv2.CAP_MSMF))}
    except Exception:  # names are a convenience: whatever the library or the system does, numbers are enough
        return None
