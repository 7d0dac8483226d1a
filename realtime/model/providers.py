"""Backends for the network: their names, onnxruntime's names for them, and the package that provides each."""

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
        remedy: its requirements and package, to complete "it needs ...".
        options: options for onnxruntime, as pairs of name and value.
        measured: whether `auto` measures it if it is installed.
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
            # the default is an exhaustive search for each new number of faces, during which the video freezes
            (("cudnn_conv_algo_search", "HEURISTIC"),),
            measured=True,
        ),
        Provider(
            "openvino",
            "OpenVINOExecutionProvider",
            "an Intel processor or GPU and, in place of onnxruntime, pip install onnxruntime-openvino",
        ),
        Provider("coreml", "CoreMLExecutionProvider", "macOS, where pip install onnxruntime includes it"),
        Provider(
            "dml",
            "DmlExecutionProvider",
            "Windows with DirectX 12 and, in place of onnxruntime, pip install onnxruntime-directml",
            measured=True,
        ),
    )
}
"""By name. A 48x48 face is little work, so `auto` uses a GPU only if its package was installed on purpose and it measures
faster than the CPU. CoreML is part of every macOS build, and OpenVINO also runs on the CPU: both are used only by name."""


def installed(titles: Collection[str]) -> tuple[str, ...]:
    """Names of the providers with these `titles`."""
    return tuple(name for name, provider in PROVIDERS.items() if provider.title in titles)
