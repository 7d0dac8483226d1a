"""Chooses the font for each character: the bundled DejaVu Sans, or a system font for characters that it lacks.

DejaVu Sans has Latin with all its accents, Greek, Cyrillic, Arabic, Hebrew and more, but no Chinese, Japanese, Korean, Thai or
Devanagari. Such text is rare (a snapshot's file name in a notice), so system fonts are searched only when it occurs. A thread
searches, and the characters are drawn as boxes until it is done; they stay boxes if no font has them.
"""

import io
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from functools import lru_cache, partial
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from PIL import ImageFont, features

from realtime.workers import Workers

CAP_HEIGHT = 0.729
"""Height of DejaVu Sans' capitals relative to the font size. Other fonts are drawn in the same size."""

FIRST_COMPLEX = "\u0590"
"""From here on letters may join, stack or run from right to left: such a run is laid out as a whole, by Raqm if Pillow has it.
Before it letters follow one another, each a whole number of pixels wide, and words can be placed one by one."""

MISSING = "\uffff"
"""No character, so that every font draws its sign for a missing one."""

PROBE_PX = 16
"""Size in which glyphs are compared."""

SUFFIXES = (".ttf", ".otf", ".ttc", ".otc")

PLAIN = ("regular", "sans", "gothic", "hei")
FANCY = ("bold", "italic", "oblique", "serif", "mono", "thin", "light", "black", "condensed", "medium", "demi")
"""Parts of fonts' names: those that go with DejaVu Sans are tried first, those that do not last."""

USELESS = ("lastresort", "adobeblank", "notdef")
"""Fonts with a placeholder for every character."""


def is_simple(text: str) -> bool:
    """Whether letters can be placed one by one; see FIRST_COMPLEX."""
    return text.isascii() or all(letter < FIRST_COMPLEX for letter in text)


class Run(NamedTuple):
    """Characters of a line that one font draws.

    Attributes:
        text: the characters.
        path: the font's file; None is DejaVu Sans.
    """

    text: str
    path: str | None = None


@lru_cache(maxsize=64)
def load(cap_px: int, simple: bool, path: str | None = None) -> ImageFont.FreeTypeFont:
    """A font in the size in which the capitals of DejaVu Sans are `cap_px` high."""
    return _open(path, cap_px / CAP_HEIGHT, simple)


def _open(path: str | None, size: float, simple: bool) -> ImageFont.FreeTypeFont:
    engine = ImageFont.Layout.BASIC if simple or not features.check("raqm") else ImageFont.Layout.RAQM
    return ImageFont.truetype(_shipped() if path is None else path, size, layout_engine=engine)


def _shipped() -> io.BytesIO:
    return io.BytesIO((files("realtime") / "assets" / "DejaVuSans.ttf").read_bytes())


class Glyphs:
    """Which characters a font has.

    Raises:
        OSError: it is no font that can be drawn in any size.
    """

    def __init__(self, path: str | None = None) -> None:
        self._font = _open(path, PROBE_PX, simple=True)
        self._missing = self._drawn(MISSING)
        self._known: dict[str, bool] = {}

    def has(self, character: str) -> bool:
        """Whether it is drawn otherwise than a missing one: 20 microseconds at first."""
        known = self._known.get(character)
        if known is None:
            known = self._known[character] = self._drawn(character) != self._missing
        return known

    def _drawn(self, character: str) -> tuple[tuple[int, int], bytes]:
        mask = self._font.getmask(character, mode="L")
        return mask.size, bytes(mask)


