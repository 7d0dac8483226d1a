"""Weights and providers: the real ones, damaged ones, and those that refuse."""

import shutil
from pathlib import Path

import pytest

from realtime.checkup import latency, network
from realtime.checkup.check import Status
from realtime.errors import ProviderError, WeightsNotFound
from realtime.model import session
from realtime.model.classifier import Classifier
from realtime.model.session import Session
from tests.tiny_models import write_left_right


def refuses(path: Path, threads: int, provider: str) -> Session:
    raise ProviderError(f"--provider {provider}: it cannot start; it needs a GPU; or leave --provider out")


def test_the_shipped_weights_are_whole() -> None:
    check = network.weights(["int8", "fast"], session.locate)
    assert check.status is Status.OK
    sums = (session.locate("int8").parent / "SHA256SUMS").read_text(encoding="utf-8")
    assert f"{dict(check.values)['int8']}  fer-resnet50-int8.onnx\n" in sums


def test_damaged_weights_are_a_failure(tmp_path: Path) -> None:
    for name in ("fer-resnet50-fast-int8.onnx", "SHA256SUMS"):
        shutil.copy(session.locate("fast").parent / name, tmp_path)
    with (tmp_path / "fer-resnet50-fast-int8.onnx").open("r+b") as file:
        file.write(b"damaged")
    check = network.weights(["fast"], lambda model: session.locate(model, [tmp_path]))
    assert (check.status, check.exit_code, check.remedy) == (Status.FAILURE, 4, "fetch it again")


def test_missing_weights_are_a_failure(tmp_path: Path) -> None:
    check = network.weights(["int8"], lambda model: session.locate(model, [tmp_path]))
    assert check.found == "the shipped weights fer-resnet50-int8.onnx are missing"


def test_a_provider_is_timed_by_real_inference(tmp_path: Path) -> None:
    check = network.provider("cpu", ["tiny"], lambda _: write_left_right(tmp_path / "tiny.onnx"))
    assert (check.name, check.status) == ("provider cpu", Status.OK)
    ms = dict(check.values)["tiny_ms"]
    assert isinstance(ms, float)
    assert 0 < ms < 1000


def test_a_provider_that_does_not_run_is_a_warning_with_what_it_needs(tmp_path: Path) -> None:
    check = network.provider("cuda", ["tiny"], lambda _: tmp_path, refuses)
    assert (check.status, check.found) == (Status.WARNING, "--provider cuda: it cannot start")
    assert check.remedy.startswith("it needs a GPU")


def test_a_processor_that_does_not_run_a_network_is_a_failure(tmp_path: Path) -> None:
    check = network.provider("cpu", ["tiny"], lambda _: tmp_path, refuses)
    assert (check.status, check.exit_code) == (Status.FAILURE, 4)


@pytest.mark.parametrize(
    ("ms", "weights", "status", "flags"),
    [
        (20.0, "fer-resnet50-int8.onnx", Status.OK, ()),
        (50.0, "fer-resnet50-int8.onnx", Status.WARNING, ("--model", "fast")),
        (50.0, "fer-resnet50-fast-int8.onnx", Status.WARNING, ()),
    ],
)
def test_latency_against_a_camera(ms: float, weights: str, status: Status, flags: tuple[str, ...]) -> None:
    check = latency.verdict([0.5] * latency.WARM_UP + [ms / 1000] * 20, "640x480", weights, "cpu")
    assert (check.status, check.flags) == (status, flags)
    assert (dict(check.values)["median_ms"], dict(check.values)["frames"]) == (ms, 20)


def test_latency_without_a_network_is_a_failure_of_the_network() -> None:
    def load() -> Classifier:
        raise WeightsNotFound("the shipped weights are missing; reinstall fer-cam")

    check = latency.latency(load, latency.Engine.open)
    assert (check.exit_code, check.remedy) == (4, "reinstall fer-cam")
