"""Formats times and shares for a report, with non-breaking spaces."""


def clock(time_s: float) -> str:
    """A time in the recording, such as 1:02:03.4, or 2:03.4 in the first hour."""
    tenths = round(time_s * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    lead = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{lead}:{rest // 10:02d}.{rest % 10}"


def seconds(duration_s: float) -> str:
    """A duration, such as 0.42 s, 12.3 s or 4 min 05 s."""
    if duration_s >= 60:
        minutes, rest = divmod(round(duration_s), 60)
        return f"{minutes}\u00a0min {rest:02d}\u00a0s"
    return f"{duration_s:.1f}\u00a0s" if duration_s >= 10 or not duration_s else f"{duration_s:.2f}\u00a0s"


def cell(value: float | int | str | None, kind: str) -> str:
    """A value of a table, by its kind: "seconds", "share", "quality", "count" or "text"."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if kind == "seconds":
        return seconds(value)
    if kind == "share":
        return percent(value)
    return f"{value:.2f}" if kind == "quality" else f"{value:,}"


def percent(part: float, whole: float = 1.0) -> str:
    """A share, such as 0 %, 0.3 % or 12 %; a dash if the whole is zero."""
    if not whole:
        return "–"
    value = 100 * part / whole
    return f"{value:.1f}\u00a0%" if 0 < value < 9.95 else f"{value:.0f}\u00a0%"
