"""Images of large sources are scaled down for those who watch; boxes stay in pixels of the frame."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.views.web import wire
from tests import builders
from tests.web_client import Stage, stage

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("nothing_left_behind")]


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as it:
        yield it


def shape(jpeg: bytes) -> tuple[int, ...]:
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape


@pytest.mark.parametrize(
    ("size_wh", "sent_wh"),
    [((3840, 2160), (1280, 720)), ((2160, 3840), (720, 1280)), ((1281, 3), (1280, 3)), ((1280, 720), (1280, 720))],
)
def test_a_page_gets_at_most_1280_pixels(size_wh: tuple[int, int], sent_wh: tuple[int, int], on: Stage) -> None:
    width, height = size_wh
    image = np.full((height, width, 3), 90, np.uint8)
    on.show(1, (builders.face(),), frame=replace(builders.frame(1, captured_at=100.0), image=image))
    with on.browser().watch() as socket:
        assert socket.next("frame")["faces"][0]["box"] == [round(float(v), 1) for v in box_xywh()]
        header, jpeg = socket.image()
        assert (header[5] >> 16, header[5] & 0xFFFF) == size_wh
        assert shape(jpeg) == (sent_wh[1], sent_wh[0], 3)


def box_xywh() -> tuple[float, ...]:
    x1, y1, x2, y2 = (float(value) for value in builders.face().box_xyxy)
    return x1, y1, x2 - x1, y2 - y1


def test_a_small_image_is_not_copied() -> None:
    image = np.zeros((720, 1280, 3), np.uint8)
    assert wire.shrink(image) is image
