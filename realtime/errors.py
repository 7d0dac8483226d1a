"""Every error a user can cause or meet, as one tree; each kind carries the exit code of the program.

    FerError                 1   (only ever raised as one of the kinds below)
    ├── ConfigError          2   usage, or a mistake in what the user asked for
    ├── SourceError          3   camera, file or stream
    │   ├── SourceOpenError      it could not be opened
    │   └── SourceLostError      it was open and stopped giving frames
    ├── ModelError           4   weights, or what is to run them
    │   ├── WeightsNotFound      no such file
    │   ├── WeightsCorrupt       unreadable, or its checksum is wrong
    │   ├── ModelSpecError       readable, but not a network this program can drive
    │   └── ProviderError        what was to run it is not installed, or does not really run it
    └── SinkError            5   an output cannot be written

A message is one line: what happened, then what to try.
"""

from collections.abc import Mapping


class FerError(Exception):
    """Base of all errors that are reported as one line, without a traceback."""

    exit_code = 1


class ConfigError(FerError):
    """The user asked for something impossible or contradictory.

    Args:
        problem: what is wrong and what to give instead; where settings are at fault it follows their names.
        settings: the names of those settings; the command line puts its options in their place.
    """

    exit_code = 2

    def __init__(self, problem: str, *settings: str) -> None:
        self.problem = problem
        self.settings = settings
        super().__init__(self.with_names({}))

    def with_names(self, names: Mapping[str, str]) -> str:
        """The message, with other names for the settings."""
        return " ".join(filter(None, (" and ".join(names.get(name, name) for name in self.settings), self.problem)))


class SourceError(FerError):
    """The camera, file or stream is at fault."""

    exit_code = 3


class SourceOpenError(SourceError):
    """The source could not be opened."""


class SourceLostError(SourceError):
    """The source was open and stopped giving frames."""


class ModelError(FerError):
    """The weights, or what is to run them, are at fault."""

    exit_code = 4


class WeightsNotFound(ModelError):
    """There is no weights file where one was expected."""


class WeightsCorrupt(ModelError):
    """The weights file cannot be read, or is not the file its checksum names."""


class ModelSpecError(ModelError):
    """The network can be read but lacks, or contradicts, the facts this program needs."""


class ProviderError(ModelError):
    """The provider asked for is not installed, or does not really run the network."""


class SinkError(FerError):
    """An output cannot be written."""

    exit_code = 5
