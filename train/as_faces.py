"""python -m train.as_faces ckplus48.zip --out faces: CK+48's persons as a folder that `fer-cam faces` could have made.

Only the 24 persons that no shipped network was trained on: a user's face is new to the network, too.
"""

import argparse
import hashlib
import sys
from pathlib import Path

import numpy as np

from realtime.crops import folder
from realtime.crops.cutting import Crop, Cut
from realtime.crops.segments import Segment
from realtime.errors import ConfigError, FerError
from realtime.preprocess import SIZE
from train.data import manifest, sets
from train.failed import failed

WHOLE = np.array([0, 0, SIZE, SIZE], np.float32)
NOMINAL_FPS = 30.0
"""CK+'s frame rate; it turns numbers of frames into seconds."""


def write(archive: Path, out: Path) -> int:
    """Writes the held-out persons, each sequence as a recording with one segment; returns the number of faces.

    Raises:
        ConfigError: the archive is missing or damaged, or the folder exists.
        SinkError: it cannot be written.
    """
    if out.exists():
        raise ConfigError(f"{out} exists; give a new folder")
    faces = sets.held_out_persons(archive)
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(faces.names):
        rows.setdefault(manifest.sequence_of(name), []).append(row)
    for sequence, of_it in rows.items():
        numbers = [int(Path(faces.names[row]).stem.rpartition("_")[2]) for row in of_it]
        crops = tuple(
            Crop(faces.images[row], number, number / NOMINAL_FPS, WHOLE, 1, 1.0)
            for row, number in zip(of_it, numbers, strict=True)
        )
        label, person = faces.labels[faces.classes()[of_it[0]]], manifest.subject_of(faces.names[of_it[0]])
        segment = Segment("row 2", min(numbers) / NOMINAL_FPS, (max(numbers) + 1) / NOMINAL_FPS, label, person)
        digest = hashlib.sha256(sequence.encode()).hexdigest()
        folder.add(out, sequence, digest, [Cut(segment, crops, len(crops), (1,), len(crops))])
    return len(faces)


def main(argv: list[str] | None = None) -> int:
    """Writes the folder; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m train.as_faces", description="CK+48's unseen persons as a folder of faces."
    )
    parser.add_argument("archive", type=Path, help="ckplus48.zip, or the unpacked folder")
    parser.add_argument("--out", type=Path, required=True, help="the folder to make")
    args = parser.parse_args(argv)
    try:
        print(f"wrote {write(args.archive, args.out)} faces to {args.out}")
    except FerError as error:
        return failed("as_faces", error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
