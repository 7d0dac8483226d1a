"""int8 copies of a network: static QDQ quantisation, calibrated on real faces, with one scale per channel."""

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
"""Share of the convolutions, counted from the input, that stay in float: for ResNet-50 the stem and the first block. They have
0.3 % of the weights and are the most sensitive to rounding. With `webcam-fine` on PublicTest 99.2 % of the labels equal full
precision's at 5.6 ms per face; all in 8 bits: 98.9 %, 4.9 ms; first stage in float: 99.3 %, 6.9 ms (one thread, AVX-512 with
VNNI)."""


class _Faces(CalibrationDataReader):  # type: ignore[misc]
    """Feeds prepared faces, uint8 (n,48,48), to the quantiser."""

    def __init__(self, faces: NDArray[np.uint8]) -> None:
        self._batches: Iterator[NDArray[np.uint8]] = iter(np.array_split(faces, max(1, len(faces) // BATCH)))

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        batch = next(self._batches, None)
        return None if batch is None else {INPUT: preprocess.normalise(batch)}


def calibration_faces(train: FaceSet, count: int = FACES, seed: int = 0) -> NDArray[np.uint8]:
    """Prepared training faces, uint8 (n,48,48): up to an equal number per class. Every second one is augmented, so that the
    ranges also cover dark, blurred and tilted faces."""
    rng = np.random.default_rng(seed)
    classes = train.classes()
    share = max(1, count // len(train.labels))
    chosen: list[int] = []
    for index in range(len(train.labels)):
        chosen += rng.permutation(np.flatnonzero(classes == index))[:share].tolist()
    faces = [train.images[row] for row in chosen]
    return np.stack([preprocess.prepare(augment.webcam(face, rng) if i % 2 else face) for i, face in enumerate(faces)])


def quantize(path: Path, out: Path, faces: NDArray[np.uint8], spec: ModelSpec) -> None:
    """Writes the int8 copy of a float32 ONNX file: uint8 activations, int8 weights with a range of 7 bits.

    Activations: with int8 the network is 6 times slower on x86 (10.7 instead of 1.7 ms per face). Weights: x86 without VNNI
    adds two products in 16 bits, which overflows with 8-bit weights; on an AVX2 EPYC the webcam network then got 71.5 % of
    PublicTest right. With 7 bits it gets 80.0 % on every CPU, at the same speed. Ranges are averaged over batches, so that a
    single outlier does not widen them.

    Args:
        path: the float32 file.
        out: the int8 file.
        faces: prepared faces, for the ranges of the activations.
        spec: of the copy; quantisation drops the metadata.
    """
    folded = out.with_suffix(".folded")
    level = logging.root.level
    logging.root.setLevel(logging.ERROR)  # the quantiser logs a useless warning to the root logger
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
