"""The user's folders, where each system keeps them."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class UserFolder:
    """A folder of fer-cam for one kind of file.

    Attributes:
        variable: environment variable that names another folder: for containers without a home, and for tests.
        purpose: name of the folder on Windows, inside that of fer-cam.
        macos: path inside the home.
        xdg: variable of the XDG specification, and its default inside the home.
        linux: path inside that of the XDG specification.
    """

    variable: str
    purpose: str
    macos: str
    xdg: tuple[str, str]
    linux: str

    def path(
        self,
        platform: str = sys.platform,
        environment: Mapping[str, str] = os.environ,
        home: Callable[[], Path] = Path.home,
    ) -> Path:
        """The folder on this system; it may not exist.

        Raises:
            OSError: the user has no home folder.
        """
        if environment.get(self.variable):
            return Path(environment[self.variable])
        if platform == "win32" and environment.get("LOCALAPPDATA"):
            return Path(environment["LOCALAPPDATA"]) / "fer-cam" / self.purpose
        name, usual = self.xdg
        # the XDG specification says to ignore relative paths
        if platform not in ("win32", "darwin") and Path(environment.get(name, "")).is_absolute():
            return Path(environment[name]) / self.linux
        try:
            parent = home()
        except RuntimeError as error:
            raise OSError(f"no home folder; name a folder in {self.variable}") from error
        inside = {"win32": f"AppData/Local/fer-cam/{self.purpose}", "darwin": self.macos}
        return parent / inside.get(platform, f"{usual}/{self.linux}")
