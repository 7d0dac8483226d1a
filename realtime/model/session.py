"""Locates, checks and runs ONNX networks. The only file that imports onnxruntime."""

import hashlib
import io
import os
import re
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from realtime import workers
from realtime.errors import ModelSpecError, ProviderError, WeightsCorrupt, WeightsNotFound
from realtime.model import providers
from realtime.model.providers import CPU, PROVIDERS, Provider
from realtime.model.spec import KEY, ModelSpec
from realtime.workers import Workers

ort.disable_telemetry_events()  # on Windows; realtime/__init__ does it elsewhere

RUNTIME = str(ort.__version__)
"""Version of onnxruntime."""

SHIPPED = {
    "int8": "fer-resnet50-int8.onnx",
    "full": "fer-resnet50.onnx",
    "fast": "fer-resnet50-fast-int8.onnx",
    "ferplus": "fer-resnet50-ferplus.onnx",
}
"""Names of the bundled weights: one network in 8-bit integers and in full precision; a faster, less accurate one; and one
trained
on FER2013 alone, in full precision and only in the source tree: the start of training."""

CHECKSUMS = "SHA256SUMS"

MOST_THREADS = 4
"""Most parts of a batch that run in parallel."""

PACKAGE = Path(__file__).parent.parent
FOLDERS = (PACKAGE / "weights", PACKAGE.parent / "weights")
"""Folders of the bundled weights: installed, or in a checkout."""


@dataclass(frozen=True)
class Runtime:
    """The part of onnxruntime that a session is opened with.

    Attributes:
        available: the titles of the providers in this build.
        open: loads a network; takes what `onnxruntime.InferenceSession` takes.
    """

    available: Callable[[], Sequence[str]] = ort.get_available_providers
    open: Callable[..., ort.InferenceSession] = ort.InferenceSession


ONNXRUNTIME = Runtime()


def locate(model: str, folders: Sequence[Path] = FOLDERS) -> Path:
    """The weights file that `model` names: a key of SHIPPED, a path, or "auto", which means int8 here.

    Raises:
        WeightsNotFound: the file does not exist.
    """
    shipped = SHIPPED.get("int8" if model == "auto" else model)
    if shipped is None:
        path = Path(model)
        if path.is_file():
            return path
        raise WeightsNotFound(
            f"{model}: no such weights file; give int8, full, fast or the path of an .onnx file, or leave --model out"
        )
    for folder in folders:
        if (folder / shipped).is_file():
            return folder / shipped
    remedy = "they are in the source tree only" if model == "ferplus" else "reinstall fer-cam, or give --model PATH"
    raise WeightsNotFound(f"the shipped weights {shipped} are missing; {remedy}")


def checksum(path: Path) -> str:
    """SHA-256 of a weights file: the value in SHA256SUMS beside it (Session verifies it), else computed from its bytes.

    Raises:
        WeightsNotFound: it cannot be read.
    """
    return _listed(path) or _digest(path)


def installed(runtime: Runtime = ONNXRUNTIME) -> tuple[str, ...]:
    """Names of the providers in this build of onnxruntime."""
    return providers.installed(runtime.available())


def threads_for(threads: int, cores: int | None = None) -> int:
    """Number of parts of a batch to run in parallel; 0 means one per core, at most 4."""
    return threads or min(MOST_THREADS, cores or os.cpu_count() or 1)


