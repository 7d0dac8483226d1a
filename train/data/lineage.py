"""A record, inside the ONNX file, of the images a network was trained on, so that it is never tested on them.

An image is identified by the first 8 bytes of the SHA-256 of its 48x48 gray pixels, so only exact copies are recognised.
"""

import base64
import binascii
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from realtime.errors import ConfigError, ModelError, WeightsCorrupt
from train import onnx_files
from train.data.datasets import FaceSet

KEY = "fer.seen"
DIGEST_BYTES = 8

Seen = NDArray[np.uint64]
"""Sorted, without duplicates: one number per image."""

NOTHING: Seen = np.zeros(0, dtype=np.uint64)


def images_of(faces: FaceSet) -> Seen:
    """The record of a network trained on these faces."""
    digests = b"".join(bytes.fromhex(digest)[:DIGEST_BYTES] for digest in faces.digests())
    return np.unique(np.frombuffer(digests, dtype=np.uint64))


def write(path: Path, seen: Seen) -> None:
    """Adds the record to the metadata of an ONNX file."""
    model = onnx.load(path)
    kept = [entry for entry in model.metadata_props if entry.key != KEY]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    entry = model.metadata_props.add()
    entry.key, entry.value = KEY, base64.b64encode(seen.tobytes()).decode("ascii")
    onnx.save(model, path)


def read(path: Path) -> Seen:
    """The record of an ONNX file, including the images of the networks it was initialised from.

    Raises:
        ModelError: missing file, not an ONNX file, or no record.
    """
    entries = {entry.key: entry.value for entry in onnx_files.load(path).metadata_props}
    try:
        return np.unique(np.frombuffer(base64.b64decode(entries[KEY], validate=True), dtype=np.uint64))
    except KeyError as error:
        raise ModelError(f"{path.name} does not say which images it has seen; export it again with train.export") from error
    except (binascii.Error, ValueError) as error:
        raise WeightsCorrupt(f"{path.name}: its list of images is damaged ({error}); get the file again") from error


def is_known(path: Path) -> bool:
    """Whether an ONNX file has a record; the first shipped int8 file has none.

    Raises:
        ModelError: missing file, not an ONNX file, or damaged record.
    """
    try:
        read(path)
    except ModelError as error:
        if isinstance(error.__cause__, KeyError):
            return False
        raise
    return True


def among(faces: FaceSet, seen: Seen) -> NDArray[np.bool_]:
    """bool (n,): which of the faces a network was trained on."""
    digests = b"".join(bytes.fromhex(digest)[:DIGEST_BYTES] for digest in faces.digests())
    return np.isin(np.frombuffer(digests, dtype=np.uint64), seen)


def refuse_seen(seen: Seen, test: FaceSet, name: str) -> None:
    """Refuses a network that was trained on test images.

    Raises:
        ConfigError: it was; the message gives their number.
    """
    known = np.isin(images_of(test), seen)
    if known.any():
        raise ConfigError(
            f"{name} was trained on {int(known.sum())} of the {len(known)} different test images, so the test would be "
            "meaningless; start from a network that was not trained on them"
        )
