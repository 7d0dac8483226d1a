"""The commit and the processor, for checkpoints, weights and results."""

import platform
import subprocess
from pathlib import Path

UNKNOWN = "unknown"

HERE = Path(__file__).parent

CPUINFO = Path("/proc/cpuinfo")
"""Linux's description of the processor."""


def current_commit(folder: Path = HERE) -> str:
    """The commit of the checkout that `folder` is in, with `+` where it has changes; `unknown` outside a checkout."""
    command = ["git", "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return UNKNOWN
    return done.stdout.strip()


def processor(cpuinfo: Path = CPUINFO) -> str:
    """The processor's name, from the system."""
    try:
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux
    return platform.processor() or platform.machine()


SPEEDS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm", "sve")
"""Instruction sets that decide the speed of 8-bit integers. Names are not enough: clouds call all processors "AMD EPYC"."""


def instructions(cpuinfo: Path = CPUINFO) -> tuple[str, ...]:
    """Which of SPEEDS the processor has, as Linux tells; empty elsewhere, where the processor's name is telling."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ()
    flags = next((line.partition(":")[2].split() for line in lines if line.startswith(("flags", "Features"))), [])
    return tuple(name for name in SPEEDS if name in flags)
