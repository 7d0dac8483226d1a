import sys
from pathlib import Path

import pytest

from realtime.model import cache


@pytest.fixture
def folder(tmp_path: Path) -> Path:
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
def test_each_system_has_its_place(platform: str, environment: dict[str, str], expected: str) -> None:
    assert cache.folder(platform, environment, lambda: Path("home")) == Path(expected)


@pytest.mark.skipif(sys.platform == "win32", reason="an absolute path looks different there")
def test_linux_lets_the_user_choose() -> None:
    assert cache.folder("linux", {"XDG_CACHE_HOME": "/xdg"}) == Path("/xdg/fer-cam")


def test_without_a_home() -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    with pytest.raises(OSError, match="name a folder in FER_CACHE"):
        cache.folder("linux", {}, homeless)


def test_the_suite_does_not_touch_the_user_s_cache() -> None:
    assert not cache.folder().is_relative_to(Path.home() / ".cache")
    assert "pytest" in str(cache.folder())


def test_a_written_text_is_read_back(folder: Path) -> None:
    assert cache.read(folder / "x.json") is None
    cache.write(folder / "x.json", "Grüße")
    cache.write(folder / "y.json", "other")
    assert cache.read(folder / "x.json") == "Grüße"
    cache.write(folder / "x.json", "new")
    assert cache.read(folder / "x.json") == "new"
    assert sorted(path.name for path in folder.iterdir()) == ["x.json", "y.json"]


def test_a_failed_write_keeps_the_old_text(folder: Path) -> None:
    (folder / "x.json" / "old").mkdir(parents=True)  # no file can take the place of a folder
    with pytest.raises(OSError, match=r"x\.json"):
        cache.write(folder / "x.json", "new")
    assert [path.name for path in folder.rglob("*")] == ["x.json", "old"]


def test_no_folder_can_be_made(folder: Path) -> None:
    folder.parent.write_text("a file is in the way")
    with pytest.raises(OSError, match=r"exists|directory"):
        cache.write(folder / "x.json", "text")


def test_not_a_text(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "x.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="utf-8"):
        cache.read(folder / "x.json")
