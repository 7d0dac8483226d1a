"""Checks the architecture: imports point one way, one module per heavy library, lazy imports."""

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def dotted(path: Path) -> str:
    """The name by which a file is imported."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> set[str]:
    """Dotted names of everything a file imports, at whatever depth."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def graph(package: str, depth: int) -> dict[str, set[str]]:
    """Imports among the parts of a package: folders and top-level modules or, one level deeper, all modules.

    A package's own `__init__`, which only re-exports names lazily, is excluded.
    """
    files = {dotted(path): path for path in modules(package)}
    edges: dict[str, set[str]] = {}
    for name, path in files.items():
        here = ".".join(name.split(".")[:depth])
        if name == package:
            continue
        used = {imported for imported in imports(path) if imported in files and imported != package}
        edges.setdefault(here, set()).update({".".join(other.split(".")[:depth]) for other in used} - {here})
    return edges


@pytest.mark.parametrize("package", ["realtime", "train", "benchmarks"])
@pytest.mark.parametrize("depth", [2, 3])
def test_imports_go_one_way(package: str, depth: int) -> None:
    """No cycles among folders or modules; the order is derived from the imports."""
    order = list(graphlib.TopologicalSorter(graph(package, depth)).static_order())  # raises CycleError
    assert len(order) > 5


def test_the_packages_know_each_other_one_way() -> None:
    for package, strangers in (("realtime", {"train", "benchmarks"}), ("benchmarks", {"train"}), ("train", {"benchmarks"})):
        for path in modules(package):
            assert not {name.split(".")[0] for name in imports(path)} & strangers, path


@pytest.mark.parametrize("package", ["realtime", "benchmarks"])
def test_only_train_needs_torch(package: str) -> None:
    for path in modules(package):
        roots = {name.split(".")[0] for name in imports(path)}
        assert not roots & {"torch", "torchvision", "train"}, path


def test_only_session_imports_onnxruntime() -> None:
    users = {dotted(path) for path in modules("realtime") if "onnxruntime" in {n.split(".")[0] for n in imports(path)}}
    assert users == {"realtime.model.session"}


def test_only_preprocess_equalizes_a_face() -> None:
    users = {dotted(path) for path in modules("realtime") if "equalizeHist" in path.read_text(encoding="utf-8")}
    assert users == {"realtime.preprocess"}


def test_realtime_runs_with_torch_blocked() -> None:
    """A run with torch made unimportable still loads everything down to the command line."""
    code = (
        "import sys; sys.modules['torch'] = sys.modules['torchvision'] = None\n"
        "import realtime.cli, realtime.run, realtime.recognizer, realtime.sources.camera, realtime.sources.stream\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=60)


def test_importing_realtime_costs_nothing() -> None:
    """`realtime/__init__` is lazy: no OpenCV, no onnxruntime, no numpy until a name is used."""
    code = "import sys, realtime; print([n for n in ('cv2', 'onnxruntime', 'av', 'numpy', 'rich') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=60, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("package", ["realtime", "train", "benchmarks"])
def test_no_file_is_too_long(package: str) -> None:
    for path in modules(package):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 350, f"{path} is two files"
