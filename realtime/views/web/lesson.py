"""The lesson view for pages: the images of the paper's steps, and their captions, which the page arranges itself."""

import json
from dataclasses import dataclass

import numpy as np

from realtime.datatypes import Frame
from realtime.drawing.board import step_images
from realtime.drawing.board_layout import captions
from realtime.lesson.steps import Steps
from realtime.views.web import wire

SIDE = 192
"""Of each image, pixels: four for each pixel of the network's input."""

QUALITY = 85
"""The images are small, and their pixels have hard edges: 38 KB together, made in 3 ms."""


@dataclass(frozen=True)
class Panel:
    """The messages of one frame.

    Attributes:
        text: which face is explained, and the captions.
        image: the binary message; None without a face.
    """

    text: str
    image: bytes | None


def panel(steps: Steps | None, frame: Frame) -> Panel:
    """The steps of one face of a frame; None if it has no face."""
    told = {"type": "lesson", "frame": frame.index, "face": None if steps is None else steps.face.id, "captions": []}
    if steps is None:
        return Panel(_json(told), None)
    told["captions"] = [[title, text] for title, text, _ in captions(len(steps.gray), len(steps.small), steps.equalizes)]
    images = np.concatenate(step_images(steps, SIDE), axis=1)
    height, width = images.shape[:2]
    jpeg = wire.encode(images, QUALITY)
    return Panel(_json(told), wire.pack(frame.index, (width, height), frame.captured_at, jpeg, wire.LESSON))


def _json(value: dict[str, object]) -> str:
    return json.dumps(value, separators=(",", ":"))
