"""Machine-readable numbers in images that survive JPEG and H.264: two rows of black and white blocks.

The upper row is the number, most significant bit first; the lower row is its complement, so that other images are
not misread as numbers.
"""

import numpy as np
from numpy.typing import NDArray

BITS = 16
LARGEST = 2**BITS - 1

BLOCK_PART = 60
SMALLEST_BLOCK = 6
"""A block is 1/60 of the image's height, at least 6 px: JPEG's 8 px blocks blur only its edges."""

BLACK, WHITE = 16, 240
SURE = 60
"""Smallest difference between a block and its complement, gray levels."""


def draw(image: NDArray[np.uint8], number: int) -> None:
    """Draws the number into the image, uint8 (H,W,3), at the top, right of the centre, where there is no overlay.

    Raises:
        ValueError: the number has more than 16 bits, or the image is too small.
    """
    if not 0 <= number <= LARGEST:
        raise ValueError(f"{number} does not fit into {BITS} bits")
    block, left = _place(image)
    if left + BITS * block > image.shape[1]:
        raise ValueError(f"an image {image.shape[1]} px wide has no room for {BITS} blocks")
    bits = np.array([number >> shift & 1 for shift in reversed(range(BITS))], bool)
    rows = np.where(np.stack([bits, ~bits]), WHITE, BLACK).astype(np.uint8)
    image[: 2 * block, left : left + BITS * block] = np.kron(rows, np.ones((block, block), np.uint8))[:, :, None]


def read(image: NDArray[np.uint8]) -> int | None:
    """The number in an image, or None if none is readable."""
    block, left = _place(image)
    part = image[: 2 * block, left : left + BITS * block].astype(np.float32)
    if part.shape[1] < BITS * block:
        return None
    inner = part.mean(axis=2).reshape(2, block, BITS, block)[:, block // 4 : -(block // 4), :, block // 4 : -(block // 4)]
    upper, lower = inner.mean(axis=(1, 3))
    if np.abs(upper - lower).min() < SURE:
        return None
    return int("".join("1" if bit else "0" for bit in upper > lower), 2)


def _place(image: NDArray[np.uint8]) -> tuple[int, int]:
    """Side of a block and start of the row, pixels."""
    return max(SMALLEST_BLOCK, image.shape[0] // BLOCK_PART), image.shape[1] // 2
