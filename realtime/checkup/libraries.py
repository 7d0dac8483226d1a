"""The libraries that are installed: whether they can be imported, whether two of them collide, and which extras there are."""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module, metadata

from realtime.checkup.check import Check
from realtime.errors import ModelError, SinkError, SourceError

REQUIRED = {
    "cv2": ("opencv", "opencv-python", SourceError.exit_code),
    "av": ("av", "av", SourceError.exit_code),
    "numpy": ("numpy", "numpy", ModelError.exit_code),
    "onnxruntime": ("onnxruntime", "onnxruntime", ModelError.exit_code),
    "PIL": ("pillow", "pillow", SinkError.exit_code),
}
"""By the name that is imported: the name of the check, the package, and the exit code of a run without it."""

WHEELS = {
    "opencv": ("opencv-python", "opencv-contrib-python", "opencv-python-headless", "opencv-contrib-python-headless"),
    "onnxruntime": ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino"),
}
"""Packages that write the same files: with two of them installed, it is chance which one is loaded."""

EXTRAS = {
    "bulk": "distributed",
    "cameras": "cv2-enumerate-cameras",
    "lesson": "matplotlib",
    "lsl": "pylsl",
    "mqtt": "paho-mqtt",
    "osc": "python-osc",
    "report": "jinja2",
    "web": "starlette",
}
"""The package behind each optional feature of `fer-cam`."""

SYSTEM_LIBRARIES = {
    "libGL.so.1": "sudo apt install libgl1 (Debian, Ubuntu) or sudo dnf install mesa-libGL (Fedora)",
    "libgthread-2.0.so.0": "sudo apt install libglib2.0-0 (Debian, Ubuntu) or sudo dnf install glib2 (Fedora)",
    "libxcb.so.1": "sudo apt install libxcb1 (Debian, Ubuntu) or sudo dnf install libxcb (Fedora)",
    "vcruntime140": "install the Microsoft Visual C++ Redistributable",
    "dll load failed": "install the Microsoft Visual C++ Redistributable; Windows N also needs the Media Feature Pack",
}
"""What import errors name, and where that comes from."""


def checks() -> Iterator[Check]:
    """Of this installation."""
    packages = installed()
    for name in REQUIRED:
        yield library(name, import_module)
    for name in WHEELS:
        yield wheels(name, packages)
    yield extras(packages)


def installed() -> dict[str, str]:
    """Version by name of the packages in WHEELS and EXTRAS that are installed."""
    versions: dict[str, str] = {}
    for name in (*EXTRAS.values(), *(name for names in WHEELS.values() for name in names)):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def library(module: str, load: Callable[[str], object]) -> Check:
    """Whether a library can be imported; OpenCV needs libGL, which servers and containers often lack."""
    name, package, exit_code = REQUIRED[module]
    try:
        loaded = load(module)
    except Exception as error:  # a library that is damaged or too old for another one raises anything
        words = str(error).strip().partition("\n")[0] or type(error).__name__
        remedy = next((remedy for part, remedy in SYSTEM_LIBRARIES.items() if part.lower() in words.lower()), None)
        remedy = remedy or f"pip install --force-reinstall {package}"
        return Check.failure(name, f"cannot be imported: {words}", remedy, exit_code)
    version = str(getattr(loaded, "__version__", "unknown"))
    return Check.ok(name, version, {"version": version})


def wheels(library: str, packages: Mapping[str, str]) -> Check:
    """Whether one package, and only one, brings a library.

    Args:
        library: a key of WHEELS.
        packages: version by name.
    """
    names = [name for name in WHEELS[library] if name in packages]
    name, found = f"{library} wheels", ", ".join(f"{name} {packages[name]}" for name in names)
    again = "pip install 'opencv-python<5'" if library == "opencv" else "install the one that you want"
    remedy = f"pip uninstall -y {' '.join(names)}; then {again}"
    if len(names) > 1:
        return Check.warning(name, f"{found} overwrite each other", remedy, {"packages": names})
    if names and names[0].endswith("headless"):
        return Check.warning(name, f"{found} opens no windows", remedy, {"packages": names}, ("--no-display",))
    return Check.ok(name, found or "none; it comes from elsewhere", {"packages": names})


def extras(packages: Mapping[str, str]) -> Check:
    """Which optional features can be used."""
    there = [extra for extra, package in EXTRAS.items() if package in packages]
    missing = [extra for extra in EXTRAS if extra not in there]
    words = [f"installed: {', '.join(there)}"] if there else []
    if missing:
        words.append(f"not installed: {', '.join(missing)} (pip install 'fer-cam[{','.join(missing)}]')")
    return Check.ok("extras", "; ".join(words), {"installed": there, "missing": missing})