class Fallbacks:
    """Fonts of the system for what DejaVu Sans lacks; a thread looks for them when there is something to look for.

    Args:
        folders: where fonts are, asked for when they are needed.
    """

    def __init__(self, folders: Callable[[], Iterable[Path]]) -> None:
        self._folders = folders
        self._lock = threading.Lock()
        self._paths: dict[str, str | None] = {}
        self._wanted: set[str] = set()
        self._search: Future[None] | None = None
        self._shipped: Glyphs | None = None
        self._fonts: list[str] | None = None
        self._glyphs: dict[str, Glyphs | None] = {}
        self.version = 0
        """Counts what was found: a layout that was made before a change is out of date."""

    def runs(self, text: str) -> list[Run]:
        """A line cut into what one font draws each. What is not found yet is left to DejaVu Sans, which draws boxes."""
        runs: list[Run] = []
        for character in text:
            path = self._path(character)
            if runs and (path == runs[-1].path or _joins(character)):
                runs[-1] = Run(runs[-1].text + character, runs[-1].path)
            else:
                runs.append(Run(character, path))
        self._start_search()
        return runs

    def wait(self, limit_s: float) -> None:
        """Waits until all requested characters have been searched; for tests.

        Raises:
            TimeoutError: a search takes longer.
        """
        while self._wanted:
            self._start_search()
            if self._search is not None:
                self._search.result(limit_s)

    def _path(self, character: str) -> str | None:
        if character < FIRST_COMPLEX or _joins(character):
            return None
        if self._shipped is None:
            self._shipped = Glyphs()
        if self._shipped.has(character):
            return None
        with self._lock:
            if character not in self._paths:
                self._wanted.add(character)
            return self._paths.get(character)

    def _start_search(self) -> None:
        """Starts a search if characters are missing and no search is running."""
        if self._wanted and (self._search is None or self._search.done()):
            thread = Workers(1, "fonts")
            self._search = thread.submit(partial(self._find, thread))

    def _find(self, thread: Workers) -> None:
        """On a thread, which then ends: finds a font for every character that is wanted."""
        with self._lock:
            wanted = sorted(self._wanted)
        if self._fonts is None:
            self._fonts = sorted(_fonts_in(self._folders()), key=_rank)
        found = {character: self._font_with(character) for character in wanted}
        with self._lock:
            self._paths.update(found)
            self._wanted.difference_update(found)
        self.version += 1
        thread.close()

    def _font_with(self, character: str) -> str | None:
        """The first font that has a character; those that have had one are tried before the others."""
        assert self._fonts is not None
        for path in self._fonts:
            if path not in self._glyphs:
                try:
                    self._glyphs[path] = Glyphs(path)
                except (OSError, ValueError):  # damaged, or bitmaps in one size, such as coloured emoji
                    self._glyphs[path] = None
            glyphs = self._glyphs[path]
            if glyphs is not None and glyphs.has(character):
                self._fonts.remove(path)
                self._fonts.insert(0, path)
                return path
        return None


def _joins(character: str) -> bool:
    """Whether a character belongs to the run before it: spaces, joiners and variation selectors."""
    return character.isspace() or character in "\u200c\u200d" or "\ufe00" <= character <= "\ufe0f"


def _rank(path: str) -> tuple[int, str]:
    """Fonts that go with DejaVu Sans come first; otherwise by name, so that a system always gives the same one."""
    name = Path(path).stem.lower()
    return sum(word in name for word in FANCY) * 2 - sum(word in name for word in PLAIN), path


def _fonts_in(folders: Iterable[Path]) -> Iterator[str]:
    for folder in folders:
        for here, _, names in os.walk(folder):
            for name in names:
                if name.lower().endswith(SUFFIXES) and not name.lower().startswith(USELESS):
                    yield os.path.join(here, name)  # noqa: PTH118  # thousands of them


def system_folders(platform: str = sys.platform, variables: Mapping[str, str] = os.environ) -> list[Path]:
    """The font folders of the system and of its user."""
    home = Path.home()
    if platform == "win32":
        windows, local = variables.get("WINDIR", r"C:\Windows"), variables.get("LOCALAPPDATA", str(home))
        return [Path(windows) / "Fonts", Path(local) / "Microsoft" / "Windows" / "Fonts"]
    if platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library" / "Fonts"]
    own = variables.get("XDG_DATA_HOME") or str(home / ".local" / "share")
    shared = variables.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    return [Path(folder) / "fonts" for folder in (own, *shared.split(":"))] + [home / ".fonts"]


FALLBACKS = Fallbacks(system_folders)
"""The fallbacks of this system."""
