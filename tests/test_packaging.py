"""The package: `realtime` alone, with everything that it needs beside it; training and benchmarks stay in a checkout."""

import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from realtime.model.session import SHIPPED
from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WHEEL = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]


def test_the_wheel_is_realtime_alone() -> None:
    assert WHEEL["packages"] == ["realtime"]
    assert {target.partition("/")[0] for target in WHEEL["force-include"].values()} == {"realtime"}
    assert PROJECT["project"]["scripts"] == {"fer-cam": "realtime.cli:main"}


def test_the_wheel_has_the_networks_that_it_offers() -> None:
    included = {Path(path).name for path in WHEEL["force-include"]}
    assert {SHIPPED[name] for name in ("int8", "full", "fast")} <= included
    assert all((ROOT / path).is_file() for path in WHEEL["force-include"])


@pytest.mark.parametrize("name", ["records.schema.json", "assets/demo.mp4", "guides/data.md"])
def test_data_lie_in_the_package(name: str) -> None:
    assert files("realtime").joinpath(name).is_file()


@pytest.mark.parametrize("module", ["benchmarks.latency", "train.predict"])
def test_the_other_packages_run_in_a_checkout(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: python -m {module} ")
