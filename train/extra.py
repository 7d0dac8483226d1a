"""The libraries that only training needs: `pip install -e '.[train]'` in a checkout. `--help` works without them."""

from types import TracebackType

from realtime.errors import ConfigError

OURS = ("train", "realtime", "benchmarks")


class Extra:
    """Holds back the error of an import that fails, until what was to be imported is needed.

        with EXTRA:
            import torch
            from train import engine

        def main():
            ...           # --help works without PyTorch
            EXTRA.require()

    A module that is imported this way, directly or by another one, may be used in functions and annotations (with `from
    __future__ import annotations`), not while the importing module is loaded.
    """

    def __init__(self) -> None:
        self._missing: ImportError | None = None

    def __enter__(self) -> None:
        """Begins imports that may fail."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        """Keeps the error of a library that is missing or damaged. A name that is missing in our own modules is a bug."""
        if not isinstance(error, ImportError) or (error.name or "").partition(".")[0] in OURS:
            return False
        self._missing = self._missing or error
        return True

    def require(self) -> None:
        """Raises ConfigError if anything could not be imported so far; the message names the extra that brings it."""
        if self._missing is None:
            return
        name = (self._missing.name or "").partition(".")[0]
        gone = isinstance(self._missing, ModuleNotFoundError) and name
        what = f"{name} is not installed" if gone else f"a library cannot be loaded ({self._missing})"
        raise ConfigError(
            f"{what}; pip install -e '.[train]' in fer-cam's folder installs what training needs"
        ) from self._missing


EXTRA = Extra()
"""What could not be imported in this program."""
