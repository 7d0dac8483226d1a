"""Reads ONNX files, with errors that say what to do."""

from pathlib import Path

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from realtime.errors import WeightsCorrupt, WeightsNotFound


def load(path: Path) -> onnx.ModelProto:
    """The graph of a file, with its weights and metadata.

    Raises:
        WeightsNotFound: the file cannot be read.
        WeightsCorrupt: it is not an ONNX file.
    """
    try:
        return onnx.load(path)
    except OSError as error:
        raise WeightsNotFound(f"{path}: cannot be read ({error.strerror}); give the path of an .onnx file") from error
    except DecodeError as error:
        raise WeightsCorrupt(f"{path} is no ONNX file; give one written by train.export") from error
