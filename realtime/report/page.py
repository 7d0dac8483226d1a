"""Renders a recording as one self-contained HTML file. jinja2 is imported only here."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from realtime import __version__
from realtime.errors import ConfigError
from realtime.labels import UNCERTAIN
from realtime.report import events, expressions, figures, methods, overview, timeline
from realtime.report.dataset import Overview
from realtime.report.formats import cell, clock, percent, seconds
from realtime.report.palette import palette
from realtime.report.quality import Quality, assess, flaws
from realtime.report.recording import FaceSeries, Recording

if TYPE_CHECKING:
    import jinja2

MOST_FACES = 8
"""Number of faces with their own timeline and tables: those that were present longest. The others are only counted."""

SHOWN = 0.05
"""Expressions whose mean stays below this around a marker are not drawn."""

WIDTH, HEIGHT = 240.0, 90.0
"""Size of a small plot in SVG units."""


@dataclass(frozen=True)
class Curve:
    """The curve of one expression around markers, as SVG paths.

    Attributes:
        column: column of the probabilities.
        label: the name of the expression.
        line, band: paths of the mean and of its interval; the band is empty if there is no interval.
    """

    column: int
    label: str
    line: str
    band: str


@dataclass(frozen=True)
class Locked:
    """The curves of one face around all markers of one name.

    Attributes:
        of: the numbers that the curves show.
        curves: one for each expression that reaches SHOWN.
        left_out: the names of the other expressions.
        zero: position of the marker on the x axis, in SVG units.
        rows: the rows of the table, every fifth point of the curves.
    """

    of: events.LockedMean
    curves: tuple[Curve, ...]
    left_out: tuple[str, ...]
    zero: float
    rows: tuple[int, ...]


def render(recording: Recording, window_s: float) -> str:
    """Renders the report on one recording.

    Args:
        recording: the recording.
        window_s: length of the window after each marker in which expressions are analysed, seconds.

    Raises:
        ConfigError: jinja2 is not installed.
    """
    quality = assess(recording)
    known = figures.find(recording.header.run.weights_sha256)
    faces = longest(recording)
    curves = timeline.pack(recording, faces)
    data = {
        "name": recording.name,
        "labels": recording.labels,
        "scale": timeline.SCALE,
        "markers": [[marker.t, marker.name] for marker in recording.markers],
        **asdict(curves),
    }
    return _template("report.html.j2").render(
        **_shared(recording.labels),
        recording=recording,
        run=recording.header.run,
        quality=quality,
        flaws=flaws(quality),
        methods=methods.paragraph(recording, quality, known),
        faces=faces,
        curves=curves,
        data=data,
        slices=[timeline.slices(recording, face) for face in faces],
        shares=expressions.shares(recording),
        bouts=[expressions.bout_statistics(recording, [face]) for face in faces],
        transitions=expressions.transitions(recording, recording.faces),
        firsts=events.first_expressions(recording, faces, window_s),
        locked=_locked(recording, faces, window_s),
        window_s=window_s,
        figures=known,
    )


def render_comparison(recordings: Sequence[Recording]) -> str:
    """Renders several recordings side by side.

    Raises:
        ConfigError: jinja2 is not installed, or the networks know different expressions.
    """
    labels = recordings[0].labels
    if any(recording.labels != labels for recording in recordings):
        raise ConfigError("the networks of these recordings know different expressions, and cannot be compared")
    columns = [Column.of(recording) for recording in recordings]
    return _template("compare.html.j2").render(**_shared(labels), columns=columns)


def render_overview(dataset: Overview) -> str:
    """Many recordings on one page.

    Raises:
        ConfigError: jinja2 is not installed.
    """
    table = overview.columns(dataset)
    return _template("overview.html.j2").render(
        **_shared(dataset.labels),
        dataset=dataset,
        table=table,
        flaws=overview.flaws(dataset),
        failures=overview.failures(dataset),
        distributions=overview.distributions(table),
        pooled=overview.pooled(dataset),
        known=[(setup, figures.find(setup.weights_sha256)) for setup, _ in dataset.setups],
        data=overview.data(dataset, table),
    )


@dataclass(frozen=True, eq=False)
class Column:
    """One recording in a comparison. `share` and `bouts` are those of all faces together."""

    recording: Recording
    quality: Quality
    flaws: tuple[str, ...]
    share: expressions.Share
    bouts: dict[str, expressions.BoutStatistics]

    @classmethod
    def of(cls, recording: Recording) -> "Column":
        """Analyses a recording for a comparison."""
        quality = assess(recording)
        pooled = expressions.bout_statistics(recording, recording.faces)
        return cls(recording, quality, flaws(quality), expressions.shares(recording)[0], {bout.label: bout for bout in pooled})


def longest(recording: Recording) -> tuple[FaceSeries, ...]:
    """The faces that get a timeline, ordered by id."""
    faces = sorted(recording.faces, key=lambda face: -recording.present_s(face))[:MOST_FACES]
    return tuple(sorted(faces, key=lambda face: face.id))


def _locked(recording: Recording, faces: Sequence[FaceSeries], window_s: float) -> list[Locked]:
    names = dict.fromkeys(marker.name for marker in recording.markers)
    means = [events.locked_mean(recording, face, name, window_s) for name in names for face in faces]
    return [_drawn(mean, recording.labels) for mean in means if mean is not None]


def _drawn(mean: events.LockedMean, labels: tuple[str, ...]) -> Locked:
    x = (mean.offsets_s - mean.offsets_s[0]) / (mean.offsets_s[-1] - mean.offsets_s[0]) * WIDTH
    peaks = np.nanmax(mean.mean, axis=0)
    curves = tuple(
        Curve(i, label, _line(x, mean.mean[:, i]), _band(x, mean.low[:, i], mean.high[:, i]))
        for i, label in enumerate(labels)
        if peaks[i] >= SHOWN
    )
    left_out = tuple(label for label, peak in zip(labels, peaks, strict=True) if peak < SHOWN)
    zero = float(np.interp(0.0, mean.offsets_s, x))
    return Locked(mean, curves, left_out, zero, tuple(range(0, len(x), 5)))


def _line(x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    """An SVG path with gaps at missing values."""
    parts, pen = [], "M"
    for left, value in zip(x, y, strict=True):
        if np.isnan(value):
            pen = "M"
        else:
            parts.append(f"{pen}{left:.1f} {HEIGHT * (1 - value):.1f}")
            pen = "L"
    return "".join(parts)


def _band(x: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> str:
    """An SVG path with one closed area for each stretch in which the interval is known."""
    known = np.flatnonzero(~np.isnan(low))
    stretches = np.split(known, np.flatnonzero(np.diff(known) > 1) + 1) if len(known) else []
    return "".join(
        f"{_line(x[part], high[part])}L{_line(x[part][::-1], low[part][::-1])[1:]}Z" for part in stretches if len(part) > 1
    )


def _shared(labels: tuple[str, ...]) -> dict[str, object]:
    """Values that every page needs. Styles and scripts are embedded, so that the page loads no other file."""
    names = ("report.css", "report.js", "overview.js", "uPlot.iife.min.js", "uPlot.min.css", "uPlot-LICENSE.txt")
    texts = {name: files("realtime.report").joinpath("assets", name).read_text(encoding="utf-8") for name in names}
    return {"labels": labels, "colours": palette((*labels, UNCERTAIN)), "texts": texts, "version": __version__}


def _template(name: str) -> "jinja2.Template":
    try:
        import jinja2
    except ImportError as error:
        raise ConfigError("a report needs jinja2, which is not installed; pip install 'fer-cam[report]'") from error
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("realtime.report", "assets"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"clock": clock, "seconds": seconds, "percent": percent, "cell": cell}
    return environment.get_template(name)
