"""Keeps the house: imports go down only, one door per library, nothing heavy where nothing heavy belongs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

LAYERS: dict[str, int] = {
    "errors": 0,
    "labels": 0,
    "datatypes": 0,
    "version": 0,
    "providers": 0,
    "cache": 0,
    "rates": 0,
    "printable": 0,
    "geometry": 1,
    "spec": 1,
    "config": 1,
    "mailbox": 1,
    "meter": 1,
    "preprocess": 1,
    "steady": 1,
    "canvas": 1,
    "novelty": 1,
    "governor": 1,
    "pacing": 1,
    "signals": 1,
    "patches": 2,
    "detector": 2,
    "session": 2,
    "sources": 2,
    "tracker": 2,
    "smoother": 2,
    "quality": 2,
    "overlay": 2,
    "sinks": 3,
    "provenance": 3,
    "follower": 3,
    "evidence": 3,
    "scanner": 3,
    "chooser": 3,
    "classifier": 4,
    "feed": 3,
    "capture": 4,
    "finder": 4,
    "pipeline": 5,
    "loop": 6,
    "recognizer": 6,
    "run": 7,
    "cli": 8,
}
"""Layer of every module of realtime (DESIGN, section 2); `spec` and `preprocess` may know each other's constants."""

ALLOWED_SIDEWAYS = {("datatypes", "labels"), ("datatypes", "rates"), ("spec", "preprocess")}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def part(path: Path) -> str:
    """The room of realtime that a file belongs to: its module, or its sub-package."""
    relative = path.relative_to(ROOT / "realtime")
    return relative.parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Dotted names of everything a file imports, at whatever depth."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_every_module_of_realtime_has_a_layer() -> None:
    rooms = {part(path) for path in modules("realtime")} - {"__init__"}
    assert rooms == set(LAYERS)


@pytest.mark.parametrize("path", modules("realtime"), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_down(path: Path) -> None:
    here = part(path)
    if here == "__init__":
        return  # the lazy door: names only
    for name in imports(path):
        if not name.startswith("realtime.") or name.split(".")[1] not in LAYERS:
            continue
        there = name.split(".")[1]
        assert there == here or LAYERS[there] < LAYERS[here] or (here, there) in ALLOWED_SIDEWAYS, f"{here} imports {there}"


@pytest.mark.parametrize("package", ["realtime", "benchmarks"])
def test_only_train_needs_torch(package: str) -> None:
    for path in modules(package):
        roots = {name.split(".")[0] for name in imports(path)}
        assert not roots & {"torch", "torchvision", "train"}, path


def test_only_session_imports_onnxruntime() -> None:
    users = {part(path) for path in modules("realtime") if "onnxruntime" in {n.split(".")[0] for n in imports(path)}}
    assert users == {"session"}


def test_only_preprocess_equalizes_a_face() -> None:
    users = {part(path) for path in modules("realtime") if "equalizeHist" in path.read_text(encoding="utf-8")}
    assert users == {"preprocess"}


def test_realtime_runs_with_torch_blocked() -> None:
    """A run with torch made unimportable still loads everything down to the command line."""
    code = (
        "import sys; sys.modules['torch'] = sys.modules['torchvision'] = None\n"
        "import realtime.cli, realtime.run, realtime.recognizer, realtime.sources.camera, realtime.sources.stream\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=60)


def test_importing_realtime_costs_nothing() -> None:
    """The package's door is lazy: no OpenCV, no onnxruntime, no numpy until a name is used."""
    code = "import sys, realtime; print([n for n in ('cv2', 'onnxruntime', 'av', 'numpy', 'rich') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=60, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("package", ["realtime", "train", "benchmarks"])
def test_no_file_outgrows_a_screenful_of_ideas(package: str) -> None:
    for path in modules(package):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 350, f"{path} is two files"
