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


PRIVATE_BUT_NEEDED = {
    ("layer", "_forward_pre_hooks"): "torch lists the hooks of a module nowhere else",
    ("module", "_forward_hooks"): "the same",
    ("network[0]", "_forward_hooks"): "the same",
    ("torchvision.transforms", "_presets"): "what torchvision's own weights are made with",
}
"""What tests may read although its name begins with an underscore: where it stands, its name, and why."""


def test_no_test_replaces_a_name() -> None:
    """Code takes what it depends on as parameters, and tests pass their own.

    An entry that is added to a register (`monkeypatch.setitem`) replaces nothing.
    """
    assert [f"{dotted(path)}: {fault}" for path in modules("tests") for fault in sorted(patched(path))] == []


def test_no_test_reads_a_private_name() -> None:
    found = {(*name, dotted(path)) for path in modules("tests") for name in private(path)}
    assert sorted(each for each in found if each[:2] not in PRIVATE_BUT_NEEDED) == []
    assert PRIVATE_BUT_NEEDED.keys() == {each[:2] for each in found}


@pytest.mark.parametrize(
    "line",
    [
        'monkeypatch.setattr(cache, "folder", None)',
        'monkeypatch.setattr("realtime.model.cache.folder", None)',
        'monkeypatch.delattr(cache, "folder")',
        "cache.folder = None",
        "from unittest import mock",
        "from unittest.mock import patch",
    ],
)
def test_a_replaced_name_is_found(line: str, tmp_path: Path) -> None:
    path = tmp_path / "test_example.py"
    path.write_text(f"from realtime.model import cache\n{line}\n", encoding="utf-8")
    assert len(patched(path)) >= 1


@pytest.mark.parametrize(
    "line", ["player._paused", 'getattr(player, "_paused")', "from realtime.cli import _say", "import a\na.b._c()"]
)
def test_a_private_name_is_found(line: str, tmp_path: Path) -> None:
    path = tmp_path / "test_example.py"
    path.write_text(f"{line}\n", encoding="utf-8")
    assert len(private(path)) == 1


def patched(path: Path) -> set[str]:
    """Where a file sets or deletes an attribute by its name, sets one of something that it imports, or imports mocks."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = [alias for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names]
    imported = {(alias.asname or alias.name).partition(".")[0] for alias in names}
    called = {ast.unparse(node): ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)}
    calls = {call for call, function in called.items() if function.endswith(("setattr", "delattr"))}
    calls |= {name for name in imports(path) if name.split(".")[-1] == "mock"}
    stores = {ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}
    return calls | {f"{name} = ..." for name in stores if name.partition(".")[0] in imported}


def private(path: Path) -> set[tuple[str, str]]:
    """Private names of others that a file reads or imports, each behind the place where it stands."""
    found: set[tuple[str, str]] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) not in ("self", "cls"):
            found.add((ast.unparse(node.value), node.attr))
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {(node.module, alias.name) for alias in node.names} | {node.module.rpartition(".")[::2]}
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "getattr" and isinstance(node.args[1], ast.Constant):
            found.add((ast.unparse(node.args[0]), str(node.args[1].value)))
    return {(place, name) for place, name in found if name.startswith("_") and not name.startswith("__")}


USUAL_LINES, MOST_LINES = 300, 400
REASON = "One file because "
"""How the docstring of a file with more than the usual number of lines begins the sentence that says why."""


@pytest.mark.parametrize("package", ["realtime", "train", "benchmarks", "tests"])
def test_no_file_is_too_long(package: str) -> None:
    assert {dotted(path): fault for path in modules(package) if (fault := length_fault(path.read_text(encoding="utf-8")))} == {}


@pytest.mark.parametrize(
    ("docstring", "lines", "fault"),
    [
        ("Reads.", 300, ""),
        ("Reads.", 301, "301 lines without a reason"),
        ("Reads.\n\nOne file because it is.", 301, ""),
        ("Reads.\n\nOne file because it is.", 400, ""),
        ("Reads.\n\nOne file because it is.", 401, "401 lines are two files"),
        ("Reads.\n\nOne file because it is.", 300, "a reason that 300 lines do not need"),
    ],
)
def test_a_file_over_300_lines_needs_a_reason_and_over_400_none_is_enough(docstring: str, lines: int, fault: str) -> None:
    head = f'"""{docstring}"""\n'
    assert length_fault(head + "x = 1\n" * (lines - head.count("\n"))) == fault


def length_fault(text: str) -> str:
    """What is wrong with the length of a file; empty if nothing is."""
    lines = len(text.splitlines())
    has_reason = REASON in (ast.get_docstring(ast.parse(text)) or "")
    if lines > MOST_LINES:
        return f"{lines} lines are two files"
    if lines > USUAL_LINES:
        return "" if has_reason else f"{lines} lines without a reason"
    return f"a reason that {lines} lines do not need" if has_reason else ""
