import sys
from pathlib import Path

import pytest

from realtime.model import cache


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "a" / "b"))
    return tmp_path / "a" / "b"


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {}, "home/.cache/fer-cam"),
        ("linux", {"XDG_CACHE_HOME": "relative"}, "home/.cache/fer-cam"),
        ("linux", {"LOCALAPPDATA": "/local"}, "home/.cache/fer-cam"),
        ("freebsd14", {}, "home/.cache/fer-cam"),
        ("darwin", {"XDG_CACHE_HOME": "/xdg"}, "home/Library/Caches/fer-cam"),
        ("win32", {}, "home/AppData/Local/fer-cam/cache"),
        ("win32", {"LOCALAPPDATA": "local", "XDG_CACHE_HOME": "/xdg"}, "local/fer-cam/cache"),
        ("win32", {"LOCALAPPDATA": "local", "FER_CACHE": "mine"}, "mine"),
        ("darwin", {"FER_CACHE": "mine"}, "mine"),
    ],
)
def test_each_system_has_its_place(
    platform: str, environment: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path("home"))
    assert cache.folder(platform, environment) == Path(expected)


@pytest.mark.skipif(sys.platform == "win32", reason="an absolute path looks different there")
def test_linux_lets_the_user_choose() -> None:
    assert cache.folder("linux", {"XDG_CACHE_HOME": "/xdg"}) == Path("/xdg/fer-cam")


def test_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(OSError, match="FER_CACHE can name another one"):
        cache.folder("linux", {})


def test_the_suite_does_not_touch_the_user_s_cache() -> None:
    assert not cache.folder().is_relative_to(Path.home() / ".cache")
    assert "pytest" in str(cache.folder())


def test_what_is_written_is_read(folder: Path) -> None:
    assert cache.read("x.json") is None
    cache.write("x.json", "Grüße")
    cache.write("y.json", "other")
    assert cache.read("x.json") == "Grüße"
    cache.write("x.json", "new")
    assert cache.read("x.json") == "new"
    assert sorted(path.name for path in folder.iterdir()) == ["x.json", "y.json"]


def test_a_write_that_fails_leaves_the_old_text(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    cache.write("x.json", "old")
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        cache.write("x.json", "new")
    assert cache.read("x.json") == "old"
    assert [path.name for path in folder.iterdir()] == ["x.json"]


def test_no_folder_can_be_made(folder: Path) -> None:
    folder.parent.write_text("a file is in the way")
    with pytest.raises(OSError, match=r"exists|directory"):
        cache.write("x.json", "text")


def test_not_a_text(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "x.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="utf-8"):
        cache.read("x.json")
