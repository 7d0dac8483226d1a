"""Names of files as BIDS builds them: key-label pairs in a fixed order, and a suffix."""

import re
from dataclasses import dataclass

from realtime.errors import ConfigError

LABEL = re.compile(r"[0-9A-Za-z]+")
"""BIDS 1.11 also allows a plus sign; older readers do not."""

DATATYPE = "beh"
"""The folder for data without a brain recording."""


@dataclass(frozen=True)
class Entities:
    """What the names of a session's files are made of.

    Attributes:
        participant, task: letters and digits.
        run: counts the sessions of a participant with one task, from 1; None leaves it out.

    Raises:
        ConfigError: a label is missing or has other characters.
    """

    participant: str
    task: str
    run: int | None = None

    def __post_init__(self) -> None:
        for setting, value in (("participant", self.participant), ("task", self.task)):
            if not value:
                raise ConfigError("is not named by this session; give it here", setting)
            if not LABEL.fullmatch(value):
                clean = "".join(LABEL.findall(value)) or "P07"
                raise ConfigError(f"{value!r}: BIDS allows letters and digits only; give another one, such as {clean}", setting)
        if self.run is not None and self.run < 1:
            raise ConfigError(f"{self.run}: give a number from 1", "run")

    @property
    def subject(self) -> str:
        """The participant as the name of a folder and as `participant_id`."""
        return f"sub-{self.participant}"

    @property
    def stem(self) -> str:
        """The common part of all names, with its folders."""
        run = "" if self.run is None else f"_run-{self.run}"
        return f"{self.subject}/{DATATYPE}/{self.subject}_task-{self.task}{run}"
