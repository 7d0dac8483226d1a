"""int8 copies of a network: static quantisation with real faces, as wrapped operators (QDQ), one scale per channel."""

import logging
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from realtime import preprocess
from realtime.model.spec import ModelSpec
from train.data.datasets import FaceSet
from train.images import augment
from train.network.onnx_graph import INPUT, write_spec

FACES = 1000
BATCH = 8

FLOAT_SHARE = 0.08
"""Of the convolutions, the first ones: of a ResNet-50 the stem and the first block. They hold 0.3 % of the weights and feel
rounding most. Of `webcam-fine`'s labels on PublicTest 99.2 % are full precision's; all in 8 bits gave 98.9 %, and the first
stage in float 99.3 %; a face takes 5.6 ms instead of 4.9 and 6.9 ms (one thread, AVX-512 with VNNI)."""


class _Faces(CalibrationDataReader):  # type: ignore[misc]
    """Hands prepared faces, uint8 (n,48,48), to the quantiser."""

    def __init__(self, faces: NDArray[np.uint8]) -> None:
        self._batches: Iterator[NDArray[np.uint8]] = iter(np.array_split(faces, max(1, len(faces) // BATCH)))

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        batch = next(self._batches, None)
        return None if batch is None else {INPUT: preprocess.normalise(batch)}


def calibration_faces(train: FaceSet, count: int = FACES, seed: int = 0) -> NDArray[np.uint8]:
    """Prepared training faces, uint8 (n,48,48): as many of each class as there are, up to an equal share; every second one
    changed as in training, so that the ranges also hold for dark, blurred and tilted faces."""
    rng = np.random.default_rng(seed)
    classes = train.classes()
    share = max(1, count // len(train.labels))
    chosen: list[int] = []
    for index in range(len(train.labels)):
        chosen += rng.permutation(np.flatnonzero(classes == index))[:share].tolist()
    faces = [train.images[row] for row in chosen]
    return np.stack([preprocess.prepare(augment.webcam(face, rng) if i % 2 else face) for i, face in enumerate(faces)])


def quantize(path: Path, out: Path, faces: NDArray[np.uint8], spec: ModelSpec) -> None:
    """Writes the int8 copy of a float32 ONNX file: activations uint8, weights int8 of which 7 bits are used.

    uint8 activations, since with int8 ones the same network is 6 times slower on x86 (1.7 against 10.7 ms a face). 7 bits,
    since x86 processors without VNNI add two products in 16 bits: with 8 bits they overflow, and the webcam network, on an AMD
    EPYC with AVX2, named 71.5 % of PublicTest right instead of 80.0 %. With 7 it is 80.0 % everywhere, as fast. Ranges are
    averaged over batches, so that a single odd face does not widen them.

    Args:
        path: the float32 file.
        out: where the copy goes.
        faces: prepared faces that show how large each activation gets.
        spec: of the copy; quantising drops the metadata.
    """
    folded = out.with_suffix(".folded")
    level = logging.root.level
    logging.root.setLevel(logging.ERROR)  # the quantiser warns through the root logger that its own output is not optimised
    try:
        quant_pre_process(str(path), str(folded), skip_symbolic_shape=True)
        quantize_static(
            str(folded),
            str(out),
            _Faces(faces),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            reduce_range=True,
            nodes_to_exclude=_kept_in_float(folded),
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={"CalibMovingAverage": True, "CalibMovingAverageConstant": 0.05},
        )
    finally:
        logging.root.setLevel(level)
        folded.unlink(missing_ok=True)
    write_spec(out, spec)


def _kept_in_float(path: Path) -> list[str]:
    """Names of the first FLOAT_SHARE of the convolutions, and of the last layer."""
    nodes = onnx.load(str(path)).graph.node
    convolutions = [node.name for node in nodes if node.op_type == "Conv"]
    last = [node.name for node in nodes if node.op_type == "Gemm"][-1:]
    return convolutions[: math.ceil(FLOAT_SHARE * len(convolutions))] + last
