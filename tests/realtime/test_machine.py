import subprocess
from pathlib import Path

import pytest

from realtime import machine


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with one commit."""
    (tmp_path / "file").write_text("one")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-qm", "one")
    return tmp_path


def test_commit_of_a_clean_checkout(checkout: Path) -> None:
    assert git(checkout, "rev-parse", "HEAD").startswith(machine.current_commit(checkout))
    assert len(machine.current_commit(checkout)) == 12


def test_changes_are_admitted(checkout: Path) -> None:
    clean = machine.current_commit(checkout)
    (checkout / "file").write_text("two")
    assert machine.current_commit(checkout) == clean + "+"


def test_outside_of_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert machine.current_commit(tmp_path) == "unknown"


def test_without_git(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert machine.current_commit() == "unknown"


@pytest.mark.parametrize(
    ("cpuinfo", "found"),
    [
        (
            "model name : AMD EPYC\nflags\t\t: fpu sse avx2 avx512f avx512_vnni\nflags\t\t: fpu\n",
            ("avx2", "avx512f", "avx512_vnni"),
        ),
        ("processor : 0\nFeatures\t: fp asimd asimddp i8mm sve2\n", ("asimddp", "i8mm")),
        ("processor : 0\n", ()),
    ],
)
def test_instructions(cpuinfo: str, found: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(cpuinfo)
    assert machine.instructions(tmp_path / "cpuinfo") == found


def test_elsewhere_than_on_linux(tmp_path: Path) -> None:
    assert machine.instructions(tmp_path / "cpuinfo") == ()
    assert machine.processor(tmp_path / "cpuinfo")  # what Python says, which differs by system
