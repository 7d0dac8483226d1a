"""What can run the network: the names that users give, onnxruntime's names for them, and which package brings each."""

from collections.abc import Collection
from dataclasses import dataclass

AUTO = "auto"
CPU = "cpu"


@dataclass(frozen=True)
class Provider:
    """One of onnxruntime's execution providers.

    Attributes:
        name: as users give it.
        title: as onnxruntime calls it.
        remedy: what it needs and which package brings it, to complete "it needs ...".
        options: what to tell onnxruntime about it, as pairs of name and value.
        measured: whether `auto` gives it a try where it is installed.
    """

    name: str
    title: str
    remedy: str
    options: tuple[tuple[str, str], ...] = ()
    measured: bool = False


PROVIDERS = {
    provider.name: provider
    for provider in (
        Provider(CPU, "CPUExecutionProvider", "pip install onnxruntime", measured=True),
        Provider(
            "cuda",
            "CUDAExecutionProvider",
            'an NVIDIA GPU and, in place of onnxruntime, pip install "onnxruntime-gpu[cuda,cudnn]"',
            # by default it searches exhaustively for each new number of faces, and the video stands still meanwhile
            (("cudnn_conv_algo_search", "HEURISTIC"),),
            measured=True,
        ),
        Provider(
            "openvino",
            "OpenVINOExecutionProvider",
            "an Intel processor or GPU and, in place of onnxruntime, pip install onnxruntime-openvino",
        ),
        Provider("coreml", "CoreMLExecutionProvider", "macOS, where pip install onnxruntime brings it"),
        Provider(
            "dml",
            "DmlExecutionProvider",
            "Windows with DirectX 12 and, in place of onnxruntime, pip install onnxruntime-directml",
            measured=True,
        ),
    )
}
"""By name. A 48x48 face is little work, so `auto` leaves the CPU only for a GPU whose package somebody installed on purpose,
and only if it is measured to be faster. CoreML comes with every macOS build unasked, and OpenVINO drives the CPU too: they are
used when they are named."""


def installed(titles: Collection[str]) -> tuple[str, ...]:
    """Names of those that an onnxruntime with these `titles` has."""
    return tuple(name for name, provider in PROVIDERS.items() if provider.title in titles)