class Session:
    """A network in memory.

    On the CPU a batch is split into parts that run in parallel, each on one thread from the first layer to the last. Threads
    that share every layer would synchronize a hundred times a face. In parts, two threads need half the time of one for sixteen
    faces (weights/results/compared.json).

    Args:
        path: an ONNX file written by train.export. If a SHA256SUMS file beside it lists it, its checksum must agree.
        threads: see `threads_for`.
        provider: a name in PROVIDERS. It is never replaced by another one.
        runtime: what loads it.

    Attributes:
        path: its file.
        threads: number of threads.
        provider: name of the provider that runs it.
        spec: the spec in its metadata.
        sha256: of the file.

    Raises:
        WeightsNotFound: it cannot be opened.
        WeightsCorrupt: it cannot be read, or its checksum is wrong.
        ModelSpecError: it has no `fer.spec` metadata, or its shapes contradict it.
        ProviderError: the provider is not installed, or onnxruntime would run the network elsewhere.
    """

    def __init__(self, path: Path, threads: int = 0, provider: str = CPU, runtime: Runtime = ONNXRUNTIME) -> None:
        self.path = path
        self.threads = threads_for(threads)
        self.provider = provider
        self.sha256 = verified_checksum(path)
        self._helpers = Workers(self.threads - 1, "network")  # they start when first needed
        self._session = _open(path, self.threads, PROVIDERS[provider], runtime)
        text = self._session.get_modelmeta().custom_metadata_map.get(KEY)
        if text is None:
            raise ModelSpecError(f"{path.name} has no {KEY} metadata; only networks written by train.export can be used")
        self.spec = ModelSpec.from_json(text)
        self._input = self._checked_input()
        if provider != CPU:
            self._try(PROVIDERS[provider])

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """float32 (n,1,S,S), normalised -> logits, float32 (n,k).

        Raises:
            ModelError: one of the threads hangs (`workers.RESULT_S`).
        """
        count = min(self.threads, len(batch)) if self.provider == CPU else 1
        if count <= 1:
            return self._read(batch)
        first, *others = np.array_split(batch, count)
        elsewhere = [self._helpers.submit(partial(self._read, part)) for part in others]
        return np.concatenate([self._read(first), *(workers.result(part, "the network") for part in elsewhere)])

    def close(self) -> None:
        """Ends the helper threads, without waiting for a hung one; may be called twice. `run` fails afterwards for batches."""
        self._helpers.close()

    def _read(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(self._session.run(None, {self._input: batch})[0], dtype=np.float32)

    def _checked_input(self) -> str:
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        side, classes = self.spec.input_size, len(self.spec.outputs)
        wanted_in, wanted_out = [1, side, side], [classes]
        if len(inputs) != 1 or len(outputs) != 1 or inputs[0].shape[1:] != wanted_in or outputs[0].shape[1:] != wanted_out:
            shapes = ", ".join(str(value.shape) for value in (*inputs, *outputs))
            raise ModelSpecError(
                f"{self.path.name} has shapes {shapes} where its {KEY} says (n,1,{side},{side}) -> (n,{classes}); "
                "export it again with train.export"
            )
        return str(inputs[0].name)

    def _try(self, provider: Provider) -> None:
        """Runs once: a provider may accept a network and fail at its first face."""
        side = self.spec.input_size
        try:
            self.run(np.zeros((1, 1, side, side), np.float32))
        except Exception as error:  # a driver's error has no type of its own
            raise _refused(provider, f"it failed at the first face ({_first_line(error)})") from error


def _open(path: Path, threads: int, provider: Provider, runtime: Runtime) -> ort.InferenceSession:
    """Opens the network on `provider` only.

    If a provider fails, onnxruntime continues on the CPU, with at most a line in a log (microsoft/onnxruntime #23372), so the
    provider in use is checked afterwards.
    """
    if provider.title not in runtime.available():
        raise _refused(provider, f"the onnxruntime {RUNTIME} installed here has only {', '.join(installed(runtime))}")
    if provider.name != CPU:
        ort.set_default_logger_severity(4)  # reported below, in one line
    if provider.name == "cuda" and hasattr(ort, "preload_dlls"):
        with redirect_stdout(io.StringIO()):  # it prints missing libraries, and stdout is for data
            ort.preload_dlls()
    # by path: given bytes, onnxruntime's Python side would keep them for good, 24 or 48 MB
    try:
        session = runtime.open(str(path), _options(threads, provider), **_where(provider))
    except Exception as error:  # onnxruntime raises a dozen unrelated types here
        if provider.name != CPU:
            _open(path, threads, PROVIDERS[CPU], runtime)  # raises if the file is at fault
            raise _refused(provider, f"it cannot load the network ({_first_line(error)})") from error
        raise WeightsCorrupt(
            f"{path.name} cannot be loaded by onnxruntime ({_first_line(error)}); fetch it again, or export it "
            "with train.export"
        ) from error
    if session.get_providers()[0] != provider.title:
        raise _refused(provider, "onnxruntime cannot start it and would use the CPU")
    if provider.name != CPU and _layers(session, provider) == 0:
        raise _refused(provider, "it takes none of the network's layers and would leave them to the CPU")
    return session


def _options(threads: int, provider: Provider) -> ort.SessionOptions:
    options = ort.SessionOptions()
    # on the CPU each thread runs one part, see `Session`; elsewhere threads share the layers that remain on the CPU
    options.intra_op_num_threads = 1 if provider.name == CPU else threads
    options.log_severity_level = 3
    # a thread that spins between two frames occupies a core and slows the cascade
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if provider.name != CPU:
        options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    return options


def _where(provider: Provider) -> dict[str, object]:
    """Arguments of InferenceSession; the CPU must be listed for layers that a provider lacks."""
    names = [provider.title] if provider.name == CPU else [provider.title, PROVIDERS[CPU].title]
    options = [dict(provider.options)] + [{}] * (len(names) - 1)
    return {"providers": names, "provider_options": options, "enable_fallback": 0}


def _layers(session: ort.InferenceSession, provider: Provider) -> int | None:
    """Number of the network's layers on `provider`; None if this onnxruntime (before 1.24) does not report it."""
    if not hasattr(session, "get_provider_graph_assignment_info"):
        return None
    parts = session.get_provider_graph_assignment_info()
    return sum(len(part.get_nodes()) for part in parts if part.ep_name == provider.title)


def _refused(provider: Provider, why: str) -> ProviderError:
    return ProviderError(f"--provider {provider.name}: {why}; it needs {provider.remedy}; or leave --provider out")


def _listed(path: Path) -> str | None:
    """The checksum in SHA256SUMS beside the file, if listed."""
    sums = path.parent / CHECKSUMS
    try:
        lines = sums.read_text(encoding="utf-8").splitlines() if sums.is_file() else []
    except OSError as error:
        raise WeightsNotFound(f"{sums}: cannot be read ({error.strerror})") from error
    return next((digest for digest, _, name in (line.partition("  ") for line in lines) if name == path.name), None)


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WeightsNotFound(f"{path}: cannot be read ({error.strerror})") from error


def verified_checksum(path: Path) -> str:
    """SHA-256 of a weights file, verified against SHA256SUMS beside it if listed there.

    Raises:
        WeightsNotFound: it cannot be read.
        WeightsCorrupt: the two differ.
    """
    wanted, found = _listed(path), _digest(path)
    if wanted is not None and wanted != found:
        raise WeightsCorrupt(f"{path} is not the file that {CHECKSUMS} names (damaged download?); fetch it again")
    return found


def _first_line(error: Exception) -> str:
    """The message of onnxruntime without its codes."""
    words = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", str(error))
    return words.splitlines()[0][:120].rstrip(".") if words else type(error).__name__
