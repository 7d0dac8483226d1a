"""Commands without the libraries of their extra: --help, and one line on how to install them."""

import subprocess
import sys
from pathlib import Path

import pytest

from realtime.errors import ConfigError
from tests.conftest import ROOT
from tests.demo import CLIP, demo_frame
from train.extra import Extra

BLOCKED = ("torch", "torchvision", "sklearn", "onnx", "matplotlib", "tensorboard", "psutil")

WITHOUT = f"""
import runpy, sys

for name in {BLOCKED}:
    sys.modules[name] = None  # importing it raises ModuleNotFoundError
module, *sys.argv[1:] = sys.argv[1:]
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""

PARTS = {"benchmarks.camera", "benchmarks.receivers", "benchmarks.tutorial"}
"""Programs that a benchmark starts: they have no options."""

NEEDS = {
    "train.compare": "a.onnx --data a.csv --votes b.csv",
    "train.evaluate": "a.onnx --data a.csv",
    "train.export": "run --out a.onnx --data a.csv --votes b.csv",
    "train.fit": "webcam --data a.csv --votes b.csv --out run",
    "train.card": "a.onnx",
    "train.covered": "--data sets",
    "train.groups": "a.onnx --data sets",
    "train.int8": "a.onnx --data a.csv --votes b.csv",
    "train.predict": f"{CLIP.with_suffix('.png')} --out panel.png",
    "train.reproduce": "--data ckplus48.zip --out results",
    "train.robustness": "a.onnx --data a.csv --votes b.csv",
    "train.throughput": "paper",
    "benchmarks.soak": "--minutes 1",
}
"""Commands that need their extra, with valid options."""


def commands() -> list[str]:
    """Every module that can be run."""
    paths = [path for package in ("train", "benchmarks") for path in (ROOT / package).rglob("*.py")]
    runnable = [path.relative_to(ROOT) for path in paths if '__name__ == "__main__"' in path.read_text(encoding="utf-8")]
    names = {".".join(path.with_suffix("").parts).removesuffix(".__main__") for path in runnable}
    return sorted(names - PARTS)


def without(module: str, *args: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """`python -m MODULE` where the libraries of the extras are not installed."""
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{WITHOUT}"
    return subprocess.run(
        [sys.executable, "-c", program, module, *args], capture_output=True, text=True, timeout=60, check=False, cwd=cwd
    )


@pytest.mark.parametrize("module", commands())
def test_help_needs_no_extra(module: str, tmp_path: Path) -> None:
    done = without(module, "--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: python -m {module} ")


@pytest.mark.parametrize("module", NEEDS)
def test_a_run_names_the_extra_in_one_line(module: str, tmp_path: Path) -> None:
    done = without(module, *NEEDS[module].split(), cwd=tmp_path)
    package = module.partition(".")[0]
    assert done.returncode == 2
    assert f"pip install -e '.[{package}]'" in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"{module}: ")
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_commands_that_need_no_extra_work_without(tmp_path: Path) -> None:
    import cv2

    cv2.imwrite(str(tmp_path / "face.png"), demo_frame(20).image)
    done = without("train.predict", "face.png", cwd=tmp_path)
    assert done.returncode == 0
    assert "neutral" in done.stdout


def test_a_broken_library_is_reported_with_its_error() -> None:
    extra = Extra()
    extra.require()
    with extra:
        raise ImportError("libcudart.so.13: cannot open shared object file")
    with extra:
        raise ModuleNotFoundError("No module named 'onnx'", name="onnx")
    with pytest.raises(ConfigError, match=r"cannot be loaded \(libcudart.so.13: .*; pip install -e '\.\[train\]'"):
        extra.require()


@pytest.mark.parametrize("error", [ImportError("cannot import name 'x'", name="train.fit"), ValueError("something else")])
def test_a_bug_is_not_held_back(error: Exception) -> None:
    with pytest.raises(type(error), match=str(error)), Extra():
        raise error
