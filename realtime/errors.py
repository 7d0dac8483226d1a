"""All errors reported to the user, as one tree; each class defines the exit code.

    FerError                 1   (only ever raised as one of the kinds below)
    ├── ConfigError          2   usage, or contradictory settings
    ├── SourceError          3   camera, file or stream
    │   ├── SourceOpenError      it could not be opened
    │   ├── SourceLostError      it was open and stopped delivering frames
    │   └── NotResting           it shows no resting face to calibrate on
    ├── ModelError           4   weights or their provider
    │   ├── WeightsNotFound      no such file
    │   ├── WeightsCorrupt       unreadable, or its checksum is wrong
    │   ├── ModelSpecError       readable, but not a network this program can drive
    │   └── ProviderError        the provider is not installed, or does not run the network
    └── SinkError            5   an output cannot be written

A message is one line: what happened, then what to do.
"""

from collections.abc import Mapping


class FerError(Exception):
    """Base of all errors that are reported as one line, without a traceback."""

    exit_code = 1


class ConfigError(FerError):
    """Settings are invalid or contradictory.

    Args:
        problem: the problem and the remedy; if settings are at fault, it follows their names.
        settings: the names of those settings; the command line replaces them with its options.
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
    """A camera, file or stream failed."""

    exit_code = 3


class SourceOpenError(SourceError):
    """The source could not be opened."""


class SourceLostError(SourceError):
    """The source was open and stopped delivering frames."""


class NotResting(SourceError):
    """The source shows no resting face to calibrate on."""


class ModelError(FerError):
    """The weights or their provider, are at fault."""

    exit_code = 4


class WeightsNotFound(ModelError):
    """The weights file does not exist."""


class WeightsCorrupt(ModelError):
    """The weights file cannot be read, or its checksum is wrong."""


class ModelSpecError(ModelError):
    """The network can be read, but its spec is missing or contradictory."""


class ProviderError(ModelError):
    """The requested provider is not installed, or does not run the network."""


class SinkError(FerError):
    """An output cannot be written."""

    exit_code = 5
