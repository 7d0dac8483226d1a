"""One line of what `fer-cam doctor` found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self, TypeAlias

from realtime.errors import FerError

Value: TypeAlias = str | int | float | bool | Sequence[str] | None
Values: TypeAlias = Mapping[str, Value]

NOTHING: Values = {}


class Status(StrEnum):
    """How a check ended. A warning means that fer-cam runs, with less or slower; a failure, that something does not run."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True)
class Check:
    """The result of a check.

    Attributes:
        name: what was checked; programs may rely on it.
        status: how it ended.
        found: what is there, for people.
        remedy: what to do about it; empty if it is ok.
        exit_code: of a failure, that of the error which a run would end with; else 0.
        values: the same facts for programs, as pairs of name and value.
        flags: the options that `fer-cam` needs here because of it.
    """

    name: str
    status: Status
    found: str
    remedy: str = ""
    exit_code: int = 0
    values: tuple[tuple[str, Value], ...] = ()
    flags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.status is Status.FAILURE) != (self.exit_code != 0):
            raise ValueError(f"{self.name}: a failure has an exit code, and nothing else has one")
        if (self.status is Status.OK) != (self.remedy == ""):
            raise ValueError(f"{self.name}: what is not ok has a remedy, and nothing else has one")

    @classmethod
    def ok(cls, name: str, found: str, values: Values = NOTHING, flags: tuple[str, ...] = ()) -> Self:
        """All is well."""
        return cls(name, Status.OK, found, values=tuple(values.items()), flags=flags)

    @classmethod
    def warning(cls, name: str, found: str, remedy: str, values: Values = NOTHING, flags: tuple[str, ...] = ()) -> Self:
        """fer-cam runs, with less or slower."""
        return cls(name, Status.WARNING, found, remedy, values=tuple(values.items()), flags=flags)

    @classmethod
    def failure(cls, name: str, found: str, remedy: str, exit_code: int, values: Values = NOTHING) -> Self:
        """Something does not run."""
        return cls(name, Status.FAILURE, found, remedy, exit_code, tuple(values.items()))

    @classmethod
    def failed_with(cls, name: str, error: FerError, values: Values = NOTHING) -> Self:
        """A failure whose error a run would end with."""
        return cls.failure(name, *parts(error), error.exit_code, values)

    @classmethod
    def warned_by(cls, name: str, error: FerError, values: Values = NOTHING, flags: tuple[str, ...] = ()) -> Self:
        """A warning whose error a run would avoid or survive."""
        return cls.warning(name, *parts(error), values, flags)


def parts(error: FerError) -> tuple[str, str]:
    """What happened and what to do: every message of the program has both, with a semicolon between them."""
    found, _, remedy = str(error).partition("; ")
    return found, remedy or "run fer-cam with -v for details"
