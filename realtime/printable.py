"""Makes text safe for a terminal."""

import unicodedata

UNPRINTABLE = frozenset({"Cc", "Zl", "Zp"})
"""Unicode's categories of control characters (ESC and its eight-bit relatives among them) and of line separators."""

DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that reverse the writing direction: with them, exe.4pm reads mp4.exe."""


def printable(text: str, keep: str = "") -> str:
    """The text with control characters escaped, such as \\x1b, so that no file name can control a terminal.

    Args:
        text: a message that may contain names of files and devices.
        keep: control characters to leave unchanged, such as a newline.
    """
    if text.isprintable():
        return text
    return "".join(_written_out(char) if _is_control(char) and char not in keep else char for char in text)


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in UNPRINTABLE or char in DIRECTIONS


def _written_out(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
