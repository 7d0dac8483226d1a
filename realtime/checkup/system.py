"""Python, the operating system and the processor."""

import os
import platform
import sys
from collections.abc import Iterator, Sequence

from realtime import machine
from realtime.checkup.check import Check
from realtime.errors import ConfigError

OLDEST_PYTHON = (3, 11)

VNNI = frozenset({"avx512_vnni", "avx_vnni", "amx_int8"})
DOT_PRODUCTS = frozenset({"asimddp", "i8mm"})
WIDE = frozenset({"avx2", "avx512f", "sve"})


def checks() -> Iterator[Check]:
    """Of this machine."""
    yield python(sys.version_info[:3], bits=64 if sys.maxsize > 2**32 else 32)
    yield operating_system(platform.platform(), platform.machine())
    yield processor(machine.processor(), machine.instructions(), cores())


def python(version: tuple[int, int, int], bits: int) -> Check:
    """Whether this Python is new enough; the libraries exist for 64 bits only."""
    found = f"{'.'.join(map(str, version))}, {bits} bits"
    if version[:2] < OLDEST_PYTHON or bits < 64:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        return Check.failure("python", found, f"install Python {oldest} or newer, for 64 bits", ConfigError.exit_code)
    return Check.ok("python", found, {"version": ".".join(map(str, version))})


def operating_system(name: str, architecture: str) -> Check:
    """Its name; nothing depends on it."""
    return Check.ok("system", name, {"architecture": architecture})


def processor(name: str, instructions: Sequence[str], cores: int) -> Check:
    """Its name, and how it multiplies 8-bit integers. How fast that is, the latency shows."""
    count = f"{cores} core{'s' if cores != 1 else ''}"
    return Check.ok(
        "processor",
        f"{name}, {count}; int8: {int8_kind(instructions)}",
        {"name": name, "cores": cores, "instructions": tuple(instructions)},
    )


def int8_kind(instructions: Sequence[str]) -> str:
    """How a processor with these instructions (`machine.SPEEDS`) multiplies 8-bit integers."""
    has = set(instructions)
    if has & VNNI:
        return "VNNI, fast"
    if has & DOT_PRODUCTS:
        return "dot products, fast"
    if has & WIDE:
        return "vectors without dot products"
    return "not known"


def cores() -> int:
    """The processor's cores that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
