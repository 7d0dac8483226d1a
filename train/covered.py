"""python -m train.covered --data SETS [--json OUT]: how often faces count as covered, bare ones and ones with a drawn cover."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from realtime.errors import FerError
from realtime.faces import quality
from realtime.faces.quality import Fault
from realtime.machine import current_commit
from train.data import sets, utkface
from train.extra import EXTRA
from train.failed import failed
from train.judging import result_files, tables, validation
from train.judging.intervals import Share

SPLIT = (
    f"validation parts of the joined sets; UTKFace, one face in {sets.UTKFACE_ONE_IN} by a hash of the name; "
    "covers drawn on PublicTest's"
)

SIDE = 200.0
"""The width that all faces are said to have, pixels, so that none is too small to be judged."""

FACES = ("publictest", "rafdb", "cfee", "ckplus")
COVERED_SET = "publictest"
COVERED_ONE_IN = 8
"""Covers are drawn on every eighth face of this set that is not poor."""

COVERS = {
    "mouth": (slice(29, 48), slice(6, 42)),
    "eyes": (slice(10, 26), slice(2, 46)),
    "left half": (slice(0, 48), slice(0, 24)),
    "right half": (slice(0, 48), slice(24, 48)),
}
"""Rows and columns of each cover in a face of 48x48 pixels."""

EDGE = 5
"""Size of the blur that softens a cover's edge, pixels."""


def count(faces: NDArray[np.uint8]) -> Share:
    """How many of n faces, uint8 (n,48,48), gray and not equalized, count as covered; without those that are poor otherwise."""
    faults = [quality.judge(face, SIDE).fault for face in faces]
    return Share(faults.count(Fault.COVERED), sum(fault in (None, Fault.COVERED) for fault in faults))


def with_cover(face: NDArray[np.uint8], where: str, *, pattern: bool) -> NDArray[np.uint8]:
    """A face, uint8 (48,48), behind a cover of its own mean gray; a pattern is checks of three pixels, 30 levels apart."""
    rows, columns = np.indices(face.shape)
    checks = 15.0 * (2 * ((rows // 3 + columns // 3) % 2) - 1) if pattern else np.zeros(face.shape)
    mask = np.zeros(face.shape)
    mask[COVERS[where]] = 1
    soft = np.asarray(cv2.GaussianBlur(mask, (EDGE, EDGE), 0))
    mixed = face * (1 - soft) + (face.mean() + checks) * soft
    return np.asarray(np.clip(mixed, 0, 255), np.uint8)


def measure(folder: Path) -> dict[str, Share]:
    """The share of covered faces in each validation set, in UTKFace, and under each cover.

    Raises:
        ConfigError: a set is missing or damaged.
    """
    loaded = validation.load(folder, FACES)
    images = {name: parts.val.images for name, parts in loaded.items()} | {
        "utkface": utkface.load_held_out(folder).faces.images
    }
    found = {f"bare: {name}": count(faces) for name, faces in images.items()}
    some = images[COVERED_SET][::COVERED_ONE_IN]
    bare = np.array([face for face in some if quality.judge(face, SIDE).fault is None], np.uint8).reshape(-1, *some.shape[1:])
    for kind, pattern in (("plain", False), ("pattern", True)):
        for where in COVERS:
            covered = np.array([with_cover(face, where, pattern=pattern) for face in bare], np.uint8).reshape(bare.shape)
            found[f"{kind} cover: {where}"] = count(covered)
    return found


def show(found: Mapping[str, Share], console: Console) -> None:
    """Prints a row for each share, with Wilson's 95 % interval."""
    rows = [(name, (str(share.n), tables.percent(share))) for name, share in found.items()]
    console.print(tables.of_rows("faces", ("n", "covered"), rows, title="faces that count as covered"))


def main(argv: list[str] | None = None) -> int:
    """Measures; returns the exit code."""
    words = sys.argv[1:] if argv is None else argv
    args = _parser().parse_args(words)
    try:
        EXTRA.require()
        found = measure(args.data)
        show(found, Console())
        if args.json is not None:
            values = {
                "command": " ".join(("python -m train.covered", *words)),
                "commit": current_commit(),
                "split": SPLIT,
                "shares": {name: share.to_json() for name, share in found.items()},
            }
            result_files.write(args.json, values)
    except FerError as error:
        return failed("covered", error)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m train.covered", description="How often faces count as covered.")
    parser.add_argument("--data", type=Path, required=True, help="the folder of the joined sets")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
