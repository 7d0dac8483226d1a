"""The libraries that only training needs: `pip install -e '.[train]'` in a checkout. `--help` works without them."""

from types import TracebackType

from realtime.errors import ConfigError

OURS = ("train", "realtime", "benchmarks")


class Extra:
    """Defers the error of a failed import until the library is needed.

        with EXTRA:
            import torch
            from train import engine

        def main():
            ...           # --help works without PyTorch
            EXTRA.require()

    Use a module imported this way, directly or indirectly, in functions and annotations only (with `from __future__ import
    annotations`), not at module level.
    """

    def __init__(self) -> None:
        self._missing: ImportError | None = None

    def __enter__(self) -> None:
        """Starts a block of imports that may fail."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        """Keeps the error of a missing or damaged library. An ImportError in our own modules is a bug and is raised."""
        if not isinstance(error, ImportError) or (error.name or "").partition(".")[0] in OURS:
            return False
        self._missing = self._missing or error
        return True

    def require(self) -> None:
        """Raises ConfigError if an import has failed so far; the message names the extra to install."""
        if self._missing is None:
            return
        name = (self._missing.name or "").partition(".")[0]
        gone = isinstance(self._missing, ModuleNotFoundError) and name
        what = f"{name} is not installed" if gone else f"a library cannot be loaded ({self._missing})"
        raise ConfigError(
            f"{what}; pip install -e '.[train]' in fer-cam's folder installs what training needs"
        ) from self._missing


EXTRA = Extra()
"""The failed imports of this process."""
