"""Which images a network has seen, carried in its file, so that it is never tested on what it was trained on.

An image is known by the first 8 bytes of the SHA-256 of its 48x48 gray pixels: exact copies are recognised, nothing else.
"""

import base64
import binascii
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from numpy.typing import NDArray

from realtime.errors import ConfigError, ModelError, WeightsCorrupt, WeightsNotFound
from train.data.datasets import FaceSet

KEY = "fer.seen"
DIGEST_BYTES = 8

Seen = NDArray[np.uint64]
"""Sorted, without repetition: one number an image."""

NOTHING: Seen = np.zeros(0, dtype=np.uint64)


def images_of(faces: FaceSet) -> Seen:
    """What a network that learns from these faces has seen."""
    digests = b"".join(bytes.fromhex(digest)[:DIGEST_BYTES] for digest in faces.digests())
    return np.unique(np.frombuffer(digests, dtype=np.uint64))


def write(path: Path, seen: Seen) -> None:
    """Puts it into the metadata of an ONNX file, beside what is there."""
    model = onnx.load(path)
    kept = [entry for entry in model.metadata_props if entry.key != KEY]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    entry = model.metadata_props.add()
    entry.key, entry.value = KEY, base64.b64encode(seen.tobytes()).decode("ascii")
    onnx.save(model, path)


def read(path: Path) -> Seen:
    """What the network in an ONNX file has seen, its predecessors' images included.

    Raises:
        ModelError: there is no such file, it is no ONNX file, or it does not say.
    """
    try:
        entries = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
        return np.unique(np.frombuffer(base64.b64decode(entries[KEY], validate=True), dtype=np.uint64))
    except OSError as error:
        raise WeightsNotFound(f"{path}: cannot be read ({error.strerror}); give the path of an .onnx file") from error
    except DecodeError as error:
        raise WeightsCorrupt(f"{path} is no ONNX file; give one written by train.export") from error
    except KeyError as error:
        raise ModelError(f"{path.name} does not say which images it has seen; export it again with train.export") from error
    except (binascii.Error, ValueError) as error:
        raise WeightsCorrupt(f"{path.name}: its list of images is damaged ({error}); get the file again") from error


def is_known(path: Path) -> bool:
    """Whether an ONNX file says what its network has seen; the first int8 file that was shipped does not.

    Raises:
        ModelError: there is no such file, it is no ONNX file, or its list is damaged.
    """
    try:
        read(path)
    except ModelError as error:
        if isinstance(error.__cause__, KeyError):
            return False
        raise
    return True


def among(faces: FaceSet, seen: Seen) -> NDArray[np.bool_]:
    """Which of the faces, bool (n,), a network has seen."""
    digests = b"".join(bytes.fromhex(digest)[:DIGEST_BYTES] for digest in faces.digests())
    return np.isin(np.frombuffer(digests, dtype=np.uint64), seen)


def refuse_seen(seen: Seen, test: FaceSet, name: str) -> None:
    """Lets a network through that has seen none of the test images.

    Raises:
        ConfigError: it has; the message says how many.
    """
    known = np.isin(images_of(test), seen)
    if known.any():
        raise ConfigError(
            f"{name} was trained on {int(known.sum())} of the {len(known)} different test images, so the test would say "
            "nothing; begin with a network that has never seen them"
        )
