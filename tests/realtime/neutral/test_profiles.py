"""Where profiles are kept, and what happens if one is missing, damaged or of another network."""

import sys
from pathlib import Path

import pytest

from realtime.errors import ConfigError, SinkError
from realtime.labels import LABELS
from realtime.neutral import profiles
from tests.profiles import profile

SHA = "ab" * 32


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder for profiles."""
    monkeypatch.setenv(profiles.VARIABLE, str(tmp_path / "profiles"))
    return tmp_path / "profiles"


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {}, "home/.local/share/fer-cam/profiles"),
        ("linux", {"XDG_DATA_HOME": "relative"}, "home/.local/share/fer-cam/profiles"),
        ("darwin", {"XDG_DATA_HOME": "/xdg"}, "home/Library/Application Support/fer-cam/profiles"),
        ("win32", {}, "home/AppData/Local/fer-cam/profiles"),
        ("win32", {"LOCALAPPDATA": "local"}, "local/fer-cam/profiles"),
        ("darwin", {"FER_PROFILES": "mine"}, "mine"),
    ],
)
def test_each_system_has_its_place(platform: str, environment: dict[str, str], expected: str) -> None:
    assert profiles.folder(platform, environment, lambda: Path("home")) == Path(expected)


@pytest.mark.skipif(sys.platform == "win32", reason="an absolute path looks different there")
def test_linux_lets_the_user_choose() -> None:
    assert profiles.folder("linux", {"XDG_DATA_HOME": "/xdg"}) == Path("/xdg/fer-cam/profiles")


def test_the_suite_does_not_touch_the_user_s_profiles() -> None:
    assert "pytest" in str(profiles.folder())


def test_a_saved_profile_is_loaded_by_its_name(folder: Path) -> None:
    assert profiles.save("anna", profile(sadness=0.5)) == folder / "anna.json"
    assert profiles.load_for("anna", "net.onnx", SHA, LABELS) == profile(sadness=0.5)


def test_a_path_is_a_file_of_its_own(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "study" / "p07.json"
    assert profiles.save(str(path), profile("p07")) == path
    assert profiles.load(str(path)).name == "p07"
    assert not folder.exists()


@pytest.mark.parametrize("name", ["", "a b", ".hidden", "-x", "a\nb", "x" * 101])
def test_a_name_that_can_be_no_file_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="give letters, digits"):
        profiles.path_of(name)


def test_a_missing_profile(folder: Path) -> None:
    with pytest.raises(ConfigError, match="profile anna: there is no such profile; fer-cam calibrate --profile anna makes it"):
        profiles.load("anna")


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"", b'{"format": 1}'])
def test_a_damaged_profile(folder: Path, content: bytes) -> None:
    folder.mkdir()
    (folder / "anna.json").write_bytes(content)
    with pytest.raises(ConfigError, match=r"anna\.json cannot be read .*; calibrate again with --overwrite") as caught:
        profiles.load("anna")
    assert "\n" not in str(caught.value)


def test_a_folder_in_its_place(folder: Path) -> None:
    (folder / "anna.json").mkdir(parents=True)
    with pytest.raises(ConfigError, match="cannot be read"):
        profiles.load("anna")


@pytest.mark.parametrize(("sha", "labels"), [("cd" * 32, LABELS), (SHA, LABELS[::-1]), (SHA, LABELS[:7])])
def test_another_network_is_refused(folder: Path, sha: str, labels: tuple[str, ...]) -> None:
    profiles.save("anna", profile())
    with pytest.raises(ConfigError, match=r"made with another network, net.onnx of 2026-01-31, and fast.onnx runs here"):
        profiles.load_for("anna", "fast.onnx", sha, labels)


def test_nothing_is_overwritten_unasked(folder: Path) -> None:
    profiles.check_free("anna", overwrite=False)
    profiles.save("anna", profile())
    with pytest.raises(ConfigError, match="exists; choose another name, or replace it with --overwrite"):
        profiles.check_free("anna", overwrite=False)
    profiles.check_free("anna", overwrite=True)
    assert profiles.free_name("anna") == "anna-2"
    profiles.save("anna-2", profile())
    assert profiles.free_name("anna") == "anna-3"
    assert profiles.free_name("berta") == "berta"
    assert profiles.free_name(str(folder / "anna.json")) == str(folder / "anna-3.json")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SinkError, match="the profile cannot be written"):
        profiles.save(str(tmp_path / "file" / "anna.json"), profile())
