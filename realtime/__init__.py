"""fer-cam: facial expressions from a camera, a clip or an image, in real time.

    from realtime import Recognizer
    result = Recognizer().process(image_bgr)

Importing this package is cheap; the names below are loaded when first used.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from realtime.config import Config as Config
    from realtime.datatypes import Faces as Faces
    from realtime.datatypes import Frame as Frame
    from realtime.datatypes import FrameResult as FrameResult
    from realtime.datatypes import Scores as Scores
    from realtime.datatypes import TrackedFace as TrackedFace
    from realtime.errors import FerError as FerError
    from realtime.labels import LABELS as LABELS
    from realtime.recognizer import Recognizer as Recognizer

# Official builds of onnxruntime (seen with 1.32) report their use to Microsoft and keep an identifier in the cache folder.
# It reads this once, when it is loaded, so it is set before any module of ours can load it.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "1.0.0"

_HOMES = {
    "Config": "config",
    "Faces": "datatypes",
    "FerError": "errors",
    "Frame": "datatypes",
    "FrameResult": "datatypes",
    "LABELS": "labels",
    "Recognizer": "recognizer",
    "Scores": "datatypes",
    "TrackedFace": "datatypes",
}

__all__ = [
    "LABELS",
    "Config",
    "Faces",
    "FerError",
    "Frame",
    "FrameResult",
    "Recognizer",
    "Scores",
    "TrackedFace",
    "__version__",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
