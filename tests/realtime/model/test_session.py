import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from realtime.errors import ModelSpecError, ProviderError, WeightsCorrupt, WeightsNotFound
from realtime.labels import LABELS
from realtime.model import session
from realtime.model.providers import Provider
from realtime.model.session import Runtime, Session, locate, threads_for
from realtime.model.spec import KEY, ModelSpec
from tests.tiny_models import write_left_right, write_linear

K = len(LABELS)


class Watched:
    """A session of onnxruntime whose batches are seen before they are run."""

    def __init__(self, real: ort.InferenceSession, see: Callable[[NDArray[np.float32]], None]) -> None:
        self._real = real
        self._see = see

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def run(self, outputs: None, feed: dict[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        (batch,) = feed.values()
        self._see(batch)
        return list(self._real.run(outputs, feed))


def watched(see: Callable[[NDArray[np.float32]], None]) -> Callable[..., Any]:
    """Opens sessions whose batches `see` is shown."""
    return lambda *arguments, **options: Watched(ort.InferenceSession(*arguments, **options), see)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_left_right(tmp_path / "tiny.onnx")


def test_runs_and_knows_its_spec(model: Path) -> None:
    net = Session(model, threads=1)
    batch = np.zeros((2, 1, 48, 48), np.float32)
    batch[0, 0, :, :24] = 1
    batch[1, 0, :, 24:] = 2
    logits = net.run(batch)
    assert net.spec.labels == LABELS
    assert logits.shape == (2, K)
    assert logits[0, LABELS.index("happiness")] == pytest.approx(0.01 * 24 * 48, rel=1e-5)
    assert logits[1, LABELS.index("sadness")] == pytest.approx(0.02 * 24 * 48, rel=1e-5)


@pytest.mark.parametrize("faces", [0, 1, 2, 3, 7])
def test_a_batch_is_split_and_keeps_its_order(model: Path, faces: int) -> None:
    batch = np.zeros((faces, 1, 48, 48), np.float32)
    batch += np.arange(faces, dtype=np.float32)[:, None, None, None]
    logits = Session(model, threads=3).run(batch)
    assert logits.shape == (faces, K)
    np.testing.assert_array_equal(logits, Session(model, threads=1).run(batch))
    np.testing.assert_allclose(logits[:, LABELS.index("happiness")], 0.01 * 24 * 48 * np.arange(faces), rtol=1e-5)


@pytest.mark.parametrize(("threads", "faces", "parts"), [(3, 7, [2, 2, 3]), (3, 2, [1, 1]), (3, 1, [1]), (1, 7, [7])])
def test_every_thread_has_its_part(model: Path, threads: int, faces: int, parts: list[int]) -> None:
    taken: list[int] = []
    net = Session(model, threads=threads, runtime=Runtime(open=watched(lambda batch: taken.append(len(batch)))))
    net.run(np.zeros((faces, 1, 48, 48), np.float32))
    assert sorted(taken) == parts


def test_an_error_in_a_part_is_raised(model: Path) -> None:
    def fail_elsewhere(_: NDArray[np.float32]) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("out of memory")

    net = Session(model, threads=2, runtime=Runtime(open=watched(fail_elsewhere)))
    with pytest.raises(RuntimeError, match="out of memory"):
        net.run(np.zeros((2, 1, 48, 48), np.float32))


def test_a_missing_file_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(WeightsNotFound, match=r"nowhere\.onnx: no such weights file; give"):
        locate(str(tmp_path / "nowhere.onnx"))
    with pytest.raises(WeightsNotFound, match="no such weights"):
        locate(str(tmp_path))  # a folder is no file


@pytest.mark.parametrize("model", ["auto", "int8", "full", "fast"])
def test_the_shipped_files_are_there_and_whole(model: str) -> None:
    assert Session(locate(model)).spec.labels == LABELS


def test_auto_is_int8_where_nothing_is_measured() -> None:
    assert locate("auto") == locate("int8") != locate("full")


def test_without_weights(tmp_path: Path) -> None:
    for model in ("auto", "int8"):
        with pytest.raises(WeightsNotFound, match=r"fer-resnet50-int8\.onnx are missing; reinstall fer-cam"):
            locate(model, [tmp_path, tmp_path / "none"])


def test_checksum_is_the_listed_one_or_counted(model: Path) -> None:
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    assert session.checksum(model) == digest
    (model.parent / session.CHECKSUMS).write_text(f"{'0' * 64}  {model.name}\n")
    assert session.checksum(model) == "0" * 64  # cheap; Session finds out that it is wrong
    with pytest.raises(WeightsNotFound, match="No such file"):
        session.checksum(model.with_name("none.onnx"))


def test_a_text_file_is_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "text.onnx"
    path.write_text("these are no weights")
    with pytest.raises(WeightsCorrupt, match=r"text\.onnx cannot be loaded by onnxruntime"):
        Session(path)


def test_a_truncated_file_is_corrupt(model: Path) -> None:
    model.write_bytes(model.read_bytes()[:-4000])
    with pytest.raises(WeightsCorrupt) as caught:
        Session(model)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 4


def test_checksum_guards_the_file_it_names(model: Path) -> None:
    sums = model.parent / session.CHECKSUMS
    sums.write_text(f"{'0' * 64}  other.onnx\n{hashlib.sha256(model.read_bytes()).hexdigest()}  {model.name}\n")
    Session(model)
    sums.write_text(f"{'0' * 64}  {model.name}\n")
    with pytest.raises(WeightsCorrupt, match="not the file that SHA256SUMS names"):
        Session(model)


def test_without_metadata(tmp_path: Path) -> None:
    path = write_linear(tmp_path / "m.onnx", np.zeros((2304, K), np.float32), np.zeros(K, np.float32), metadata={})
    with pytest.raises(ModelSpecError, match=f"no {KEY} metadata"):
        Session(path)


def test_shapes_must_agree_with_the_spec(tmp_path: Path) -> None:
    too_few = write_linear(tmp_path / "few.onnx", np.zeros((2304, 3), np.float32), np.zeros(3, np.float32))
    with pytest.raises(ModelSpecError, match="has shapes"):
        Session(too_few)
    other_side = write_linear(
        tmp_path / "side.onnx", np.zeros((64 * 64, K), np.float32), np.zeros(K, np.float32), ModelSpec("net"), side=64
    )
    with pytest.raises(ModelSpecError, match=r"\(n,1,48,48\)"):
        Session(other_side)


def test_unreadable_file(tmp_path: Path) -> None:
    with pytest.raises(WeightsNotFound, match="cannot be read"):
        Session(tmp_path)  # no system reads a folder as a file


def test_threads(model: Path) -> None:
    assert (threads_for(0, cores=64), threads_for(7, cores=64), threads_for(0, cores=2)) == (4, 7, 2)
    assert (Session(model).threads, Session(model, threads=7).threads) == (threads_for(0), 7)


# What runs it


def test_the_cpu_is_the_default(model: Path) -> None:
    assert Session(model).provider == "cpu"
    assert "cpu" in session.installed()


def test_a_provider_that_is_not_installed(model: Path) -> None:
    with pytest.raises(ProviderError) as caught:
        Session(model, provider="cuda", runtime=Runtime(available=lambda: ["CPUExecutionProvider"]))
    assert str(caught.value) == (
        f"--provider cuda: the onnxruntime {ort.__version__} installed here has only cpu; it needs an NVIDIA GPU and, in place "
        'of onnxruntime, pip install "onnxruntime-gpu[cuda,cudnn]"; or leave --provider out'
    )
    assert caught.value.exit_code == 4


@pytest.mark.filterwarnings("ignore:Specified provider")
@pytest.mark.skipif("dml" in session.installed(), reason="DirectML is here and may really run it")
def test_going_back_to_the_cpu_without_a_word_is_an_error(model: Path) -> None:
    """onnxruntime itself takes the CPU here: the session works and no exception comes."""
    promising = Runtime(available=lambda: ["DmlExecutionProvider", "CPUExecutionProvider"])
    with pytest.raises(ProviderError, match=r"--provider dml: .*would use the CPU; .*pip install onnxruntime-directml"):
        Session(model, provider="dml", runtime=promising)


AZURE = Provider("azure", "AzureExecutionProvider", "a cloud")
"""In every build for Linux and Windows, and it takes only layers that ask for it."""


@pytest.mark.skipif(
    AZURE.title not in ort.get_available_providers() or not hasattr(ort.InferenceSession, "get_provider_graph_assignment_info"),
    reason="this onnxruntime has no such provider, or does not tell who runs what",
)
def test_a_provider_that_takes_no_layer_is_an_error(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(session.PROVIDERS, "azure", AZURE)
    with pytest.raises(ProviderError, match="it takes none of the network's layers"):
        Session(model, provider="azure")


class Elsewhere:
    """A session on another provider: the CPU runs it under that name."""

    def __init__(self, real: ort.InferenceSession, providers: list[str], fails: bool) -> None:
        self._providers = providers
        self._real = real
        self._fails = fails

    def get_providers(self) -> list[str]:
        return self._providers

    def __getattr__(self, name: str) -> Any:
        if name == "get_provider_graph_assignment_info":
            raise AttributeError(name)  # as before 1.24
        return getattr(self._real, name)

    def run(self, outputs: None, feed: dict[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        if self._fails:
            raise RuntimeError("CUDNN_STATUS_NOT_INITIALIZED")
        return list(self._real.run(outputs, feed))


@dataclass
class Cuda:
    """An onnxruntime with CUDA, which may fail on the way, and what it was asked for: providers and their options."""

    fails_loading: bool = False
    fails_running: bool = False
    asked: list[tuple[list[str], list[dict[str, str]]]] = field(default_factory=list)

    @property
    def runtime(self) -> Runtime:
        return Runtime(lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"], self.open)

    def open(
        self,
        path: str,
        options: ort.SessionOptions,
        providers: list[str],
        provider_options: list[dict[str, str]],
        enable_fallback: int,
    ) -> Any:
        assert enable_fallback == 0  # else onnxruntime prints to stdout and goes on with the CPU
        self.asked.append((providers, provider_options))
        if self.fails_loading and providers[0] != "CPUExecutionProvider":
            raise RuntimeError("[ONNXRuntimeError] : 1 : FAIL : CUDA failure 35: driver too old.\nstack")
        real = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        return Elsewhere(real, providers, self.fails_running)


def test_a_provider_that_works(model: Path) -> None:
    cuda = Cuda()
    net = Session(model, provider="cuda", runtime=cuda.runtime)
    assert net.provider == "cuda"
    assert net.run(np.zeros((3, 1, 48, 48), np.float32)).shape == (3, K)
    assert cuda.asked == [
        (["CUDAExecutionProvider", "CPUExecutionProvider"], [{"cudnn_conv_algo_search": "HEURISTIC"}, {}]),
    ]
    assert session.installed(cuda.runtime) == ("cpu", "cuda")


def test_a_provider_that_cannot_load(model: Path) -> None:
    runtime = Cuda(fails_loading=True).runtime
    with pytest.raises(ProviderError, match=r"cannot load the network \(CUDA failure 35: driver too old\); it needs an NVIDIA"):
        Session(model, provider="cuda", runtime=runtime)
    model.write_text("these are no weights")  # then it is not the provider's fault
    with pytest.raises(WeightsCorrupt, match="cannot be loaded by onnxruntime"):
        Session(model, provider="cuda", runtime=runtime)


def test_a_provider_that_fails_at_the_first_face(model: Path) -> None:
    with pytest.raises(ProviderError, match=r"--provider cuda: it failed at the first face \(CUDNN_STATUS"):
        Session(model, provider="cuda", runtime=Cuda(fails_running=True).runtime)
