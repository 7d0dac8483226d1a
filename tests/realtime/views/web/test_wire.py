"""Images of a browser are checked before anything is decoded."""

import random
import struct

import cv2
import numpy as np
import pytest

from realtime.views.web import wire
from realtime.views.web.wire import HEADER, WireError, decode, jpeg_size, pack, unpack
from tests.web_client import jpeg

GOOD = jpeg(64, 48)


def sized(width: int, height: int, of: bytes = GOOD) -> bytes:
    """A JPEG with another size in its header."""
    at = of.index(b"\xff\xc0") + 5
    return of[:at] + struct.pack(">HH", height, width) + of[at + 4 :]


def test_a_message_comes_back() -> None:
    message = pack(7, (64, 48), 12.5, GOOD)
    assert len(message) == 24 + len(GOOD)
    sent = unpack(message)
    assert (sent.index, sent.size_wh, sent.captured_at, sent.jpeg) == (7, (64, 48), 12.5, GOOD)
    image = decode(sent)
    assert image.shape == (48, 64, 3)
    assert abs(int(image[0, 0, 0]) - 90) <= 2


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (b"", "shorter"),
        (b"FERC", "shorter"),
        (HEADER.pack(b"XXXX", 1, 1, 0, 0, 64 << 16 | 48, 0.0) + GOOD, "not an image"),
        (HEADER.pack(b"FERC", 2, 1, 0, 0, 64 << 16 | 48, 0.0) + GOOD, "version 1"),
        (HEADER.pack(b"FERC", 1, 9, 0, 0, 64 << 16 | 48, 0.0) + GOOD, "not an image"),
        (pack(0, (64, 48), float("nan"), GOOD), "time of capture"),
        (pack(0, (64, 48), float("inf"), GOOD), "time of capture"),
        (pack(0, (64, 48), -1.0, GOOD), "time of capture"),
        (pack(0, (64, 47), 0.0, GOOD), "64x48 pixels, its header says 64x47"),
        (pack(0, (64, 48), 0.0, GOOD[:-2]), "not a complete JPEG"),
        (pack(0, (64, 48), 0.0, GOOD[: len(GOOD) // 2]), "not a complete JPEG"),
        (pack(0, (64, 48), 0.0, b""), "not a complete JPEG"),
        (pack(0, (64, 48), 0.0, b"\xff\xd8\xff\xd9"), "not a sequential JPEG"),
        (pack(0, (0, 0), 0.0, sized(0, 0)), "0x0 pixels is too large"),
        (pack(0, (60000, 60000), 0.0, sized(60000, 60000)), "60000x60000 pixels is too large"),
        (pack(0, (1921, 1200), 0.0, sized(1921, 1200)), "too large"),
    ],
)
def test_a_wrong_message_is_refused_in_words(message: bytes, said: str) -> None:
    with pytest.raises(WireError, match=said):
        unpack(message)


def test_a_progressive_image_is_refused() -> None:
    """A small one can keep the decoder busy for minutes, with thousands of scans."""
    noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    progressive = cv2.imencode(".jpg", noise, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    assert b"\xff\xc2" in progressive
    with pytest.raises(WireError, match="sequential"):
        unpack(pack(0, (64, 48), 0.0, progressive))


def test_many_scans_are_refused() -> None:
    scan = GOOD[GOOD.index(b"\xff\xda") : -2]
    assert jpeg_size(GOOD[:-2] + 3 * scan + b"\xff\xd9") == (64, 48)
    with pytest.raises(WireError, match="sequential"):
        jpeg_size(GOOD[:-2] + 4 * scan + b"\xff\xd9")


def test_a_second_size_is_refused() -> None:
    at, end = GOOD.index(b"\xff\xc0"), GOOD.index(b"\xff\xda")
    length = 2 + int.from_bytes(GOOD[at + 2 : at + 4], "big")
    with pytest.raises(WireError, match="sequential"):
        jpeg_size(GOOD[:end] + sized(60000, 60000)[at : at + length] + GOOD[end:])


def test_damaged_images_are_decoded_or_refused() -> None:
    """Whatever the bytes are, there is no other error, and no image of another size."""
    generator = random.Random(1)
    outcomes = set()
    for _ in range(400):
        data = bytearray(GOOD)
        for _ in range(generator.randrange(1, 20)):
            data[generator.randrange(2, len(data) - 2)] = generator.randrange(256)
        try:
            outcomes.add(decode(unpack(pack(0, (64, 48), 0.0, bytes(data)))).shape)
        except WireError:
            outcomes.add(None)
    assert outcomes == {(48, 64, 3), None}


def test_noise_is_refused() -> None:
    generator = random.Random(2)
    for _ in range(400):
        with pytest.raises(WireError):
            unpack(pack(0, (64, 48), 0.0, b"\xff\xd8" + generator.randbytes(generator.randrange(500)) + b"\xff\xd9"))


def test_the_largest_message_has_room_for_the_largest_image() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (1080, 1920, 3), np.uint8)
    assert len(wire.encode(noise)) < wire.MOST_BYTES
