"""An ONNX network, found, checked and ready to run. The only file that imports onnxruntime."""

import hashlib
import os
import re
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from realtime.errors import ModelSpecError, WeightsCorrupt, WeightsNotFound
from realtime.spec import KEY, ModelSpec

SHIPPED = {
    "auto": "fer-resnet50-int8.onnx",
    "int8": "fer-resnet50-int8.onnx",
    "full": "fer-resnet50.onnx",
}
"""Names for the weights that come along: 8-bit integers, and full precision."""

CHECKSUMS = "SHA256SUMS"

MOST_THREADS = 4
"""A 48x48 face is too little work for more: beyond 4 threads they wait for one another."""


def locate(model: str) -> Path:
    """The weights file that `model` names: a key of SHIPPED, or a path.

    Raises:
        WeightsNotFound: there is no such file.
    """
    if model not in SHIPPED:
        path = Path(model)
        if path.is_file():
            return path
        raise WeightsNotFound(f"{model}: no such weights file; give the path of an .onnx file, or leave --model out")
    here = Path(__file__).parent
    for folder in (here / "weights", here.parent / "weights"):  # installed, or a checkout
        if (folder / SHIPPED[model]).is_file():
            return folder / SHIPPED[model]
    raise WeightsNotFound(f"the shipped weights {SHIPPED[model]} are missing; install fer-cam again, or give --model PATH")


class Session:
    """A network in memory.

    Args:
        path: an ONNX file written by train.export. If a SHA256SUMS file beside it lists it, its checksum must agree.
        threads: 0 takes as many as there are cores, at most 4.

    Attributes:
        path: where it came from.
        threads: how many it uses.
        spec: what the network says about itself.

    Raises:
        WeightsCorrupt: it cannot be read, or its checksum is wrong.
        ModelSpecError: it lacks `fer.spec` metadata, or its shapes contradict them.
    """

    def __init__(self, path: Path, threads: int = 0) -> None:
        self.path = path
        data = _read(path)
        options = ort.SessionOptions()
        self.threads = threads or min(MOST_THREADS, os.cpu_count() or 1)
        options.intra_op_num_threads = self.threads
        options.log_severity_level = 3
        # a thread that spins between two frames burns a core and slows the cascade down
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises a dozen unrelated types here
            raise WeightsCorrupt(
                f"{path.name} is no network that onnxruntime can load ({_first_line(error)}); fetch it again, or export it "
                "with train.export"
            ) from error
        text = self._session.get_modelmeta().custom_metadata_map.get(KEY)
        if text is None:
            raise ModelSpecError(f"{path.name} has no {KEY} metadata; only networks written by train.export can be used")
        self.spec = ModelSpec.from_json(text)
        self._input = self._checked_input()

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """float32 (n,1,S,S), normalised -> logits, float32 (n,k)."""
        return np.asarray(self._session.run(None, {self._input: batch})[0], dtype=np.float32)

    def _checked_input(self) -> str:
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        side, classes = self.spec.input_size, len(self.spec.labels)
        wanted_in, wanted_out = [1, side, side], [classes]
        if len(inputs) != 1 or len(outputs) != 1 or inputs[0].shape[1:] != wanted_in or outputs[0].shape[1:] != wanted_out:
            shapes = ", ".join(str(value.shape) for value in (*inputs, *outputs))
            raise ModelSpecError(
                f"{self.path.name} has shapes {shapes} where its {KEY} says (n,1,{side},{side}) -> (n,{classes}); "
                "export it again with train.export"
            )
        return str(inputs[0].name)


def _read(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        sums = path.parent / CHECKSUMS
        lines = sums.read_text(encoding="utf-8").splitlines() if sums.is_file() else []
    except OSError as error:
        raise WeightsNotFound(f"{path}: cannot be read ({error.strerror})") from error
    for line in lines:
        digest, _, name = line.partition("  ")
        if name == path.name and hashlib.sha256(data).hexdigest() != digest:
            raise WeightsCorrupt(f"{path} is not the file that {CHECKSUMS} names (damaged download?); fetch it again")
    return data


def _first_line(error: Exception) -> str:
    """onnxruntime's words without its codes."""
    words = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", str(error))
    return words.splitlines()[0][:120].rstrip(".") if words else type(error).__name__
