"""What is said of Python, the processor, and the libraries."""

import tomllib

import pytest

from realtime.checkup import libraries, system
from realtime.checkup.check import Check, Status
from tests.conftest import ROOT


def test_a_current_python_is_fine() -> None:
    assert system.python((3, 13, 1), bits=64) == Check.ok("python", "3.13.1, 64 bits", {"version": "3.13.1"})


@pytest.mark.parametrize(("version", "bits"), [((3, 10, 9), 64), ((3, 12, 0), 32)])
def test_an_old_python_or_one_of_32_bits_is_a_failure(version: tuple[int, int, int], bits: int) -> None:
    check = system.python(version, bits)
    assert (check.status, check.exit_code) == (Status.FAILURE, 2)
    assert check.remedy == "install Python 3.11 or newer, for 64 bits"


@pytest.mark.parametrize(
    ("instructions", "kind"),
    [
        (["avx2", "avx_vnni"], "VNNI, fast"),
        (["avx2", "avx512f", "avx512_vnni"], "VNNI, fast"),
        (["asimddp"], "dot products, fast"),
        (["avx2"], "vectors without dot products"),
        ([], "not known"),
    ],
)
def test_the_kind_of_int8(instructions: list[str], kind: str) -> None:
    check = system.processor("a processor", instructions, 1)
    assert check.found == f"a processor, 1 core; int8: {kind}"
    assert dict(check.values)["instructions"] == tuple(instructions)


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ("libGL.so.1: cannot open shared object file: No such file or directory", "sudo apt install libgl1"),
        ("DLL load failed while importing cv2: The specified module could not be found.", "Media Feature Pack"),
        ("No module named 'cv2'", "pip install --force-reinstall opencv-python"),
        ("\n\nsomething long\nover several lines", "pip install --force-reinstall opencv-python"),
        ("", "pip install --force-reinstall opencv-python"),
    ],
)
def test_a_library_that_cannot_be_imported_names_what_brings_it(words: str, remedy: str) -> None:
    def load(name: str) -> object:
        raise ImportError(words)

    check = libraries.library("cv2", load)
    assert (check.name, check.status, check.exit_code) == ("opencv", Status.FAILURE, 3)
    assert remedy in check.remedy
    assert "\n" not in check.found


def test_a_library_that_raises_anything_while_it_is_imported() -> None:
    def load(name: str) -> object:
        raise AttributeError("_ARRAY_API not found")

    assert libraries.library("onnxruntime", load).exit_code == 4


def test_one_package_of_opencv_is_fine_and_two_collide() -> None:
    assert libraries.wheels("opencv", {"opencv-python": "4.14.0"}).found == "opencv-python 4.14.0"
    both = libraries.wheels("opencv", {"opencv-python": "4.14.0", "opencv-python-headless": "5.0.0", "pylsl": "1"})
    assert both.status is Status.WARNING
    assert both.found == "opencv-python 4.14.0, opencv-python-headless 5.0.0 overwrite each other"
    assert both.remedy == ("pip uninstall -y opencv-python opencv-python-headless; then pip install 'opencv-python<5'")


def test_opencv_without_windows_asks_for_no_display() -> None:
    assert libraries.wheels("opencv", {"opencv-python-headless": "4.14.0"}).flags == ("--no-display",)


def test_a_library_without_a_package_comes_from_elsewhere() -> None:
    assert libraries.wheels("onnxruntime", {}).status is Status.OK


def test_extras_that_are_missing_are_named_with_their_command() -> None:
    check = libraries.extras({"pylsl": "1", "jinja2": "3", "paho-mqtt": "2"})
    missing = "bulk, cameras, lesson, osc, web (pip install 'fer-cam[bulk,cameras,lesson,osc,web]')"
    assert check.found == f"installed: lsl, mqtt, report; not installed: {missing}"
    assert check.status is Status.OK
    assert libraries.extras({}).found.startswith("not installed: bulk, cameras, lesson")


def test_every_extra_of_the_program_is_known() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    ours = {name: needs for name, needs in optional.items() if name not in ("train", "benchmarks", "dev")}
    assert libraries.EXTRAS.keys() == ours.keys()
    assert [name for name, needs in ours.items() if not needs[0].startswith(libraries.EXTRAS[name])] == []
